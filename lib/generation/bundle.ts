/**
 * A bundle: the folder in which a model travels with its vocabulary.
 *
 * `model.safetensors` holds the weights, `folio.json` all else that is needed to
 * write with them, and seals of the weights and the vocabulary. `README.md` is for
 * people: no reader asks for it.
 *
 * @module
 */
import { digestFile, sha256, verifyDigest } from "../files/file_digest.ts";
import { writeFolder } from "../files/folder.ts";
import { decodeSafetensors, encodeSafetensors, type TensorRecord } from "../files/safetensors.ts";
import { checkWeights, weightShapes } from "../model/weights.ts";
import type { DownloadProgress } from "../files/download.ts";
import { Vocabulary } from "../text/vocabulary.ts";
import { type BundleJson, checkBundleJson, parseBundleJson } from "./bundle_json.ts";
import type { Bundle } from "./bundle_contents.ts";
import { bundleReadme } from "./bundle_readme.ts";
import { type BundleSource, openBundleSource } from "./bundle_source.ts";

/** How reading a bundle reports. */
export interface LoadOptions {
  /** Called while the weights are downloaded, if they are. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
}

const jsonFile = "folio.json";
const weightsFile = "model.safetensors";
const jsonLimit = 64 * 2 ** 20; // every character of Unicode takes 20 MB

/**
 * Writes a bundle, whole or not at all; another bundle there is replaced.
 *
 * @param dir The folder.
 * @param bundle What to write.
 * @throws {Error} If the folder is not ours to replace, or writing fails.
 */
export async function writeBundle(dir: string, bundle: Bundle): Promise<void> {
  const { config, vocabulary, training, tensors } = bundle;
  const weights = encodeSafetensors([...tensors.values()]);
  const { characters } = vocabulary.toJSON();
  let json: BundleJson;
  try {
    json = checkBundleJson({
      format: "folio",
      version: 1,
      model: config,
      vocabulary: { characters, sha256: await vocabularySha256(characters) },
      ...(training === undefined ? {} : { training }),
      weights: { file: weightsFile, ...await digestFile(weights) },
    });
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new Error(`Cannot save the bundle ${dir}: ${reason}`, { cause });
  }
  const files = {
    [weightsFile]: weights,
    [jsonFile]: JSON.stringify(json, null, 2) + "\n",
    "README.md": bundleReadme(bundle),
  };
  await writeFolder(dir, files, { marker: jsonFile });
}

/**
 * Reads a bundle and checks everything that can be checked without a device:
 * form, version, sizes, hashes, names and shapes.
 *
 * @param dirOrUrl Its folder: a path, or a file:, http: or https: address.
 * @param options Who wants to know how far a download has come.
 * @returns What it holds.
 * @throws {Error} If a file is missing, altered or of another version; it is named.
 */
export async function readBundle(
  dirOrUrl: string | URL,
  options: LoadOptions = {},
): Promise<Bundle> {
  const source = openBundleSource(dirOrUrl);
  const bytes = await source.read(jsonFile, { maxBytes: jsonLimit });
  let json: BundleJson, vocabulary: Vocabulary;
  try {
    json = parseBundleJson(bytes);
    vocabulary = await checkVocabulary(json);
  } catch (cause) {
    throw loadError(source.locate(jsonFile), cause);
  }
  const { model: config, training } = json;
  const tensors = await readWeights(source, { ...json, ...options });
  return { config, vocabulary, training, tensors };
}

async function checkVocabulary(json: BundleJson): Promise<Vocabulary> {
  const { characters, sha256 } = json.vocabulary;
  const vocabulary = Vocabulary.fromJSON({ characters });
  if (await vocabularySha256(characters) !== sha256) {
    throw new Error("the vocabulary is damaged: its SHA-256 is another");
  }
  const { vocabularySize } = json.model;
  if (vocabulary.size !== vocabularySize) {
    throw new Error(
      `the vocabulary has ${vocabulary.size} entries, the model ${vocabularySize}`,
    );
  }
  return vocabulary;
}

/** Of the characters from id 1 on, because id 0 has no character. */
function vocabularySha256(characters: readonly string[]): Promise<string> {
  return sha256(characters.slice(1).join(""));
}

async function readWeights(
  source: BundleSource,
  { model, weights, onProgress }: BundleJson & LoadOptions,
): Promise<Map<string, TensorRecord>> {
  const path = source.locate(weights.file);
  const content = await source.read(weights.file, {
    maxBytes: weights.bytes,
    // A server that compresses announces other bytes than those that we receive.
    onProgress: onProgress && ((p) => onProgress({ ...p, totalBytes: weights.bytes })),
  });
  await verifyDigest(content, { path, seal: weights });
  try {
    const { tensors } = decodeSafetensors(content);
    checkWeights(weightShapes(model), tensors);
    return tensors;
  } catch (cause) {
    throw loadError(path, cause);
  }
}

function loadError(path: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : cause;
  return new Error(`Cannot load ${path}: ${reason}`, { cause });
}

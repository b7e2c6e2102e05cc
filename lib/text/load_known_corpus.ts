import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { downloadChunks, downloadFailure } from "../files/download.ts";
import { type Corpus, corpusFromBytes, type CorpusOptions } from "./corpus.ts";
import { sha256 } from "../files/file_digest.ts";
import { writeWhole } from "../files/file_system.ts";
import type { KnownCorpus } from "./known_corpora.ts";
import { loadStandIn } from "./stand_in.ts";

/**
 * Loads a text that is known by name: from the data folder, else from its addresses, else a stand-in.
 *
 * @param known Which text.
 * @param options As of `loadCorpus`.
 * @returns The text, or the one that stands in for it.
 * @throws {Error} If there is not even a stand-in, or none is wanted, or a file that is in the data folder cannot be read.
 */
export async function loadKnownCorpus(
  known: KnownCorpus,
  options: CorpusOptions,
): Promise<Corpus> {
  const {
    dataDir = new URL("../../data/", import.meta.url),
    onNotice = console.warn,
  } = options;
  const folder = dataDir instanceof URL || dataDir.startsWith("file:")
    ? fileURLToPath(dataDir)
    : dataDir;
  const path = join(folder, known.fileName);
  const tried: string[] = [];
  const present = await readIfThere(path);
  if (present !== undefined) {
    const digest = await sha256(present);
    if (digest === known.sha256) {
      return await corpusFromBytes(present, { name: known.name, source: path });
    }
    tried.push(
      `${path}: it is another text (SHA-256 ${digest}, not ${known.sha256})`,
    );
    onNotice(
      `${path} is not the text "${known.name}": its SHA-256 is ${digest}. We leave it as it is ` +
        `and download. To train on this very file, give its path; to have the download kept, ` +
        `move it away.`,
    );
  } else {
    tried.push(`${path}: there is no such file`);
  }
  // Nobody's file is overwritten: the download is kept only where the place is free.
  const keep = present === undefined;
  const downloaded = await downloadKnown(known, {
    ...options,
    path,
    keep,
    tried,
  });
  if (downloaded !== undefined) return downloaded;
  if (options.standIn === false) {
    throw new Error(
      `Cannot load the corpus "${known.name}". We have tried ${tried.join("; ")}. ` +
        `Put its file at ${path}, or give the path of a text of your own`,
    );
  }
  const standIn = await loadStandIn({
    requested: known.name,
    tried,
    path,
    sha256: known.sha256,
  });
  onNotice(standIn.standIn!.message);
  return standIn;
}

/** How one text with a name is downloaded. */
interface KnownDownload extends CorpusOptions {
  /** Where the file belongs. */
  readonly path: string;
  /** Whether to put it there. */
  readonly keep: boolean;
  /** Receives each address that failed, with the reason. */
  readonly tried: string[];
}

async function downloadKnown(
  known: KnownCorpus,
  options: KnownDownload,
): Promise<Corpus | undefined> {
  const { path, keep, tried } = options;
  // Beside its place, so that the rename at the end stays on one disk and is all or nothing.
  const partial = `${path}.${crypto.randomUUID()}.part`;
  for (const url of known.urls) {
    try {
      await Deno.mkdir(dirname(path), { recursive: true });
      await Deno.writeFile(
        partial,
        ReadableStream.from(downloadChunks(url, options)),
      );
      const bytes = await Deno.readFile(partial);
      const digest = await sha256(bytes);
      if (digest !== known.sha256) {
        throw new Error(
          `it is another text (SHA-256 ${digest}, not ${known.sha256})`,
        );
      }
      if (keep) await writeWhole(path, bytes);
      return await corpusFromBytes(bytes, { name: known.name, source: url });
    } catch (error) {
      tried.push(`${url}: ${downloadFailure(error)}`);
    } finally {
      await removeIfThere(partial);
    }
  }
  return undefined;
}

async function readIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new Error(
      `Cannot read ${path}: ${downloadFailure(error)}. Set it right, or give another dataDir`,
      { cause: error },
    );
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

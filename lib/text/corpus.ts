/**
 * A text to learn from.
 *
 * @module
 */
import type { DownloadOptions } from "../files/download.ts";
import { sha256 } from "../files/file_digest.ts";
import { decodeUtf8 } from "./utf8.ts";

/** A text to learn from, and where it came from. */
export interface Corpus {
  /** What to call it. */
  readonly name: string;
  /** The whole text, as it is in the file but for a byte order mark: line ends are kept. */
  readonly text: string;
  /** The path or address that it came from. */
  readonly source: string;
  /** The SHA-256 of the file's bytes, in lower-case hexadecimal. */
  readonly sha256: string;
  /** There only if this is not the text that was asked for. */
  readonly standIn?: StandIn | undefined;
}

/** How `loadCorpus` finds a text, waits and reports. */
export interface CorpusOptions extends DownloadOptions {
  /** Where texts with a name are kept. Default: the project's data folder. */
  readonly dataDir?: string | URL | undefined;
  /** Told whatever a person must know, as that another text stands in. Default `console.warn`. */
  readonly onNotice?: ((message: string) => void) | undefined;
  /** Whether another text may stand in for one that cannot be loaded. Default true. */
  readonly standIn?: boolean | undefined;
}

/** Why a corpus is not the one that was asked for. */
export interface StandIn {
  /** The name that was asked for. */
  readonly requested: string;
  /** Every place that was tried, each with the reason why it failed. */
  readonly tried: readonly string[];
  /** All of it in words, with the ways to bring the text that was asked for. */
  readonly message: string;
}

/**
 * Makes a corpus of the bytes of a file.
 *
 * @param bytes The whole file: UTF-8, with or without byte order mark.
 * @param origin What to call the corpus, and the path or address of the file.
 * @returns The corpus, with the hash of these bytes.
 * @throws {Error} If the file is empty or not UTF-8.
 */
export async function corpusFromBytes(
  bytes: Uint8Array<ArrayBuffer>,
  origin: { name: string; source: string },
): Promise<Corpus> {
  const text = decodeUtf8(bytes, origin.source);
  if (text.length === 0) {
    throw new Error(
      `Cannot use ${origin.source} as a corpus: it is empty. Give a file with text`,
    );
  }
  return { ...origin, text, sha256: await sha256(bytes) };
}

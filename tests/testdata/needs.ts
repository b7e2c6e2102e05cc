/**
 * What a test may need that not every run has. A test that lacks something is skipped, and its name
 * says what brings it:
 *
 *     Deno.test({ ...needing("a page opens", browser), fn: () => {} });
 *
 * @module
 */
import { findChromium } from "../../tools/chromium.ts";
import { extent } from "./extent.ts";

/** What brings the thing where it is missing; null where it is there. */
export type Need = string | null;

/** For tests that take many seconds, such as those of many shapes on a GPU in software. */
export const allTests: Need = extent === "quick" ? "slow, only in `deno task test:all`" : null;

/** For tests that start programs. `deno test -P` allows none. */
export const programs: Need = Deno.permissions.querySync({ name: "run" }).state === "granted"
  ? null
  : "programs may be started only in `deno task test`";

/** A browser, and the leave to start it. */
export const browser: Need = programs ??
  (findChromium() === undefined
    ? "no Chromium is on PATH; on Debian `apt install chromium` brings one"
    : null);

/**
 * The name of a test that needs something, and whether it is skipped.
 *
 * @param name What the test holds.
 * @param needs What it needs; the first that is missing is named.
 */
export function needing(
  name: string,
  ...needs: readonly Need[]
): { readonly name: string; readonly ignore: boolean } {
  const missing = needs.find((need) => need !== null);
  return missing === undefined
    ? { name, ignore: false }
    : { name: `${name} (skipped: ${missing})`, ignore: true };
}

import { fileURLToPath } from "node:url";
import { needing } from "./needs.ts";

/**
 * Finds the Shakespeare text on this machine: FOLIO_CORPUS, the shared folder beside the repository,
 * or the project's data folder.
 *
 * @returns The path of the first file that is there, or undefined.
 */
export function shakespearePath(): string | undefined {
  const places = [
    Deno.env.get("FOLIO_CORPUS"),
    fileURLToPath(
      new URL("../../../shared/data/shakespeare.txt", import.meta.url),
    ),
    fileURLToPath(new URL("../../data/shakespeare.txt", import.meta.url)),
  ];
  return places.find((path) => path !== undefined && isShakespeare(path));
}

/**
 * Registers a test that needs Shakespeare; where the text is nowhere, it is skipped and says why.
 *
 * @param name What the test holds.
 * @param run The test, which is given the text's path.
 */
export function testWithShakespeare(
  name: string,
  run: (path: string) => Promise<void> | void,
) {
  const path = shakespearePath();
  const missing = path === undefined
    ? "no shakespeare.txt; FOLIO_CORPUS may say where it is"
    : null;
  Deno.test({ ...needing(name, missing), fn: () => run(path!) });
}

function isShakespeare(path: string): boolean {
  try {
    return Deno.statSync(path).size === 1_115_394;
  } catch {
    return false;
  }
}

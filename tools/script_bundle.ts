/**
 * Scripts with everything that they import in them.
 *
 * @module
 */
import { capture, lastLines } from "./process.ts";
import { projectPaths } from "./project_paths.ts";

/** What {@linkcode bundleScript} makes. */
export interface ScriptOptions {
  /** The file to write. */
  readonly out: string;
  readonly platform: "deno" | "browser";
}

/**
 * Writes a script and all that it imports, the packages included, into one file.
 *
 * @param entry The script.
 * @param options The file to write, and what it is to run in.
 * @throws {Error} If Deno cannot bundle it.
 */
export async function bundleScript(
  entry: string,
  { out, platform }: ScriptOptions,
): Promise<void> {
  const { root } = projectPaths();
  const args = ["bundle", "--quiet", "--platform", platform, "--output", out, entry];
  const result = await capture(Deno.execPath(), args, { cwd: root });
  if (result?.success) return;
  throw new Error(`${entry} cannot be bundled:\n${lastLines(result?.stderr ?? "")}`);
}

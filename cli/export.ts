/**
 * Carries out `deno task export`, in the process that may do no more than that.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type OneStep, selectDevice } from "../lib/mod.ts";
import { loadBundle } from "./bundle_folder.ts";
import type { ExportCommand } from "./commands.ts";
import { exitCodes, exitWith } from "./exit.ts";
import { pythonTargets } from "./python_target.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Takes a bundle elsewhere.
 *
 * @param command What to do.
 * @returns The exit code.
 */
export async function exportBundle(command: ExportCommand): Promise<number> {
  await refuseFull(command.out);
  // Weights only pass through: any device will do, and this one needs no permission.
  await selectDevice({ name: "cpu" });
  const writer = await loadBundle(command.model);
  return command.to === "web"
    ? await exportPage(command.out, writer)
    : await exportPython(command, { to: command.to, writer });
}

/** Builds the page inside its folder, out of sight, and shows it when it is whole. */
async function exportPage(out: string, writer: OneStep): Promise<number> {
  // Not above: who takes a bundle to Python may not start esbuild, and need not load it.
  const { buildPage } = await import("../demo/build_page.ts");
  const [bundle, page] = [join(out, ".bundle"), join(out, ".page")];
  try {
    await writer.save(bundle);
    const { files } = await buildPage(bundle, page);
    const others = Object.keys(files).filter((name) => name !== "index.html");
    for (const name of [...others, "index.html"]) {
      await Deno.rename(join(page, name), join(out, name));
    }
  } finally {
    for (const folder of [bundle, page]) {
      await Deno.remove(folder, { recursive: true }).catch(() => {});
    }
  }
  console.log(join(out, "index.html"));
  return exitCodes.ok;
}

interface Exported {
  readonly to: keyof typeof pythonTargets;
  readonly writer: OneStep;
}

/** Puts the Python file beside the bundle, and says how to go on or goes on itself. */
async function exportPython(
  { out, python }: ExportCommand,
  { to, writer }: Exported,
): Promise<number> {
  await writer.save(join(out, "bundle"));
  const { file, weights } = pythonTargets[to];
  const [script, bundle, converted] = [basename(file), "bundle", weights].map((n) => join(out, n));
  await Deno.copyFile(join(root, file), script!);
  const args = [script!, "convert", bundle!, "--out", converted!];
  if (python !== undefined) {
    const { success } = await new Deno.Command(python, { args }).spawn().status;
    if (!success) throw new Error(`${python} could not convert the weights: it says why above`);
    console.log(converted);
    return exitCodes.ok;
  }
  const letter = writer.vocabulary.characters.slice(1).find((c) => /\p{L}/u.test(c)) ?? " ";
  console.log(shellLine(["python", ...args]));
  console.log(shellLine(["python", script!, "generate", bundle!, "--prompt", letter]));
  return exitCodes.ok;
}

/** A command as a shell takes it. */
function shellLine(words: readonly string[]): string {
  return words.map((word) => /^[\w./:-]+$/.test(word) ? word : `"${word}"`).join(" ");
}

async function refuseFull(folder: string): Promise<void> {
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (name.startsWith(".")) continue;
      throw new Error(`Cannot export into ${folder}: it holds "${name}". Choose a new folder`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

if (import.meta.main) {
  const command: ExportCommand = JSON.parse(Deno.args[0]!);
  await exitWith("export", () => exportBundle(command));
}

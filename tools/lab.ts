/**
 * `deno task lab`: opens JupyterLab on the notebooks. Arguments go on to JupyterLab, for example
 * `--no-browser --port=9000`.
 *
 * @module
 */
import { capture } from "./process.ts";
import { jupyterVariables, projectPaths } from "./project_paths.ts";
import { setUp } from "./setup.ts";

async function main(args: readonly string[]): Promise<number> {
  const paths = projectPaths();
  const { python } = await setUp(paths);
  const hasLab = await capture(python.program, [
    "-c",
    "import importlib.util, sys; sys.exit(importlib.util.find_spec('jupyterlab') is None)",
  ]);
  if (!hasLab?.success) {
    throw new Error(
      `${python.program} has no JupyterLab, and PyPI could not be reached when setup ran. ` +
        "To try again: deno task setup",
    );
  }
  const elsewhere = args.some((arg) => arg.startsWith("--ServerApp.root_dir="));
  const asRoot = Deno.build.os !== "windows" && Deno.uid() === 0;
  const child = new Deno.Command(python.program, {
    args: [
      "-m",
      "jupyterlab",
      ...(elsewhere ? [] : [`--ServerApp.root_dir=${paths.notebooks}`]),
      ...(asRoot ? ["--allow-root"] : []),
      ...args,
    ],
    cwd: paths.root,
    env: jupyterVariables(paths),
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  // The terminal sends Ctrl-C to both of us; JupyterLab asks whether it is meant, so we wait.
  Deno.addSignalListener("SIGINT", () => {});
  if (Deno.build.os !== "windows") {
    Deno.addSignalListener("SIGTERM", () => child.kill("SIGTERM"));
  }
  return (await child.status).code;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    console.error(`lab: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}

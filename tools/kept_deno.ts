/**
 * The project's own Deno kernel for Jupyter: a Deno that stays, and the kernelspec that names it.
 *
 * @module
 */
import { join } from "node:path";
import { capture } from "./process.ts";
import type { ProjectPaths } from "./project_paths.ts";

/**
 * Keeps the running Deno inside `.venv`. Under npx the program lies in a cache that npm may empty,
 * so a kernelspec must not point there.
 *
 * @param paths The project's paths.
 * @returns Whether anything was copied.
 * @throws {Error} If the copy does not start.
 */
export async function keepDeno(paths: ProjectPaths): Promise<boolean> {
  const running = await Deno.realPath(Deno.execPath());
  if (await isSameProgram(running, paths.deno)) return false;
  await Deno.mkdir(paths.bin, { recursive: true });
  const fresh = `${paths.deno}.new`;
  await Deno.remove(fresh).catch(() => {});
  try {
    await Deno.link(running, fresh); // no second 100 MB on the same disk
  } catch {
    await Deno.copyFile(running, fresh);
  }
  // A running kernel may hold the old file: renaming leaves it that one.
  await Deno.rename(fresh, paths.deno);
  const check = await capture(paths.deno, ["--version"]);
  if (!check?.success) {
    throw new Error(
      `The copy of Deno at ${paths.deno} does not start. Is the file system mounted noexec?`,
    );
  }
  return true;
}

async function isSameProgram(running: string, kept: string): Promise<boolean> {
  try {
    const [a, b] = await Promise.all([Deno.stat(running), Deno.stat(kept)]);
    if (await Deno.realPath(kept) === running) return true;
    if (a.ino !== null && a.ino === b.ino && a.dev === b.dev) return true;
    if (a.size !== b.size) return false;
  } catch {
    return false;
  }
  const version = await capture(kept, ["--version"]);
  return version?.stdout.startsWith(`deno ${Deno.version.deno} `) ?? false;
}

/**
 * Writes the kernelspec and JupyterLab's defaults into `.venv`.
 *
 * @param paths The project's paths.
 */
export async function writeJupyterFiles(paths: ProjectPaths): Promise<void> {
  const kernel = join(paths.jupyterShare, "kernels", "deno");
  await writeJson(kernel, "kernel.json", {
    argv: [
      paths.deno,
      "jupyter",
      "--quiet",
      "--kernel",
      "--conn",
      "{connection_file}",
    ],
    display_name: "Deno",
    language: "typescript",
    // Without this the stop button sends a signal, which ends the Deno kernel.
    interrupt_mode: "message",
    env: { DENO_NO_UPDATE_CHECK: "1" },
  });
  // JupyterLab asks its makers for news and updates unless it is told not to.
  await writeJson(
    join(paths.jupyterConfig, "labconfig"),
    "default_setting_overrides.json",
    {
      "@jupyterlab/apputils-extension:notification": {
        fetchNews: "false",
        checkForUpdates: false,
      },
    },
  );
}

async function writeJson(
  folder: string,
  file: string,
  value: unknown,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const path = join(folder, file);
  await Deno.writeTextFile(
    `${path}.new`,
    JSON.stringify(value, null, 2) + "\n",
  );
  await Deno.rename(`${path}.new`, path);
}

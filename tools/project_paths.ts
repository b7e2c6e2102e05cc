/**
 * Where things lie in the project, and the environment everything we start runs in.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const onWindows = Deno.build.os === "windows";

/** The folders and files that the tools share. */
export interface ProjectPaths {
  readonly root: string;
  readonly venv: string;
  /** The folder of the environment's programs. */
  readonly bin: string;
  /** The environment's Python. */
  readonly python: string;
  /** The Deno that the notebooks' kernel runs on: a copy, since npx' own path does not stay. */
  readonly deno: string;
  /** The folder whose `kernels/` Jupyter searches first. */
  readonly jupyterShare: string;
  readonly jupyterConfig: string;
  readonly notebooks: string;
  readonly outputs: string;
}

/**
 * The project's paths.
 *
 * @param root The project's folder; the one this file lies in by default.
 * @returns The paths, all absolute.
 */
export function projectPaths(
  root: string = dirname(dirname(fileURLToPath(import.meta.url))),
): ProjectPaths {
  const venv = join(root, ".venv");
  const bin = join(venv, onWindows ? "Scripts" : "bin");
  return {
    root,
    venv,
    bin,
    python: join(bin, onWindows ? "python.exe" : "python"),
    deno: join(bin, onWindows ? "deno.exe" : "deno"),
    jupyterShare: join(venv, "share", "jupyter"),
    jupyterConfig: join(venv, "etc", "folio-jupyter"),
    notebooks: join(root, "notebooks"),
    outputs: join(root, "outputs"),
  };
}

/**
 * The variables that keep Jupyter inside `.venv`: it writes nothing into the user's home, and reads
 * no settings or kernels from there.
 *
 * @param paths The project's paths.
 * @returns The variables to set for every process that runs Jupyter.
 */
export function jupyterVariables(paths: ProjectPaths): Record<string, string> {
  const state = join(paths.venv, "var", "jupyter");
  return {
    JUPYTER_PATH: paths.jupyterShare,
    JUPYTER_PREFER_ENV_PATH: "1",
    JUPYTER_CONFIG_DIR: paths.jupyterConfig,
    JUPYTER_DATA_DIR: join(state, "data"),
    JUPYTER_RUNTIME_DIR: join(state, "runtime"),
    JUPYTERLAB_SETTINGS_DIR: join(state, "lab-settings"),
    JUPYTERLAB_WORKSPACES_DIR: join(state, "lab-workspaces"),
    IPYTHONDIR: join(state, "ipython"),
    PYTHONUTF8: "1",
    DENO_NO_UPDATE_CHECK: "1",
    ...graphicsVariables(paths),
  };
}

/**
 * Linux' graphics libraries complain on every start where a session has no runtime folder, as in
 * containers: there we give them one.
 *
 * @param paths The project's paths.
 * @returns The variables to set for every process that may use WebGPU.
 */
export function graphicsVariables(paths: ProjectPaths): Record<string, string> {
  const needed = Deno.build.os === "linux" && Deno.env.get("XDG_RUNTIME_DIR") === undefined;
  return needed ? { XDG_RUNTIME_DIR: join(paths.venv, "var") } : {};
}

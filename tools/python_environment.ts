/**
 * The Python side of `.venv`: made with uv where it is there, else with venv and pip.
 *
 * @module
 */
import { join } from "node:path";
import { capture, type Finished, lastLines } from "./process.ts";
import type { ProjectPaths } from "./project_paths.ts";

/** A Python to build the environment with. */
interface BasePython {
  readonly program: string;
  readonly version: string;
  readonly hasVenv: boolean;
}

/** Which Python runs the notebooks. */
export interface PythonChoice {
  /** "venv" is the project's own; "system" is a Jupyter that was on PATH already. */
  readonly kind: "venv" | "system";
  readonly program: string;
}

const INSPECT = "import importlib.util as u, json, sys; print(json.dumps({" +
  "'program': sys.executable, 'version': '.'.join(map(str, sys.version_info[:3])), " +
  "'new': sys.version_info >= (3, 9), " +
  "'hasVenv': bool(u.find_spec('venv') and u.find_spec('ensurepip'))}))";

const TOO_OLD = "folio needs Python 3.9 or newer";
const BRING_PYTHON = "On Debian and Ubuntu: apt install python3 python3-venv";

/** What a system Jupyter must bring to run notebooks headlessly, and how Debian calls it. */
export const SYSTEM_JUPYTER = "apt install python3-nbclient";

/**
 * Makes `.venv`'s Python and installs tools/requirements.txt into it.
 *
 * @param paths The project's paths.
 * @param say Is told each step.
 * @returns The Python that runs the notebooks.
 * @throws {Error} If there is no usable Python, or nothing could be installed and no Jupyter is on PATH.
 */
export async function preparePython(
  paths: ProjectPaths,
  say: (line: string) => void,
): Promise<PythonChoice> {
  const base = await findPython();
  try {
    const install = await makeEnvironment(paths, base, say);
    say(
      `installing Jupyter into .venv (tools/requirements.txt) with ${install.by}`,
    );
    const started = Date.now();
    await install.run(
      ["-r", join(paths.root, "tools", "requirements.txt")],
      "Jupyter",
    );
    say(
      `Jupyter is installed (${((Date.now() - started) / 1000).toFixed(0)} s)`,
    );
    await installBlas(paths, install, say);
    return { kind: "venv", program: paths.python };
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    if (!await canRunNotebooks(base.program)) {
      throw new Error(
        `${error.message}\n${error.wayOut}\nOr bring a Jupyter of the system's, which serves for ` +
          `the headless run: ${SYSTEM_JUPYTER}`,
      );
    }
    say(error.message);
    say(
      `the Jupyter of ${base.program} serves instead, for headless runs only`,
    );
    say("to try again, with JupyterLab: deno task setup");
    return { kind: "system", program: base.program };
  }
}

class InstallError extends Error {
  constructor(message: string, readonly wayOut: string) {
    super(message);
  }
}

async function findPython(): Promise<BasePython> {
  let tooOld: string | undefined;
  for (const program of ["python3", "python"]) {
    const found = await capture(program, ["-c", INSPECT]);
    if (!found?.success) continue;
    const python = JSON.parse(found.stdout) as BasePython & { new: boolean };
    if (python.new) return python;
    tooOld = python.version;
  }
  const why = tooOld ? `${TOO_OLD}; the one on PATH is ${tooOld}` : `${TOO_OLD}; none is on PATH`;
  throw new Error(`${why}. ${BRING_PYTHON}`);
}

/** Whether a Python has all that tools/run_notebook.py imports. */
async function canRunNotebooks(program: string): Promise<boolean> {
  const result = await capture(program, [
    "-c",
    "import nbclient, nbformat, jupyter_client",
  ]);
  return result?.success ?? false;
}

interface Installer {
  readonly by: string;
  run(args: readonly string[], what: string): Promise<void>;
}

async function makeEnvironment(
  paths: ProjectPaths,
  base: BasePython,
  say: (line: string) => void,
): Promise<Installer> {
  const usable = await capture(paths.python, ["-c", "import sys"]);
  const uv = await capture("uv", ["--version"]);
  if (uv?.success) {
    if (!usable?.success) {
      say(`making .venv with Python ${base.version} and uv`);
      const args = [
        "venv",
        "-q",
        "--allow-existing",
        "--python",
        base.program,
        paths.venv,
      ];
      expectSuccess(await capture("uv", args), "making .venv with uv failed");
    }
    return {
      by: "uv",
      run: async (args, what) => {
        const all = [
          "pip",
          "install",
          "-q",
          "--no-deps",
          "--python",
          paths.python,
          ...args,
        ];
        expectInstalled(await capture("uv", all), what);
      },
    };
  }
  const pip = await capture(paths.python, ["-m", "pip", "--version"]);
  if (!usable?.success || !pip?.success) {
    if (!base.hasVenv) {
      throw new InstallError(
        `Python ${base.version} (${base.program}) has no venv, so .venv cannot be made.`,
        "On Debian and Ubuntu: apt install python3-venv",
      );
    }
    say(`making .venv with Python ${base.version} and venv`);
    await removeBrokenLinks(paths);
    const made = await capture(base.program, ["-m", "venv", paths.venv]);
    expectSuccess(made, "making .venv failed");
  }
  return {
    by: "pip",
    run: async (args, what) => {
      const quick = [
        "--no-deps",
        "--disable-pip-version-check",
        "--retries",
        "2",
        "--timeout",
        "20",
      ];
      const all = ["-m", "pip", "install", "-q", ...quick, ...args];
      expectInstalled(await capture(paths.python, all), what);
    },
  };
}

/** A Python that was upgraded or removed leaves links that venv does not replace. */
async function removeBrokenLinks(paths: ProjectPaths): Promise<void> {
  try {
    for await (const entry of Deno.readDir(paths.bin)) {
      if (entry.isSymlink && entry.name.startsWith("python")) {
        await Deno.remove(join(paths.bin, entry.name));
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function installBlas(
  paths: ProjectPaths,
  install: Installer,
  say: (line: string) => void,
): Promise<void> {
  try {
    say("installing OpenBLAS into .venv (tools/requirements-blas.txt)");
    await install.run([
      "-r",
      join(paths.root, "tools", "requirements-blas.txt"),
    ], "OpenBLAS");
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    say(
      "there is no OpenBLAS for this platform; training on the CPU is slower without it",
    );
  }
}

function expectSuccess(result: Finished | undefined, what: string): void {
  if (result?.success) return;
  const output = lastLines(`${result?.stdout ?? ""}\n${result?.stderr ?? ""}`);
  throw new InstallError(
    `${what}:\n${output}`,
    "Remove .venv and run deno task setup again.",
  );
}

function expectInstalled(result: Finished | undefined, what: string): void {
  if (result?.success) return;
  throw new InstallError(
    `Installing ${what} from PyPI failed:\n${lastLines(result?.stderr ?? "")}`,
    "Check the network (or pip's index-url) and run: deno task setup",
  );
}

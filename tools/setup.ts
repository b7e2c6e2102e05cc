/**
 * Readies what the tasks need: the npm packages, a Deno that stays, the kernelspec, and a Jupyter in
 * `.venv`. Run it as often as you like; it does only what is missing.
 *
 * @module
 */
import { join } from "node:path";
import { keepDeno, writeJupyterFiles } from "./kept_deno.ts";
import { capture, lastLines } from "./process.ts";
import { type ProjectPaths, projectPaths } from "./project_paths.ts";
import { preparePython, type PythonChoice } from "./python_environment.ts";

/** What was set up last, and the hashes of what it was made from. */
interface Stamp {
  readonly packagesFrom: string;
  readonly pythonFrom: string;
  readonly python: PythonChoice;
}

/** Raise this when setup itself changes what it makes. */
const SCHEMA = 1;

/** How setup goes about it. */
export interface SetUpOptions {
  /** Is told each step; writes to standard error by default. */
  readonly say?: (line: string) => void;
  /** Tries again to install what the last setup went on without. False by default. */
  readonly retry?: boolean;
}

/**
 * Readies everything the tasks need.
 *
 * @param paths The project's paths.
 * @param options Where its lines go, and whether to try again what failed.
 * @returns The Python that runs the notebooks, and whether anything had to be done.
 * @throws {Error} If something is missing; the message names it and the command that brings it.
 */
export async function setUp(
  paths: ProjectPaths = projectPaths(),
  options: SetUpOptions = {},
): Promise<{ python: PythonChoice; changed: boolean }> {
  const say = options.say ?? ((line) => console.error(`setup: ${line}`));
  const ready = await readStamp(paths);
  if (isReady(ready, options)) return { python: ready.python, changed: false };
  await Deno.mkdir(paths.venv, { recursive: true });
  using lock = await Deno.open(join(paths.venv, ".setup-lock"), {
    create: true,
    write: true,
  });
  if (!await lock.tryLock(true)) {
    say("waiting for another setup to finish");
    await lock.lock(true);
    const theirs = await readStamp(paths);
    if (isReady(theirs, options)) {
      return { python: theirs.python, changed: false };
    }
  }
  const started = Date.now();
  if (!ready?.packagesCurrent) await cachePackages(paths, say);
  let python = ready?.python;
  if (
    !python || !isReady({ ...ready, python, packagesCurrent: true }, options)
  ) {
    if (await keepDeno(paths)) {
      say(`kept Deno ${Deno.version.deno} in .venv for the notebooks`);
    }
    python = await preparePython(paths, say);
    await writeJupyterFiles(paths);
  }
  // Hashed last: fetching the packages may have completed deno.lock.
  const stamp: Stamp = { ...await hashInputs(paths), python };
  await Deno.writeTextFile(
    stampPath(paths),
    JSON.stringify(stamp, null, 2) + "\n",
  );
  say(`ready (${((Date.now() - started) / 1000).toFixed(0)} s)`);
  return { python, changed: true };
}

/** What an earlier setup left that still stands. */
interface Standing {
  readonly packagesCurrent: boolean;
  readonly python: PythonChoice | undefined;
}

function isReady(
  standing: Standing | undefined,
  options: SetUpOptions,
): standing is Standing & { readonly python: PythonChoice } {
  if (!standing?.packagesCurrent || !standing.python) return false;
  return !(options.retry && standing.python.kind === "system");
}

function stampPath(paths: ProjectPaths): string {
  return join(paths.venv, "folio-setup.json");
}

/** What the last setup made, as far as it is still there and made from the same inputs. */
async function readStamp(paths: ProjectPaths): Promise<Standing | undefined> {
  try {
    const stamp = JSON.parse(
      await Deno.readTextFile(stampPath(paths)),
    ) as Stamp;
    const inputs = await hashInputs(paths);
    const kernelspec = join(
      paths.jupyterShare,
      "kernels",
      "deno",
      "kernel.json",
    );
    const made = await Promise.all(
      [stamp.python.program, paths.deno, kernelspec].map(exists),
    );
    const pythonCurrent = stamp.pythonFrom === inputs.pythonFrom &&
      made.every(Boolean);
    return {
      packagesCurrent: stamp.packagesFrom === inputs.packagesFrom,
      python: pythonCurrent ? stamp.python : undefined,
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function hashInputs(
  paths: ProjectPaths,
): Promise<{ packagesFrom: string; pythonFrom: string }> {
  const read = (file: string) => Deno.readTextFile(join(paths.root, file)).catch(() => "missing");
  const config = JSON.parse(await read("deno.json")) as { imports?: unknown };
  return {
    packagesFrom: await hash([
      SCHEMA,
      Deno.version.deno,
      config.imports,
      await read("deno.lock"),
    ]),
    pythonFrom: await hash([
      SCHEMA,
      Deno.version.deno,
      paths.venv, // the environment holds absolute paths: a moved folder is set up again
      await read("tools/requirements.txt"),
      await read("tools/requirements-blas.txt"),
    ]),
  };
}

async function hash(values: readonly unknown[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(values));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function cachePackages(
  paths: ProjectPaths,
  say: (line: string) => void,
): Promise<void> {
  say("fetching the npm packages of deno.json");
  const result = await capture(Deno.execPath(), ["install", "--quiet"], {
    cwd: paths.root,
  });
  if (result?.success) return;
  throw new Error(
    `The npm packages of deno.json could not be fetched:\n${lastLines(result?.stderr ?? "")}\n` +
      "Check the network (or NPM_CONFIG_REGISTRY) and run: deno task setup",
  );
}

if (import.meta.main) {
  try {
    const { python, changed } = await setUp(projectPaths(), { retry: true });
    if (!changed) console.error("setup: nothing to do");
    console.error(`setup: notebooks run on ${python.program}`);
  } catch (error) {
    console.error(`setup: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}

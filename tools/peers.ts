/**
 * Readies the peers: PyTorch and TensorFlow with Keras, in `.peers`, an environment of their own.
 * They are what `test:parity` and `bench:peers` compare folio with; nothing else needs them.
 *
 * @module
 */
import { join } from "node:path";
import { capture, lastLines } from "./process.ts";
import { projectPaths } from "./project_paths.ts";

/** Raise this when this file changes what it makes. */
const SCHEMA = 1;

/** How {@linkcode readyPeers} goes about it. */
export interface PeersOptions {
  /** The project's folder. */
  readonly root?: string;
  /** Is told each step; writes to standard error by default. */
  readonly say?: (line: string) => void;
}

/**
 * Readies the peers' environment; quick when it is ready already.
 *
 * @param options The project's folder, and where the lines go.
 * @returns The path of the environment's Python.
 * @throws {Error} If there is no Python or pip fails; the message says the way out.
 */
export async function readyPeers(options: PeersOptions = {}): Promise<string> {
  const root = options.root ?? projectPaths().root;
  const say = options.say ?? ((line) => console.error(`peers: ${line}`));
  const venv = join(root, ".peers");
  const requirements = join(root, "tools", "peers_requirements.txt");
  const python = Deno.build.os === "windows"
    ? join(venv, "Scripts", "python.exe")
    : join(venv, "bin", "python");
  const stampPath = join(venv, "folio-peers.json");
  // The environment holds absolute paths: in a moved folder it is made again.
  const stamp = JSON.stringify([SCHEMA, venv, await Deno.readTextFile(requirements)]);
  const isReady = async () => {
    const found = await Deno.readTextFile(stampPath).catch(() => undefined);
    return found === stamp && (await capture(python, ["-c", "import sys"]))?.success === true;
  };
  if (await isReady()) return python;
  await Deno.mkdir(venv, { recursive: true });
  using lock = await Deno.open(join(venv, ".peers-lock"), { create: true, write: true });
  if (!await lock.tryLock(true)) {
    say("waiting for another setup of the peers to finish");
    await lock.lock(true);
    if (await isReady()) return python;
  }
  const started = Date.now();
  say("installing PyTorch, TensorFlow and Keras into .peers; this takes some minutes and 3 GB");
  await run("python3", ["-m", "venv", venv], "On Debian and Ubuntu: apt install python3-venv");
  const quiet = ["--quiet", "--disable-pip-version-check"];
  await run(python, ["-m", "pip", "install", ...quiet, "-r", requirements], RETRY);
  await Deno.writeTextFile(stampPath, stamp);
  say(`ready (${((Date.now() - started) / 1000).toFixed(0)} s)`);
  return python;
}

const RETRY = "Check the network, the disk and Python's version (3.11 to 3.13), then run: " +
  "deno run -A tools/peers.ts";

async function run(program: string, args: readonly string[], wayOut: string): Promise<void> {
  const result = await capture(program, args);
  if (result?.success) return;
  const output = result ? lastLines(`${result.stdout}\n${result.stderr}`) : "  it is not on PATH";
  throw new Error(`The peers could not be installed: ${program} failed:\n${output}\n${wayOut}`);
}

if (import.meta.main) {
  try {
    console.error(`peers: they run on ${await readyPeers()}`);
  } catch (error) {
    console.error(`peers: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}

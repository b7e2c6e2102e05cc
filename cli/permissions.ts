/**
 * The permissions that a command needs, by name and path, worked out from what it shall do.
 *
 * @module
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { knownCorpora } from "../lib/text/known_corpora.ts";
import type {
  CliCommand,
  DeviceArguments,
  ExportCommand,
  GenerateCommand,
  TrainCommand,
} from "./commands.ts";
import { pythonTargets } from "./python_target.ts";
import { UsageError } from "./exit.ts";

/** Where things lie on this machine, and what it is; all paths absolute. */
export interface InstalledPaths {
  /** The project. */
  readonly root: string;
  /** The folder of tfjs' WebAssembly binaries, in Deno's cache. */
  readonly wasm: string;
  /** esbuild's program, which bundles the script of the web page, there too. */
  readonly esbuild: string;
  /** Whether folio has machine code for it. */
  readonly hasMachineCode: boolean;
}

/** Paths and addresses, by permission. */
interface Needs {
  readonly read?: readonly string[] | undefined;
  readonly write?: readonly string[] | undefined;
  readonly net?: readonly string[] | undefined;
  /** Libraries by their paths, or all of them: machine code is no library. */
  readonly ffi?: readonly string[] | "all" | undefined;
  readonly run?: readonly string[] | undefined;
  /** All of the environment: esbuild hands it to its program as a whole. */
  readonly env?: true | undefined;
}

/**
 * Where things lie.
 *
 * @returns The paths of this project.
 */
export function installedPaths(): InstalledPaths {
  const program = process.platform === "win32" ? "esbuild.exe" : "bin/esbuild";
  const { resolve } = createRequire(import.meta.resolve("esbuild"));
  return {
    root: dirname(dirname(fileURLToPath(import.meta.url))),
    wasm: dirname(fileURLToPath(import.meta.resolve("@tensorflow/tfjs-backend-wasm"))),
    esbuild: resolve(`@esbuild/${process.platform}-${process.arch}/${program}`),
    hasMachineCode: Deno.build.os === "linux" && Deno.build.arch === "x86_64",
  };
}

/**
 * Works out the permission flags of a command.
 *
 * @param command What it shall do.
 * @param paths Where things lie.
 * @returns Deno's flags; what they do not name is denied.
 * @throws {UsageError} If a path cannot be named in a flag.
 */
export function permissionFlags(command: CliCommand, paths: InstalledPaths): string[] {
  const all = needsOf(command, paths);
  const flags = (["read", "write", "net", "ffi", "run"] as const).flatMap((kind) => {
    if (kind === "ffi" && all.some(({ ffi }) => ffi === "all")) return ["--allow-ffi"];
    const names = [...new Set(all.flatMap((needs) => needs[kind] ?? []))];
    return names.length === 0 ? [] : [`--allow-${kind}=${names.map(listed).join(",")}`];
  });
  return all.some(({ env }) => env) ? [...flags, "--allow-env"] : flags;
}

function needsOf(command: CliCommand, paths: InstalledPaths): Needs[] {
  switch (command.name) {
    case "train":
      return trainNeeds(command, paths);
    case "generate":
      return [modelNeeds(command), deviceNeeds(command, paths)];
    case "export":
      return exportNeeds(command, paths);
  }
}

function trainNeeds(command: TrainCommand, paths: InstalledPaths): Needs[] {
  const run: Needs = { read: [command.out], write: [command.out] };
  return [corpusNeeds(command.corpus, paths), run, deviceNeeds(command, paths)];
}

function corpusNeeds(corpus: string, { root }: InstalledPaths): Needs {
  const known = knownCorpora.find(({ name }) => name === corpus);
  if (known !== undefined) {
    const data = join(root, "data");
    return { read: [data], write: [data], net: known.urls.map(hostOf) };
  }
  return isAddress(corpus) ? { net: [hostOf(corpus)] } : { read: [corpus] };
}

function modelNeeds({ model }: GenerateCommand | ExportCommand): Needs {
  return isAddress(model) ? { net: [hostOf(model)] } : { read: [model] };
}

function deviceNeeds(
  { device, blas, foundBlas, native }: DeviceArguments,
  { root, wasm, hasMachineCode }: InstalledPaths,
): Needs {
  if (device !== "auto" && device !== "wasm") return {};
  // The modules that threads run are files to be read, for Deno.
  const read = [wasm, join(root, "lib", "kernels")];
  const library = blas === "auto" ? foundBlas : blas;
  if (library === undefined || library === "none") return { read };
  return { read, ffi: hasMachineCode && native !== "off" ? "all" : [library] };
}

function exportNeeds(command: ExportCommand, { root, wasm, esbuild }: InstalledPaths): Needs[] {
  const { to, out, python } = command;
  const target: Needs = to === "web"
    ? { read: [wasm, join(root, "demo", "page")], run: [esbuild], env: true }
    : { read: [join(root, pythonTargets[to].file)], run: python === undefined ? [] : [python] };
  return [modelNeeds(command), { read: [out], write: [out] }, target];
}

/**
 * Whether a text is the address of something on the web.
 *
 * @param text A path or an address.
 */
export function isAddress(text: string): boolean {
  return /^https?:/i.test(text);
}

/** The one server and port that an address leads to. */
function hostOf(address: string): string {
  const { protocol, hostname, port } = new URL(address);
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}

function listed(name: string): string {
  if (!name.includes(",")) return name;
  throw new UsageError(
    `Cannot use ${
      JSON.stringify(name)
    }: at its comma Deno would cut the list of permitted paths. ` +
      "Rename it, or give it a link without a comma",
  );
}

/**
 * `deno task bench:bundle`: makes one folder that holds all that the benchmark needs on a machine
 * with a GPU and without a network.
 *
 * @module
 */
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { capture, lastLines } from "../../tools/process.ts";
import { projectPaths } from "../../tools/project_paths.ts";
import { bundleScript } from "../../tools/script_bundle.ts";

/** The bundled script; a folder that has one is a bundle of ours. */
const scriptName = "folio_bench.js";

/** Vulkan's loader, and what NVIDIA's driver loads and a machine without a display may lack. */
const libraries = [
  ...["libvulkan.so.1", "libX11.so.6", "libXext.so.6", "libxcb.so.1", "libXau.so.6"],
  ...["libXdmcp.so.6", "libbsd.so.0", "libmd.so.0"],
  ...["libGLdispatch.so.0", "libGLX.so.0", "libEGL.so.1"],
];

/** How {@linkcode buildBundle} goes about it. */
export interface BuildOptions {
  /** How hard Deno is compressed, from 0, quickly, to 9; default 6. */
  readonly level?: number;
  /** Is told each step. */
  readonly say?: (line: string) => void;
}

/**
 * Makes the folder, or replaces one made before.
 *
 * @param folder Where it shall be.
 * @param options How hard to compress, and where the lines go.
 * @returns The size of its files, in bytes.
 * @throws {Error} If there is a folder that is no bundle of ours, or a part cannot be made.
 */
export async function buildBundle(
  folder: string,
  { level = 6, say = () => {} }: BuildOptions = {},
): Promise<Record<string, number>> {
  const target = resolve(folder);
  const old = await namesIn(target);
  if (old.length > 0 && !old.includes(scriptName)) {
    throw new Error(`${target} holds other files: name a folder that is empty or not there`);
  }
  await Deno.mkdir(dirname(target), { recursive: true });
  const made = await Deno.makeTempDir({ dir: dirname(target), prefix: ".folio-bundle-" });
  try {
    await Deno.chmod(made, 0o755);
    const here = import.meta.dirname!;
    say("bundling the script");
    const scripts: [entry: string, name: string][] = [
      ["entry.ts", scriptName],
      // Started as threads, by these names and from beside whoever starts them.
      ...["wasm/parallel_worker.ts", "native/pool_worker.ts"]
        .map((path): [string, string] => [`../../lib/kernels/${path}`, basename(path)]),
    ];
    for (const [entry, name] of scripts) {
      await bundleScript(join(here, entry), { out: join(made, name), platform: "deno" });
    }
    say(`compressing ${Deno.execPath()}`);
    await compress(Deno.execPath(), { out: join(made, "deno.xz"), level });
    for (
      const path of [
        ...["run.sh", "README.md", "../torch_worker.py", "../rounds.py"]
          .map((name) => join(here, name)),
        ...wasmFiles(),
      ]
    ) await Deno.copyFile(path, join(made, basename(path)));
    await Deno.mkdir(join(made, "libraries"));
    for (const [name, path] of await findLibraries()) {
      if (path === undefined) say(`${name} is not on this machine, so the bundle lacks it`);
      else await Deno.copyFile(path, join(made, "libraries", name));
    }
    if (old.length > 0) await Deno.remove(target, { recursive: true });
    await Deno.rename(made, target);
  } catch (error) {
    await Deno.remove(made, { recursive: true });
    throw error;
  }
  return await sizesIn(target);
}

async function compress(
  path: string,
  { out, level }: { readonly out: string; readonly level: number },
): Promise<void> {
  // Python has the same compression, for who has no xz.
  const script = "import lzma, shutil, sys; shutil.copyfileobj(open(sys.argv[1], 'rb'), " +
    "lzma.open(sys.argv[2], 'w', preset=int(sys.argv[3])), 1 << 20)";
  const result = await capture("sh", [
    "-c",
    'if command -v xz >/dev/null; then xz "-$3" --threads=0 -c "$1" >"$2"; ' +
    'else python3 -c "$4" "$1" "$2" "$3"; fi',
    ...["compress", path, out, String(level), script],
  ]);
  if (result?.success) return;
  throw new Error(`${path} cannot be compressed:\n${lastLines(result?.stderr ?? "")}`);
}

/** The WebAssembly binaries that tfjs loads from beside its script. */
function wasmFiles(): string[] {
  const { resolve } = createRequire(import.meta.url);
  return ["", "-simd", "-threaded-simd"].map((form) =>
    resolve(`@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm${form}.wasm`)
  );
}

/** Where this machine has each of the libraries. */
async function findLibraries(): Promise<[string, string | undefined][]> {
  if (Deno.build.os !== "linux") return [];
  const env = { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` };
  const listed = (await capture("ldconfig", ["-p"], { env }))?.stdout.split("\n") ?? [];
  return libraries.map((name) => [
    name,
    listed.find((line) => line.trim().startsWith(`${name} `))?.split(" => ")[1],
  ]);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function sizesIn(folder: string): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    sizes[name] = isDirectory
      ? Object.values(await sizesIn(path)).reduce((sum, size) => sum + size, 0)
      : (await Deno.stat(path)).size;
  }
  return sizes;
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      out: { type: "string", default: join(projectPaths().outputs, "gpu_bench") },
      help: { type: "boolean", default: false },
    },
  });
  if (options.help) {
    console.log(`Makes a folder that measures folio on a machine with a GPU and without a network.

  deno task bench:bundle [--out FOLDER]     default: outputs/gpu_bench

It runs on machines like this one (${Deno.build.os}, ${Deno.build.arch}): bash FOLDER/run.sh --help`);
    return;
  }
  const sizes = await buildBundle(options.out, { say: (line) => console.error(`bundle: ${line}`) });
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;
  for (const [name, bytes] of Object.entries(sizes).sort(([, a], [, b]) => b - a)) {
    console.log(`${megabytes(bytes).padStart(10)}  ${name}`);
  }
  const all = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  console.log(`${megabytes(all).padStart(10)}  in ${options.out}`);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(`bundle: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}

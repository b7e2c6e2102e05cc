/**
 * The page's script: everything that page/main.ts reaches, in one file.
 *
 * @module
 */
import { build, type Plugin, stop } from "esbuild";
import { builtinModules, createRequire, isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** What stands in for all of tfjs. */
const parts: Readonly<Record<string, string>> = {
  "@tensorflow/tfjs": join(here, "tfjs", "tfjs.ts"),
  "@tensorflow/tfjs-backend-webgpu": join(here, "tfjs", "webgpu.ts"),
};

const banner = "/*! folio (MIT) with TensorFlow.js (Apache-2.0), zod (MIT), @noble/hashes (MIT) */";

/**
 * Bundles the page's script.
 *
 * @returns The script, to be loaded with `defer`.
 * @throws {Error} If a module is not found or has an error.
 */
export async function pageScript(): Promise<Uint8Array> {
  try {
    const { outputFiles } = await build({
      entryPoints: [join(here, "page", "main.ts")],
      bundle: true,
      minify: true,
      // Not a module: those are refused to a page that was opened from a file.
      format: "iife",
      platform: "browser",
      target: "es2022",
      // Node's modules, which are imported and in a browser never reached.
      external: [...builtinModules, "node:*"],
      legalComments: "none",
      banner: { js: banner },
      logLevel: "silent",
      write: false,
      plugins: [packages],
    });
    const [script] = outputFiles;
    if (script === undefined) throw new Error("esbuild made no script");
    return script.contents;
  } finally {
    await stop();
  }
}

/**
 * Finds packages where Deno keeps them, which is not a folder `node_modules`: Deno says in which
 * folder a package lies, and esbuild which of its files a browser takes.
 */
const packages: Plugin = {
  name: "packages",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^[@\w]/ }, async ({ path, importer, kind, pluginData }) => {
      if (kind === "entry-point" || pluginData === packages || isBuiltin(path)) return;
      const part = parts[path];
      if (part !== undefined) return { path: part };
      const [, name, inside = ""] = /^((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(path)!;
      const { resolve: find } = createRequire(importer);
      try {
        const folder = dirname(find(`${name}/package.json`));
        return await resolve(`.${inside}`, { resolveDir: folder, kind, pluginData: packages });
      } catch (error) {
        // A package that hides its package.json says itself which file is meant.
        const { code } = error as { readonly code?: string };
        if (code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") throw error;
        return { path: find(path) };
      }
    });
  },
};

/**
 * Reads the WebAssembly file that tfjs loads beside its script.
 *
 * @returns Its name and its bytes.
 */
export async function wasmFile(): Promise<{ name: string; bytes: Uint8Array }> {
  const name = "tfjs-backend-wasm-simd.wasm";
  const path = createRequire(import.meta.url).resolve(
    `@tensorflow/tfjs-backend-wasm/dist/${name}`,
  );
  return { name, bytes: await Deno.readFile(path) };
}

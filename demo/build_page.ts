/**
 * From a bundle to a page: a folder that any web server can show, with nothing behind it.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readBundle } from "../lib/generation/bundle.ts";
import { writeFolder } from "../lib/files/folder.ts";
import { pageScript, wasmFile } from "./page_script.ts";

const source = join(dirname(fileURLToPath(import.meta.url)), "page");
const script = "page.js";
const stylesheet = '<link rel="stylesheet" href="page.css">';

/** A page that was built. */
export interface BuiltPage {
  /** Its folder, as it was given. */
  readonly folder: string;
  /** The bytes of each file by its name. */
  readonly files: Readonly<Record<string, number>>;
}

/**
 * Builds the page of a bundle: `index.html`, its script, the WebAssembly it needs and the bundle's
 * files, in one flat folder. It is written whole or not at all; another page there is replaced.
 *
 * @param bundleDir The bundle's folder, as `OneStep.save` has written it.
 * @param outDir The folder of the page.
 * @returns What was written.
 * @throws {Error} If the bundle is damaged, or there is something else in the folder.
 */
export async function buildPage(bundleDir: string, outDir: string): Promise<BuiltPage> {
  const bundle = await bundleFiles(bundleDir);
  const wasm = await wasmFile();
  const files: Record<string, Uint8Array> = {
    "index.html": await indexHtml(),
    [script]: await pageScript(),
    [wasm.name]: wasm.bytes,
    ...bundle,
  };
  // Only a page of ours has this script: a bundle, for one, must not be replaced by its page.
  await writeFolder(outDir, files, { marker: script });
  const sizes = Object.entries(files).map(([name, { length }]) => [name, length]);
  return { folder: outDir, files: Object.fromEntries(sizes) };
}

/** The files of a bundle, which is checked first: a page with a damaged one helps nobody. */
async function bundleFiles(dir: string): Promise<Record<string, Uint8Array>> {
  await readBundle(dir);
  const json = await Deno.readFile(join(dir, "folio.json"));
  const { weights } = JSON.parse(new TextDecoder().decode(json));
  const readme = await Deno.readFile(join(dir, "README.md")).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  return {
    "folio.json": json,
    [weights.file]: await Deno.readFile(join(dir, weights.file)),
    ...(readme && { "README.md": readme }),
  };
}

/** The page with its style in it, and a policy that lets it load nothing from elsewhere. */
async function indexHtml(): Promise<Uint8Array> {
  const html = await Deno.readTextFile(join(source, "index.html"));
  const css = await Deno.readTextFile(join(source, "page.css"));
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(css));
  const policy = [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "connect-src 'self'",
    "img-src data:",
    `style-src 'sha256-${new Uint8Array(hash).toBase64()}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const head = `<meta http-equiv="Content-Security-Policy" content="${policy}">\n` +
    `    <style>${css}</style>`;
  if (!html.includes(stylesheet)) throw new Error(`index.html lacks ${stylesheet}`);
  return new TextEncoder().encode(html.replace(stylesheet, () => head));
}

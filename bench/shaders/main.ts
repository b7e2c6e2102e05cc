/**
 * `deno task shaders`: how large each shader is, and how long its cold compilation takes.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { withPage } from "../../tests/testdata/chromium.ts";
import { findChromium } from "../../tools/chromium.ts";
import { bundleScript } from "../../tools/script_bundle.ts";
import { table } from "../statistics.ts";
import { compileTime, emptyShader, type ShaderSource, sourceOf } from "./compile_time.ts";
import { everyShader } from "./every_shader.ts";
import type { FirstTime } from "./first_times.ts";
import { sizeOfText } from "./operations.ts";

const help = `Prints each shader's size and how long it takes to compile, the slowest first.

  deno task shaders [options]

  --filter TEXT   only shaders whose name contains this
  --first         instead, how long the first character and the first training step take, and the
                  second ones, with the model of the preset quick
  --chromium      also in headless Chromium on its software adapter, SwiftShader

Lines and operations are those of the text: a loop's body counts once, a function's at each of its
calls. Workgroup numbers are set to 0 before a shader starts. Times are in milliseconds, cold: no
cache is used. A shader's is from its text to the end of its first dispatch, once for each.`;

interface Options {
  readonly filter: string;
  readonly first: boolean;
  readonly chromium: boolean;
}

const firstTimesScript = join(import.meta.dirname!, "first_times.ts");

async function main({ filter, first, chromium }: Options): Promise<void> {
  // Before the driver starts: neither Mesa nor NVIDIA's driver shall find what it compiled before.
  Deno.env.set("MESA_SHADER_CACHE_DISABLE", "true");
  Deno.env.set("__GL_SHADER_DISK_CACHE", "0");
  const info = (await navigator.gpu?.requestAdapter())?.info;
  if (info === undefined) console.log("Deno: there is no WebGPU adapter");
  else console.log(`Deno: ${info.description || info.device || info.vendor}`);
  if (first) {
    if (info !== undefined) await printFirstTimes("Deno");
    if (chromium) await inChromium((page) => printFirstTimes("Chromium", page));
    return;
  }
  const shaders = (await everyShader()).filter(({ key }) => key.includes(filter));
  if (shaders.length === 0) throw new RangeError(`No shader's name contains '${filter}'`);
  const sources = shaders.map(sourceOf);
  const columns: Record<string, number[]> = {};
  if (info !== undefined) columns["Deno ms"] = await times(sources, compileTime);
  if (chromium) {
    await inChromium(async (page) => {
      columns["Chromium ms"] = await times(sources, (source) => page.evaluate(compileTime, source));
    });
  }
  printShaders(sources, columns);
}

/** Opens a page in a browser that has compiled nothing yet. */
async function inChromium(act: (page: Page) => Promise<void>): Promise<void> {
  const browser = findChromium();
  if (browser === undefined) throw new Error("There is no Chromium on PATH: install one");
  await withPage(browser, async (page) => {
    console.log(`Chromium: ${page.context().browser()!.version()}, SwiftShader`);
    await act(page);
  });
}

/** Compiles all shaders one after the other on an adapter, its compiler started before. */
async function times(
  sources: readonly ShaderSource[],
  time: (source: ShaderSource) => Promise<number>,
): Promise<number[]> {
  await time(emptyShader);
  const all: number[] = [];
  for (const source of sources) all.push(await time(source));
  return all;
}

function printShaders(
  sources: readonly ShaderSource[],
  columns: Readonly<Record<string, readonly number[]>>,
): void {
  const longest = (i: number) =>
    Math.max(0, ...Object.values(columns).map((times) => times[i] ?? 0));
  const rows = sources.map(({ key, code }, i) => ({ key, size: sizeOfText(code), i }))
    .sort((a, b) => longest(b.i) - longest(a.i))
    .map(({ key, size, i }) => ({
      shader: key.replaceAll('"', ""),
      lines: String(size.lines),
      operations: String(size.operations),
      "workgroup numbers": String(size.workgroupNumbers),
      ...Object.fromEntries(
        Object.entries(columns).map(([name, times]) => [name, (times[i] ?? NaN).toFixed(0)]),
      ),
    }));
  console.log(`\n${table(rows)}\n`);
  for (const [name, times] of Object.entries(columns)) {
    const sum = times.reduce((sum, time) => sum + time, 0);
    const most = Math.max(...times);
    console.log(`${name}: ${sum.toFixed(0)} for all ${times.length}, ${most.toFixed(0)} at most`);
  }
}

/** Measures in a page, or, without one, in this process, which has compiled nothing yet. */
async function printFirstTimes(where: string, page?: Page): Promise<void> {
  let measured: FirstTime[];
  if (page === undefined) {
    const { firstTimes } = await import("./first_times.ts");
    measured = await firstTimes();
  } else {
    const folder = await Deno.makeTempDir();
    try {
      const out = join(folder, "first_times.js");
      await bundleScript(firstTimesScript, { out, platform: "browser" });
      await page.addScriptTag({ path: out, type: "module" });
      await page.waitForFunction("globalThis.folioFirstTimes");
      measured = await page.evaluate<FirstTime[]>("folioFirstTimes()");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
  for (const { what, first, second } of measured) {
    console.log(`${where}: ${what} ${first.toFixed(0)} ms, the second ${second.toFixed(0)} ms`);
  }
}

const { values: options } = parseArgs({
  options: {
    filter: { type: "string", default: "" },
    first: { type: "boolean", default: false },
    chromium: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (options.help) {
  console.log(help);
} else {
  try {
    await main(options);
    // A GPU device may stay open.
    Deno.exit();
  } catch (error) {
    console.error(`shaders: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}

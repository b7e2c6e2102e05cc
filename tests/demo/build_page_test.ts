import assert from "node:assert/strict";
import { join } from "node:path";
import { buildPage } from "../../demo/build_page.ts";
import { staticFiles } from "../../demo/static_server.ts";
import { selectDevice } from "../../lib/device.ts";
import { capture } from "../../tools/process.ts";
import { projectPaths } from "../../tools/project_paths.ts";
import { smallWriter } from "../generation/writers.ts";

/** Runs a test with a bundle and a place for its page. */
function buildTest(name: string, run: (bundle: string, out: string) => Promise<void>): void {
  Deno.test({
    name: `build page: ${name}`,
    // esbuild is a process of its own, which ends after the build.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      await selectDevice({ name: "cpu" });
      const folder = await Deno.makeTempDir();
      try {
        const writer = smallWriter();
        await writer.save(`${folder}/bundle`);
        writer.model.dispose();
        await run(`${folder}/bundle`, `${folder}/page`);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

const namesIn = (dir: string) => [...Deno.readDirSync(dir)].map(({ name }) => name).sort();

async function gzipped(path: string): Promise<number> {
  const file = await Deno.open(path);
  const stream = file.readable.pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

buildTest("script and WebAssembly take less than 400 kB compressed", async (bundle, out) => {
  const { files } = await buildPage(bundle, out);
  const own = ["index.html", "page.js", "tfjs-backend-wasm-simd.wasm"];
  const theirs = namesIn(bundle);
  assert.deepEqual(Object.keys(files).sort(), [...own, ...theirs].sort());
  assert.deepEqual(namesIn(out), [...own, ...theirs].sort());
  for (const name of theirs) {
    assert.deepEqual(
      await Deno.readFile(`${out}/${name}`),
      await Deno.readFile(`${bundle}/${name}`),
    );
  }
  const sizes = await Promise.all(own.map((name) => gzipped(`${out}/${name}`)));
  const sum = sizes.reduce((a, b) => a + b);
  assert(sum < 400_000, `${sizes.join(" + ")} = ${sum} bytes`);
  assert(sum > 100_000, `${sum} bytes cannot be all of it`);
});

buildTest("another page is replaced, anything else is not", async (bundle, out) => {
  await buildPage(bundle, out);
  await Deno.writeTextFile(`${out}/index.html`, "old");
  await buildPage(bundle, out);
  assert.match(await Deno.readTextFile(`${out}/index.html`), /^<!DOCTYPE html>/);
  await assert.rejects(buildPage(bundle, bundle), /Cannot replace .*no page\.js in it/);
  await Deno.writeTextFile(`${out}/notes.txt`, "a person's");
  await assert.rejects(buildPage(bundle, out), /"notes\.txt" in it is not ours/);
  assert.equal(await Deno.readTextFile(`${out}/notes.txt`), "a person's");
});

buildTest("a damaged bundle makes no page and harms none", async (bundle, out) => {
  await buildPage(bundle, out);
  const before = await Deno.readFile(`${out}/model.safetensors`);
  await Deno.writeFile(`${bundle}/model.safetensors`, new Uint8Array(before.length));
  await assert.rejects(buildPage(bundle, out), /model\.safetensors is damaged/);
  assert.deepEqual(await Deno.readFile(`${out}/model.safetensors`), before);
  await assert.rejects(buildPage(`${bundle}/nowhere`, out), /folio\.json: it is not there/);
  assert.deepEqual(namesIn(join(out, "..")), ["bundle", "page"]);
});

buildTest("the server shows the files of its folder and no others", async (bundle, out) => {
  await Deno.mkdir(out);
  await Deno.copyFile(`${bundle}/folio.json`, `${out}/index.html`);
  const answer = staticFiles(out);
  const ask = (path: string, method = "GET") =>
    answer(new Request(`http://localhost/${path}`, { method }));
  const found = await ask("");
  assert.equal(found.headers.get("content-type"), "text/html; charset=utf-8");
  assert.equal(await found.text(), await Deno.readTextFile(`${bundle}/folio.json`));
  for (const path of ["gone.js", "..%2fbundle%2ffolio.json", "%2e%2e%2f", ".git", "a/b", "%"]) {
    const { status, body } = await ask(path);
    assert.equal(status, 404, path);
    await body?.cancel();
  }
  assert.equal((await ask("", "POST")).status, 404);
});

Deno.test("the task says what it made, or what it lacks, in one line", async () => {
  const folder = await Deno.makeTempDir();
  const task = async (...args: string[]) => {
    const script = join(projectPaths().root, "tools", "demo.ts");
    const env = { INIT_CWD: folder, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
    return (await capture(Deno.execPath(), ["run", "-A", script, ...args], { env }))!;
  };
  await selectDevice({ name: "cpu" });
  const writer = smallWriter();
  await writer.save(`${folder}/bundle`);
  writer.model.dispose();
  const made = await task("bundle", "--out", "page");
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /page\.js +[\d.]+ kB\n[^]*The page is in .*page\.\n/);
  assert(namesIn(`${folder}/page`).includes("index.html"));
  await Deno.mkdir(`${folder}/training`);
  await Deno.rename(`${folder}/bundle`, `${folder}/training/bundle`);
  assert.equal((await task("training", "--out", "page")).code, 0);
  assert.match((await task("--help")).stdout, /deno task demo \[options\] \[BUNDLE\]/);
  for (
    const [args, message] of [
      [["nowhere"], /^demo: Cannot read .*nowhere\/folio\.json: it is not there\n$/],
      [["a", "b"], /^demo: Cannot make one page of 2 bundles: name one\n$/],
      [["training", "--port", "x"], /^demo: --port must be a number from 0 to 65535, not "x"\n$/],
    ] as const
  ) {
    const { code, stderr } = await task(...args);
    assert.equal(code, 1);
    assert.match(stderr, message);
  }
  await Deno.remove(folder, { recursive: true });
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { OneStep, selectDevice } from "folio";
import { type Ended, inFolder, makeBundle, root, runTask } from "./task.ts";

interface Setting {
  readonly folder: string;
  /** Exports the model of the training in the folder "a run". */
  readonly exported: (args: readonly string[]) => Promise<Ended>;
  /** What that model writes. */
  readonly text: string;
}

const prompt = { prompt: "und ", options: { length: 30 } };

function exportTest(name: string, test: (setting: Setting) => Promise<void>): void {
  Deno.test(`export: ${name}`, () =>
    inFolder(async (folder) => {
      const writer = await makeBundle(join(folder, "a run", "bundle"));
      const text = await writer.generate(prompt.prompt, prompt.options);
      writer.dispose();
      const exported = (args: readonly string[]) =>
        runTask(["export", "--model", "a run", ...args], { cwd: folder });
      await test({ folder, exported, text });
    }));
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

async function textOf(bundle: string): Promise<string> {
  await selectDevice({ name: "wasm", blas: "none" });
  const writer = await OneStep.load(bundle);
  const text = await writer.generate(prompt.prompt, prompt.options);
  writer.dispose();
  return text;
}

exportTest("to Python: the bundle, the file beside it, and what to type", async (setting) => {
  const { folder, exported, text } = setting;
  const cases = [["keras", "model.weights.h5"], ["torch", "model.pt"]] as const;
  await Promise.all(cases.map(async ([to, weights]) => {
    const [out, file] = [join(folder, `to ${to}`), `folio_${to}.py`];
    const { code, stdout, stderr } = await exported(["--to", to, "--out", `to ${to}`]);
    assert.deepEqual([code, stderr], [0, ""]);
    const at = (name: string) => `"${join(out, name)}"`;
    assert.equal(
      stdout,
      `python ${at(file)} convert ${at("bundle")} --out ${at(weights)}\n` +
        `python ${at(file)} generate ${at("bundle")} --prompt d\n`,
    );
    assert.deepEqual(names(out), ["bundle", file]);
    assert.equal(
      await Deno.readTextFile(join(out, file)),
      await Deno.readTextFile(join(root, "interop", file)),
    );
  }));
  for (const [to] of cases) assert.equal(await textOf(join(folder, `to ${to}`, "bundle")), text);
});

exportTest("a Python of one's own converts at once, or says why not", async (setting) => {
  const { folder, exported } = setting;
  // Stands for a Python with Keras or PyTorch, which only the parity tests have.
  const python = join(folder, "my python");
  await Deno.writeTextFile(python, '#!/bin/sh\n[ "$2" = convert ] && echo "$3" > "$5"\n');
  await Deno.chmod(python, 0o755);
  const out = join(folder, "keras");
  const done = await exported(["--to", "keras", "--out", "keras", "--python", "./my python"]);
  const weights = join(out, "model.weights.h5");
  assert.deepEqual(done, { code: 0, stdout: `${weights}\n`, stderr: "" });
  assert.equal(await Deno.readTextFile(weights), `${join(out, "bundle")}\n`);

  await Deno.writeTextFile(python, "#!/bin/sh\necho no such module >&2; exit 3\n");
  const failed = await exported(["--to", "torch", "--out", "torch", "--python", "./my python"]);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /^no such module\nexport: .*my python could not convert the weights/);
});

exportTest("to the web: a page with its bundle, and nothing else", async (setting) => {
  const { folder, exported, text } = setting;
  const { code, stdout, stderr } = await exported(["--to", "web", "--out", "my page"]);
  const out = join(folder, "my page");
  assert.deepEqual([code, stdout, stderr], [0, `${join(out, "index.html")}\n`, ""]);
  const files = names(out);
  for (const file of ["index.html", "page.js", "folio.json", "model.safetensors"]) {
    assert.ok(files.includes(file), file);
  }
  assert.deepEqual(files.filter((file) => file.startsWith(".")), []);
  assert.equal(await textOf(out), text);
});

exportTest("what is there already is left alone, and said in one line", async (setting) => {
  const { folder, exported } = setting;
  await Deno.mkdir(join(folder, "mine"));
  await Deno.writeTextFile(join(folder, "mine", "notes.txt"), "mine");
  const full = await exported(["--to", "torch", "--out", "mine"]);
  assert.match(full.stderr, /^export: Cannot export into .*mine: it holds "notes.txt"\. [^\n]+\n$/);
  assert.deepEqual([full.code, full.stdout], [1, ""]);
  assert.deepEqual(names(join(folder, "mine")), ["notes.txt"]);
  const none = await exported(["--to", "web", "--out", "page", "--model", "nowhere"]);
  assert.match(none.stderr, /^export: There is no bundle in .*nowhere[^\n]+\n$/);
  assert.equal(none.code, 1);
  assert.ok(!names(folder).includes("page"));
});

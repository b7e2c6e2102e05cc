import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { selectDevice } from "../../lib/device.ts";
import { bundleReadme, type ReadmeSubject } from "../../lib/generation/bundle_readme.ts";
import { OneStep } from "../../lib/generation/one_step.ts";
import { Vocabulary } from "../../lib/text/vocabulary.ts";
import { type Need, needing, programs } from "../testdata/needs.ts";
import { smallWriter } from "./writers.ts";

/** Saves a small writer, and runs a test with its folder and its page. */
function readmeTest(
  name: string,
  test: (bundle: { dir: string; page: string; writer: OneStep }) => void | Promise<void>,
  ...needs: readonly Need[]
): void {
  const fn = async () => {
    await selectDevice({ name: "cpu" });
    const dir = await Deno.makeTempDir();
    const writer = smallWriter({ layers: 2 });
    try {
      await writer.save(dir);
      await test({ dir, page: await Deno.readTextFile(`${dir}/README.md`), writer });
    } finally {
      writer.model.dispose();
      await Deno.remove(dir, { recursive: true });
    }
  };
  Deno.test({ ...needing(`bundle's README: ${name}`, ...needs), fn });
}

const subject: ReadmeSubject = {
  config: {
    vocabularySize: 66,
    embeddingDim: 256,
    rnnUnits: 1024,
    layers: 1,
    embeddingScale: 0.05,
    seed: 0,
  },
  vocabulary: Vocabulary.fromText("to be, or not to be: ü 🦜"),
};

readmeTest("it has the numbers of its model and of its training", ({ page, writer }) => {
  const parameters = writer.model.network.countParams();
  assert.ok(page.includes(`It has ${parameters.toLocaleString("en-US")} parameters`));
  for (const { name, variable } of writer.model.weights()) {
    assert.ok(page.includes(`| \`${name}\` | [${variable.shape.join(", ")}] |`), name);
  }
  assert.match(page, /each of 12 token ids, 2 GRU layers of 10 units each/);
  assert.match(page, /for 3 epochs on "hamlet"/);
  assert.match(page, /`0{64}`/);
  assert.match(page, /last epoch was 1\.5000 nats per character \(perplexity 4\.48\)/);
  assert.match(page, /held out 1\.7500 nats per character \(perplexity 5\.75\)/);
});

readmeTest("its program for Deno writes what the model writes", async ({ dir, page, writer }) => {
  const [, program] = /```ts\n(.*?)```/s.exec(page)!;
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const path = `${dir}/../readme_${crypto.randomUUID()}.ts`;
  await Deno.writeTextFile(path, program!.replace("path/to/this/folder", dir));
  try {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "--no-check", "-A", "--config", `${root}deno.json`, path],
    }).output();
    const [printed, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    const options = { length: 500, temperature: 0.8, seed: 1 };
    assert.equal(printed, await writer.generate("b", options) + "\n", errors);
  } finally {
    await Deno.remove(path);
  }
}, programs);

readmeTest("a bundle without it loads, and so does one with another", async ({ dir, writer }) => {
  const text = await writer.generate("to", { length: 20 });
  const loads = async () => {
    const loaded = await OneStep.load(dir);
    assert.equal(await loaded.generate("to", { length: 20 }), text);
    loaded.dispose();
  };
  await Deno.writeTextFile(`${dir}/README.md`, "A person's own words.");
  await loads();
  await Deno.remove(`${dir}/README.md`);
  await loads();
});

Deno.test("bundle's README: the tutorial's model, of which no training is noted", () => {
  const page = bundleReadme(subject);
  assert.match(page, /It has 4,022,850 parameters/);
  assert.match(page, /each of .* token ids, a GRU of 1024 units,/);
  assert.match(page, /\| `gru.0.kernel` \| \[256, 3072\] \|/);
  assert.match(page, /On what it was trained is not noted\./);
  assert.ok(!page.includes("gru.1."));
});

Deno.test("bundle's README: of many layers it shows two", () => {
  const page = bundleReadme({ ...subject, config: { ...subject.config, layers: 900 } });
  assert.match(page, /`gru.i.kernel` \| \[1024, 3072\]/);
  assert.match(page, /The layers `i` are 1 to 899\./);
  assert.ok(page.length < 5000);
});

Deno.test("bundle's README: its prompt is a character of the vocabulary, whatever these are", () => {
  const prompts = { "\n.": '"."', "\n": '"\\n"', '"\\': '"\\\\"', "1ż": '"ż"' };
  for (const [text, prompt] of Object.entries(prompts)) {
    const page = bundleReadme({ ...subject, vocabulary: Vocabulary.fromText(text) });
    assert.ok(page.includes(`writer.generate(${prompt}, {`), prompt);
    assert.ok(page.includes(`generate(model, vocabulary, ${prompt}, length`), prompt);
  }
});

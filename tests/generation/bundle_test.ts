import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { selectDevice } from "../../lib/device.ts";
import { OneStep } from "../../lib/generation/one_step.ts";
import { digestFile } from "../../lib/files/file_digest.ts";
import { decodeSafetensors, encodeSafetensors } from "../../lib/files/safetensors.ts";
import { repeats } from "../testdata/extent.ts";
import fc from "../testdata/fast_check.ts";
import { smallWriter } from "./writers.ts";

const options = { length: 30, seed: 2 };
const files = ["folio.json", "model.safetensors"];

/** Saves a small writer, and runs a test with its folder and its text. */
function bundleTest(
  name: string,
  test: (bundle: { dir: string; text: string }) => Promise<void>,
): void {
  Deno.test(`bundle: ${name}`, async () => {
    await selectDevice({ name: "cpu" });
    const parent = await Deno.makeTempDir();
    const before = tf.memory().numTensors;
    try {
      const writer = smallWriter({ layers: 2 });
      const dir = `${parent}/one_step`;
      await writer.save(dir);
      const text = await writer.generate("to", options);
      writer.model.dispose();
      await test({ dir, text });
      assert.equal(tf.memory().numTensors, before, "tensors leak");
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  });
}

const readJson = (dir: string) => JSON.parse(Deno.readTextFileSync(`${dir}/folio.json`));
const writeJson = (dir: string, json: unknown) =>
  Deno.writeTextFileSync(`${dir}/folio.json`, JSON.stringify(json));

async function refused(dir: string | URL, message: RegExp): Promise<void> {
  await assert.rejects(OneStep.load(dir), (error) => {
    assert(error instanceof Error);
    assert.match(error.message, message);
    return true;
  });
}

bundleTest("it is a folder of two files, described in JSON, and a page", async ({ dir }) => {
  const names = [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
  assert.deepEqual(names, ["README.md", ...files]);
  const json = readJson(dir);
  assert.equal(json.format, "folio");
  assert.equal(json.version, 1);
  assert.equal(json.model.rnnUnits, 10);
  assert.equal(json.vocabulary.characters[0], "[UNK]");
  assert.equal(json.training.validationLoss, 1.75);
  const weights = Deno.readFileSync(`${dir}/model.safetensors`);
  const seal = await digestFile(weights);
  assert.deepEqual(json.weights, { file: "model.safetensors", ...seal });
  assert.deepEqual([...decodeSafetensors(weights).tensors.keys()], [
    "embedding.weight",
    ...[0, 1].flatMap((i) =>
      ["kernel", "recurrent_kernel", "bias"].map((part) => `gru.${i}.${part}`)
    ),
    "dense.kernel",
    "dense.bias",
  ]);
});

bundleTest("it is found where a writer was killed while replacing it", async ({ dir, text }) => {
  await selectDevice({ name: "cpu" });
  const aside = dir.replace(/([^/]+)$/, ".$1.0123456789ab.old");
  await Deno.rename(dir, aside);
  try {
    using writer = await OneStep.load(dir);
    assert.equal(await writer.generate("to", options), text);
    await writer.save(dir); // The next writer clears away what is left.
    await assert.rejects(Deno.stat(aside), Deno.errors.NotFound);
  } finally {
    await Deno.remove(aside, { recursive: true }).catch(() => {});
  }
});

bundleTest("it writes the same text after loading", async ({ dir, text }) => {
  for (const device of ["cpu", "wasm"] as const) {
    await selectDevice({ name: device });
    const writer = await OneStep.load(dir);
    assert.equal(await writer.generate("to", options), text);
    assert.equal(writer.training?.corpus, "hamlet");
    writer.dispose();
  }
  await selectDevice({ name: "cpu" });
});

bundleTest("a file: address is as good as a path", async ({ dir, text }) => {
  for (const address of [`file://${dir}`, new URL(`file://${dir}/`), `${dir}//`]) {
    const writer = await OneStep.load(address);
    assert.equal(await writer.generate("to", options), text);
    writer.dispose();
  }
});

bundleTest("it loads from the web, and says what is wrong there", async ({ dir, text }) => {
  const asked: string[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      asked.push(pathname + search);
      const [, folder, name] = pathname.split("/");
      if (folder === "gone") return new Response("no", { status: 404 });
      const content = await Deno.readFile(`${dir}/${name}`);
      if (folder === "long" && name === "model.safetensors") {
        return new Response(new Blob([content, content]));
      }
      if (folder === "page") return new Response("<html>");
      return new Response(content);
    },
  );
  const base = `http://127.0.0.1:${server.addr.port}`;
  try {
    for (const address of [`${base}/good?key=1`, new URL(`${base}/good/`)]) {
      const writer = await OneStep.load(address);
      assert.equal(await writer.generate("to", options), text);
      writer.dispose();
    }
    assert.deepEqual(asked.slice(0, 2), files.map((f) => `/good/${f}?key=1`));
    await refused(`${base}/gone`, /Cannot read http.*gone\/folio.json: .*404/);
    await refused(`${base}/page`, /page\/folio.json: it is not JSON/);
    await refused(`${base}/long`, /long\/model.safetensors: it has \d+ bytes or/);
  } finally {
    await server.shutdown();
  }
  await refused(`${base}/good`, /Cannot read http.*folio.json/);
});

bundleTest("addresses of other kinds are refused", async () => {
  await refused("ftp://example.org/one_step", /ftp:.*give a path/);
  await refused(new URL("data:text/plain,x"), /data:/);
  await refused("", /Cannot load from ""/);
});

bundleTest("a missing file is named", async ({ dir }) => {
  await refused(`${dir}/nowhere`, /nowhere\/folio.json: it is not there/);
  await Deno.remove(`${dir}/model.safetensors`);
  await refused(dir, /one_step\/model.safetensors: it is not there/);
  await Deno.remove(`${dir}/folio.json`);
  await refused(dir, /one_step\/folio.json: it is not there/);
});

bundleTest("altered weights are refused, and named", async ({ dir }) => {
  const path = `${dir}/model.safetensors`;
  const weights = await Deno.readFile(path);
  const flipped = weights.slice();
  flipped[flipped.length - 1]! ^= 1; // the smallest change of the last weight
  await Deno.writeFile(path, flipped);
  await refused(dir, /model.safetensors is damaged: .* as SHA-256/);
  await Deno.writeFile(path, weights.subarray(0, -4));
  await refused(dir, /model.safetensors is damaged: it has \d+ bytes, not/);
  await Deno.writeFile(path, Uint8Array.of(...weights, 0));
  await refused(dir, /model.safetensors: it has \d+ bytes or more/);
});

bundleTest("weights that do not fit the config are refused", async ({ dir }) => {
  const path = `${dir}/model.safetensors`;
  const json = readJson(dir);
  for (
    const [key, value] of [
      ["rnnUnits", 11],
      ["layers", 1],
      ["layers", 3],
      ["embeddingDim", 5],
      ["rnnUnits", 2 ** 50],
    ] as const
  ) {
    writeJson(dir, { ...json, model: { ...json.model, [key]: value } });
    await refused(dir, /model.safetensors: Cannot load the weight "/);
  }
  // Sealed anew, so that only the names and shapes can tell.
  const { tensors } = decodeSafetensors(await Deno.readFile(path));
  const wrong = encodeSafetensors([...tensors.values()].slice(1));
  await Deno.writeFile(path, wrong);
  const weights = { ...json.weights, ...await digestFile(wrong) };
  writeJson(dir, { ...json, weights });
  await refused(dir, /"embedding.weight": it is missing/);
});

bundleTest("folio.json is checked field by field", async ({ dir }) => {
  const json = readJson(dir);
  const changed = async (changes: object, message: RegExp) => {
    writeJson(dir, { ...json, ...changes });
    await refused(dir, message);
  };
  await changed({ format: "other" }, /folio.json: it lacks "format": "folio"/);
  await changed({ version: 2 }, /is of version 2, this folio reads version 1/);
  await changed({ version: "1" }, /folio.json: version: /);
  await changed({ version: undefined }, /folio.json: version: /);
  await changed({ extra: 1 }, /extra/);
  await changed({ model: { ...json.model, dropout: 1 } }, /model: .*dropout/);
  await changed({ model: { ...json.model, layers: 0 } }, /model.layers/);
  await changed({ model: { ...json.model, layers: 1e9 } }, /model.layers/);
  await changed({ model: { ...json.model, seed: -1 } }, /model.seed/);
  await changed({ training: { ...json.training, loss: null } }, /training.loss/);
  await changed({ weights: { ...json.weights, sha256: "x" } }, /weights.sha256/);
  const elsewhere = "../../model.safetensors";
  await changed({ weights: { ...json.weights, file: elsewhere } }, /weights.file/);
  const vocabulary = (characters: string[]) => ({
    vocabulary: { ...json.vocabulary, characters },
  });
  const { characters } = json.vocabulary;
  await changed(vocabulary(characters.toReversed()), /vocabulary/);
  await changed(vocabulary(characters.slice(1)), /vocabulary/);
  await changed(
    vocabulary(characters.with(-1, "🦝")),
    /the vocabulary is damaged: its SHA-256 is another/,
  );
  const model = { ...json.model, vocabularySize: 13 };
  await changed({ model }, /the vocabulary has 12 entries, the model 13/);
  for (const text of ["", "[]", "null", '"folio"', "{", "\ufffe"]) {
    Deno.writeTextFileSync(`${dir}/folio.json`, text);
    await refused(dir, /folio.json: it (is not JSON|lacks "format")/);
  }
  Deno.writeFileSync(`${dir}/folio.json`, Uint8Array.of(0x7b, 0xff, 0x7d));
  await refused(dir, /folio.json: it is not JSON in UTF-8/);
});

bundleTest("a mutated bundle is refused, or writes the same text", async ({ dir, text }) => {
  const mutation = fc.record({
    file: fc.constantFrom(...files),
    place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    byte: fc.oneof(
      fc.nat(255),
      fc.constantFrom(...'0123456789"{}[],:\\ '.split("").map((c) => c.charCodeAt(0))),
    ),
    kind: fc.constantFrom("set", "insert", "delete", "cut"),
  });
  const originals = new Map(
    files.map((file) => [file, Deno.readFileSync(`${dir}/${file}`)]),
  );
  const numRuns = repeats(3000);
  let loaded = 0, refused = 0;
  const tensors = tf.memory().numTensors;
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
      const contents = new Map([...originals].map(([k, v]) => [k, [...v]]));
      for (const { file, place, byte, kind } of mutations) {
        const bytes = contents.get(file)!;
        const at = Math.floor(place * bytes.length);
        if (kind === "set") bytes[at] = byte;
        else if (kind === "insert") bytes.splice(at, 0, byte);
        else if (kind === "delete") bytes.splice(at, 1);
        else bytes.length = at;
      }
      for (const [file, bytes] of contents) {
        Deno.writeFileSync(`${dir}/${file}`, Uint8Array.from(bytes));
      }
      let writer: OneStep;
      try {
        writer = await OneStep.load(dir);
      } catch (error) {
        assert(error instanceof Error);
        assert.match(error.message, /folio\.json|\.safetensors/);
        refused++;
        assert.equal(tf.memory().numTensors, tensors);
        return;
      }
      assert.equal(await writer.generate("to", options), text);
      writer.dispose();
      loaded++;
    }),
    { numRuns },
  );
  // About one in fifty loads; a quick run may have none.
  const few = Math.floor(numRuns / 600);
  assert(loaded >= few && refused > numRuns / 6, `${loaded} loaded, ${refused} refused`);
});

bundleTest("saving replaces a bundle, and nothing else", async ({ dir }) => {
  const writer = smallWriter({ seed: 9 });
  await writer.save(dir);
  const text = await writer.generate("to", options);
  const reloaded = await OneStep.load(dir);
  assert.equal(await reloaded.generate("to", options), text);
  await Deno.writeTextFile(`${dir}/../notes.txt`, "a person's");
  await assert.rejects(writer.save(`${dir}/..`), /Cannot replace/);
  await assert.rejects(writer.save(`${dir}/../notes.txt`), /it is a file/);
  writer.model.dispose();
  reloaded.dispose();
});

bundleTest("what JSON cannot say is not saved", async ({ dir }) => {
  const { model, vocabulary, training } = smallWriter();
  const writer = new OneStep(model, vocabulary, {
    training: { ...training!, loss: NaN },
  });
  await assert.rejects(writer.save(dir), /Cannot save the bundle .*training.loss/);
  (await OneStep.load(dir)).dispose(); // the old one is as it was
  model.dispose();
});

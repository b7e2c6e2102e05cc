import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { presets } from "../../lib/config.ts";
import { CourseOutputs } from "../../lib/display/course_outputs.ts";
import { Vocabulary } from "../../lib/text/vocabulary.ts";

const corpusOf = (name: string, text: string) => {
  return { name, text, source: name, sha256: createHash("sha256").update(text).digest("hex") };
};
const [tale, diary] = [corpusOf("a tale", "abcabc"), corpusOf("a diary", "abcbca")];

/** What notebooks 1, 2 and 6 leave, each of a text of its own. */
async function course({ first = tale, second = tale, sixth = tale } = {}) {
  const folder = await Deno.makeTempDir({ prefix: "folio-test-" });
  const outputs = new CourseOutputs(folder);
  await outputs.saveCorpus(first);
  const vocabulary = Vocabulary.fromText(second.text);
  await outputs.saveVocabulary(vocabulary, second);
  const { training, model } = presets.quick;
  const { name, sha256 } = sixth;
  await outputs.save("06_train/config.json", {
    preset: "quick",
    model: { ...model, vocabularySize: vocabulary.size },
    training,
    corpus: { name, sha256 },
  });
  return { outputs, folder };
}

Deno.test("what the notebooks hand on comes back", async () => {
  const { outputs } = await course();
  assert.deepEqual(await outputs.corpus(), tale);
  assert.deepEqual(await outputs.vocabulary(), Vocabulary.fromText("abc"));
  assert.equal((await outputs.model()).corpus?.name, "a tale");
});

Deno.test("what was made of another text is refused, with the notebook to run again", async () => {
  const mixed: [Parameters<typeof course>[0], "vocabulary" | "model", RegExp][] = [
    [{ first: diary }, "vocabulary", /another text than a diary.*run 02_vectorize.ipynb again/],
    [{ first: diary }, "model", /run 02_vectorize.ipynb again/],
    [{ first: diary, second: diary }, "model", /on a tale .* a diary .*run 06_train.ipynb again/],
    [{ sixth: diary }, "model", /on a diary .* a tale .*run 06_train.ipynb again/],
  ];
  for (const [texts, what, message] of mixed) {
    const { outputs } = await course(texts);
    await assert.rejects(outputs[what](), message);
  }
});

Deno.test("files from before digests were noted still open, unless they do not fit", async () => {
  const { outputs } = await course();
  await outputs.save("02_vectorize/vocabulary.json", Vocabulary.fromText(tale.text));
  const { corpus: _, ...settings } = await outputs.model();
  await outputs.save("06_train/config.json", settings);
  assert.deepEqual(await outputs.model(), settings);
  await outputs.save("02_vectorize/vocabulary.json", Vocabulary.fromText("xyz"));
  await assert.rejects(outputs.vocabulary(), /run 02_vectorize.ipynb again/);
});

Deno.test("a missing, damaged or half-written file is named, with the notebook that makes it", async () => {
  const { outputs, folder } = await course();
  await assert.rejects(outputs.read("03_batch/none.json"), /run 03_batch.ipynb first/);
  await Deno.writeTextFile(`${folder}/06_train/config.json`, '{"preset": "quick"');
  await assert.rejects(
    outputs.model(),
    /Cannot read outputs\/06_train\/config.json .*run 06_train/,
  );
  await Deno.writeTextFile(`${folder}/02_vectorize/vocabulary.json`, '{"corpusSha256": 5}');
  await assert.rejects(outputs.vocabulary(), /Cannot read outputs\/02_vectorize.*run 02_vector/s);
  await Deno.writeTextFile(`${folder}/01_download/corpus.txt`, "abc");
  await assert.rejects(outputs.corpus(), /has 3 code units.*6: run 01_download.ipynb again/);
});

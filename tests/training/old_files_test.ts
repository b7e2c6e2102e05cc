/**
 * What folio wrote on earlier days still opens: `tests/testdata/old` holds, for each such day, a run of
 * the command line and a checkpoint in the middle of an epoch, of one small text and one small model.
 */
import assert from "node:assert/strict";
import { Checkpoints, loadCorpus, OneStep, presets, selectDevice, trainOn } from "folio";

const old = new URL("../testdata/old/", import.meta.url);
const days = [...Deno.readDirSync(old)].filter(({ isDirectory }) => isDirectory)
  .map(({ name }) => name).sort();

/** What all of them were trained with. */
const preset = {
  model: { ...presets.quick.model, embeddingDim: 3, rnnUnits: 5, layers: 2 },
  training: {
    ...{ ...presets.quick.training, warmupSteps: 2 },
    ...{ epochs: 2, batchSize: 4, sequenceLength: 16 },
  },
};
const [firstLoss, secondLoss] = [3.295377666299993, 3.1763821081681685];
const written = "The nrinru sasAsia.roeyyAdAg\neetiwgolruo  Ap";

/** Gives a copy of a folder of one day, which may be changed. */
async function withCopy(path: string, run: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "folio-test-" });
  try {
    const from = new URL(`${path}/`, old);
    for (const { name } of Deno.readDirSync(from)) {
      await Deno.mkdir(`${folder}/${name}`);
      for (const file of Deno.readDirSync(new URL(`${name}/`, from))) {
        await Deno.copyFile(
          new URL(`${name}/${file.name}`, from),
          `${folder}/${name}/${file.name}`,
        );
      }
    }
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("there are files of earlier days", () => assert.ok(days.length >= 2));

for (const day of days) {
  Deno.test(`a bundle of ${day} still writes what it wrote`, async () => {
    await selectDevice({ name: "cpu" });
    using writer = await OneStep.load(new URL(`${day}/run/bundle`, old));
    assert.equal(await writer.generate("The ", { length: 40, seed: 3 }), written);
    assert.equal(writer.training?.corpus, "mill");
  });

  Deno.test(`a checkpoint of ${day} still goes on, after an epoch and in the middle of one`, async () => {
    await selectDevice({ name: "cpu" });
    const corpus = await loadCorpus(new URL("mill.txt", old));
    await withCopy(`${day}/run/checkpoints`, async (folder) => {
      const checkpoints = new Checkpoints(folder);
      const losses = (await checkpoints.list()).map(({ loss }) => loss);
      assert.deepEqual(losses, [firstLoss, secondLoss]);
      await Deno.remove(`${folder}/epoch-0002`, { recursive: true });
      using trained = await trainOn(corpus, preset, { checkpoints, resume: true });
      assert.deepEqual(trained.history.epochs.map(({ loss }) => loss), [firstLoss, secondLoss]);
    });
    await withCopy(`${day}/stopped`, async (folder) => {
      const checkpoints = new Checkpoints(folder);
      assert.equal((await checkpoints.latest())?.unfinished?.steps, 3);
      using trained = await trainOn(corpus, preset, { checkpoints, resume: true });
      assert.deepEqual(trained.history.epochs.map(({ loss }) => loss), [firstLoss, secondLoss]);
    });
  });
}

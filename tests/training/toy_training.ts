/** A model that trains in no time, and what tests of checkpoints share. */
import { selectDevice } from "../../lib/device.ts";
import type { CharModel } from "../../lib/model/char_model.ts";
import { weightsToRecords } from "../../lib/model/weights.ts";
import { sequenceBatches } from "../../lib/text/sequences.ts";
import { Adam } from "../../lib/training/adam.ts";
import type { TrainContext } from "../../lib/training/callbacks.ts";
import type { EpochRecord } from "../../lib/training/records.ts";

export const config = {
  vocabularySize: 5,
  embeddingDim: 3,
  rnnUnits: 4,
  layers: 2,
  embeddingScale: 0.5,
  seed: 1,
};
const ids = Int32Array.from({ length: 301 }, (_, i) => 1 + (i * i) % 4);
export const batches = (firstEpoch = 0) =>
  sequenceBatches(ids, { sequenceLength: 10, batchSize: 4, firstEpoch });

export function checkpointTest(
  name: string,
  test: (dir: string) => Promise<void>,
): void {
  Deno.test(`checkpoint: ${name}`, async () => {
    await selectDevice({ name: "cpu" });
    const dir = await Deno.makeTempDir();
    try {
      await test(dir);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

export const record = (epoch: number, loss: number, validationLoss?: number) => ({
  epoch,
  loss,
  ...(validationLoss === undefined ? {} : { validationLoss }),
  seconds: 1,
  steps: 7,
  learningRate: 0.001,
});

/** What a callback would be given after epochs of these losses. */
export function contextOf(model: CharModel, epochs: EpochRecord[]): TrainContext {
  const step = 7 * epochs.length;
  return { model, optimizer: new Adam(), epochs, step };
}

export const names = (dir: string) => [...Deno.readDirSync(dir)].map(({ name }) => name).sort();

export const numbers = async (model: CharModel) =>
  (await weightsToRecords(model.weights())).map(({ data }) => data.slice());

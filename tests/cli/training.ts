/**
 * What tests of `train` share.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { EpochRecord } from "folio";
import { type Ended, inFolder, runTask, someText, type TaskOptions } from "./task.ts";

/** A training that takes no time. */
// deno-fmt-ignore
export const tiny = [
  "--units", "12", "--embedding", "6", "--batch-size", "4", "--sequence-length", "10",
  "--epochs", "3", "--device", "wasm", "--blas", "none", "--seed", "5",
];

/** Where a training is tried. */
export interface Setting {
  readonly folder: string;
  /** Trains on text.txt into a folder. */
  readonly train: (
    out: string,
    more?: readonly string[],
    options?: Partial<TaskOptions>,
  ) => Promise<Ended>;
}

/** Tests the command in a folder with a text. */
export function trainingTest(name: string, test: (setting: Setting) => Promise<void>): void {
  Deno.test(`train: ${name}`, () =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(join(folder, "text.txt"), someText(7000));
      await test({
        folder,
        train: (out, more = tiny, options = {}) =>
          runTask(["train", "--corpus", "text.txt", "--out", out, ...more], {
            cwd: folder,
            ...options,
          }),
      });
    }));
}

/** What is in a folder. */
export const names = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

/** All of a run's history but how long it took. */
export async function historyOf(folder: string): Promise<Omit<EpochRecord, "seconds">[]> {
  const { epochs } = JSON.parse(await Deno.readTextFile(join(folder, "history.json")));
  return epochs.map(({ seconds, ...rest }: EpochRecord) => (assert.ok(seconds > 0), rest));
}

/**
 * A checkpoint in a few numbers, and which of several has the lowest loss.
 *
 * @module
 */
import type { Arithmetic } from "../device.ts";
import type { CheckpointJson } from "./checkpoint_json.ts";
import type { UnfinishedEpoch } from "./records.ts";

/** A checkpoint in a few numbers. */
export interface CheckpointInfo {
  /** Its folder. */
  readonly path: string;
  /** How many epochs the model had behind it. */
  readonly epoch: number;
  /** How many steps the optimizer had made. */
  readonly step: number;
  /** The loss of its last epoch or, in the middle of one, of the steps so far. */
  readonly loss: number;
  /** The loss on the text that was held out. */
  readonly validationLoss?: number | undefined;
  /**
   * What computed it: where something else goes on, the numbers differ in their last bits from those
   * of a training that never stopped. Unknown of checkpoints made before this was written down.
   */
  readonly arithmetic?: Arithmetic | undefined;
  /** There only if it was saved in the middle of an epoch. */
  readonly unfinished?: UnfinishedEpoch | undefined;
}

/** A checkpoint as it lies in its folder. */
export interface StoredCheckpoint {
  readonly path: string;
  readonly json: CheckpointJson;
}

/** What there is to know of it before its weights are read. */
export function checkpointInfo({ path, json }: StoredCheckpoint): CheckpointInfo {
  const { epoch, step, loss, validationLoss, arithmetic, unfinished } = json;
  return {
    path,
    epoch,
    step,
    loss,
    ...validationLoss === undefined ? {} : { validationLoss },
    ...arithmetic && { arithmetic },
    ...unfinished && { unfinished },
  };
}

/** The lowest loss first; of whole epochs, where there is one: the mean of a part says less. */
export function byLoss(all: readonly CheckpointInfo[]): CheckpointInfo[] {
  const whole = all.filter((c) => c.unfinished === undefined);
  const validated = whole.filter((c) => c.validationLoss !== undefined);
  const candidates = [validated, whole, all].find((list) => list.length > 0) ?? [];
  const score = ({ validationLoss, loss }: CheckpointInfo) => validationLoss ?? loss;
  return candidates.toSorted((a, b) => score(a) - score(b));
}

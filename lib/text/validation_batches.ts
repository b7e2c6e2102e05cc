/**
 * The batches of the held-out text, the same each time.
 *
 * @module
 */
import type { Complete } from "../config.ts";
import * as tf from "@tensorflow/tfjs";
import { checkBatchOptions } from "./batch_options.ts";
import { type SequenceBatch, sequenceBatch } from "./sequence_batch.ts";

/** How many streams a held-out text is read as, at most. */
const mostStreams = 32;
/**
 * How many targets a stream has, at least. To begin at a state of zero costs some 3 nats in all
 * (measured with the preset quick on Shakespeare): over such a stream 0.003 nats a character.
 */
const leastStream = 1000;

/** How {@linkcode validationBatches} cuts the held-out text; a `TrainingConfig` has both. */
export interface ValidationOptions {
  /** Characters in an input, and as many in its target. Default 100. */
  readonly sequenceLength?: number | undefined;
  /** Sequences in a batch. Default 64. */
  readonly batchSize?: number | undefined;
}

/**
 * All of a held-out text in its order, a `tf.data.Dataset` whose every iterator gives out the same
 * batches.
 *
 * Made by {@linkcode validationBatches}. Who draws a batch disposes its two tensors, as `evaluate`,
 * `train` and `fitDataset` do.
 */
export class ValidationDataset extends tf.data.Dataset<SequenceBatch> {
  /** How many batches there are. */
  override readonly size: number;
  readonly #ids: Int32Array;
  readonly #options: Complete<ValidationOptions>;

  /**
   * Use {@linkcode validationBatches}, which fills in the defaults and checks the options.
   *
   * @param ids The ids of the held-out text, two or more.
   * @param options All of the options.
   */
  constructor(ids: Int32Array, options: Complete<ValidationOptions>) {
    super();
    const { sequenceLength, batchSize } = options;
    const targets = ids.length - 1;
    this.#ids = ids;
    this.#options = options;
    this.size = Math.ceil(Math.floor(targets / sequenceLength) / batchSize) +
      (targets % sequenceLength > 0 ? 1 : 0);
  }

  /**
   * Starts at the beginning of the held-out text.
   *
   * @returns An iterator over all batches.
   */
  override iterator(): ReturnType<tf.data.Dataset<SequenceBatch>["iterator"]> {
    return tf.data.generator(() => this.#batches()).iterator();
  }

  /** Each sequence begins with the last target of the one before it. */
  *#batches(): Generator<SequenceBatch> {
    const { sequenceLength, batchSize } = this.#options;
    const targets = this.#ids.length - 1;
    const sequences = Math.floor(targets / sequenceLength);
    for (let first = 0; first < sequences; first += batchSize) {
      const rows = Math.min(batchSize, sequences - first);
      const starts = Array.from({ length: rows }, (_, row) => (first + row) * sequenceLength);
      yield sequenceBatch(this.#ids, { starts, length: sequenceLength });
    }
    const rest = targets % sequenceLength;
    if (rest > 0) yield sequenceBatch(this.#ids, { starts: [targets - rest], length: rest });
  }

  /**
   * The same text as a few long streams side by side, for a model whose state goes on from batch to
   * batch: up to 32, of at least 1000 targets each where there is more than one.
   *
   * Each row of a batch goes on where that row of the batch before ended. The streams follow each
   * other in the text, and each begins with the last target of the one before, so that here too every
   * id but the first is a target once. The first streams may be a character longer than the others:
   * then the last batch has rows for these only.
   *
   * @returns A dataset whose every iterator gives out the same batches, `[streams, sequenceLength]`
   * or smaller at the end.
   */
  streams(): tf.data.Dataset<SequenceBatch> {
    return tf.data.generator(() => this.#streamBatches());
  }

  *#streamBatches(): Generator<SequenceBatch> {
    const { sequenceLength } = this.#options;
    const targets = this.#ids.length - 1;
    const count = Math.min(Math.max(Math.floor(targets / leastStream), 1), mostStreams);
    const [shortest, longer] = [Math.floor(targets / count), targets % count];
    const starts = Array.from(
      { length: count },
      (_, stream) => stream * shortest + Math.min(stream, longer),
    );
    for (let at = 0; at < shortest; at += sequenceLength) {
      const length = Math.min(sequenceLength, shortest - at);
      yield sequenceBatch(this.#ids, { starts: starts.map((start) => start + at), length });
    }
    if (longer > 0) {
      const last = starts.slice(0, longer).map((start) => start + shortest);
      yield sequenceBatch(this.#ids, { starts: last, length: 1 });
    }
  }
}

/**
 * Cuts a held-out text into batches to validate on: all of it, in its order, the same each time.
 *
 * Every id but the first is a target exactly once. So the last batch of whole sequences may have
 * fewer of them, and what is left of the text, shorter than a sequence, is a batch of its own.
 * `evaluate` and `train` take the mean over characters. tfjs' `fitDataset` takes the dataset as
 * `validationData`, and its mean over sequences, in which that last batch counts as one.
 *
 * @param ids The ids of the held-out text, such as `splitTokens(…).validation`; they are read while
 * iterating and never copied as a whole.
 * @param options Sizes; the rest of a `TrainingConfig` is of no effect here.
 * @returns A dataset for `train`, `evaluate` or `fitDataset`. Undefined where nothing is held out:
 * there are fewer than two ids, and so no target.
 * @throws {TypeError} If the ids are not an Int32Array.
 * @throws {RangeError} If a size is not an integer of 1 or more.
 *
 * @example A tenth of a small text
 * ```ts
 * import { presets, selectDevice, splitTokens, validationBatches } from "folio";
 * import assert from "node:assert/strict";
 *
 * await selectDevice({ name: "cpu" });
 * const ids = Int32Array.from({ length: 2510 }, (_, i) => 1 + i % 4);
 * const { training } = presets.quick;
 * const batches = validationBatches(splitTokens(ids, training).validation, training);
 * const shapes: number[][] = [];
 * await batches?.forEachAsync(({ xs, ys }) => {
 *   shapes.push(xs.shape);
 *   xs.dispose();
 *   ys.dispose();
 * });
 * assert.deepEqual(shapes, [[2, 100], [1, 50]]); // 251 ids: 250 targets
 *
 * const nothing = splitTokens(ids, presets.tutorial.training).validation;
 * assert.equal(validationBatches(nothing, presets.tutorial.training), undefined);
 * ```
 */
export function validationBatches(
  ids: Int32Array,
  options: ValidationOptions = {},
): ValidationDataset | undefined {
  const { sequenceLength = 100, batchSize = 64 } = options;
  checkBatchOptions(ids, {
    sequenceLength: { value: sequenceLength, least: 1 },
    batchSize: { value: batchSize, least: 1 },
  });
  return ids.length < 2 ? undefined : new ValidationDataset(ids, { sequenceLength, batchSize });
}

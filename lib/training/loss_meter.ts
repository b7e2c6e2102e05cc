/**
 * The mean of losses that a device is still working on.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { EventLoopYield, nextTask } from "../event_loop.ts";
import { HeldTensors } from "../model/held_tensors.ts";

/** How many losses may wait to be read before a step waits for the oldest. */
const longestQueue = 4;

/** Losses, added up, each as often as it counts. */
export interface LossTotal {
  readonly sum: number;
  readonly count: number;
}

/** Adds up losses without making the device wait for a number to be read. */
export class LossMeter {
  readonly #held = new HeldTensors();
  #reading: Promise<void>[] = [];
  #sum: number;
  #count: number;
  #newest: number | undefined;
  readonly #eventLoop = new EventLoopYield();

  /**
   * Starts to add up.
   *
   * @param before What was added up before an interruption; default nothing.
   */
  constructor(before: LossTotal = { sum: 0, count: 0 }) {
    this.#sum = before.sum;
    this.#count = before.count;
  }

  /**
   * Takes a loss over and disposes it once it is read.
   *
   * @param loss A scalar.
   * @param weight How often it counts; default once.
   * @returns The newest loss that is known: this one, on a device that computes at
   * once; an earlier one, or undefined, on a GPU that is still at work.
   */
  async add(loss: tf.Scalar, weight = 1): Promise<number | undefined> {
    const read = this.#held.add(loss).data().then(([value = NaN]) => {
      this.#sum += weight * value;
      this.#count += weight;
      this.#newest = value;
    }).finally(() => this.#held.release(loss).dispose());
    this.#reading.push(read);
    if (this.#reading.length > longestQueue) await this.#reading.shift();
    await Promise.race([read, nextTask()]);
    await this.#eventLoop.ifDue();
    return this.#newest;
  }

  /** The sum of all losses, once all are read. */
  async total(): Promise<LossTotal> {
    await Promise.all(this.#reading);
    this.#reading = [];
    return { sum: this.#sum, count: this.#count };
  }

  /** Their mean; undefined if there were none. */
  async mean(): Promise<number | undefined> {
    const { sum, count } = await this.total();
    return count === 0 ? undefined : sum / count;
  }
}

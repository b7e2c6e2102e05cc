/**
 * The pace of a training run.
 *
 * @module
 */
import type { EpochRecord, StepInfo, UnfinishedEpoch } from "./records.ts";

/** Counts steps and measures their pace. */
export class TrainingClock {
  readonly #epochs: number;
  #stepsPerEpoch: number | undefined;
  #epoch = 1;
  #step = 0;
  #epochBegan = 0;
  #resumed = 0;
  #began: number | undefined;
  #stepsSince = 0;

  constructor(
    { epochs, stepsPerEpoch }: { epochs: number; stepsPerEpoch?: number | undefined },
  ) {
    this.#epochs = epochs;
    this.#stepsPerEpoch = stepsPerEpoch;
  }

  /**
   * Begins an epoch, or goes on with one.
   *
   * @param epoch Which, counted from 1.
   * @param before The steps that it has behind it, and how long they took.
   */
  beginEpoch(
    epoch: number,
    before: Pick<UnfinishedEpoch, "steps" | "seconds"> = { steps: 0, seconds: 0 },
  ): void {
    this.#epoch = epoch;
    this.#step = before.steps;
    this.#epochBegan = performance.now() - before.seconds * 1000;
    this.#resumed = performance.now();
  }

  /** How long the epoch has taken so far, in seconds. */
  get epochSeconds(): number {
    return (performance.now() - this.#epochBegan) / 1000;
  }

  step(
    { loss, learningRate }: { loss?: number | undefined; learningRate: number },
  ): StepInfo {
    const now = performance.now();
    this.#step++;
    // The first step also compiles and warms up: the pace is measured from its end.
    if (this.#began === undefined) this.#began = now;
    else this.#stepsSince++;
    const seconds = (now - this.#began) / 1000;
    const stepsPerSecond = this.#stepsSince > 0
      ? this.#stepsSince / seconds
      : 1000 / (now - this.#resumed);
    const stepsLeft = this.#stepsPerEpoch === undefined
      ? undefined
      : (this.#epochs - this.#epoch + 1) * this.#stepsPerEpoch - this.#step;
    return {
      epoch: this.#epoch,
      epochs: this.#epochs,
      step: this.#step,
      stepsPerEpoch: this.#stepsPerEpoch,
      loss,
      stepsPerSecond,
      secondsLeft: stepsLeft === undefined ? undefined : stepsLeft / stepsPerSecond,
      learningRate,
    };
  }

  endEpoch(
    end: Pick<EpochRecord, "loss" | "validationLoss" | "learningRate">,
  ): EpochRecord {
    this.#stepsPerEpoch ??= this.#step;
    const { loss, validationLoss, learningRate } = end;
    return {
      epoch: this.#epoch,
      loss,
      ...validationLoss === undefined ? {} : { validationLoss },
      seconds: this.epochSeconds,
      steps: this.#step,
      learningRate,
    };
  }
}

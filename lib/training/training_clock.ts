/**
 * The pace of a training run.
 *
 * @module
 */
import type { EpochRecord, StepInfo } from "./callbacks.ts";

/** Counts steps and measures their pace. */
export class TrainingClock {
  readonly #epochs: number;
  #stepsPerEpoch: number | undefined;
  #epoch = 1;
  #step = 0;
  #epochBegan = 0;
  #began: number | undefined;
  #stepsSince = 0;

  constructor(
    { epochs, stepsPerEpoch }: { epochs: number; stepsPerEpoch?: number },
  ) {
    this.#epochs = epochs;
    this.#stepsPerEpoch = stepsPerEpoch;
  }

  beginEpoch(epoch: number): void {
    this.#epoch = epoch;
    this.#step = 0;
    this.#epochBegan = performance.now();
  }

  step(
    { loss, learningRate }: { loss?: number; learningRate: number },
  ): StepInfo {
    const now = performance.now();
    this.#step++;
    // The first step also compiles and warms up: the pace is measured from its end.
    if (this.#began === undefined) this.#began = now;
    else this.#stepsSince++;
    const seconds = (now - this.#began) / 1000;
    const stepsPerSecond = this.#stepsSince > 0
      ? this.#stepsSince / seconds
      : 1000 / (now - this.#epochBegan);
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
      seconds: (performance.now() - this.#epochBegan) / 1000,
      steps: this.#step,
      learningRate,
    };
  }
}

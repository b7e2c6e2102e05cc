/**
 * What is written down of a training: its steps, its epochs, its history.
 *
 * @module
 */

/** One epoch as it went. */
export interface EpochRecord {
  /** Counted from 1. */
  readonly epoch: number;
  /** The mean loss over the epoch's steps, in nats per character. */
  readonly loss: number;
  /** The loss on the held-out text after the epoch. */
  readonly validationLoss?: number | undefined;
  /** How long it took, validation included. */
  readonly seconds: number;
  /** How many steps it had. */
  readonly steps: number;
  /** The learning rate of its last step. */
  readonly learningRate: number;
}

/** An epoch that has begun and not ended: what is needed to end it as if it had never stopped. */
export interface UnfinishedEpoch {
  /** Counted from 1. */
  readonly epoch: number;
  /** How many of its steps are made. */
  readonly steps: number;
  /** The sum of their losses. */
  readonly lossSum: number;
  /** How long they took. */
  readonly seconds: number;
  /** The learning rate of the last of them. */
  readonly learningRate: number;
}

/** All epochs so far; plain JSON. */
export interface TrainingHistory {
  /** The first first. */
  readonly epochs: readonly EpochRecord[];
}

/** Where training goes on after `Checkpoints.restore`: what `train` takes as `history`. */
export interface RestoredTraining {
  /** How many epochs are behind it. */
  readonly epoch: number;
  /** How many steps the optimizer has made. */
  readonly step: number;
  /** The epochs that ended. */
  readonly epochs: readonly EpochRecord[];
  /** There only where training was in the middle of an epoch. */
  readonly unfinished?: UnfinishedEpoch | undefined;
}

/** One step as it went. */
export interface StepInfo {
  /** Counted from 1. */
  readonly epoch: number;
  /** How many epochs there will be. */
  readonly epochs: number;
  /** In the epoch, counted from 1. */
  readonly step: number;
  /** How many steps an epoch has, where that is known. */
  readonly stepsPerEpoch?: number | undefined;
  /** Nats per character; undefined while the device still works on it. */
  readonly loss?: number | undefined;
  /** Since the end of the first step. */
  readonly stepsPerSecond: number;
  /** How long the rest of the training takes at this pace. */
  readonly secondsLeft?: number | undefined;
  /** The learning rate that the step was made with. */
  readonly learningRate: number;
}

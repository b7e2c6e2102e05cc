/**
 * One step of Adam on all weights: done as a whole, even if it is stopped in the middle.
 *
 * Weights are changed in place, so a stop would leave some of them new and some old. What the step
 * needs is therefore written down before the first of them changes, and whoever comes next finishes it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type AdamProgress, type AdamStep, adamStep, noProgress } from "./adam.ts";

/** A step on all weights. */
export interface AdamUpdate {
  /** The step on each weight. */
  readonly steps: readonly AdamStep[];
  /** Which step of its optimizer it is, from 1 on. */
  readonly number: number;
  /** Is told that all weights are changed, perhaps twice. */
  readonly onEnd: () => void;
}

/** An update, and how far the step on each weight has come. */
interface BegunUpdate extends AdamUpdate {
  readonly steps: readonly (AdamStep & { readonly progress: AdamProgress })[];
}

/** The update that has begun and not ended; only one can, since none waits for anything. */
const begun: { update: BegunUpdate | undefined } = { update: undefined };

/** What hands the commands of a backend to its device, by the backend's name. */
const handOvers = new Map<string, () => void>();

/** Makes `submit` what hands the commands of a backend to its device. */
export function registerHandOver(backendName: string, submit: () => void): void {
  handOvers.set(backendName, submit);
}

function handOver(): void {
  handOvers.get(tf.getBackend())?.();
}

/** Changes the weights. */
export function updateWeights({ steps, ...update }: AdamUpdate): void {
  finishUpdate();
  // The gradients apart from the update: if its commands are lost, it can be recorded again.
  handOver();
  begun.update = { ...update, steps: steps.map((step) => ({ ...step, progress: noProgress() })) };
  try {
    end(begun.update);
  } catch (error) {
    // Perhaps a stop: while a native call reads its arguments, Deno makes an ordinary error of it.
    finishUpdate();
    throw error;
  }
}

/** Whether an update has begun and not ended. */
export function isUpdateOpen(): boolean {
  return begun.update !== undefined;
}

/** Ends an update that was stopped, and says so. */
export function finishUpdate(): void {
  const { update } = begun;
  if (update === undefined) return;
  const stopped = `Training was stopped while step ${update.number} changed the weights`;
  try {
    handOver(); // Which of its commands were lost is known after that.
    end(update);
    console.warn(`${stopped}: the step was finished, and the weights are those after it`);
  } catch (error) {
    begun.update = undefined;
    if (!update.steps.some(({ progress }) => hasBegun(progress))) return;
    const reason = (error as Error).message;
    console.warn(`${stopped}, and it cannot be finished (${reason}): restore a checkpoint`);
  }
}

function hasBegun({ done, saved, values, recordedIn }: AdamProgress): boolean {
  return done > 0 || saved >= 0 || values !== undefined || recordedIn !== undefined;
}

function end({ steps, onEnd }: BegunUpdate): void {
  for (const step of steps) {
    const { variable, progress } = step;
    if (!variable.isDisposed && progress.done < variable.size) adamStep(step);
  }
  handOver();
  onEnd();
  begun.update = undefined;
}

/**
 * Progress: what is shown while a model trains and a corpus is downloaded.
 *
 * @module
 */

import type { DownloadProgress } from "../files/download.ts";
import type { TrainingCallback } from "../training/callbacks.ts";
import type { EpochRecord, StepInfo } from "../training/records.ts";
import { defaultWriter, type ProgressWriter } from "./progress_writer.ts";

/** Options of {@linkcode trainingProgress} and {@linkcode downloadProgress}. */
export interface ProgressOptions {
  /** Where the lines go. Default: the notebook's cell, else standard error. */
  readonly writer?: ProgressWriter | undefined;
  /** The least time between two live lines, in milliseconds. Default 250. */
  readonly intervalMs?: number | undefined;
  /** The clock, in milliseconds. Default `performance.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Shows how training goes on: epoch, step, loss, speed and the time left in one live line, and a
 * line that stays for each epoch.
 *
 * @param options Where the lines go and how often.
 * @returns A callback for `train`.
 *
 * @example The lines of a short training
 * ```ts
 * import { createCharModel, presets, selectDevice, sequenceBatches, train } from "folio";
 * import { trainingProgress } from "folio";
 * import assert from "node:assert/strict";
 *
 * await selectDevice({ name: "cpu" });
 * const ids = Int32Array.from({ length: 201 }, (_, i) => 1 + i % 4);
 * const batches = sequenceBatches(ids, { sequenceLength: 10, batchSize: 4 });
 * const model = createCharModel({ vocabularySize: 5, ...presets.quick.model, rnnUnits: 8 });
 *
 * const lines: string[] = [];
 * const writer = { live() {}, keep: (line: string) => void lines.push(line) };
 * await train(model, batches, { epochs: 2, callbacks: [trainingProgress({ writer })] });
 * assert.match(lines.join("\n"), /^epoch 2\/2 {2}loss \d/m);
 * ```
 */
export function trainingProgress(
  options: ProgressOptions = {},
): TrainingCallback {
  const writer = options.writer ?? defaultWriter();
  const due = throttle(options);
  let epochs = 0;
  let loss: number | undefined;
  return {
    onEpochBegin() {
      // The loss of the epoch before says nothing about this one's first steps.
      loss = undefined;
    },
    onStepEnd(info) {
      epochs = info.epochs;
      loss = info.loss ?? loss;
      if (due()) return writer.live(stepLine({ ...info, loss }));
    },
    onEpochEnd(record) {
      return writer.keep(epochLine(record, Math.max(epochs, record.epoch)));
    },
  };
}

/**
 * Shows how a download goes on, in one live line.
 *
 * @param options Where the lines go and how often.
 * @returns A callback for the `onProgress` of `loadCorpus`.
 *
 * @example A download of two chunks
 * ```ts
 * import { downloadProgress } from "folio";
 * import assert from "node:assert/strict";
 *
 * const kept: string[] = [];
 * const onProgress = downloadProgress({
 *   writer: { live() {}, keep: (line) => void kept.push(line) },
 * });
 * onProgress({ url: "https://example.org/a.txt", receivedBytes: 500_000, totalBytes: 1_000_000 });
 * onProgress({ url: "https://example.org/a.txt", receivedBytes: 1_000_000, totalBytes: 1_000_000 });
 * assert.deepEqual(kept, ["a.txt  1.00 of 1.00 MB  100 %"]);
 * ```
 */
export function downloadProgress(
  options: ProgressOptions = {},
): (progress: DownloadProgress) => void {
  const writer = options.writer ?? defaultWriter();
  const due = throttle(options);
  return (progress) => {
    const line = downloadLine(progress);
    if (progress.receivedBytes === progress.totalBytes) void writer.keep(line);
    else if (due()) void writer.live(line);
  };
}

/** Answers whether enough time has passed since it last said yes. */
function throttle(
  { intervalMs = 250, now = () => performance.now() }: ProgressOptions,
) {
  let last = -Infinity;
  return () => {
    const time = now();
    if (time - last < intervalMs) return false;
    last = time;
    return true;
  };
}

function stepLine(info: StepInfo): string {
  const step = info.stepsPerEpoch === undefined ? info.step : `${info.step}/${info.stepsPerEpoch}`;
  return [
    `epoch ${info.epoch}/${info.epochs}`,
    `step ${step}`,
    info.loss === undefined ? "" : `loss ${info.loss.toFixed(4)}`,
    `${rate(info.stepsPerSecond)} steps/s`,
    info.secondsLeft === undefined ? "" : `left ${clock(info.secondsLeft)}`,
  ].filter((part) => part !== "").join("  ");
}

function epochLine(record: EpochRecord, epochs: number): string {
  return [
    `epoch ${record.epoch}/${epochs}`,
    `loss ${record.loss.toFixed(4)}`,
    record.validationLoss === undefined ? "" : `validation ${record.validationLoss.toFixed(4)}`,
    `${rate(record.steps / record.seconds)} steps/s`,
    `took ${clock(record.seconds)}`,
  ].filter((part) => part !== "").join("  ");
}

function downloadLine(
  { url, receivedBytes, totalBytes }: DownloadProgress,
): string {
  const name = URL.parse(url)?.pathname.split("/").at(-1) || url;
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(2);
  return totalBytes === undefined
    ? `${name}  ${megabytes(receivedBytes)} MB`
    : `${name}  ${megabytes(receivedBytes)} of ${megabytes(totalBytes)} MB  ` +
      `${Math.floor(receivedBytes / totalBytes * 100)} %`;
}

/** Steps a second, in two digits or whole. */
const rate = (value: number) => value < 10 ? value.toPrecision(2) : value.toFixed(0);

/** Seconds as `m:ss`, or `h:mm:ss` from an hour on. */
function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  const two = (part: number) => String(part).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

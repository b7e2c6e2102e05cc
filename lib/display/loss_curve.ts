/**
 * The plot of losses: how the loss falls, epoch by epoch.
 *
 * @module
 */

import { axis, createPlot, palette, type Plot, type PlotPart, seriesColor } from "./plot.ts";

/** One point of a curve; an epoch record is one. */
export interface LossPoint {
  /** Epochs done, counted from 1; a part of an epoch is a fraction. */
  readonly epoch: number;
  /** Mean loss, in nats per character. */
  readonly loss: number;
  /** Mean loss on the held-out part. */
  readonly validationLoss?: number | undefined;
}

/** Options of {@linkcode lossCurve}. */
export interface LossCurveOptions {
  /** Draws ln(vocabularySize), the loss of a model that guesses, if given. */
  readonly vocabularySize?: number | undefined;
  /** The figure's title. Default "Loss by epoch". */
  readonly title?: string | undefined;
}

/**
 * Plots losses by epoch, with validation losses where there are any and the loss of guessing.
 *
 * @param runs The points of each training run, by the run's name.
 * @param options The vocabulary's size, for the loss of guessing.
 * @returns The figure.
 *
 * @example One run
 * ```ts
 * import { lossCurve } from "folio";
 * import assert from "node:assert/strict";
 *
 * const plot = lossCurve({ GRU: [{ epoch: 1, loss: 2.73 }, { epoch: 2, loss: 1.99 }] });
 * assert.equal(plot.summary, "GRU: loss 2.7300 at epoch 1, 1.9900 at epoch 2.");
 * ```
 */
export function lossCurve(
  runs: Readonly<Record<string, readonly LossPoint[]>>,
  options: LossCurveOptions = {},
): Plot {
  const traces: PlotPart[] = [];
  const summary: string[] = [];
  Object.entries(runs).forEach(([name, points], index) => {
    const color = seriesColor(index);
    traces.push(
      curve(name, points, (point) => point.loss, { color, dash: "solid" }),
    );
    summary.push(describe(name, "loss", points, (point) => point.loss));
    const held = points.filter((point) => point.validationLoss !== undefined);
    if (held.length === 0) return;
    traces.push(
      curve(`${name}, validation`, held, (point) => point.validationLoss!, {
        color,
        dash: "dot",
      }),
    );
    summary.push(
      describe(name, "validation loss", held, (point) => point.validationLoss!),
    );
  });
  const epochs = Object.values(runs).flat().map((point) => point.epoch);
  const last = epochs.reduce((a, b) => Math.max(a, b), 1);
  const { vocabularySize, title = "Loss by epoch" } = options;
  if (vocabularySize !== undefined) {
    summary.push(
      `Guessing: ln ${vocabularySize} = ${Math.log(vocabularySize).toFixed(4)}.`,
    );
    traces.push({
      type: "scatter",
      mode: "lines",
      name: `guessing: ln ${vocabularySize} = ${Math.log(vocabularySize).toFixed(2)}`,
      x: [0, last],
      y: [Math.log(vocabularySize), Math.log(vocabularySize)],
      line: { color: palette.gray, dash: "dash", width: 1.5 },
      hoverinfo: "name",
    });
  }
  return createPlot(traces, {
    title,
    summary: summary.join("\n"),
    layout: {
      xaxis: axis("epoch", {
        range: [0, last * 1.03],
        // Whole epochs only, and not more than some ten labels.
        dtick: Math.max(1, Math.ceil(last / 10)),
      }),
      yaxis: axis("loss (nats per character)"),
    },
  });
}

function curve(
  name: string,
  points: readonly LossPoint[],
  value: (point: LossPoint) => number,
  line: { readonly color: string; readonly dash: string },
): PlotPart {
  return {
    type: "scatter",
    mode: "lines+markers",
    name,
    x: points.map((point) => point.epoch),
    y: points.map(value),
    line: { ...line, width: 2 },
    marker: {
      size: 6,
      symbol: line.dash === "solid" ? "circle" : "diamond-open",
    },
    hovertemplate: "epoch %{x}: %{y:.4f}<extra></extra>",
  };
}

function describe(
  name: string,
  what: string,
  points: readonly LossPoint[],
  value: (point: LossPoint) => number,
): string {
  const first = points.at(0);
  const last = points.at(-1);
  if (!first || !last) return `${name}: nothing yet.`;
  const text = `${name}: ${what} ${value(first).toFixed(4)} at epoch ${first.epoch}`;
  return first === last ? `${text}.` : `${text}, ${value(last).toFixed(4)} at epoch ${last.epoch}.`;
}

/**
 * The plot of alignment: which target stands under which input.
 *
 * @module
 */

import { characterLabel, plotLabel } from "./character_label.ts";
import { axis, createPlot, palette, type Plot, type PlotPart } from "./plot.ts";

/** Options of {@linkcode alignment}. */
export interface AlignmentOptions {
  /** The most time steps drawn. Default 24. */
  readonly limit?: number | undefined;
}

/**
 * Plots an input above its target, one time step a column: each target is the input's next
 * character.
 *
 * @param input The characters the model reads.
 * @param target The characters it has to predict, as many.
 * @param options How many time steps to draw.
 * @returns The figure.
 * @throws {RangeError} If the two differ in length.
 *
 * @example The toy of notebook 03
 * ```ts
 * import { alignment, splitInputTarget } from "folio";
 * import assert from "node:assert/strict";
 *
 * const plot = alignment(...splitInputTarget("Hello"));
 * assert.match(plot.summary, /step 0: H → e/);
 * ```
 */
export function alignment(
  input: string | readonly string[],
  target: string | readonly string[],
  options: AlignmentOptions = {},
): Plot {
  const inputs = [...input];
  const targets = [...target];
  if (inputs.length !== targets.length) {
    throw new RangeError(
      `Cannot align ${inputs.length} inputs with ${targets.length} targets: they must be as many`,
    );
  }
  const steps = Math.min(inputs.length, options.limit ?? 24);
  const part = steps < inputs.length ? `, the first ${steps} of ${inputs.length} steps` : "";
  const time = Array.from({ length: steps }, (_, step) => step);
  const size = Math.min(44, Math.floor(560 / Math.max(steps, 1)));
  const row = (
    name: string,
    y: number,
    characters: string[],
    color: string,
  ): PlotPart => ({
    type: "scatter",
    mode: "markers+text",
    name,
    x: time,
    y: time.map(() => y),
    text: characters.slice(0, steps).map(plotLabel),
    textfont: { size: Math.max(11, Math.floor(size / 2)), color: "#FFFFFF" },
    marker: { symbol: "square", size, color },
    hovertemplate: `step %{x}, ${name}: %{text}<extra></extra>`,
    showlegend: false,
  });
  const arrow = (
    fromX: number,
    toX: number,
    color: string,
    from: number,
    to: number,
  ) => ({
    ...{ x: toX, y: to, ax: fromX, ay: from },
    ...{ xref: "x", yref: "y", axref: "x", ayref: "y", text: "" },
    ...{
      showarrow: true,
      arrowhead: 2,
      arrowsize: 1,
      arrowwidth: 1.5,
      arrowcolor: color,
    },
  });
  return createPlot([
    row("input", 1, inputs, palette.blue),
    row("target", 0, targets, palette.vermilion),
  ], {
    title: `Each input and the target it has to predict${part}`,
    summary: `Input above target${part}.\n` +
      inputs.slice(0, steps).map((input, step) =>
        `step ${step}: ${characterLabel(input)} → ${characterLabel(targets[step] ?? "")}`
      )
        .join("\n"),
    layout: {
      height: 280,
      xaxis: axis("time step", {
        range: [-0.8, steps - 0.2],
        dtick: steps > 12 ? 5 : 1,
        showgrid: false,
      }),
      yaxis: axis("", {
        range: [-0.5, 1.5],
        tickvals: [1, 0],
        ticktext: ["input", "target"],
        showgrid: false,
        showline: false,
        ticks: "",
      }),
      annotations: time.map((step) => arrow(step, step, palette.gray, 0.72, 0.28)),
    },
  });
}

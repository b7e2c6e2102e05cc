/**
 * The plot of a model's shape: its layers at three time steps, with their sizes.
 *
 * @module
 */

import type { ModelConfig } from "../config.ts";
import { plotLabel } from "./character_label.ts";
import { createPlot, palette, type Plot, type PlotPart } from "./plot.ts";

/** Options of {@linkcode modelShape}. */
export interface ModelShapeOptions {
  /** The text read in the picture, four characters. Default "ROME". */
  readonly text?: string | undefined;
}

/** One row of the picture. */
interface Row {
  readonly name: string;
  readonly size: string;
  readonly parameters: number;
  readonly color: string;
  readonly recurrent: boolean;
}

const count = (parameters: number) => parameters.toLocaleString("en-US");

function rowsOf(config: Omit<ModelConfig, "seed" | "embeddingScale">): Row[] {
  const { vocabularySize, embeddingDim, rnnUnits, layers } = config;
  const gru = (layer: number): Row => ({
    name: layers > 1 ? `GRU ${layer + 1}` : "GRU",
    size: `${rnnUnits} units`,
    // Three gates: a kernel, a recurrent kernel and two rows of biases.
    parameters: 3 * rnnUnits *
      ((layer === 0 ? embeddingDim : rnnUnits) + rnnUnits + 2),
    color: palette.blue,
    recurrent: true,
  });
  return [
    {
      name: "embedding",
      size: `${embeddingDim} numbers`,
      parameters: vocabularySize * embeddingDim,
      color: palette.green,
      recurrent: false,
    },
    ...Array.from({ length: layers }, (_, layer) => gru(layer)),
    {
      name: "dense",
      size: `${vocabularySize} logits`,
      parameters: (rnnUnits + 1) * vocabularySize,
      color: palette.vermilion,
      recurrent: false,
    },
  ];
}

/**
 * Draws a model at three time steps: characters go in below, logits come out above, and the GRU
 * hands its hidden state from one step to the next.
 *
 * @param config The model's sizes.
 * @param options The characters in the picture.
 * @returns The figure.
 * @throws {RangeError} If the text has fewer than four characters.
 *
 * @example The number of parameters is in the summary
 * ```ts
 * import { modelShape } from "folio";
 * import assert from "node:assert/strict";
 *
 * const plot = modelShape({ vocabularySize: 66, embeddingDim: 256, rnnUnits: 1024, layers: 1 });
 * assert.match(plot.summary, /4,022,850 parameters/);
 * ```
 */
export function modelShape(
  config: Omit<ModelConfig, "seed" | "embeddingScale">,
  options: ModelShapeOptions = {},
): Plot {
  const { text = "ROME" } = options;
  const characters = [...text].map(plotLabel);
  if (characters.length < 4) {
    throw new RangeError(
      `Cannot draw ${JSON.stringify(text)}: three steps need four characters`,
    );
  }
  const rows = rowsOf(config);
  const total = rows.reduce((sum, row) => sum + row.parameters, 0);
  const columns = [1.6, 3.8, 6];
  const shapes: PlotPart[] = [];
  const annotations: PlotPart[] = [];
  const label = (x: number, y: number, text: string, more: PlotPart = {}) =>
    annotations.push({ x, y, text, showarrow: false, ...more });
  const arrow = (fromX: number, fromY: number, x: number, y: number) =>
    annotations.push({
      ...{ x, y, ax: fromX, ay: fromY, text: "" },
      ...{ xref: "x", yref: "y", axref: "x", ayref: "y" },
      ...{
        showarrow: true,
        arrowhead: 2,
        arrowwidth: 1.5,
        arrowcolor: "#444444",
      },
    });

  rows.forEach((row, index) => {
    const y = index + 1;
    for (const x of columns) {
      shapes.push({
        ...{
          type: "rect",
          x0: x - 0.7,
          x1: x + 0.7,
          y0: y - 0.26,
          y1: y + 0.26,
        },
        ...{ fillcolor: row.color, line: { width: 0 } },
      });
      label(x, y, row.name, { font: { color: "#FFFFFF", size: 13 } });
      arrow(x, y - 0.74, x, y - 0.26);
      if (row.recurrent) arrow(x + 0.7, y, x + 1.5, y);
    }
    if (row.recurrent) {
      const [first = 0] = columns;
      arrow(first - 1.5, y, first - 0.7, y);
      label(first - 1.1, y + 0.16, "state", { font: { size: 11 } });
    }
    const detail = `${row.size}<br>${count(row.parameters)} parameters`;
    label(7.7, y, detail, { xanchor: "left", align: "left" });
  });
  columns.forEach((x, step) => {
    arrow(x, rows.length + 0.26, x, rows.length + 0.74);
    label(x, 0.1, `<b>${characters[step]}</b>`, { font: { size: 18 } });
    label(x, rows.length + 0.9, `<b>${characters[step + 1]}</b>`, {
      font: { size: 18 },
    });
  });
  label(7.7, 0.1, "input: a character", { xanchor: "left" });
  label(7.7, rows.length + 0.9, "target: the next one", { xanchor: "left" });

  const hidden = { visible: false, fixedrange: true };
  return createPlot([{ type: "scatter", x: [], y: [], showlegend: false }], {
    title: `The model at three time steps: ${count(total)} parameters`,
    summary: [
      `The model, from the input up, has ${count(total)} parameters.`,
      ...rows.map((row) => `${row.name}: ${row.size}, ${count(row.parameters)} parameters`),
    ].join("\n"),
    layout: {
      height: 180 + 90 * rows.length,
      margin: { l: 16, r: 16, t: 56, b: 16 },
      xaxis: { ...hidden, range: [0, 10] },
      yaxis: { ...hidden, range: [-0.15, rows.length + 1.15] },
      shapes,
      annotations,
    },
  });
}

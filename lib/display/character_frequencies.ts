/**
 * The plot of character frequencies: how often each character occurs in a text.
 *
 * @module
 */

import { characterLabel, plotLabel } from "./character_label.ts";
import { axis, createPlot, palette, type Plot } from "./plot.ts";

/** Options of {@linkcode characterFrequencies}. */
export interface CharacterFrequenciesOptions {
  /** The most bars drawn; rarer characters are left out. Default 80. */
  readonly limit?: number | undefined;
}

/**
 * Plots how often each character occurs in a text, the most frequent first, on a log scale.
 *
 * @param text The text to count.
 * @param options How many characters to draw.
 * @returns The figure.
 *
 * @example The two characters of a short text
 * ```ts
 * import { characterFrequencies } from "folio";
 * import assert from "node:assert/strict";
 *
 * const plot = characterFrequencies("aab");
 * assert.deepEqual(plot.data[0]?.x, ["a", "b"]);
 * assert.deepEqual(plot.data[0]?.y, [2, 1]);
 * ```
 */
export function characterFrequencies(
  text: string,
  options: CharacterFrequenciesOptions = {},
): Plot {
  const { limit = 80 } = options;
  const counts = new Map<string, number>();
  let total = 0;
  for (const character of text) {
    counts.set(character, (counts.get(character) ?? 0) + 1);
    total++;
  }
  const sorted = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const shown = sorted.slice(0, limit);
  const name = ([character, count]: [string, number]) => `${characterLabel(character)} × ${count}`;
  const share = ([, count]: [string, number]) => `${(count / total * 100).toFixed(1)} %`;
  const part = shown.length < sorted.length ? `, the ${shown.length} most frequent` : "";
  const summary = [
    `${total} characters, ${sorted.length} of them different${part}.`,
    "Most frequent: " + sorted.slice(0, 5)
      .map((entry) => `${name(entry)} (${share(entry)})`).join(", ") +
    ".",
    `Rarest: ${sorted.slice(-3).map(name).join(", ")}.`,
  ].join("\n");
  return createPlot([{
    type: "bar",
    x: shown.map(([character]) => plotLabel(character)),
    y: shown.map(([, count]) => count),
    customdata: shown.map(([, count]) => count / total),
    hovertemplate: "%{x}: %{y} times, %{customdata:.2%}<extra></extra>",
    marker: { color: palette.blue },
  }], {
    title: `How often each character occurs${part}`,
    summary,
    layout: {
      xaxis: axis("character (␣ space, ↵ line break)", {
        type: "category",
        tickangle: 0,
        showgrid: false,
        tickmode: "linear",
        tickfont: { size: 10 },
        ticks: "",
      }),
      // Labels for whole powers of ten only: the digits between them would crowd.
      yaxis: axis("occurrences (log scale)", {
        type: "log",
        dtick: 1,
        exponentformat: "none",
      }),
      bargap: 0.15,
    },
  });
}

/**
 * The plot of a distribution: how likely each next character is.
 *
 * @module
 */

import { characterLabel, plotLabel } from "./character_label.ts";
import { axis, createPlot, palette, type Plot, seriesColor } from "./plot.ts";

/** What {@linkcode distribution} draws. */
export interface DistributionOptions {
  /** The character of each token id, as in `vocabulary.characters`. */
  readonly labels: readonly string[];
  /** The figure's title. Default "The distribution of the next character". */
  readonly title?: string | undefined;
}

/** What {@linkcode temperatureDistributions} draws. */
export interface TemperatureOptions {
  /** The character of each token id, as in `vocabulary.characters`. */
  readonly labels: readonly string[];
  /** The temperatures compared. Default 0.5, 1 and 2. */
  readonly temperatures?: readonly number[] | undefined;
  /** The most likely characters drawn. Default 15. */
  readonly limit?: number | undefined;
  /** The figure's title. Default "What temperature does to the next character". */
  readonly title?: string | undefined;
}

/**
 * Turns logits into probabilities.
 *
 * @param logits One row of logits.
 * @param temperature Divides the logits; below 1 sharpens, above 1 flattens.
 * @returns Probabilities that sum to 1.
 */
function softmax(logits: ArrayLike<number>, temperature: number): number[] {
  const values = Array.from(logits, (logit) => logit / temperature);
  const highest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map((value) => Math.exp(value - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

function checkLabels(
  logits: ArrayLike<number>,
  labels: readonly string[],
): void {
  if (logits.length !== labels.length) {
    throw new RangeError(
      `Cannot label ${logits.length} logits with ${labels.length} characters: they must be as many`,
    );
  }
}

const percent = (share: number) => `${(share * 100).toFixed(2)} %`;

/**
 * Plots the probability that logits give to each character, beside the uniform distribution.
 *
 * @param logits One row of logits.
 * @param options The characters' labels.
 * @returns The figure.
 * @throws {RangeError} If logits and labels differ in number.
 *
 * @example Equal logits are the uniform distribution
 * ```ts
 * import { distribution } from "folio";
 * import assert from "node:assert/strict";
 *
 * const plot = distribution([0, 0], { labels: ["a", "b"] });
 * assert.deepEqual(plot.data[0]?.y, [0.5, 0.5]);
 * ```
 */
export function distribution(
  logits: ArrayLike<number>,
  options: DistributionOptions,
): Plot {
  const { labels, title = "The distribution of the next character" } = options;
  checkLabels(logits, labels);
  const probabilities = softmax(logits, 1);
  const names = labels.map(plotLabel);
  const uniform = 1 / labels.length;
  const least = probabilities.reduce((a, b) => Math.min(a, b), Infinity);
  const most = probabilities.reduce((a, b) => Math.max(a, b), -Infinity);
  return createPlot([{
    type: "bar",
    name: "the model",
    x: names,
    y: probabilities,
    marker: { color: palette.blue },
    hovertemplate: "%{x}: %{y:.2%}<extra></extra>",
  }, {
    type: "scatter",
    mode: "lines",
    name: `uniform: 1/${labels.length} = ${percent(uniform)}`,
    x: [names[0], names[names.length - 1]],
    y: [uniform, uniform],
    line: { color: palette.vermilion, dash: "dash", width: 2 },
  }], {
    title,
    summary: `${labels.length} characters, from ${percent(least)} to ${percent(most)}; ` +
      `uniform would be ${percent(uniform)} each.`,
    layout: {
      xaxis: axis("next character (� [UNK], ␣ space, ↵ line break)", {
        type: "category",
        tickangle: 0,
        showgrid: false,
        tickfont: { size: 10 },
        tickmode: names.length > 100 ? "auto" : "linear",
        ticks: "",
      }),
      yaxis: axis("probability", { rangemode: "tozero", tickformat: ".1%" }),
      bargap: 0.2,
    },
  });
}

/**
 * Plots what temperature does to a distribution: the likeliest characters, a bar a temperature.
 *
 * @param logits One row of logits.
 * @param options The characters' labels, the temperatures, and how many characters to draw.
 * @returns The figure.
 * @throws {RangeError} If logits and labels differ in number.
 *
 * @example A low temperature makes the likeliest character likelier
 * ```ts
 * import { temperatureDistributions } from "folio";
 * import assert from "node:assert/strict";
 *
 * const { data } = temperatureDistributions([2, 0], {
 *   labels: ["a", "b"],
 *   temperatures: [0.5, 1],
 * });
 * const [cold = [], warm = []] = data.map(({ y }) => y as number[]); // ["a", "b"]
 * assert.ok(Math.max(...cold) > Math.max(...warm));
 * ```
 */
export function temperatureDistributions(
  logits: ArrayLike<number>,
  options: TemperatureOptions,
): Plot {
  const { labels, temperatures = [0.5, 1, 2], limit = 15 } = options;
  checkLabels(logits, labels);
  const likeliest = labels.map((label, id) => ({ label, id, logit: logits[id] ?? -Infinity }))
    .sort((a, b) => b.logit - a.logit)
    .slice(0, limit);
  const shown = likeliest.map(({ label }) => label);
  const rows = temperatures.map((temperature) => {
    const probabilities = softmax(logits, temperature);
    return { temperature, values: likeliest.map(({ id }) => probabilities[id] ?? 0) };
  });
  return createPlot(
    rows.map(({ temperature, values }, index) => ({
      type: "bar",
      name: `temperature ${temperature}`,
      x: shown.map(plotLabel),
      y: values,
      marker: { color: seriesColor(index) },
      hovertemplate: `%{x} at temperature ${temperature}: %{y:.2%}<extra></extra>`,
    })),
    {
      title: options.title ?? "What temperature does to the next character",
      summary: rows.map(({ temperature, values }) =>
        `Temperature ${temperature}: ` +
        values.slice(0, 5).map((value, i) => `${characterLabel(shown[i] ?? "")} ${percent(value)}`)
          .join(", ") +
        "."
      ).join("\n"),
      layout: {
        barmode: "group",
        xaxis: axis(`next character, the ${shown.length} likeliest`, {
          type: "category",
          tickangle: 0,
          showgrid: false,
          tickmode: "linear",
          tickfont: { size: 14 },
          ticks: "",
        }),
        yaxis: axis("probability", { rangemode: "tozero", tickformat: ".0%" }),
      },
    },
  );
}

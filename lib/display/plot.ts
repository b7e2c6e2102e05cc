/**
 * The plot: figures as plain data that a notebook draws with plotly.
 *
 * @module
 */

/** A JSON object: a plotly trace, or a part of a layout. */
export type PlotPart = Readonly<Record<string, unknown>>;

/** What a notebook's front end is given to choose from. */
export interface PlotBundle {
  /** For front ends that have plotly. */
  readonly "application/vnd.plotly.v1+json": {
    /** The traces. */
    readonly data: readonly PlotPart[];
    /** Axes, sizes and colors. */
    readonly layout: PlotPart;
  };
  /** For all others: the summary. */
  readonly "text/plain": string;
}

/**
 * A figure: plotly's `data` and `layout`, and what they show in words. A notebook draws it, and
 * `console.log` prints the words.
 */
export interface Plot {
  /** plotly's traces. */
  readonly data: readonly PlotPart[];
  /** plotly's layout. */
  readonly layout: PlotPart;
  /** What the figure shows, in numbers, for readers and front ends without plotly. */
  readonly summary: string;
}

/** The parts of a figure that `createPlot` puts together. */
export interface PlotOptions {
  /** Above the figure. */
  readonly title: string;
  /** What the figure shows, in words and numbers. */
  readonly summary: string;
  /** Plotly's layout, laid over folio's own. */
  readonly layout?: PlotPart | undefined;
}

/** The colors of Okabe and Ito, told apart by color-blind readers too. */
export const palette = {
  blue: "#0072B2",
  orange: "#E69F00",
  green: "#009E73",
  vermilion: "#D55E00",
  sky: "#56B4E9",
  purple: "#CC79A7",
  gray: "#6B6B6B",
} as const;

/** The palette in the order in which series take their colors. */
const seriesColors: readonly string[] = [
  palette.blue,
  palette.vermilion,
  palette.green,
  palette.purple,
  palette.orange,
  palette.sky,
];

/** The color of a series by its number, from 0 on. */
export function seriesColor(index: number): string {
  return seriesColors[index % seriesColors.length] ?? palette.gray;
}

/**
 * Puts a figure together from plotly traces: a last expression in a notebook cell draws it, and
 * `console.log` prints its summary.
 *
 * @param data The traces.
 * @param options Title, summary, and what differs from folio's layout.
 * @returns The figure.
 *
 * @example A figure of one line
 * ```ts
 * import { createPlot } from "folio";
 * import assert from "node:assert/strict";
 *
 * const plot = createPlot([{ type: "scatter", x: [1, 2], y: [3, 4] }], {
 *   title: "Two points",
 *   summary: "Two points: 3, then 4.",
 * });
 * assert.equal(Deno.inspect(plot), "Two points: 3, then 4.");
 * ```
 */
export function createPlot(
  data: readonly PlotPart[],
  options: PlotOptions,
): Plot {
  const { title, summary } = options;
  const layout = {
    title: { text: title, x: 0.02, xanchor: "left", font: { size: 15 } },
    width: 760,
    height: 400,
    margin: { l: 64, r: 24, t: 56, b: 56 },
    // A page of its own color keeps the figure legible on a dark notebook.
    paper_bgcolor: "#FFFFFF",
    plot_bgcolor: "#FFFFFF",
    font: { color: "#222222", size: 12 },
    legend: {
      orientation: "h",
      x: 1,
      xanchor: "right",
      y: 1.02,
      yanchor: "bottom",
    },
    ...options.layout,
  };
  return {
    data,
    layout,
    summary,
    [Symbol.for("Jupyter.display")]: (): PlotBundle => ({
      "application/vnd.plotly.v1+json": { data, layout },
      "text/plain": summary,
    }),
    [Symbol.for("Deno.customInspect")]: () => summary,
  };
}

/**
 * An axis with a title, light grid lines and folio's ticks.
 *
 * @param title What the axis measures, with its unit.
 * @param options Plotly's axis options, laid over folio's own.
 * @returns Plotly's axis.
 */
export function axis(title: string, options: PlotPart = {}): PlotPart {
  return {
    title: { text: title, standoff: 12 },
    automargin: true,
    showline: true,
    linecolor: "#444444",
    gridcolor: "#E6E6E6",
    zeroline: false,
    ticks: "outside",
    ...options,
  };
}

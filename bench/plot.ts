/**
 * Pictures of reports, by plotly in a headless Chromium.
 *
 * @module
 */
import { chromium } from "playwright-core";
import plotly from "plotly.js-dist-min/plotly.min.js" with { type: "text" };
import { findChromium } from "../tools/chromium.ts";
import { sweepAxes } from "./jobs.ts";
import { compared, type Report } from "./report.ts";
import { medianOf } from "./report_tables.ts";
import { summarize } from "./statistics.ts";

/** What plotly draws. */
export interface Figure {
  readonly data: readonly Record<string, unknown>[];
  readonly layout: Record<string, unknown>;
}

/** One color for each contender, in every picture; safe for the color-blind. */
const colors: Readonly<Record<string, string>> = {
  "folio": "#0072b2",
  "folio-none": "#56b4e9",
  "folio-webgpu": "#009e73",
  "torch": "#d55e00",
  "torch-cuda": "#cc79a7",
  "torch-cuda-tf32": "#333333",
  "keras": "#e69f00",
};

const colorOf = (id: string) => colors[id] ?? "#999999";

/** For each row, how many times as long as folio each contender took. */
export function comparisonFigure(report: Report): Figure {
  const { ours } = compared(report);
  const rows = report.rows.filter(({ id }) => medianOf(report, id, ours) !== undefined);
  const data = report.contenders.filter(({ id }) => id !== ours).map(({ id, name }) => {
    const factors = rows.map((row) => {
      const theirs = medianOf(report, row.id, id);
      return theirs === undefined ? null : theirs / medianOf(report, row.id, ours)!;
    });
    return {
      type: "bar",
      orientation: "h",
      name,
      y: rows.map(({ title }) => title),
      x: factors,
      text: factors.map((factor) => factor === null ? "" : `${Number(factor.toPrecision(2))} ×`),
      textposition: "outside",
      cliponaxis: false,
      marker: { color: colorOf(id) },
    };
  });
  return {
    data,
    layout: {
      title: { text: "How many times as long as folio" },
      xaxis: { type: "log", title: { text: "time / folio's time" } },
      yaxis: { autorange: "reversed", automargin: true, ticksuffix: "  " },
      barmode: "group",
      width: 1000,
      height: 140 + 130 * rows.length,
      shapes: [{
        type: "line",
        ...{ x0: 1, x1: 1, y0: 0, y1: 1, yref: "paper" },
        line: { color: colorOf(ours) },
      }],
    },
  };
}

/** How time and GFLOP/s grow along each axis of a sweep. */
export function sweepFigure(report: Report): Figure {
  const data: Record<string, unknown>[] = [];
  const layout: Record<string, unknown> = {
    title: { text: "A training step of the tutorial's size, one size changing at a time" },
    grid: { rows: 2, columns: sweepAxes.length, pattern: "independent" },
    width: 1200,
    height: 700,
  };
  for (const [column, axis] of sweepAxes.entries()) {
    for (const { id, name } of report.contenders) {
      const points = report.measurements
        .filter(({ row, contender }) => contender === id && row.startsWith(`${axis}-`))
        .map(({ row, milliseconds, gigaflop }) => {
          const { median } = summarize(milliseconds);
          return {
            size: Number(row.slice(axis.length + 1)),
            seconds: median / 1000,
            rate: (gigaflop ?? 0) / median * 1000,
          };
        });
      const panel = (row: number) => row * sweepAxes.length + column + 1;
      const trace = (row: number, y: number[]) => ({
        type: "scatter",
        mode: "lines+markers",
        name,
        legendgroup: id,
        showlegend: row === 0 && column === 0,
        x: points.map(({ size }) => size),
        y,
        xaxis: `x${panel(row)}`,
        yaxis: `y${panel(row)}`,
        line: { color: colorOf(id) },
      });
      data.push(trace(0, points.map(({ seconds }) => seconds)));
      data.push(trace(1, points.map(({ rate }) => rate)));
      const tickvals = points.map(({ size }) => size);
      for (const row of [0, 1]) {
        layout[`xaxis${panel(row)}`] = { type: "log", tickvals, title: { text: axis } };
      }
      layout[`yaxis${panel(0)}`] = { type: "log", title: { text: column === 0 ? "seconds" : "" } };
      layout[`yaxis${panel(1)}`] = {
        rangemode: "tozero",
        title: { text: column === 0 ? "GFLOP/s" : "" },
      };
    }
  }
  return { data, layout };
}

/**
 * Draws a figure into a PNG file.
 *
 * @param figure What is drawn.
 * @param path The file.
 * @throws {Error} If there is no browser to draw it.
 */
export async function drawPng({ data, layout }: Figure, path: string): Promise<void> {
  const browser = findChromium();
  if (browser === undefined) {
    throw new Error(`${path} cannot be drawn without Chromium: apt install chromium`);
  }
  const chrome = await chromium.launch({ executablePath: browser, args: ["--no-sandbox"] });
  try {
    const page = await chrome.newPage();
    await page.setContent('<div id="plot"></div>');
    await page.addScriptTag({ content: plotly });
    // Written as text, because it runs in the page, where Plotly and document are.
    const url = await page.evaluate<string>(
      `Plotly.newPlot("plot", ${JSON.stringify(data)}, ${JSON.stringify(layout)})
         .then((plot) => Plotly.toImage(plot, ${
        JSON.stringify({ format: "png", width: layout.width, height: layout.height })
      }))`,
    );
    await Deno.writeFile(path, Uint8Array.fromBase64(url.slice(url.indexOf(",") + 1)));
  } finally {
    await chrome.close();
  }
}

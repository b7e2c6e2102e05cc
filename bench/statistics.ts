/**
 * Medians and tables.
 *
 * @module
 */

/** What a series of measurements comes to. */
export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/**
 * The median of some measurements, and how far they spread.
 *
 * @param values One or more numbers.
 * @throws {RangeError} If there are none.
 */
export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const [least, most] = [sorted[0], sorted.at(-1)];
  // The two in the middle, which are one where the number is odd.
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  const upper = sorted[Math.floor(sorted.length / 2)];
  if (least === undefined || most === undefined || lower === undefined || upper === undefined) {
    throw new RangeError("Cannot summarize no measurements");
  }
  return { median: (lower + upper) / 2, least, most };
}

/** Rows of texts as a Markdown table that also reads well in a terminal. */
export function table(rows: readonly Record<string, string>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const widths = columns.map((column) =>
    Math.max(column.length, ...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (cells: readonly string[]) => {
    const padded = widths.map((width, i) => {
      const cell = cells[i] ?? "";
      return i === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(" | ")} |`;
  };
  return [
    line(columns),
    line(
      widths.map((width, i) =>
        i === 0 ? "-".repeat(width) : `${"-".repeat(Math.max(0, width - 1))}:`
      ),
    ),
    ...rows.map((row) => line(columns.map((column) => row[column] ?? ""))),
  ].join("\n");
}

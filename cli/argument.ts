/**
 * Reading the words of a command line as numbers, each refused in one sentence.
 *
 * @module
 */
import { InvalidArgumentError } from "commander";

/** The numbers that an argument may be. */
export interface Range {
  readonly min: number;
  readonly max: number;
  /** Whether `min` itself is too small. */
  readonly above?: boolean | undefined;
}

/**
 * Makes a reader of whole numbers.
 *
 * @param range The smallest and the largest that are right.
 * @returns The reader; it throws commander's error, which names the option.
 */
export function integer(range: Range): (text: string) => number {
  return (text) => {
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : NaN;
    return within(value, range, "a whole number");
  };
}

/**
 * Makes a reader of numbers, such as 0.5 or 1e-3.
 *
 * @param range The smallest and the largest that are right.
 * @returns The reader; it throws commander's error, which names the option.
 */
export function decimal(range: Range): (text: string) => number {
  return (text) => {
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
    return within(value, range, "a number");
  };
}

function within(value: number, { min, max, above = false }: Range, kind: string): number {
  if (value <= max && (above ? value > min : value >= min)) return value;
  throw new InvalidArgumentError(`Give ${kind} ${above ? "above" : "from"} ${min} to ${max}.`);
}

/**
 * Jobs as numbers, so that threads can share them.
 *
 * @module
 */
import type { JobShape } from "./part_counter.ts";

/** The names of the numbers of each kind of job. */
export type JobFields = Readonly<Record<string, readonly string[]>>;

/** A job of one kind. */
export type JobOf<Fields extends JobFields, Kind extends keyof Fields> =
  & { readonly kind: Kind }
  & JobShape
  & Readonly<Record<Fields[Kind][number], number>>;

/** A job of any of the kinds. */
export type AnyJob<Fields extends JobFields> = {
  [Kind in keyof Fields]: JobOf<Fields, Kind>;
}[keyof Fields];

/** Writes jobs as numbers, and reads them. */
export interface JobFormat<Fields extends JobFields> {
  /** How many numbers a job takes at most. */
  readonly length: number;
  write(job: AnyJob<Fields>, numbers: Float64Array): void;
  read(numbers: Float64Array): AnyJob<Fields>;
}

/**
 * Makes the format of some kinds of jobs.
 *
 * @param fields The kinds, with the names of their numbers.
 */
export function jobFormat<const Fields extends JobFields>(fields: Fields): JobFormat<Fields> {
  const kinds = Object.keys(fields);
  const head = 3;
  return {
    length: head + Math.max(...Object.values(fields).map((names) => names.length)),
    write(job, numbers) {
      const values = job as unknown as Record<string, number>;
      const kind = job.kind as string;
      numbers[0] = kinds.indexOf(kind);
      numbers[1] = values.phases!;
      numbers[2] = values.parts!;
      fields[kind]!.forEach((name, i) => numbers[head + i] = values[name]!);
    },
    read(numbers) {
      const kind = kinds[numbers[0]!]!;
      const job: Record<string, unknown> = { kind, phases: numbers[1], parts: numbers[2] };
      fields[kind]!.forEach((name, i) => job[name] = numbers[head + i]);
      return job as unknown as AnyJob<Fields>;
    },
  };
}

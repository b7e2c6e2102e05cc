/**
 * What two threads that multiply matrices tell each other.
 *
 * The mailbox holds A, then B, then C, all dense.
 *
 * @module
 */

/** What there is to do; a prepared B stays packed for the jobs after it. */
export const jobs = { multiply: 0, prepareAndMultiply: 1, multiplyPrepared: 2 } as const;

/** The numbers of a job, in their order. */
export const jobFields = ["kind", "m", "n", "k", "transposeA", "transposeB"] as const;

/** One product. */
export type Job = Readonly<Record<typeof jobFields[number], number>>;

import type * as z from "zod";

/**
 * Finds what is wrong with a value that does not fit a schema.
 *
 * @param error What the schema says.
 * @returns Where the first fault lies, and what it is.
 */
export function firstIssue(
  error: z.ZodError,
): { readonly path: readonly PropertyKey[]; readonly message: string } {
  return error.issues[0] ?? { path: [], message: error.message };
}

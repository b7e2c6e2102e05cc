/**
 * How a command ends: its exit code, and one line that says what went wrong.
 *
 * @module
 */

/** The exit codes of every command. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  interrupted: 130,
} as const;

/** A mistake in the command line, and not in what it works on. */
export class UsageError extends Error {}

/**
 * Says in one line what went wrong.
 *
 * @param error What was thrown.
 * @returns Its message without line ends.
 */
export function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().replaceAll(/\s*[\r\n\u2028\u2029]+\s*/g, " ");
}

/**
 * Tells a person something, on standard error; a live line of progress is replaced.
 *
 * @param name The command.
 * @param line What to say.
 */
export function log(name: string, line: string): void {
  console.error(`${Deno.stderr.isTerminal() ? "\r\x1b[K" : ""}${name}: ${line}`);
}

/**
 * Runs a command to its end and leaves the program with its exit code.
 *
 * @param name The command, which errors begin with.
 * @param command What to do; it gives the exit code.
 */
export async function exitWith(name: string, command: () => Promise<number>): Promise<never> {
  try {
    Deno.exit(await command());
  } catch (error) {
    log(name, oneLine(error));
    Deno.exit(error instanceof UsageError ? exitCodes.usage : exitCodes.failure);
  }
}

/**
 * Starting programs and reading what they say.
 *
 * @module
 */

/** How a program ended. */
export interface Finished {
  readonly success: boolean;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program is started with, besides its arguments. */
export interface StartOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
}

/**
 * Runs a program to its end and keeps what it wrote.
 *
 * @param program The program's name or path.
 * @param args Its arguments.
 * @param options Extra environment variables and the folder to run in.
 * @returns Exit code and output, or `undefined` where there is no such program.
 */
export async function capture(
  program: string,
  args: readonly string[],
  options: StartOptions = {},
): Promise<Finished | undefined> {
  try {
    const output = await new Deno.Command(program, {
      args: [...args],
      ...options,
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return {
      success: output.success,
      code: output.code,
      stdout: decoder.decode(output.stdout),
      stderr: decoder.decode(output.stderr),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}

/**
 * Runs a program to its end, with our own input and output.
 *
 * @param program The program's name or path.
 * @param args Its arguments.
 * @param options Extra environment variables and the folder to run in.
 * @returns The exit code.
 */
export async function passThrough(
  program: string,
  args: readonly string[],
  options: StartOptions = {},
): Promise<number> {
  const child = new Deno.Command(program, {
    args: [...args],
    ...options,
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  return (await child.status).code;
}

/**
 * The end of a long output, for an error message.
 *
 * @param text The whole output.
 * @param lines How many lines to keep.
 * @returns The last lines that hold something, indented.
 */
export function lastLines(text: string, lines = 8): string {
  return text.split("\n").filter((line) => line.trim() !== "").slice(-lines)
    .map((line) => `  ${line}`).join("\n");
}

/** A terminal to run the tasks in, as Python's standard library makes one. */
import { join } from "node:path";
import { plainEnvironment, root, taskCommand } from "./task.ts";

/** What is done in the terminal. */
export interface TerminalOptions {
  readonly cwd: string;
  /** Something is typed once the screen shows this. */
  readonly until: string;
  /** One character each 0.6 seconds: two of Ctrl-C are then two. */
  readonly type: string;
}

/** Runs a task in a terminal to its end. */
export async function inTerminal(
  args: readonly string[],
  { cwd, until, type }: TerminalOptions,
): Promise<{ readonly code: number; readonly screen: string }> {
  const program = Deno.build.os === "windows" ? "python" : "python3";
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [join(root, "tests", "cli", "terminal.py"), until, type, ...taskCommand, ...args],
    cwd,
    env: plainEnvironment(cwd),
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, screen: text(stdout) + text(stderr) };
}

/**
 * Carries out `deno task generate`, in the process that may do no more than that.
 *
 * @module
 */
import { loadBundle } from "./bundle_folder.ts";
import { openDevice } from "./device.ts";
import type { GenerateCommand } from "./commands.ts";
import { exitCodes, exitWith, log, UsageError } from "./exit.ts";

/** Takes the text, piece by piece. */
export type Write = (piece: string) => Promise<void>;

/**
 * Writes texts.
 *
 * @param command What to do.
 * @param write Where they go.
 * @returns The exit code.
 */
export async function generate(command: GenerateCommand, write: Write): Promise<number> {
  const prompt = command.prompt ?? await promptFromInput();
  await openDevice(command, (line) => log("generate", line));
  const writer = await loadBundle(command.model);
  const { length, temperature } = command;
  for (let text = 0; text < command.count; text++) {
    const seed = (command.seed + text) % 2 ** 32;
    const options = { length, temperature, seed };
    if (command.json) {
      const whole = await writer.generate(prompt, options);
      await write(JSON.stringify({ seed, prompt, text: whole }) + "\n");
      continue;
    }
    const characters = writer.stream(prompt, options);
    await write(prompt);
    for await (const character of characters) await write(character);
    await write(text + 1 < command.count ? "\n\n" : "\n");
  }
  return exitCodes.ok;
}

async function promptFromInput(): Promise<string> {
  if (Deno.stdin.isTerminal()) {
    throw new UsageError('Give a --prompt "…", or pipe one in (--help shows how)');
  }
  const bytes = await new Response(Deno.stdin.readable).bytes();
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error("Cannot read the prompt from standard input: it is not UTF-8", { cause });
  }
  return text.replace(/\r?\n$/, "");
}

if (import.meta.main) {
  const command: GenerateCommand = JSON.parse(Deno.args[0]!);
  const output = Deno.stdout.writable.getWriter();
  const encoder = new TextEncoder();
  await exitWith("generate", async () => {
    try {
      return await generate(command, (piece) => output.write(encoder.encode(piece)));
    } catch (error) {
      // Whoever reads has enough, as `head` does.
      if (error instanceof Deno.errors.BrokenPipe) return exitCodes.ok;
      throw error;
    }
  });
}

/** Runs the tasks as a person does: from a folder of one's own. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCharModel, OneStep, presets, selectDevice, Vocabulary } from "folio";

/** The project. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** How a task ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a task is started. */
export interface TaskOptions {
  /** The folder in which the command is given. */
  readonly cwd: string;
  /** What comes in on standard input; default nothing. */
  readonly input?: string | Uint8Array<ArrayBuffer>;
  readonly env?: Readonly<Record<string, string>>;
  /** Is told what has come out on standard error so far. */
  readonly onStderr?: (text: string, process: Deno.ChildProcess) => void;
}

/** The words that start a task. */
export const taskCommand = [
  Deno.execPath(),
  ...["task", "--quiet", `--config=${join(root, "deno.json")}`],
];

/**
 * The variables that the tasks read, empty, which names nothing; but for the folder in which the
 * command is given: where the tests run under npx, that is npm's and stays the tests' own.
 */
export function plainEnvironment(folder: string): Record<string, string> {
  const empty = { FOLIO_DEVICE: "", FOLIO_BLAS: "", FOLIO_NATIVE: "" };
  return { ...empty, INIT_CWD: folder, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
}

/** Runs a task to its end. */
export async function runTask(args: readonly string[], options: TaskOptions): Promise<Ended> {
  const { cwd, input = "", env, onStderr } = options;
  const [program, ...words] = taskCommand;
  const process = new Deno.Command(program!, {
    args: [...words, ...args],
    cwd,
    env: { ...plainEnvironment(cwd), ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const feed = new Response(input).body!.pipeTo(process.stdin).catch(() => {});
  let stderr = "";
  const reading = process.stderr.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({
      write(text) {
        stderr += text;
        onStderr?.(stderr, process);
      },
    }),
  );
  const stdout = await new Response(process.stdout).text();
  await Promise.all([feed, reading]);
  const { code } = await process.status;
  return { code, stdout, stderr };
}

/** Does something in a folder that is removed after it. */
export async function inFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "folio cli " });
  try {
    await act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A text in which there is something to learn, of as many characters as are wanted. */
export function someText(length: number): string {
  const words = ["ähre", "light", "und", "море", "✨", "one\n"];
  let text = "";
  for (let i = 0; text.length < length; i++) {
    text += `${words[(i * i + Math.floor(i / 3)) % words.length]} `;
  }
  return [...text].slice(0, length).join("");
}

/** Saves a bundle of a model that has learned nothing, and loads it as the tasks do. */
export async function makeBundle(folder: string): Promise<OneStep> {
  await selectDevice({ name: "wasm", blas: "none" });
  const vocabulary = Vocabulary.fromText(someText(200));
  const sizes = presets.quick.model;
  const config = { ...sizes, vocabularySize: vocabulary.size, embeddingDim: 4, rnnUnits: 8 };
  using model = createCharModel(config);
  await new OneStep(model, vocabulary).save(folder);
  return await OneStep.load(folder);
}

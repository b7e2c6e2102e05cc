/**
 * A benchmark worker seen from the outside.
 *
 * @module
 */
import { z } from "zod";
import { lastLines } from "../tools/process.ts";

const readySchema = z.object({
  mode: z.string(),
  modes: z.record(z.string(), z.number()),
  versions: z.record(z.string(), z.string()),
  threads: z.number(),
});

const messageSchema = z.union([
  z.object({ ready: readySchema }),
  z.object({ unable: z.string() }),
  z.object({ milliseconds: z.number() }),
  z.object({ peakMegabytes: z.number() }),
]);

type Message = z.infer<typeof messageSchema>;

/** What a worker says of itself when it is ready. */
export type Ready = z.infer<typeof readySchema>;

/** A worker that cannot do its job, and says why. */
export class UnableError extends Error {}

/** A worker that is ready for rounds. */
export class WorkerProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #messages: AsyncGenerator<Message, undefined>;
  readonly #errors: Promise<string>;
  #ready: Ready | undefined;

  private constructor([program, ...args]: readonly string[]) {
    const [stdin, stdout, stderr] = ["piped", "piped", "piped"] as const;
    const env = { TF_CPP_MIN_LOG_LEVEL: "2", DENO_NO_UPDATE_CHECK: "1" };
    try {
      this.#child = new Deno.Command(program ?? "", { args, stdin, stdout, stderr, env }).spawn();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new UnableError(`there is no program ${program}`);
    }
    this.#input = this.#child.stdin.getWriter();
    this.#messages = messagesOf(this.#child.stdout);
    this.#errors = new Response(this.#child.stderr).text();
  }

  /**
   * Starts a worker and waits until it has warmed up.
   *
   * @param command Its command line, the job included.
   * @throws {UnableError} If it cannot do its job.
   */
  static async start(command: readonly string[]): Promise<WorkerProcess> {
    const worker = new WorkerProcess(command);
    try {
      const message = await worker.#next();
      if (!("ready" in message)) {
        throw new UnableError("unable" in message ? message.unable : "it did not say it is ready");
      }
      worker.#ready = message.ready;
      return worker;
    } catch (error) {
      await worker[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What it said of itself. */
  get ready(): Ready {
    return this.#ready!;
  }

  /** Has it do its work once; how many milliseconds that took. */
  async round(): Promise<number> {
    await this.#input.write(new TextEncoder().encode("round\n"));
    const message = await this.#next();
    if ("milliseconds" in message) return message.milliseconds;
    throw new UnableError(`it answered a round with ${JSON.stringify(message)}`);
  }

  /** Ends it; how large it was at its largest. */
  async end(): Promise<number> {
    await this.#input.close();
    const message = await this.#next();
    if ("peakMegabytes" in message) return message.peakMegabytes;
    throw new UnableError(`it ended with ${JSON.stringify(message)}`);
  }

  async #next(): Promise<Message> {
    const { value } = await this.#messages.next();
    if (value !== undefined) return value;
    throw new UnableError(`the worker ended:\n${lastLines(await this.#errors)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill();
    } catch {
      // It has ended already.
    }
    await this.#messages.return(undefined);
    await Promise.all([this.#child.status, this.#errors]);
  }
}

/** The messages among the lines of an output; libraries print lines of their own. */
async function* messagesOf(
  output: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Message, undefined> {
  let rest = "";
  for await (const text of output.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith("{")) yield messageSchema.parse(JSON.parse(line));
    }
  }
  return undefined;
}

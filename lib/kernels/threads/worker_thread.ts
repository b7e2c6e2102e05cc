/**
 * How a thread is started where there is `node:worker_threads`: in Deno and Node.
 *
 * @module
 */

/** A thread that was started. */
export interface StartedThread {
  /** Ends it. */
  end(): void;
}

/** What a thread is started with. */
export interface ThreadStart {
  /** What it runs; it posts a message once it is ready. */
  readonly script: URL;
  /** What it finds in `workerData`. */
  readonly data: object;
  /** Is told when it ends by itself, and why. */
  readonly onEnd: (reason: string) => void;
}

/**
 * Starts a thread, which ends with the program.
 *
 * @param start What it runs.
 * @returns The thread, once it is ready.
 * @throws {Error} If it cannot be started, such as where its script may not be read.
 */
export async function startThread({ script, data, onEnd }: ThreadStart): Promise<StartedThread> {
  const { Worker } = await import("node:worker_threads");
  const worker = new Worker(script, { workerData: data });
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  worker.once("message", resolve);
  worker.on("error", (error: Error) => {
    reject(error);
    onEnd(error.message);
  });
  worker.once("exit", () => {
    reject(new Error("the thread has ended"));
    onEnd("the thread has ended");
  });
  await promise;
  worker.unref();
  return { end: () => void worker.terminate() };
}

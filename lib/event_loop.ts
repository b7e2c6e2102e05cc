/**
 * Lets the event loop have its turn when we have kept it waiting, so that a
 * notebook can draw, and can be interrupted, while a text is written.
 */
export class Pauses {
  readonly #signal: AbortSignal | undefined;
  readonly #everyMs: number;
  #last = performance.now();

  /** Pauses at most every `everyMs` (default 50) milliseconds. */
  constructor(
    { signal, everyMs = 50 }: {
      readonly signal?: AbortSignal;
      readonly everyMs?: number;
    } = {},
  ) {
    this.#signal = signal;
    this.#everyMs = everyMs;
  }

  /**
   * Pauses if it is time to.
   *
   * @throws The reason of the signal, if it is aborted.
   */
  async take(): Promise<void> {
    if (performance.now() - this.#last >= this.#everyMs) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.#last = performance.now();
    }
    this.#signal?.throwIfAborted();
  }
}

/**
 * Letting the event loop have its turn during long work, so that timers, signals and messages are
 * heard: a notebook draws and can be interrupted, a page stays alive.
 *
 * @module
 */

/** How long, in milliseconds, work may keep the event loop to itself. */
const longestHold = 50;

/** Lets timers, signals and messages have their turn. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Yields to the event loop when work has kept it waiting. */
export class EventLoopYield {
  readonly #signal: AbortSignal | undefined;
  #last = performance.now();

  /**
   * Begins to count.
   *
   * @param options.signal Ends the work at the next chance to yield.
   */
  constructor({ signal }: { readonly signal?: AbortSignal | undefined } = {}) {
    this.#signal = signal;
  }

  /**
   * Yields if the event loop has waited for 50 milliseconds.
   *
   * @throws The reason of the signal, if it is aborted.
   */
  async ifDue(): Promise<void> {
    if (performance.now() - this.#last >= longestHold) {
      await nextTask();
      this.#last = performance.now();
    }
    this.#signal?.throwIfAborted();
  }
}

/** Ctrl-C, or a request to end, which a command answers at the next good moment. */

/** Knows whether someone wants the command to stop. */
export class Interruption {
  #requested = false;

  /**
   * Begins to listen.
   *
   * @param onFirst Called at the first signal, to log the person what happens now.
   */
  constructor(onFirst: () => void) {
    const onSignal = () => {
      if (!this.#requested) onFirst();
      this.#requested = true;
    };
    Deno.addSignalListener("SIGINT", onSignal);
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", onSignal);
  }

  /** Whether there was a signal. */
  get requested(): boolean {
    return this.#requested;
  }
}

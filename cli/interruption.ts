/** Ctrl-C, or a request to end: the first asks for a good moment, the second takes any. */
import { exitCodes } from "./outcome.ts";

/** Within this many milliseconds signals are one: a terminal sends Ctrl-C to every process. */
const oneMoment = 500;

/** Knows whether someone wants the command to stop. */
export class Interruption {
  #since: number | undefined;

  /**
   * Begins to listen.
   *
   * @param onFirst Called at the first signal, to tell the person what happens now.
   */
  constructor(onFirst: () => void) {
    const onSignal = () => {
      if (this.#since === undefined) {
        this.#since = performance.now();
        onFirst();
      } else if (performance.now() - this.#since > oneMoment) Deno.exit(exitCodes.interrupted);
    };
    Deno.addSignalListener("SIGINT", onSignal);
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", onSignal);
  }

  /** Whether there was a signal. */
  get requested(): boolean {
    return this.#since !== undefined;
  }
}

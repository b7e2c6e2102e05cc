/** Ctrl-C, or a request to end, which a command answers at the next good moment. */
import { exitCodes } from "./exit.ts";

/** How often to look whether the process that started us is still there, in milliseconds. */
const watchInterval = 1000;

/** The signals that ask a program to end, where it may hear them. */
export function endSignals(): Deno.Signal[] {
  if (Deno.build.os === "windows") return ["SIGINT"];
  // Who closes the terminal ends what runs in it; what was started without one goes on.
  return Deno.stdin.isTerminal() ? ["SIGINT", "SIGTERM", "SIGHUP"] : ["SIGINT", "SIGTERM"];
}

/** Knows whether someone wants the command to stop. */
export class Interruption {
  #requested = false;
  #hasBegun = false;

  /**
   * Begins to listen.
   *
   * @param onFirst Called at the first request, to tell the person what happens now.
   */
  constructor(onFirst: () => void) {
    const onRequest = () => {
      if (!this.#hasBegun) Deno.exit(exitCodes.interrupted);
      if (!this.#requested) onFirst();
      this.#requested = true;
    };
    for (const signal of endSignals()) Deno.addSignalListener(signal, onRequest);
    // What started us passes signals on, and nobody could stop us once it is gone.
    const parent = Deno.ppid;
    const timer = setInterval(() => Deno.ppid !== parent && onRequest(), watchInterval);
    Deno.unrefTimer(timer);
  }

  /** Says that there is something to keep from now on: before that, a request ends the program. */
  begin(): void {
    this.#hasBegun = true;
  }

  /** Whether there was a request. */
  get requested(): boolean {
    return this.#requested;
  }
}

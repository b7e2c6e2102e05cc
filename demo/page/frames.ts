/// <reference lib="dom" />

/** How long we work before the browser may draw: most of the 16 ms between two frames. */
const workMs = 12;

/**
 * Hands on what a loop makes at the pace of the screen: whatever has come is shown with the next
 * frame, and a loop that never waits leaves the browser its time.
 */
export class Frames {
  readonly #show: (characters: readonly string[]) => void;
  #waiting: string[] = [];
  #request: number;
  #drawn = performance.now();
  #resume: (() => void) | undefined;

  /** Begins; `show` gets the characters of each frame, if there are any. */
  constructor(show: (characters: readonly string[]) => void) {
    this.#show = show;
    this.#request = requestAnimationFrame(() => this.#draw());
  }

  /** Adds a character; resolves when it is time to make the next. */
  add(character: string): Promise<void> | void {
    this.#waiting.push(character);
    if (performance.now() - this.#drawn < workMs) return;
    return new Promise((resolve) => this.#resume = resolve);
  }

  /** Shows the rest and stops. */
  end(): void {
    cancelAnimationFrame(this.#request);
    this.#flush();
    this.#resume?.();
  }

  #draw(): void {
    this.#flush();
    this.#request = requestAnimationFrame(() => this.#draw());
    this.#drawn = performance.now();
    this.#resume?.();
    this.#resume = undefined;
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    const characters = this.#waiting;
    this.#waiting = [];
    this.#show(characters);
  }
}

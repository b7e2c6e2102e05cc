/**
 * What a loop holds between its awaits.
 *
 * @module
 */
import { recoverEngine } from "../kernels/mod.ts";

/** Such as a tensor. */
interface Held {
  dispose(): void;
}

/**
 * Tensors that belong to a loop. They are freed by the loop or, if Jupyter's Stop ends it without its
 * `finally` blocks, once the garbage collector finds that nobody holds this any more: keep it where the
 * loop alone has it.
 */
export class HeldTensors implements Disposable {
  readonly #held = new Set<Held>();

  constructor() {
    // Before the loop makes its first tensor.
    recoverEngine();
    abandoned.register(this, this.#held, this);
  }

  /** Takes something over, and returns it. */
  add<T extends Held>(held: T): T {
    this.#held.add(held);
    return held;
  }

  /** Gives something back that somebody else frees. */
  release<T extends Held>(held: T): T {
    this.#held.delete(held);
    return held;
  }

  /** Frees all that is held; more may be added. */
  dispose(): void {
    free(this.#held);
  }

  /** The same, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

const abandoned = new FinalizationRegistry((held: Set<Held>) => {
  recoverEngine();
  free(held);
});

function free(all: Set<Held>): void {
  for (const held of all) held.dispose();
  all.clear();
}

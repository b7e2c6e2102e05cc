/// <reference lib="dom" />
/**
 * Going through the text: at each place, what might have come next.
 *
 * @module
 */
import type { OneStep } from "../../lib/generation/one_step.ts";
import { Bars } from "./bars.ts";
import { element } from "./element.ts";
import { nextCharacters } from "./next_characters.ts";
import type { TextView } from "./text_view.ts";

/** The last logits are kept, up to so many numbers, 16 MB; others are computed when asked for. */
const keptNumbers = 4_000_000;
const shownCharacters = 10;
const contextCharacters = 16;

/** What is explored. */
export interface Explored {
  readonly writer: OneStep;
  readonly temperature: number;
}

/** Shows the next characters at the end of the text, or where a person points. */
export class Explorer {
  readonly #view: TextView;
  readonly #bars = new Bars();
  readonly #position = element("position", HTMLInputElement);
  readonly #onError: (error: unknown) => void;
  readonly #rows = new Map<number, Float32Array>();
  #explored: Explored | undefined;
  /** Whether we show the end, wherever that is. */
  #follows = true;
  #grows = false;
  #shown = 0;
  #asked: number | undefined;
  #isReading = false;
  #lastDrawn = -Infinity;

  constructor(view: TextView, { onError }: { onError(error: unknown): void }) {
    this.#view = view;
    this.#onError = onError;
    this.#position.addEventListener("input", () => {
      const position = this.#position.valueAsNumber;
      this.#follows = position === view.length;
      this.#show(position);
    });
    const text = element("text", HTMLDivElement);
    const point = ({ clientX, clientY }: MouseEvent) => {
      const position = view.positionAt(clientX, clientY);
      if (position === undefined || position === this.#shown && !this.#follows) return;
      this.#follows = false;
      this.#show(position);
    };
    text.addEventListener("click", point);
    text.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse" && event.buttons === 0) point(event);
    });
    text.addEventListener("pointerleave", () => this.#follows ||= this.#grows);
  }

  /** Begins with a new text. */
  begin(explored: Explored): void {
    this.#explored = explored;
    this.#rows.clear();
    this.#asked = undefined;
    this.#follows = this.#grows = true;
    this.#bars.clear();
    this.#show(0);
  }

  /** Takes note of the logits out of which a character is drawn. */
  record(logits: Float32Array, position: number): void {
    this.#rows.set(position, logits.slice());
    if (this.#rows.size * logits.length <= keptNumbers) return;
    const [oldest] = this.#rows.keys();
    if (oldest !== undefined) this.#rows.delete(oldest);
  }

  /** The text has grown. */
  grow({ everyMs }: { readonly everyMs: number }): void {
    this.#position.max = String(this.#view.length);
    if (!this.#follows) return;
    this.#view.mark(this.#view.length);
    if (performance.now() - this.#lastDrawn < everyMs) return;
    this.#lastDrawn = performance.now();
    this.#show(this.#lastKnown());
    this.#view.mark(this.#view.length);
  }

  /** The text is finished: the end is shown, with what would have come next. */
  end(): void {
    this.#grows = false;
    this.#position.max = String(this.#view.length);
    if (this.#follows) this.#show(this.#view.length);
  }

  /** The last place whose logits are at hand. */
  #lastKnown(): number {
    let position = this.#view.length;
    while (position > 0 && !this.#rows.has(position)) position--;
    return position;
  }

  #show(position: number): void {
    this.#shown = position;
    this.#position.valueAsNumber = position;
    this.#view.mark(position);
    const logits = this.#rows.get(position);
    if (logits) this.#draw(position, logits);
    else if (this.#view.length > 0) this.#ask(position);
  }

  /** Lets the model read the text up to a place; of what is asked meanwhile, the last counts. */
  async #ask(position: number): Promise<void> {
    this.#asked = position;
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#asked !== undefined && this.#explored !== undefined) {
        const [asked, explored]: [number, Explored] = [this.#asked, this.#explored];
        const { logits } = await explored.writer.step([this.#view.textBefore(asked)]);
        if (explored !== this.#explored || asked !== this.#asked) continue;
        this.#asked = undefined;
        for (const row of logits) {
          this.record(row, asked);
          if (this.#shown === asked) this.#draw(asked, row);
        }
      }
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#isReading = false;
    }
  }

  #draw(position: number, logits: Float32Array): void {
    const { writer: { vocabulary }, temperature } = this.#explored!;
    const view = this.#view;
    const drawn = position < view.length
      ? vocabulary.encode(
        view.textBefore(position + 1).slice(view.textBefore(position).length),
      )[0]
      : undefined;
    const next = nextCharacters(logits, {
      temperature,
      characters: vocabulary.characters,
      limit: Math.min(shownCharacters, vocabulary.size - 1),
      drawn,
    });
    const before = [...view.textBefore(position).slice(-2 * contextCharacters)]
      .slice(-contextCharacters).join("");
    this.#bars.show({ context: `…${before.replaceAll("\n", "↵")}`, next, drawn });
  }
}

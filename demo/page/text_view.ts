/// <reference lib="dom" />
import { element } from "./element.ts";

/** Shows the text as it is written, and marks a character of it. */
export class TextView {
  readonly #text = element("text", HTMLDivElement);
  readonly #given = element("given", HTMLSpanElement);
  readonly #end = element("end", HTMLSpanElement);
  readonly #mark = element("mark", HTMLSpanElement);
  readonly #written = document.createTextNode("");
  /** Where each character begins in the text node, which counts UTF-16 units. */
  #starts: number[] = [];
  #marked = 0;

  constructor() {
    element("written", HTMLSpanElement).append(this.#written);
    new ResizeObserver(() => this.mark(this.#marked)).observe(this.#text);
  }

  /** How many characters are written. */
  get length(): number {
    return this.#starts.length;
  }

  /** The prompt and the first `count` characters after it. */
  textBefore(count: number): string {
    const end = this.#starts[count] ?? this.#written.length;
    return this.#given.textContent + this.#written.data.slice(0, end);
  }

  /** Begins a new text. */
  begin(prompt: string): void {
    this.#given.textContent = prompt;
    this.#written.data = "";
    this.#starts = [];
    this.mark(0);
  }

  /** Writes on, and keeps the end in sight if it was. */
  append(characters: readonly string[]): void {
    const follows = this.#isInSight();
    let end = this.#written.length;
    for (const character of characters) {
      this.#starts.push(end);
      end += character.length;
    }
    this.#written.appendData(characters.join(""));
    if (follows) this.#end.scrollIntoView({ block: "nearest" });
  }

  /** Marks a character by its number, or with the number after the last, the end. */
  mark(position: number): void {
    this.#marked = position;
    const atEnd = position >= this.length;
    const range = document.createRange();
    const from = this.#starts[position] ?? this.#written.length;
    range.setStart(this.#written, atEnd ? this.#starts.at(-1) ?? 0 : from);
    range.setEnd(this.#written, this.#starts[position + 1] ?? this.#written.length);
    // A character at the end of a line has a box on each of two lines: the last one counts.
    const boxes = this.length === 0 ? this.#given.getClientRects() : range.getClientRects();
    const box = boxes[boxes.length - 1];
    if (box === undefined) return;
    const { left, top } = this.#text.getBoundingClientRect();
    const endsLine = atEnd && this.textBefore(this.length).endsWith("\n");
    const x = endsLine ? 0 : (atEnd ? box.right : box.left) - left;
    const y = box.top - top + (endsLine ? lineHeight(this.#text) : 0);
    this.#mark.style.translate = `${x}px ${y}px`;
    this.#mark.style.width = atEnd ? "" : `${Math.max(box.width, 4)}px`;
    this.#mark.style.height = `${box.height}px`;
    this.#mark.classList.toggle("caret", atEnd);
  }

  /** The number of the character at a place of the window, or undefined where there is none. */
  positionAt(x: number, y: number): number | undefined {
    const place = caretAt(x, y);
    if (place?.node !== this.#written || place.offset >= this.#written.length) return undefined;
    // The caret nearest to the pointer may stand after the character that is under it.
    for (const offset of [place.offset, place.offset - 1]) {
      const position = this.#starts.findLastIndex((start) => start <= offset);
      const start = this.#starts[position];
      if (start === undefined) continue;
      const range = document.createRange();
      range.setStart(this.#written, start);
      range.setEnd(this.#written, this.#starts[position + 1] ?? this.#written.length);
      const inside = [...range.getClientRects()].some((box) =>
        x >= box.left - 1 && x <= box.right + 1 && y >= box.top - 4 && y <= box.bottom + 4
      );
      if (inside) return position;
    }
    return undefined;
  }

  /** Whether the end of the text is on the screen. */
  #isInSight(): boolean {
    const { top } = this.#end.getBoundingClientRect();
    return top > 0 && top < innerHeight;
  }
}

const lineHeight = (text: HTMLElement) => parseFloat(getComputedStyle(text).lineHeight) || 24;

/** The place in a text that is nearest to a point: browsers have two names for asking. */
function caretAt(x: number, y: number): { node: Node; offset: number } | null {
  const page = document as Document & {
    caretPositionFromPoint?(x: number, y: number): CaretPosition | null;
  };
  if (page.caretPositionFromPoint) {
    const caret = page.caretPositionFromPoint(x, y);
    return caret && { node: caret.offsetNode, offset: caret.offset };
  }
  const range = document.caretRangeFromPoint(x, y);
  return range && { node: range.startContainer, offset: range.startOffset };
}

/// <reference lib="dom" />
import { element } from "./element.ts";
import type { NextCharacter } from "./next_characters.ts";

/** What the bars show. */
export interface BarsContent {
  /** The end of the text before the character. */
  readonly context: string;
  /** The likeliest first. */
  readonly next: readonly NextCharacter[];
  /** The id that was drawn, if one was. */
  readonly drawn?: number | undefined;
}

/** The probabilities of the next character, as bars. */
export class Bars {
  readonly #list = element("bars", HTMLOListElement);
  readonly #context = element("context", HTMLParagraphElement);
  readonly #position = element("position", HTMLInputElement);

  /** Shows one place of the text. */
  show({ context, next, drawn }: BarsContent): void {
    this.#context.textContent = context;
    while (this.#list.children.length < next.length) this.#list.append(row());
    while (this.#list.children.length > next.length) this.#list.lastElementChild!.remove();
    next.forEach(({ id, label, probability }, i) => {
      const item = this.#list.children[i] as HTMLLIElement;
      const [character, bar, percent] = item.children as unknown as [
        HTMLElement,
        HTMLElement,
        HTMLElement,
      ];
      character.textContent = label;
      bar.style.setProperty("--share", probability.toFixed(4));
      percent.textContent = percentOf(probability);
      item.classList.toggle("drawn", id === drawn);
      item.ariaCurrent = id === drawn ? "true" : null;
    });
    this.#position.setAttribute("aria-valuetext", inWords({ context, next, drawn }));
  }

  /** Shows nothing. */
  clear(): void {
    this.#list.replaceChildren();
    this.#context.textContent = "";
  }
}

function row(): HTMLLIElement {
  const item = document.createElement("li");
  for (const name of ["character", "bar", "percent"]) {
    const part = document.createElement("span");
    part.className = name;
    item.append(part);
  }
  return item;
}

function percentOf(probability: number): string {
  if (probability < 0.0005) return "< 0.1 %";
  return `${
    probability < 0.0995 ? (100 * probability).toFixed(1) : Math.round(100 * probability)
  } %`;
}

/** For a screen reader: the three likeliest, and what was written. */
function inWords({ context, next, drawn }: BarsContent): string {
  const say = ({ label, probability }: NextCharacter) =>
    `${spoken[label] ?? label} ${percentOf(probability)}`;
  const written = next.find(({ id }) => id === drawn);
  return `after “${context.trim()}”: ${next.slice(0, 3).map(say).join(", ")}` +
    (written ? `; written: ${say(written)}` : "");
}

const spoken: Readonly<Record<string, string>> = {
  "␣": "space",
  "↵": "line break",
  "⇥": "tab",
  ".": "full stop",
  ",": "comma",
  ":": "colon",
  ";": "semicolon",
  "!": "exclamation mark",
  "?": "question mark",
  "'": "apostrophe",
  "-": "hyphen",
};

/// <reference lib="dom" />
import type { Vocabulary } from "../../lib/text/vocabulary.ts";
import { element } from "./element.ts";

/** What a person asks for. */
export interface Settings {
  readonly prompt: string;
  readonly temperature: number;
  readonly length: number;
  readonly seed: number;
}

/** The form above the text. */
export class SettingsForm {
  readonly #form = element("settings", HTMLFormElement);
  readonly #prompt = element("prompt", HTMLTextAreaElement);
  readonly #problem = element("prompt-problem", HTMLParagraphElement);
  readonly #temperature = element("temperature", HTMLInputElement);
  readonly #temperatureValue = element("temperature-value", HTMLOutputElement);
  readonly #length = element("length", HTMLInputElement);
  readonly #seed = element("seed", HTMLInputElement);
  readonly #write = element("write", HTMLButtonElement);
  readonly #another = element("another", HTMLButtonElement);
  #vocabulary: Vocabulary | undefined;

  /** `onWrite` is called when the form is sent, and `onStop` when that is pressed. */
  constructor({ onWrite, onStop }: { onWrite(settings: Settings): void; onStop(): void }) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#isWriting) onStop();
      else onWrite(this.#read());
    });
    this.#another.addEventListener("click", () => {
      this.#seed.valueAsNumber = ((this.#seed.valueAsNumber || 0) + 1) % 2 ** 32;
      this.#form.requestSubmit();
    });
    this.#prompt.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    this.#prompt.addEventListener("input", () => this.#checkPrompt());
    this.#temperature.addEventListener("input", () => this.#showTemperature());
    this.#showTemperature();
  }

  /** Shows the form, for prompts of these characters. */
  open(vocabulary: Vocabulary, prompt: string): void {
    this.#vocabulary = vocabulary;
    if (this.#prompt.value === "") this.#prompt.value = prompt;
    this.#checkPrompt();
    this.#form.hidden = false;
  }

  /** Makes the button write or stop. */
  set writing(writing: boolean) {
    this.#write.textContent = writing ? "Stop" : "Write";
    this.#write.classList.toggle("stop", writing);
    this.#another.disabled = writing;
    // A form that is only to stop must not be held up by what is being typed.
    this.#form.noValidate = writing;
  }

  get #isWriting(): boolean {
    return this.#write.classList.contains("stop");
  }

  #read(): Settings {
    return {
      prompt: this.#prompt.value,
      temperature: this.#temperature.valueAsNumber,
      length: this.#length.valueAsNumber,
      seed: this.#seed.valueAsNumber,
    };
  }

  #showTemperature(): void {
    this.#temperatureValue.value = this.#temperature.valueAsNumber.toFixed(2);
  }

  /** Says at once which characters the model cannot read. */
  #checkPrompt(): void {
    const unknown = new Set(
      [...this.#prompt.value].filter((character) => this.#vocabulary?.encode(character)[0] === 0),
    );
    const list = [...unknown].map((character) => `“${character}”`).join(", ");
    const problem = unknown.size === 0
      ? ""
      : `The model has never seen ${list}: leave ${unknown.size === 1 ? "it" : "them"} out.`;
    this.#problem.textContent = problem;
    this.#prompt.setCustomValidity(problem);
    this.#prompt.ariaInvalid = problem === "" ? null : "true";
  }
}

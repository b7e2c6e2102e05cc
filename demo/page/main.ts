/// <reference lib="dom" />
/**
 * The page on which a bundle writes.
 *
 * @module
 */
import "./sha256.ts";
import type { DeviceChoice } from "../../lib/device.ts";
import { element } from "./element.ts";
import { Explorer } from "./explorer.ts";
import { Frames } from "./frames.ts";
import {
  describeDevice,
  describeModel,
  deviceLabel,
  type OpenedModel,
  openingPrompt,
  openModel,
} from "./model.ts";
import { clearNotice, messageOf, showNotice } from "./notice.ts";
import { type Settings, SettingsForm } from "./settings.ts";
import { TextView } from "./text_view.ts";

/** Where this page lies, whatever its address is. */
const folder = new URL(".", (document.currentScript as HTMLScriptElement).src);

const loading = element("loading", HTMLDivElement);
const status = element("status", HTMLParagraphElement);
const speed = element("speed", HTMLParagraphElement);
const view = new TextView();
const explorer = new Explorer(view, { onError: fail });
const form = new SettingsForm({ onWrite: write, onStop: stop });
const lessMotion = matchMedia("(prefers-reduced-motion: reduce)");

/** A text in the making. */
interface Writing {
  readonly settings: Settings;
  readonly controller: AbortController;
  readonly frames: Frames;
  readonly clock: Clock;
}

let opened: OpenedModel | undefined;
let writing: Writing | undefined;

/** Opens the model on a device; what was being written is then written there. */
async function open(device: DeviceChoice, interrupted?: Settings): Promise<void> {
  loading.textContent = "Loading the model…";
  let model: OpenedModel | undefined;
  try {
    model = opened = await openModel({
      folder,
      device,
      onProgress({ receivedBytes, totalBytes = 0 }) {
        loading.style.setProperty("--share", String(receivedBytes / totalBytes));
      },
    });
    watch(model);
    await introduce(model);
    loading.textContent = "";
    if (interrupted) await write(interrupted);
  } catch (error) {
    loading.textContent = "";
    if (model && await isLost(model)) return;
    showNotice({
      title: "The model cannot be opened",
      text: messageOf(error),
      action: { label: "Try again", run: () => open(device, interrupted) },
    });
  }
}

/** Shows what the model is, and the form. */
async function introduce({ device, writer }: OpenedModel): Promise<void> {
  element("device", HTMLParagraphElement).textContent = describeDevice(device);
  element("about", HTMLParagraphElement).textContent = describeModel(writer);
  const name = writer.training?.corpus;
  if (name) element("title", HTMLHeadingElement).textContent = `Trained on ${name}`;
  document.title = name ? `folio · ${name}` : "folio";
  form.open(writer.vocabulary, await openingPrompt(writer));
}

/** Offers the CPU when the GPU is gone. */
async function watch(model: OpenedModel): Promise<void> {
  const reason = await model.device.lost;
  if (model !== opened) return;
  opened = undefined;
  const interrupted = writing?.settings;
  // What waits for the device may wait forever, so the text ends here.
  if (writing) finish(writing);
  const next = interrupted
    ? "The text can be written on WebAssembly instead: it begins anew, with the same seed."
    : "The page can go on with WebAssembly instead.";
  showNotice({
    title: "The graphics device is lost",
    text: `${messageOf(reason)} ${next}`,
    action: { label: "Go on with WebAssembly", run: () => open("wasm", interrupted) },
  });
}

/** Writes a text. */
async function write(settings: Settings): Promise<void> {
  if (opened === undefined || writing !== undefined) return;
  const { writer, device } = opened;
  const { prompt, temperature, length } = settings;
  const controller = new AbortController();
  const clock = new Clock(length, deviceLabel(device));
  const frames = new Frames((characters) => {
    view.append(characters);
    explorer.grow({ everyMs: lessMotion.matches ? 1000 : 120 });
    speed.textContent = clock.line(view.length);
  });
  const mine = writing = { settings, controller, frames, clock };
  clearNotice();
  element("sheet", HTMLElement).hidden = element("next", HTMLElement).hidden = false;
  form.writing = true;
  status.textContent = `Writing ${length} characters.`;
  view.begin(prompt);
  explorer.begin({ writer, temperature });
  try {
    const characters = writer.stream(prompt, {
      ...settings,
      signal: controller.signal,
      onLogits: (logits, position) => {
        if (writing === mine) explorer.record(logits, position);
      },
    });
    for await (const character of characters) {
      if (controller.signal.aborted) break;
      clock.begin();
      await frames.add(character);
    }
  } catch (error) {
    if (!controller.signal.aborted) await fail(error);
  } finally {
    finish(mine);
  }
}

/** Ends a text, if it has not ended yet. */
function finish(done: Writing): void {
  if (writing !== done) return;
  writing = undefined;
  const { settings: { length }, controller, frames, clock } = done;
  controller.abort();
  frames.end();
  speed.textContent = clock.line(view.length);
  status.textContent = view.length === length
    ? `Finished: ${length} characters.`
    : `Stopped after ${view.length} of ${length} characters.`;
  if (opened !== undefined) explorer.end();
  form.writing = false;
}

/** Stops the text after the current character. */
function stop(): void {
  writing?.controller.abort();
}

/** Says what went wrong, unless it is that the device is lost, which is said elsewhere. */
async function fail(error: unknown): Promise<void> {
  if (opened === undefined || await isLost(opened)) return;
  showNotice({ title: "The text cannot be written", text: messageOf(error) });
}

/** Whether a device is lost: the commands that fail may be heard of first. */
function isLost({ device }: OpenedModel): Promise<boolean> {
  const shortly = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 1000));
  return Promise.race([device.lost.then(() => true), shortly]);
}

/** How fast the text grows. */
class Clock {
  readonly #length: number;
  readonly #device: string;
  #begun: number | undefined;

  constructor(length: number, device: string) {
    this.#length = length;
    this.#device = device;
  }

  /** The first character is there. */
  begin(): void {
    this.#begun ??= performance.now();
  }

  /** How far the text is. */
  line(count: number): string {
    const seconds = (performance.now() - (this.#begun ?? performance.now())) / 1000;
    const rate = seconds > 0 && count > 1 ? Math.round((count - 1) / seconds) : undefined;
    return `${count.toLocaleString("en")} of ${this.#length.toLocaleString("en")} characters` +
      (rate === undefined ? "" : ` · ${rate.toLocaleString("en")} a second on ${this.#device}`);
  }
}

addEventListener("keydown", (event) => {
  if (event.key === "Escape") stop();
});

if (location.protocol === "file:") {
  loading.textContent = "";
  showNotice({
    title: "This page needs a web server",
    text: "A browser lets no page read the files beside it when it is opened from a folder. " +
      "Any web server will do: for example, `python3 -m http.server` in this folder.",
  });
} else {
  open((new URLSearchParams(location.search).get("device") ?? "auto") as DeviceChoice);
}

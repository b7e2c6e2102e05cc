/// <reference lib="dom" />
import assert from "node:assert/strict";
import type { OneStep } from "../../lib/generation/one_step.ts";
import { CounterRandom, streams } from "../../lib/random.ts";
import { allTests } from "../testdata/needs.ts";
import { fill, pageTests, write, writtenText } from "./page_browser.ts";

/** Keeps the page's WebGPU device where a test can reach it. */
function keepDevice(): void {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    Object.assign(globalThis, { device });
    return device;
  };
}

const loseDevice = () => (globalThis as unknown as { device: GPUDevice }).device.destroy();

/** On the software adapter; a browser notes what it cannot run when the device is gone. */
const onWebgpu = { query: "?device=webgpu", before: keepDevice, expects: /device|WebGPU/i };

const label = (character: string) => character.replace("\n", "↵").replace(" ", "␣");

/** How far apart the scores of the two characters are at which two texts part. */
async function gapWhereTheyPart(
  writer: OneStep,
  { texts, temperature, seed, prompt }: {
    texts: readonly string[];
    temperature: number;
    seed: number;
    prompt: string;
  },
): Promise<number> {
  const [a, b] = texts.map((text) => [...text]);
  const at = a!.findIndex((character, i) => character !== b![i]);
  if (at < 0) return 0;
  const { logits: [logits] } = await writer.step([a!.slice(0, at).join("")]);
  const random = new CounterRandom({ seed, stream: streams.sampling });
  const [first, second] = [a![at], b![at]].map((character) => {
    const [id] = writer.vocabulary.encode(character!);
    const noise = -Math.log(-Math.log(random.uniform(at - [...prompt].length, id)));
    return logits![id!]! / temperature + noise;
  });
  return Math.abs(first! - second!);
}

pageTests({
  "on WebGPU it writes the same up to a near-tie, and survives its end": async (browser) => {
    await browser.open(onWebgpu, async (page) => {
      assert.equal(await page.textContent("#device"), "Runs on WebGPU: swiftshader, in software.");
      const { writer } = browser;
      for (
        const settings of [
          { prompt: "一文字", length: 40, temperature: 1, seed: 0 },
          { prompt: "Each letter\n", length: 40, temperature: 0.7, seed: 9 },
        ]
      ) {
        const { prompt, ...options } = settings;
        const text = await write(page, settings);
        assert.equal([...text].length, [...prompt].length + 40);
        const texts = [text, await writer.generate(prompt, options)];
        const gap = await gapWhereTheyPart(writer, { ...settings, texts });
        assert(gap < 1e-3, `${texts.join("\n")}\npart where the scores differ by ${gap}`);
      }
      // Between two chunks that the device drew, the bars come from what the model reads anew.
      const text = [...await writtenText(page)];
      await page.fill("#position", "13");
      const drawn = page.locator("#bars .drawn .character");
      await drawn.waitFor();
      assert.equal(await drawn.textContent(), label(text[12 + 13]!));
      // Lost while nothing is being written.
      await page.evaluate(loseDevice);
      await page.getByRole("button", { name: "Go on with WebAssembly" }).click();
      await page.waitForFunction(() =>
        document.getElementById("device")!.textContent === "Runs on WebAssembly."
      );
      const again = await write(page, { prompt: "Each", length: 30, seed: 0, temperature: 1 });
      assert.equal(again, await writer.generate("Each", { length: 30 }));
    });
  },

  "an unknown device is refused with the names there are": async (browser) => {
    await browser.open({ query: "?device=tpu" }, async (page) => {
      const text = await page.getByRole("alert").textContent();
      assert.match(text!, /no device "tpu": choose one of auto, webgpu, wasm/);
    });
  },

  "a page from another machine, without https, works as well": async (browser) => {
    await browser.open({ insecure: true }, async (page) => {
      assert.equal(await page.evaluate(() => isSecureContext), false);
      const text = await write(page, { prompt: "Each", length: 30 });
      assert.equal(text, await browser.writer.generate("Each", { length: 30 }));
    });
    const answer = (name: string) =>
      name === "model.safetensors"
        ? new Response(new Uint8Array(browser.built.files[name]!))
        : undefined;
    await browser.open({ insecure: true, answer }, async (page) => {
      assert.match((await page.getByRole("alert").textContent())!, /damaged.*SHA-256/);
    });
  },

  "a page that was opened from a folder says what it needs": async (browser) => {
    await browser.openFile(async (page) => {
      const notice = page.getByRole("alert");
      await notice.getByRole("heading").waitFor();
      assert.match((await notice.textContent())!, /needs a web server.*http\.server/);
    });
  },
});

// A browser takes many seconds to draw on a GPU in software.
pageTests({
  "a device that is lost is told, and the text is written on WebAssembly": async (browser) => {
    const { writer } = browser;
    await browser.open(onWebgpu, async (page) => {
      const settings = { prompt: "Буква", length: 600, temperature: 1, seed: 4 };
      await fill(page, settings);
      await page.getByRole("button", { name: "Write" }).click();
      await page.waitForFunction(() => document.getElementById("written")!.textContent !== "");
      await page.evaluate(loseDevice);
      const notice = page.getByRole("alert");
      const onward = notice.getByRole("button", { name: "Go on with WebAssembly" });
      await onward.waitFor();
      assert.match((await notice.textContent())!, /^The graphics device is lost.*the same seed\./);
      assert.match((await page.textContent("#status"))!, /^Stopped after \d+ of 600/);
      await onward.click();
      await page.waitForFunction(() =>
        document.getElementById("status")!.textContent!.startsWith("Finished")
      );
      assert.equal(await writtenText(page), await writer.generate(settings.prompt, settings));
      assert.equal(await page.textContent("#device"), "Runs on WebAssembly.");
      assert.equal(await notice.textContent(), "");
    });
  },
}, allTests);

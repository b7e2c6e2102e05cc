/// <reference lib="dom" />
import assert from "node:assert/strict";
import { fill, finished, pageTests, write, writtenText } from "./page_browser.ts";

pageTests({
  "it writes what Deno writes on WebAssembly, to the letter": async (browser) => {
    await browser.open({}, async (page) => {
      assert.match((await page.textContent("#device"))!, /^Runs on WebAssembly: .*software\.$/);
      assert.equal(await page.title(), "folio · three sentences");
      for (
        const { prompt, ...options } of [
          { prompt: "Буква", length: 300, temperature: 1, seed: 0 },
          { prompt: "一文字\n", length: 200, temperature: 0.5, seed: 4294967295 },
          { prompt: "🦜", length: 64, temperature: 2, seed: 12 },
          { prompt: "Each letter follows ".repeat(20), length: 1, temperature: 1, seed: 1 },
        ]
      ) {
        const text = await write(page, { prompt, ...options });
        assert.equal(text, await browser.writer.generate(prompt, options));
      }
    });
  },

  "a prompt to begin with is there, and the next seed is another text": async (browser) => {
    await browser.open({}, async (page) => {
      const prompt = await page.inputValue("#prompt");
      assert.match(prompt, /^[\p{L}]+$/u);
      const first = await write(page, { length: 80 });
      assert.equal(first, await browser.writer.generate(prompt, { length: 80 }));
      await page.getByRole("button", { name: "Next seed" }).click();
      await finished(page);
      assert.equal(await page.inputValue("#seed"), "1");
      const second = await browser.writer.generate(prompt, { length: 80, seed: 1 });
      assert.equal(await writtenText(page), second);
      assert.match(
        (await page.textContent("#speed"))!,
        /^80 of 80 characters · [\d,]+ a second on WebAssembly$/,
      );
    });
  },

  "the stop button stops, and so does Escape": async (browser) => {
    await browser.open({}, async (page) => {
      const stops = [
        // At once: the page is busy, and never still.
        () => page.getByRole("button", { name: "Stop" }).click({ force: true }),
        () => page.keyboard.press("Escape"),
      ];
      for (const stop of stops) {
        await fill(page, { prompt: "E", length: 100_000 });
        await page.getByRole("button", { name: "Write" }).click();
        await page.waitForFunction(() =>
          document.getElementById("written")!.textContent!.length > 20
        );
        await stop();
        await finished(page);
        assert.match((await page.textContent("#status"))!, /^Stopped after \d+ of 100000/);
        const text = await writtenText(page);
        await page.waitForTimeout(200);
        assert.equal(await writtenText(page), text);
        const length = [...text].length - 1;
        assert.equal(text, await browser.writer.generate("E", { length }));
      }
      assert.equal(
        await write(page, { prompt: "E", length: 9 }),
        await browser.writer.generate("E", { length: 9 }),
      );
    });
  },

  "the bars are the probabilities that a character was drawn with": async (browser) => {
    await browser.open({}, async (page) => {
      const { writer } = browser;
      const text = [...await write(page, { prompt: "Each", length: 60, temperature: 0.8 })];
      for (const position of [0, 17, 59, 60]) {
        await page.fill("#position", String(position));
        await page.waitForFunction((before) => {
          const context = document.getElementById("context")!.textContent!;
          return context.endsWith(before.replaceAll("\n", "↵"));
        }, text.slice(Math.max(0, position - 4), 4 + position).join(""));
        const { logits: [logits] } = await writer.step([text.slice(0, 4 + position).join("")]);
        const powers = Array.from(logits!, (logit, id) => id === 0 ? 0 : Math.exp(logit / 0.8));
        const sum = powers.reduce((a, b) => a + b);
        const expected = powers.map((power) => power / sum).sort((a, b) => b - a);
        const bars = await page.evaluate(() =>
          [...document.querySelectorAll<HTMLElement>("#bars .bar")].map((bar) =>
            Number(bar.style.getPropertyValue("--share"))
          )
        );
        assert.equal(bars.length, 10);
        bars.slice(0, 9).forEach((share, i) => assert(Math.abs(share - expected[i]!) < 1e-3));
        const drawn = await page.locator("#bars .drawn .character").allTextContents();
        const label = text[4 + position]?.replace("\n", "↵").replace(" ", "␣");
        assert.deepEqual(drawn, label === undefined ? [] : [label]);
      }
    });
  },

  "a pointer shows what might have been written there": async (browser) => {
    await browser.open({ width: 390, height: 844 }, async (page) => {
      const text = await write(page, { prompt: "Буква", length: 200, seed: 3 });
      for (const position of [3, 30, 31]) {
        const box = await page.evaluate((position) => {
          const range = document.createRange();
          const node = document.getElementById("written")!.firstChild!;
          range.setStart(node, position);
          range.setEnd(node, position + 1);
          range.startContainer.parentElement!.scrollIntoView();
          const { x, y, width, height } = range.getBoundingClientRect();
          return { x: x + width / 2, y: y + height / 2 };
        }, position);
        await page.mouse.click(box.x, box.y);
        assert.equal(await page.inputValue("#position"), String(position));
        const label = text[5 + position]!.replace("\n", "↵").replace(" ", "␣");
        assert.equal(await page.textContent("#bars .drawn .character"), label);
      }
    });
  },

  "characters that the model does not know are named at once": async (browser) => {
    await browser.open({}, async (page) => {
      await fill(page, { prompt: "Each ñ and 7" });
      const problem = page.locator("#prompt-problem");
      assert.match((await problem.textContent())!, /never seen “ñ”, “n”, “d”, “7”: leave them out/);
      assert.equal(await page.getAttribute("#prompt", "aria-invalid"), "true");
      await page.getByRole("button", { name: "Write" }).click();
      assert.equal(await page.isVisible("#sheet"), false);
      await fill(page, { prompt: "Each" });
      assert.equal(await problem.textContent(), "");
      assert.match(await write(page, { length: 5 }), /^Each.{5}$/su);
    });
  },

  "a damaged bundle is named, and the way out works": async (browser) => {
    const { folder } = browser.built;
    const damaged = async (name: string, change: (bytes: Uint8Array<ArrayBuffer>) => void) => {
      const bytes = await Deno.readFile(`${folder}/${name}`);
      change(bytes);
      return new Response(bytes);
    };
    const version2 = async () => {
      const json = JSON.parse(await Deno.readTextFile(`${folder}/folio.json`));
      return Response.json({ ...json, version: 2 });
    };
    const weights = "model.safetensors";
    for (
      const [file, answer, message] of [
        [weights, () => damaged(weights, (b) => b[b.length - 5]! ^= 1), /damaged: .* as SHA-256/],
        [weights, () => new Response("gone", { status: 404 }), /model\.safetensors: .*404/],
        ["folio.json", () => new Response("<html>"), /folio\.json: it is not JSON/],
        ["folio.json", version2, /is of version 2, this folio reads version 1/],
        [
          "tfjs-backend-wasm-simd.wasm",
          () => new Response("gone", { status: 404 }),
          /tfjs-backend-wasm-simd\.wasm must lie beside this page/,
        ],
      ] as const
    ) {
      let isDamaged = true;
      await browser.open({
        answer: (name) => isDamaged && name === file ? answer() : undefined,
        expects: /404|wasm|falling back/i,
      }, async (page) => {
        const notice = page.getByRole("alert");
        assert.match((await notice.textContent())!, message);
        assert.equal(await page.isVisible("#settings"), false);
        isDamaged = false;
        if (file.endsWith(".wasm")) return;
        await notice.getByRole("button", { name: "Try again" }).click();
        await page.locator("#settings").waitFor();
        assert.equal(await notice.textContent(), "");
      });
    }
  },
});

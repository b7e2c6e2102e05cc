/// <reference lib="dom" />
import assert from "node:assert/strict";
import type { AxeResults } from "axe-core";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { finished, pageTests, write } from "./page_browser.ts";

/** What axe finds wrong with the page as it stands. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source); // evaluated, not loaded: the page's policy would refuse it
  const { violations } = await page.evaluate(async () =>
    await (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run()
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
}

const focused = (page: Page) => page.evaluate(() => document.activeElement!.id);

pageTests({
  "axe finds nothing, in the light on a desk and in the dark on a phone": async (browser) => {
    for (const look of [{}, { dark: true, width: 390, height: 844 }]) {
      await browser.open(look, async (page) => {
        await write(page, { prompt: "Each", length: 300 });
        await page.fill("#prompt", "ñ");
        assert.deepEqual(await violations(page), []);
        const overflow = await page.evaluate(() =>
          document.documentElement.scrollWidth - innerWidth
        );
        assert(overflow <= 0, `the page is ${overflow} pixels too wide`);
      });
      const answer = (name: string) => name === "folio.json" ? new Response("{}") : undefined;
      await browser.open({ ...look, answer }, async (page) => {
        assert.deepEqual(await violations(page), []);
      });
    }
  },

  "a keyboard is enough": async (browser) => {
    const { writer } = browser;
    await browser.open({ lessMotion: true }, async (page) => {
      const order: string[] = [];
      for (let i = 0; i < 6; i++) {
        await page.keyboard.press("Tab");
        order.push(await focused(page));
      }
      assert.deepEqual(order, ["prompt", "temperature", "length", "seed", "write", "another"]);

      await page.focus("body");
      await page.locator("#prompt").press("Control+a");
      await page.keyboard.type("Буква за");
      await page.keyboard.press("Tab");
      for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowLeft");
      assert.equal(await page.textContent("#temperature-value"), "0.80");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Control+a");
      await page.keyboard.type("120");
      await page.keyboard.press("Tab");
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Enter");
      await finished(page);
      const options = { length: 120, temperature: 0.8, seed: 1 };
      const text = await writer.generate("Буква за", options);
      assert.equal(await page.textContent("#given"), "Буква за");
      assert.equal("Буква за" + await page.textContent("#written"), text);

      // Writing may begin from the prompt too; the button then stops it, and keeps the focus.
      await page.fill("#length", "100000");
      await page.locator("#prompt").press("Control+Enter");
      await page.locator("#write").focus();
      await page.keyboard.press("Space");
      await finished(page);
      assert.equal(await focused(page), "write");
      assert.equal(await page.textContent("#write"), "Write");

      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      assert.equal(await focused(page), "position");
      await page.keyboard.press("Home");
      for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
      assert.equal(await page.inputValue("#position"), "3");
      const said = await page.getAttribute("#position", "aria-valuetext");
      const written = [...(await page.textContent("#written"))!].slice(0, 3).join("");
      assert.match(said!, new RegExp(`^after “….*${written.trim()}”: .+ %, .+ %; written: . `));
    });
  },

  "a screen reader is told when it begins and when it ends, and not in between": async (
    browser,
  ) => {
    await browser.open({}, async (page) => {
      await page.evaluate(() => {
        const said: string[] = [];
        Object.assign(globalThis, { said });
        const live = "[role=status], [role=alert], [aria-live]";
        for (const region of document.querySelectorAll(live)) {
          new MutationObserver(() => said.push(region.textContent!))
            .observe(region, { childList: true, characterData: true, subtree: true });
        }
      });
      await write(page, { prompt: "Each", length: 2000 });
      const said = await page.evaluate(() => (globalThis as unknown as { said: string[] }).said);
      assert.deepEqual(said.filter((text) => text !== ""), [
        "Writing 2000 characters.",
        "Finished: 2000 characters.",
      ]);
      const inside = "#text [role=status], #text [aria-live], #bars [aria-live]";
      assert.equal(await page.locator(inside).count(), 0);
    });
  },

  "who wants less motion gets it": async (browser) => {
    const animation = (page: Page) =>
      page.evaluate(() => [
        getComputedStyle(document.getElementById("mark")!).animationName,
        getComputedStyle(document.querySelector("#bars .bar")!).transitionDuration,
      ]);
    await browser.open({ lessMotion: true }, async (page) => {
      await write(page, { prompt: "Each", length: 50 });
      assert.deepEqual(await animation(page), ["none", "0s"]);
    });
    await browser.open({}, async (page) => {
      await write(page, { prompt: "Each", length: 50 });
      assert.deepEqual(await animation(page), ["blink", "0.09s"]);
    });
  },
});

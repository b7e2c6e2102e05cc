/// <reference lib="dom" />
/**
 * Built pages in headless Chromium, watched: each request and each error is noted.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Browser, chromium, type Page } from "playwright-core";
import { buildPage, type BuiltPage } from "../../demo/build_page.ts";
import { staticFiles } from "../../demo/static_server.ts";
import { OneStep } from "../../lib/generation/one_step.ts";
import { findChromium } from "../../tools/chromium.ts";
import { browser as needsBrowser, type Need, needing } from "../testdata/needs.ts";
import { trainedWriter } from "./trained_writer.ts";

/** Where the page lies on the server: not at its root, as on many static hosts. */
const place = "/some/where/";
/** A name for this machine that a browser does not trust as it trusts localhost. */
const elsewhere = "folio.example";

/** How a page is opened. */
export interface OpenOptions {
  /** What follows the address, as `?device=webgpu`. */
  readonly query?: string;
  /** What answers for a file, for pages that are damaged on the way. */
  readonly answer?: (name: string) => Promise<Response> | Response | undefined;
  /** Whether it comes from another machine, without https. */
  readonly insecure?: boolean;
  readonly dark?: boolean;
  readonly lessMotion?: boolean;
  readonly width?: number;
  readonly height?: number;
  /** Runs in the page before its own script. */
  readonly before?: () => void;
  /** Errors that the browser is expected to write down. */
  readonly expects?: RegExp;
}

/** What the tests of a file share: a small trained writer, its page and a browser. */
export class PageBrowser implements AsyncDisposable {
  readonly writer: OneStep;
  readonly built: BuiltPage;
  readonly #folder: string;
  readonly #browser: Browser;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #answer: OpenOptions["answer"];

  private constructor(
    parts: { writer: OneStep; built: BuiltPage; folder: string; browser: Browser },
  ) {
    this.writer = parts.writer;
    this.built = parts.built;
    this.#folder = parts.folder;
    this.#browser = parts.browser;
    const answer = staticFiles(this.built.folder);
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const url = new URL(request.url);
      if (!url.pathname.startsWith(place)) return new Response("not here", { status: 404 });
      url.pathname = url.pathname.slice(place.length - 1);
      return this.#answer?.(url.pathname.slice(1)) ?? answer(new Request(url));
    });
  }

  /** Trains, builds and starts. */
  static async start(): Promise<PageBrowser> {
    const writer = await trainedWriter();
    const folder = await Deno.makeTempDir();
    await writer.save(`${folder}/bundle`);
    const built = await buildPage(`${folder}/bundle`, `${folder}/page`);
    const browser = await chromium.launch({
      executablePath: findChromium() ?? "",
      headless: true,
      args: [
        "--no-sandbox",
        "--enable-unsafe-webgpu",
        "--use-webgpu-adapter=swiftshader",
        "--enable-features=Vulkan",
        `--host-resolver-rules=MAP ${elsewhere} 127.0.0.1`,
      ],
    });
    return new PageBrowser({ writer, built, folder, browser });
  }

  /**
   * Opens the page, lets `act` use it, and makes sure that it asked for nothing outside its
   * folder and ran into no error.
   */
  async open(options: OpenOptions, act: (page: Page) => Promise<void>): Promise<void> {
    const { query = "", insecure, dark, lessMotion, width = 1280, height = 900 } = options;
    this.#answer = options.answer;
    const context = await this.#browser.newContext({
      viewport: { width, height },
      colorScheme: dark ? "dark" : "light",
      reducedMotion: lessMotion ? "reduce" : "no-preference",
    });
    const host = insecure ? elsewhere : "127.0.0.1";
    const address = `http://${host}:${this.#server.addr.port}${place}`;
    const strays: string[] = [], errors: string[] = [];
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(120_000); // a GPU in software beside other tests takes its time
      page.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(address) && !url.startsWith("data:")) strays.push(url);
      });
      page.on("pageerror", (error) => errors.push(String(error)));
      page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) errors.push(message.text());
      });
      if (options.before) await page.addInitScript(options.before);
      await page.goto(address + query);
      await page.locator("#settings, #notice > h2").first().waitFor({ state: "attached" });
      await page.waitForFunction(() =>
        document.querySelector("#settings:not([hidden]), #notice > h2") !== null
      );
      await act(page);
      assert.deepEqual(strays, []);
      assert.deepEqual(errors.filter((error) => !options.expects?.test(error)), []);
    } finally {
      await context.close();
    }
  }

  /** Opens the page as a double click on it would. */
  async openFile(act: (page: Page) => Promise<void>): Promise<void> {
    const page = await this.#browser.newPage();
    try {
      await page.goto(`file://${await Deno.realPath(this.built.folder)}/index.html`);
      await act(page);
    } finally {
      await page.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.#server.shutdown();
    await Deno.remove(this.#folder, { recursive: true });
    this.writer.model.dispose();
  }
}

/** Registers tests that share a browser; without one they are skipped, and say so. */
export function pageTests(
  tests: Readonly<Record<string, (b: PageBrowser) => Promise<void>>>,
  ...needs: readonly Need[]
) {
  const all = [needsBrowser, ...needs];
  let browser: PageBrowser | undefined;
  if (all.every((need) => need === null)) {
    Deno.test.beforeAll(async () => void (browser = await PageBrowser.start()));
    Deno.test.afterAll(() => browser?.[Symbol.asyncDispose]());
  }
  for (const [name, run] of Object.entries(tests)) {
    Deno.test({
      ...needing(`page: ${name}`, ...all),
      // Playwright and tfjs keep handles of their own.
      sanitizeOps: false,
      sanitizeResources: false,
      fn: () => run(browser!),
    });
  }
}

/** What the form is filled with. */
export interface Filled {
  readonly prompt?: string;
  readonly temperature?: number;
  readonly length?: number;
  readonly seed?: number;
}

/** Fills the form. */
export async function fill(page: Page, filled: Filled): Promise<void> {
  for (const [id, value] of Object.entries(filled)) await page.fill(`#${id}`, String(value));
}

/** Fills the form, presses Write and waits until the text is finished. */
export async function write(page: Page, filled: Filled): Promise<string> {
  await fill(page, filled);
  await page.getByRole("button", { name: "Write" }).click();
  await finished(page);
  return await writtenText(page);
}

/** Waits until nothing more is written. */
export async function finished(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    /^(Finished|Stopped)/.test(document.getElementById("status")!.textContent!)
  );
}

/** The prompt and what follows it, as it stands on the sheet. */
export function writtenText(page: Page): Promise<string> {
  return page.evaluate(() =>
    ["given", "written"].map((id) => document.getElementById(id)!.textContent).join("")
  );
}

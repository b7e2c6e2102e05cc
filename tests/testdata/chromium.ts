/**
 * Headless Chromium with WebGPU on a software adapter.
 *
 * @module
 */
import type { Page } from "playwright-core";

/** How long a page may take, on a busy machine and a GPU in software. */
const minutes = 5;

/** Opens an empty page that may use WebGPU, and closes the browser afterwards. */
export async function withPage<T>(
  executablePath: string,
  act: (page: Page) => Promise<T>,
): Promise<T> {
  // Loading it takes permissions that `deno test -P` does not give.
  const { chromium } = await import("playwright-core");
  const args = [
    "--no-sandbox",
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--enable-features=Vulkan",
  ];
  const empty = () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
  // WebGPU is only for pages from a server, of which our own machine is a trusted one.
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, empty);
  const browser = await chromium.launch({ executablePath, headless: true, args });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.addr.port}/`);
    return await within(minutes, act(page));
  } finally {
    // A browser that has died answers no question, that for its end neither.
    await within(1, Promise.all([browser.close(), server.shutdown()]));
  }
}

async function within<T>(minutes: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`Chromium has not answered within ${minutes} minutes`);
    timer = setTimeout(() => reject(error), minutes * 60_000);
  });
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/**
 * Headless Chromium with WebGPU on a software adapter.
 *
 * @module
 */
import type { Page } from "playwright-core";

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
    return await act(page);
  } finally {
    await browser.close();
    await server.shutdown();
  }
}

/**
 * JupyterLab, opened by tools/lab.ts and driven in headless Chromium: the Deno kernel starts, a
 * notebook runs all its cells, and its plot is on the screen. Run by `deno task test:lab`; the
 * screenshot is outputs/lab/screenshot.png.
 */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { findChromium } from "../../tools/chromium.ts";
import { projectPaths } from "../../tools/project_paths.ts";
import { browser, needing } from "../testdata/needs.ts";
import { readCells, runNotebooks, writeNotebook } from "./generated_notebook.ts";

const paths = projectPaths();
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

Deno.test({
  ...needing("JupyterLab runs a notebook on the Deno kernel and shows its plot", browser),
  // Playwright keeps handles of its own for the life of the process.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    // Inside the project, so that the notebooks' imports find deno.json; beside it, so that the
    // committed notebooks and the user's outputs stay as they are.
    await Deno.mkdir(join(paths.outputs, "lab"), { recursive: true });
    const folder = await Deno.makeTempDir({ dir: join(paths.outputs, "lab"), prefix: "try-" });
    try {
      const name = await prepareNotebook(join(folder, "notebooks"));
      await using lab = await startLab(join(folder, "notebooks"));
      await driveLab(lab, { name, folder: join(folder, "notebooks") });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Puts notebook 02 and what it reads into a folder; where there is none yet, a small plot. */
async function prepareNotebook(folder: string): Promise<string> {
  await Deno.mkdir(folder);
  const names = [...Deno.readDirSync(paths.notebooks)].map((entry) => entry.name);
  const needed = names.filter((name) => /^0[12]_.*\.ipynb$/.test(name)).sort();
  if (needed.length < 2) {
    await writeNotebook(join(folder, "02_plot.ipynb"), [
      `await Deno.jupyter.display({ "application/vnd.plotly.v1+json": {
        data: [{ type: "bar", x: [1, 2, 3], y: [3, 1, 2] }], layout: {} } }, { raw: true });`,
    ]);
    return "02_plot.ipynb";
  }
  for (const name of needed) {
    await Deno.copyFile(join(paths.notebooks, name), join(folder, name));
  }
  const corpus = Deno.env.get("FOLIO_CORPUS");
  const first = await runNotebooks(folder, ["1", ...(corpus ? ["--corpus", corpus] : [])]);
  assert.equal(first.code, 0, first.stdout + first.stderr);
  return needed[1]!;
}

/** A JupyterLab of our own, on a free port. */
interface Lab extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
}

async function startLab(folder: string): Promise<Lab> {
  const port = await freePort();
  const token = crypto.randomUUID();
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", join(paths.root, "tools", "lab.ts"), "--no-browser", `--port=${port}`],
      ...["--ServerApp.port_retries=0", `--IdentityProvider.token=${token}`],
      `--ServerApp.root_dir=${folder}`,
    ],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const said = new Response(process.stderr).text();
  const url = `http://127.0.0.1:${port}`;
  const lab = {
    url,
    token,
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      await process.status;
      await said;
    },
  };
  let ended = false;
  process.status.then(() => ended = true);
  for (let waited = 0; waited < 120_000; waited += 250) {
    if (ended) throw new Error(`JupyterLab ended:\n${await said}`);
    const status = await fetch(`${url}/api/status?token=${token}`).catch(() => undefined);
    await status?.body?.cancel();
    if (status?.ok) return lab;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  await lab[Symbol.asyncDispose]();
  throw new Error(`JupyterLab did not answer at ${url} within two minutes:\n${await said}`);
}

async function driveLab(lab: Lab, notebook: { name: string; folder: string }): Promise<void> {
  const chrome = await chromium.launch({
    executablePath: findChromium() ?? "",
    headless: true,
    args: flags,
  });
  try {
    const page = await chrome.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(120_000);
    await page.goto(`${lab.url}/lab/tree/${notebook.name}?token=${lab.token}`);
    await page.locator(".jp-Notebook .jp-Cell").first().waitFor();
    await page.getByText(/^Deno \| Idle$/).or(page.locator('[title*="Idle"]')).first().waitFor();
    await page.locator(".lm-MenuBar-itemLabel", { hasText: /^Run$/ }).click();
    await page.locator(".lm-Menu-itemLabel", { hasText: /^Run All Cells$/ }).click();
    await waitUntilRun(page, join(notebook.folder, notebook.name));
    await showPlot(page);
    await page.screenshot({ path: join(paths.outputs, "lab", "screenshot.png") });
    const box = await page.locator(".js-plotly-plot .main-svg").first().boundingBox();
    assert.ok(box && box.width > 200 && box.height > 100, `the plot is ${JSON.stringify(box)}`);
    assert.ok(await page.locator(".js-plotly-plot .bars path").count() > 2, "no bar is drawn");
  } finally {
    await chrome.close();
  }
}

/** Saves until the file on disk says that every code cell has run, and none failed. */
async function waitUntilRun(page: Page, path: string): Promise<void> {
  for (let waited = 0; waited < 120_000; waited += 500) {
    await page.keyboard.press("Control+s");
    await page.waitForTimeout(500);
    // Jupyter writes in place: a file that ends early is one that is being saved just now.
    const cells = await readCells(path).catch((error) => {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    });
    if (cells === undefined) continue;
    const failed = cells.flatMap((cell) => cell.outputs).find((o) => o.output_type === "error");
    assert.equal(failed, undefined);
    if (cells.every((cell) => cell.execution_count !== null)) return;
  }
  assert.fail("JupyterLab did not run all cells within two minutes");
}

/** JupyterLab draws only the cells in sight, so we page through the notebook. */
async function showPlot(page: Page): Promise<void> {
  const outer = page.locator(".jp-WindowedPanel-outer").first();
  await outer.evaluate((element) => element.scrollTo(0, 0));
  for (let step = 0; step < 40; step++) {
    const plot = page.locator(".js-plotly-plot .main-svg").first();
    if (await plot.isVisible()) return await plot.scrollIntoViewIfNeeded();
    await outer.evaluate((element) => element.scrollBy(0, 300));
    await page.waitForTimeout(250);
  }
  assert.fail("there is no plot in the notebook");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  assert.ok(address && typeof address === "object");
  return address.port;
}

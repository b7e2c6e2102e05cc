/** What the pages for contributors name is there, and the programs in them run. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = [
  "CONTRIBUTING.md",
  "SECURITY.md",
  "docs/architecture.md",
  "docs/decisions/README.md",
  ...[...Deno.readDirSync(join(root, "docs/decisions"))].map(({ name }) => name)
    .filter((name) => /^\d{4}-/.test(name)).sort().map((name) => `docs/decisions/${name}`),
];

async function exists(...path: string[]): Promise<boolean> {
  return await Deno.stat(join(root, ...path)).then(() => true, () => false);
}

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\p{L}\p{N} -]/gu, "").replaceAll(" ", "-");
}

Deno.test("what the pages name is there, files seen from the project or from lib", async () => {
  const missing: string[] = [];
  for (const page of pages) {
    const text = await Deno.readTextFile(join(root, page));
    for (const [, path] of text.matchAll(/`([\w.]+(?:\/[\w.]+)+\.(?:ts|as|py|wgsl|md))`/g)) {
      if (!await exists(path!) && !await exists("lib", path!)) missing.push(`${page}: ${path}`);
    }
    // "`writeRow` in `native/x86/gru_forward.ts`", and two names in one file.
    const symbols = text.matchAll(/(?:`(\w+)`\s+and\s+)?`(\w+)`\s+in\s+`([\w./]+\.(?:ts|as))`/g);
    for (const [, first, second, path] of symbols) {
      const file = await exists("lib", path!) ? join("lib", path!) : path!;
      const source = await Deno.readTextFile(join(root, file)).catch(() => "");
      for (const name of [first, second]) {
        if (name && !new RegExp(`\\b${name}\\b`).test(source)) {
          missing.push(`${page}: ${name} in ${path}`);
        }
      }
    }
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^\w+:/.test(target!)) continue;
      const [file, anchor] = target!.split("#") as [string, string?];
      const path = file === "" ? page : join(dirname(page), file);
      const headings = await exists(path) && anchor !== undefined
        ? (await Deno.readTextFile(join(root, path))).matchAll(/^#+ (.*)$/gm)
        : [];
      const known = [...headings].map(([, heading]) => anchorOf(heading!));
      if (!await exists(path) || (anchor !== undefined && !known.includes(anchor))) {
        missing.push(`${page}: ${target}`);
      }
    }
  }
  assert.deepEqual(missing, []);
});

Deno.test("every decision is in the index, and short", async () => {
  const index = await Deno.readTextFile(join(root, "docs/decisions/README.md"));
  for (const page of pages.filter((page) => /\/\d{4}-/.test(page))) {
    const text = await Deno.readTextFile(join(root, page));
    const name = page.split("/").pop()!;
    assert.ok(index.includes(`[${name.slice(0, 4)}](${name})`), `${page} is not in the index`);
    assert.match(text, /^# \d{4}: [^]*\n## Context\n[^]*\n## Decision\n[^]*\n## Consequences\n/);
    assert.ok(text.split("\n").length <= 60, `${page} is longer than 60 lines`);
  }
});

Deno.test({
  name: "the program in docs/architecture.md runs",
  // tfjs keeps timers beyond the test.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const text = await Deno.readTextFile(join(root, "docs/architecture.md"));
    const [, program] = /```ts\n([^]*?)```/.exec(text)!;
    const folder = await Deno.makeTempDir();
    try {
      const path = join(folder, "program.ts");
      await Deno.writeTextFile(path, `${program}\nexport const stopped = stop.signal.aborted;\n`);
      const { stopped } = await import(pathToFileURL(path).href);
      assert.equal(stopped, true);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

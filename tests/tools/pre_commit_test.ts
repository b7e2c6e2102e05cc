/** The opt-in hook in .githooks, in a repository of its own. */
import assert from "node:assert/strict";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const hooks = fileURLToPath(new URL("../../.githooks", import.meta.url));
/** What the hook checks the types of. */
const folders = ["lib", "cli", "tests", "tools", "bench", "demo"];

/** A repository with one good file in each folder, and the hook switched on. */
async function repository(): Promise<string> {
  const root = await Deno.makeTempDir({ prefix: "folio-hook-" });
  await write(root, { "deno.json": '{ "lock": false }\n' });
  for (const folder of folders) {
    await write(root, { [`${folder}/one.ts`]: "export const one = 1;\n" });
  }
  await write(root, { "tests/two.ts": 'import { one } from "../lib/one.ts";\n\none.toFixed();\n' });
  await git(root, "init", "--quiet");
  await git(root, "config", "user.name", "test");
  await git(root, "config", "user.email", "test@example.org");
  await git(root, "config", "core.hooksPath", hooks);
  await git(root, "add", "--all");
  await git(root, "commit", "--quiet", "--no-verify", "--message", "all is good");
  return root;
}

async function write(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(root, name)), { recursive: true });
    await Deno.writeTextFile(join(root, name), text);
  }
}

async function git(root: string, ...args: string[]): Promise<{ code: number; said: string }> {
  const path = [dirname(Deno.execPath()), Deno.env.get("PATH")].join(delimiter);
  const { code, stderr } = await new Deno.Command("git", {
    args,
    cwd: root,
    env: { PATH: path, NO_COLOR: "1", GIT_CONFIG_GLOBAL: "/dev/null" },
    stdout: "null",
    stderr: "piped",
  }).output();
  return { code, said: new TextDecoder().decode(stderr) };
}

const commit = (root: string) => git(root, "commit", "--quiet", "--message", "a change");

Deno.test({
  name: "pre-commit: what is staged is checked, and nothing else",
  ignore: Deno.build.os === "windows",
  fn: async (t) => {
    const root = await repository();
    const refused = async (files: Readonly<Record<string, string>>, message: RegExp) => {
      await write(root, files);
      await git(root, "add", "--all");
      const { code, said } = await commit(root);
      assert.equal(code, 1);
      assert.match(said, message);
      await git(root, "reset", "--quiet", "--hard");
    };
    try {
      await t.step("a file that is not formatted is refused", async () => {
        await refused({ "lib/one.ts": "export const one = 1\n" }, /pre-commit: format: /);
        await refused({ "README.md": "# Title\n\n\n\ntext\n" }, /pre-commit: format: /);
      });
      await t.step("a file that fails lint is refused", async () => {
        await refused({ "cli/one.ts": "let one = 1;\n" }, /no-unused-vars[^]*pre-commit: lint: /);
      });
      await t.step("so are types that break a file which is not staged", async () => {
        await refused(
          { "lib/one.ts": 'export const one = "1";\n' },
          /^[^]*two\.ts[^]*pre-commit: types: /,
        );
      });
      await t.step("a file that is staged in part is judged by that part", async () => {
        await write(root, { "README.md": "# Title\n" });
        await git(root, "add", "--all");
        await write(root, { "README.md": "# Title\n\n\n\ntext\n", "demo/one.ts": "let one = 1" });
        assert.deepEqual(await commit(root), { code: 0, said: "" });
      });
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
});

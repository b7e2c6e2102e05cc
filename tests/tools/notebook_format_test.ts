import assert from "node:assert/strict";
import { join } from "node:path";
import { unformattedNotebooks } from "../../tools/notebook_format.ts";
import { capture } from "../../tools/process.ts";
import { inTempDir, writeNotebook } from "./generated_notebook.ts";

Deno.test("unformattedNotebooks() names what deno fmt would change, and nothing else", () =>
  inTempDir(async (root) => {
    await Deno.mkdir(join(root, "notebooks", "solutions"), { recursive: true });
    await Deno.writeTextFile(join(root, "deno.json"), "{}");
    const [good, bad] = ["notebooks/good.ipynb", "notebooks/solutions/bad.ipynb"];
    await writeNotebook(join(root, good), ["const good = 1;\ngood;"]);
    await capture(Deno.execPath(), ["fmt", "--quiet", join(root, good)]);
    await writeNotebook(join(root, bad), ["const   bad=1"]);
    assert.deepEqual(await unformattedNotebooks(root), [bad]);
  }));

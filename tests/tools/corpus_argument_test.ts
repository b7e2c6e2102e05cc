import assert from "node:assert/strict";
import { join } from "node:path";
import { corpusArgument } from "../../tools/corpus_argument.ts";
import { inTempDir } from "./generated_notebook.ts";

Deno.test("corpusArgument() makes a path absolute, from where the command was given", () =>
  inTempDir(async (folder) => {
    await Deno.writeTextFile(join(folder, "tale.txt"), "Once upon a time");
    await Deno.writeTextFile(join(folder, "tale"), "Once upon a time");
    assert.equal(corpusArgument("tale.txt", folder), join(folder, "tale.txt"));
    assert.equal(corpusArgument("./tale", folder), join(folder, "tale"));
    assert.equal(corpusArgument(join(folder, "tale"), "/"), join(folder, "tale"));
  }));

Deno.test("corpusArgument() passes names and addresses on", () => {
  const same = ["shakespeare", "https://example.org/a.txt", "file:///tmp/a.txt"];
  for (const value of same) assert.equal(corpusArgument(value, "/"), value);
  for (const none of [undefined, ""]) assert.equal(corpusArgument(none, "/"), undefined);
});

Deno.test("corpusArgument() names a file that is not there, and where it looked", () =>
  inTempDir((folder) => {
    assert.throws(
      () => corpusArgument("lost.txt", folder),
      new RegExp(`Cannot find the corpus "lost\\.txt": there is no file ${folder}/lost\\.txt`),
    );
    assert.throws(() => corpusArgument(".", folder), /Cannot find the corpus/);
    return Promise.resolve();
  }));

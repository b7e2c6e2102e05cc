import assert from "node:assert/strict";
import { join } from "node:path";
import { projectPaths } from "../../tools/project_paths.ts";
import { readCells, runNotebooks, wholeText, writeNotebook } from "./generated_notebook.ts";

const lib = new URL("../../lib/", import.meta.url).href;

Deno.test("notebooks: where no address can be reached another text stands in, and is named", async () => {
  // Inside the project, so that the notebook finds folio as the course's notebooks do.
  const folder = await Deno.makeTempDir({ dir: projectPaths().outputs, prefix: "unreachable-" });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}/shakespeare.txt`;
  listener.close(); // from now on it refuses
  try {
    await writeNotebook(join(folder, "01_unreachable.ipynb"), [
      `import { knownCorpora } from "${lib}text/known_corpora.ts";
import { loadKnownCorpus } from "${lib}text/load_known_corpus.ts";`,
      `const shakespeare = knownCorpora.find(({ name }) => name === "shakespeare")!;
const corpus = await loadKnownCorpus({ ...shakespeare, urls: ["${url}"] }, { dataDir: "empty" });
console.log(corpus.name, "for", corpus.standIn?.requested, corpus.text.length > 1_000_000);`,
    ]);
    const run = await runNotebooks(folder);
    assert.equal(run.code, 0, run.stdout + run.stderr);
    const [, cell] = await readCells(join(folder, "out", "01_unreachable.ipynb"));
    const said = cell!.outputs.map(({ text }) => wholeText(text)).join("");
    assert.match(said, /moby-dick for shakespeare true/);
    assert.ok(said.includes(`- ${url}: `), said);
    assert.match(said, /put its file at empty\/shakespeare\.txt/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** The program that README.md gives for a text of one's own runs as it stands, with every preset. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { OneStep, type PresetName, presets } from "folio";

const readme = new URL("../README.md", import.meta.url);

/** Puts something else into a program, where it stands exactly once. */
function replaceOnce(program: string, what: string, by: string): string {
  assert.equal(program.split(what).length, 2, `the program has ${what} once`);
  return program.replace(what, () => by);
}

for (const name of Object.keys(presets) as PresetName[]) {
  Deno.test({
    name: `README: its program trains with the preset ${name}, writes and saves`,
    // tfjs keeps timers and a GPU device beyond the test.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const folder = await Deno.makeTempDir();
      const [, program] = /```ts\n(import \{[^]*?)```/.exec(await Deno.readTextFile(readme))!;
      const corpus = join(folder, "my_novel.txt"), bundle = join(folder, "my_novel");
      await Deno.writeTextFile(corpus, "It was the best of times, it was the worst. ".repeat(180));
      const { model, training } = presets[name];
      const small = {
        model: { ...model, embeddingDim: 4, rnnUnits: 8 },
        training: { ...training, epochs: 1 },
      };
      let changed = replaceOnce(
        program!,
        '(corpus, "quick",',
        `(corpus, ${JSON.stringify(small)},`,
      );
      changed = replaceOnce(changed, '"my_novel.txt"', JSON.stringify(corpus));
      changed = replaceOnce(changed, '"outputs/my_novel"', JSON.stringify(bundle));
      const path = join(folder, "program.ts");
      await Deno.writeTextFile(path, changed);
      try {
        await import(pathToFileURL(path).href);
        const writer = await OneStep.load(bundle);
        assert.equal(writer.model.config.rnnUnits, 8);
        writer.dispose();
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

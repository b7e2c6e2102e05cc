/** A run that the command line began on an earlier day is gone on with. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { OneStep } from "folio";
import { readCommandLine } from "../../cli/program.ts";
import { train } from "../../cli/train.ts";
import { inFolder } from "./task.ts";

const old = fileURLToPath(new URL("../testdata/old/", import.meta.url));

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (isDirectory) await copyFolder(source, target);
    else await Deno.copyFile(source, target);
  }
}

for (const { name: day, isDirectory } of Deno.readDirSync(old)) {
  if (!isDirectory) continue;
  Deno.test(`train: a run of ${day} is resumed, and ends as it had ended`, () =>
    inFolder(async (folder) => {
      await copyFolder(join(old, day, "run"), join(folder, "run"));
      await Deno.remove(join(folder, "run", "checkpoints", "epoch-0002"), { recursive: true });
      await Deno.remove(join(folder, "run", "bundle"), { recursive: true });
      const corpus = join(old, "mill.txt");
      const words = ["train", "--corpus", corpus, "--out", "run", "--resume", "--device", "cpu"];
      const reading = readCommandLine(words, { folder });
      assert.ok("command" in reading && reading.command.name === "train");
      assert.equal(await train(reading.command, { requested: false }), 0);
      using writer = await OneStep.load(join(folder, "run", "bundle"));
      const written = await writer.generate("The ", { length: 40, seed: 3 });
      assert.equal(written, "The nrinru sasAsia.roeyyAdAg\neetiwgolruo  Ap");
    }));
}

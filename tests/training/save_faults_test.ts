/** An error, a kill and a power cut at every call of a save: nothing that was saved before is lost. */
import assert from "node:assert/strict";
import { createCharModel, selectDevice } from "folio";
import { writeFolder } from "../../lib/files/folder.ts";
import { disk, type FileSystem, writeWhole } from "../../lib/files/file_system.ts";
import { Checkpoints } from "../../lib/training/checkpoint.ts";
import { FakeFiles, type Fault, Killed } from "../testdata/fake_files.ts";
import { config, contextOf, numbers, record } from "./toy_training.ts";

const faults: readonly Fault[] = ["error", "kill", "kill within", "full"];

/** Something that is saved twice, the second time over the first. */
interface Case {
  readonly name: string;
  /** Saves; 1 is the old state, 2 the new one. */
  readonly save: (files: FileSystem, state: 1 | 2 | 3) => Promise<unknown>;
  /** Which state a reader finds; throws where it finds none or half of one. */
  readonly read: (files: FileSystem) => Promise<unknown>;
  /** What there is once a later save has ended. */
  readonly paths: readonly string[];
}

const model = async () => {
  await selectDevice({ name: "cpu" });
  return createCharModel(config);
};

const folderFiles = (state: number) => ({
  "folio.json": `{"state": ${state}}`,
  "w.bin": `w${state}`,
});
const text = async (files: FileSystem, path: string) =>
  new TextDecoder().decode(await files.read(path));

const cases: readonly Case[] = [
  {
    name: "a bundle's folder",
    save: (files, state) =>
      writeFolder("/out/bundle", folderFiles(state), { marker: "folio.json", files }),
    read: async (files) => {
      const names = await files.list("/out");
      // While it is replaced it may lie beside its place, whole.
      const name = names.find((name) => name === "bundle") ??
        names.find((name) => /^\.bundle\..*\.old$/.test(name));
      const { state } = JSON.parse(await text(files, `/out/${name}/folio.json`));
      assert.equal(await text(files, `/out/${name}/w.bin`), `w${state}`);
      return state;
    },
    paths: ["/out", "/out/bundle", "/out/bundle/folio.json", "/out/bundle/w.bin"],
  },
  {
    name: "a file",
    save: async (files, state) => {
      await files.makeFolder("/out");
      await writeWhole("/out/run.json", `{"state": ${state}}`, files);
    },
    read: async (files) => JSON.parse(await text(files, "/out/run.json")).state,
    paths: ["/out", "/out/run.json"],
  },
];

/** Holds that after a fault a reader finds the old state or the new one, and the next save goes well. */
async function holdCase({ name, save, read, paths }: Case): Promise<number> {
  const first = new FakeFiles();
  await save(first, 1);
  const trial = first.restarted();
  await save(trial, 2);
  let outcomes = 0;
  const holds = async (files: FakeFiles, where: string) => {
    outcomes++;
    const found = await read(files).catch((error) => `${where}: ${error}`);
    assert.ok(found === 1 || found === 2, `${where}: ${found}`);
    await save(files, 3);
    assert.equal(await read(files), 3, where);
    assert.deepEqual(files.paths, paths, `${where}: leftovers`);
  };
  for (let at = 0; at < trial.calls; at++) {
    for (const what of faults) {
      const where = `${name}, ${what} at call ${at}`;
      const files = first.restarted();
      files.fault = { at, what };
      await save(files, 2).catch((error) => {
        if (what === "error" || what === "full") assert.ok(!(error instanceof Killed), where);
      });
      for (const cut of files.afterPowerCut()) await holds(cut, `${where}, then a power cut`);
      await holds(files.restarted(), where);
    }
  }
  return outcomes;
}

for (const each of cases) {
  Deno.test(`save: ${each.name} survives a fault at every call`, async () => {
    const outcomes = await holdCase(each);
    console.log(`${each.name}: ${outcomes} outcomes`);
  });
}

Deno.test("save: a checkpoint survives a fault at every call", async () => {
  using made = await model();
  const before = await numbers(made);
  const context = (epochs: number) =>
    contextOf(made, Array.from({ length: epochs }, (_, i) => record(i + 1, 3 - i)));
  const open = (files: FileSystem) =>
    new Checkpoints("/run/checkpoints", { keep: 1, files, onNotice: () => {} });
  const first = new FakeFiles();
  await open(first).save(context(1));
  const trial = first.restarted();
  await open(trial).save(context(2));
  let outcomes = 0;
  for (let at = 0; at < trial.calls; at++) {
    for (const what of faults) {
      const where = `${what} at call ${at} of ${trial.calls}`;
      const files = first.restarted();
      files.fault = { at, what };
      await open(files).save(context(2)).catch(() => {});
      for (const left of [...files.afterPowerCut(), files.restarted()]) {
        outcomes++;
        const checkpoints = open(left);
        const { epoch } = await checkpoints.restore({ model: made });
        assert.ok(epoch === 1 || epoch === 2, where);
        assert.deepEqual(await numbers(made), before, where);
        await checkpoints.save(context(3));
        assert.equal((await checkpoints.latest())?.epoch, 3, where);
        assert.deepEqual(
          await left.list("/run/checkpoints"),
          ["epoch-0003"],
          `${where}: leftovers`,
        );
      }
    }
  }
  console.log(`a checkpoint: ${outcomes} outcomes`);
});

Deno.test("save: on a real disk the same calls do what they say", async () => {
  const folder = await Deno.makeTempDir({ prefix: "folio-test-" });
  try {
    await disk.makeFolder(`${folder}/a/b`);
    await writeWhole(`${folder}/a/b/text`, "é");
    assert.equal(await text(disk, `${folder}/a/b/text`), "é");
    assert.deepEqual(await disk.list(`${folder}/a/b`), ["text"]);
    assert.equal(await disk.kindOf(`${folder}/a`), "folder");
    assert.equal(await disk.kindOf(`${folder}/a/b/text`), "file");
    assert.equal(await disk.kindOf(`${folder}/a/b/text/none`), undefined);
    await disk.remove(`${folder}/a`);
    await disk.remove(`${folder}/a`);
    assert.equal(await disk.kindOf(`${folder}/a`), undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

import assert from "node:assert/strict";
import { removeFolder, sweepLeftovers, writeFolder } from "../../lib/files/folder.ts";

const options = { marker: "folio.json" };

function folderTest(name: string, test: (dir: string) => Promise<void>): void {
  Deno.test(`folder: ${name}`, async () => {
    const dir = await Deno.makeTempDir();
    try {
      await test(dir);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

const names = (dir: string) => [...Deno.readDirSync(dir)].map(({ name }) => name).sort();

folderTest("texts and bytes are written, parents made", async (dir) => {
  const target = `${dir}/a/b/bundle`;
  const bytes = Uint8Array.of(0, 255, 10);
  await writeFolder(target, { "folio.json": "{}ü", "w.bin": bytes }, options);
  assert.equal(Deno.readTextFileSync(`${target}/folio.json`), "{}ü");
  assert.deepEqual(Deno.readFileSync(`${target}/w.bin`), bytes);
  assert.deepEqual(names(`${dir}/a/b`), ["bundle"]);
});

folderTest("one of ours is replaced as a whole", async (dir) => {
  const target = `${dir}/bundle`;
  await writeFolder(target, { "folio.json": "1", "old.txt": "" }, options);
  await writeFolder(target, { "folio.json": "2", "old.txt": "" }, options);
  await writeFolder(
    `${target}/`,
    { "folio.json": "3", "old.txt": "" },
    options,
  );
  assert.equal(Deno.readTextFileSync(`${target}/folio.json`), "3");
  assert.deepEqual(names(dir), ["bundle"]);
});

folderTest("an empty folder is filled", async (dir) => {
  await writeFolder(dir, { "folio.json": "1" }, options);
  assert.deepEqual(names(dir), ["folio.json"]);
});

folderTest("what is not ours is left alone", async (dir) => {
  const files = { "folio.json": "new" };
  Deno.writeTextFileSync(`${dir}/notes`, "a person's");
  await assert.rejects(
    writeFolder(`${dir}/notes`, files, options),
    /Cannot replace .*notes: it is a file/,
  );
  await assert.rejects(
    writeFolder(dir, files, options),
    /there is no folio.json in it. Choose another/,
  );
  Deno.mkdirSync(`${dir}/bundle`);
  Deno.writeTextFileSync(`${dir}/bundle/folio.json`, "old");
  Deno.writeTextFileSync(`${dir}/bundle/poem.txt`, "a person's");
  await assert.rejects(
    writeFolder(`${dir}/bundle`, files, options),
    /"poem.txt" in it is not ours/,
  );
  assert.equal(Deno.readTextFileSync(`${dir}/bundle/folio.json`), "old");
  assert.deepEqual(names(dir), ["bundle", "notes"]);
});

folderTest("hidden files do not stand in the way", async (dir) => {
  const target = `${dir}/bundle`;
  await writeFolder(target, { "folio.json": "1" }, options);
  Deno.mkdirSync(`${target}/.ipynb_checkpoints`);
  await writeFolder(target, { "folio.json": "2" }, options);
  assert.deepEqual(names(target), ["folio.json"]);
});

folderTest("a failure leaves the old folder and nothing else", async (dir) => {
  const target = `${dir}/bundle`;
  await writeFolder(target, { "folio.json": "old" }, options);
  const files = { "folio.json": "new", "w.bin": 3 as unknown as string };
  await assert.rejects(
    writeFolder(target, files, options),
    /Cannot write the folder .*bundle: /,
  );
  assert.equal(Deno.readTextFileSync(`${target}/folio.json`), "old");
  assert.deepEqual(names(dir), ["bundle"]);
});

folderTest("a rename that fails puts the old folder back", async (dir) => {
  const target = `${dir}/bundle`;
  await writeFolder(target, { "folio.json": "old" }, options);
  const rename = Deno.rename;
  try {
    Deno.rename = (from, to) =>
      String(from).endsWith(".tmp") ? Promise.reject(new Error("no space")) : rename(from, to);
    await assert.rejects(
      writeFolder(target, { "folio.json": "new" }, options),
      /bundle: no space/,
    );
  } finally {
    Deno.rename = rename;
  }
  assert.equal(Deno.readTextFileSync(`${target}/folio.json`), "old");
  assert.deepEqual(names(dir), ["bundle"]);
});

folderTest("a link's folder is replaced, the link stays", async (dir) => {
  await writeFolder(`${dir}/real`, { "folio.json": "1" }, options);
  Deno.symlinkSync(`${dir}/real`, `${dir}/link`);
  await writeFolder(`${dir}/link`, { "folio.json": "2" }, options);
  assert.equal(Deno.readTextFileSync(`${dir}/real/folio.json`), "2");
  assert(Deno.lstatSync(`${dir}/link`).isSymlink);
});

folderTest("names that lead elsewhere are refused", async (dir) => {
  for (const name of ["", "../out", "a/b", "a\\b", ".hidden", ".."]) {
    await assert.rejects(
      writeFolder(`${dir}/bundle`, { [name]: "" }, options),
      TypeError,
    );
  }
  await assert.rejects(writeFolder("/", {}, options), /"\/": give it a name/);
  await assert.rejects(writeFolder("", {}, options), /"": give it a name/);
  assert.deepEqual(names(dir), []);
});

folderTest("leftovers of killed writers are swept", async (dir) => {
  const id = "0123456789ab";
  for (const name of ["kept", ".kept", `.alien.${id}.tmp`, `.one.${id}.tmp`]) {
    Deno.mkdirSync(`${dir}/${name}`);
  }
  Deno.mkdirSync(`${dir}/two`);
  Deno.mkdirSync(`${dir}/.two.${id}.old`); // its replacement came
  Deno.mkdirSync(`${dir}/.three.${id}.old`); // its replacement never came
  await sweepLeftovers(dir, (name) => ["one", "two", "three"].includes(name));
  const left = [`.alien.${id}.tmp`, ".kept", "kept", "three", "two"];
  assert.deepEqual(names(dir), left);
});

folderTest("the next write sweeps its own leftovers", async (dir) => {
  Deno.mkdirSync(`${dir}/.bundle.0123456789ab.tmp`);
  await writeFolder(`${dir}/bundle`, { "folio.json": "" }, options);
  assert.deepEqual(names(dir), ["bundle"]);
});

folderTest("a folder is removed whole", async (dir) => {
  await writeFolder(`${dir}/bundle`, { "folio.json": "" }, options);
  await removeFolder(`${dir}/bundle`);
  assert.deepEqual(names(dir), []);
});

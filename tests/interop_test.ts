import assert from "node:assert/strict";

const read = (name: string) =>
  Deno.readTextFileSync(new URL(`../interop/${name}.py`, import.meta.url));

Deno.test("folio_keras.py and folio_torch.py are the same from their mark on", () => {
  const [keras, torch] = ["folio_keras", "folio_torch"].map((name) =>
    read(name).split(/^# -+ From here on .* are the same -+$/m)
  );
  assert.equal(keras!.length, 2);
  assert.equal(torch!.length, 2);
  assert.ok(keras![1]!.includes("def read_bundle("));
  assert.equal(keras![1], torch![1]);
});

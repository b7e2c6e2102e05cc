import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createCharModel, presets, selectDevice, sparseCategoricalCrossentropy } from "folio";
import { recoverEngine } from "../../../lib/kernels/mod.ts";
import type { WasmBackend } from "../../../lib/kernels/wasm/backend.ts";
import { mostTensorBytes } from "../../../lib/kernels/wasm/heap_limit.ts";

Deno.test("heap limit: a full heap is an error, and nothing of what was begun stays", async () => {
  await selectDevice({ name: "wasm", blas: "none" });
  const { wasm } = tf.backend() as unknown as WasmBackend;
  using model = createCharModel({
    ...{ ...presets.quick.model, vocabularySize: 7, embeddingDim: 3, rnnUnits: 8 },
  });
  const ids = tf.zeros<tf.Rank.R2>([2, 6], "int32");
  const learn = () =>
    tf.tidy(() => {
      const loss = () =>
        sparseCategoricalCrossentropy(ids, model.network.apply(ids) as tf.Tensor) as tf.Scalar;
      return Array.from(tf.variableGrads(loss, model.network.variables()).value.dataSync());
    });
  const expected = learn();
  const before = tf.memory().numTensors;
  // The heap is full from the n-th allocation on: wherever that falls, the same comes out afterwards.
  const malloc = wasm._malloc;
  const live = new Map<number, number>();
  const free = (wasm as unknown as { _free(address: number): void })._free;
  Object.assign(wasm, { _free: (address: number) => (live.delete(address >>> 0), free(address)) });
  let refused = 0;
  for (let most = 0;; most++) {
    let count = 0;
    wasm._malloc = (bytes) => {
      const address = malloc(count++ === most ? mostTensorBytes + 1 : bytes);
      live.set(address >>> 0, bytes);
      return address;
    };
    try {
      learn();
      break;
    } catch (error) {
      assert.match((error as Error).message, /^WebAssembly's memory is full: 2\.15 GB at once/);
      refused++;
    } finally {
      wasm._malloc = malloc;
    }
    recoverEngine(); // As whatever comes next begins: it frees the tape.
    assert.equal(tf.memory().numTensors, before);
    // tfjs' Pack counts its two inputs, biases of 3 · 8 floats, in and, where it finds no memory, not out.
    assert.ok([...live.values()].every((bytes) => bytes === 96) && live.size <= 2, `${most}`);
    live.clear();
  }
  Object.assign(wasm, { _free: free });
  assert.ok(refused > 20, `${refused} allocations`);
  assert.deepEqual(learn(), expected);
  ids.dispose();
});

Deno.test("heap limit: more than 4 GiB are refused, and not taken modulo 2³²", async () => {
  await selectDevice({ name: "wasm", blas: "none" });
  const before = tf.memory();
  assert.throws(
    () => createCharModel({ vocabularySize: 7, embeddingDim: 2, rnnUnits: 20_000 }),
    /^Error: Cannot make so large a model: its [\d,]+ parameters do not fit \(WebAssembly's memory/,
  );
  const { numTensors, numBytes } = tf.memory();
  assert.deepEqual([numTensors, numBytes], [before.numTensors, before.numBytes]);
});

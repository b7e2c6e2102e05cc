/** Who makes a model disposes it. */
import assert from "node:assert/strict";
import { openStepper } from "../../lib/model/stepper.ts";
import * as tf from "@tensorflow/tfjs";
import { Adam, OneStep, selectDevice, sequenceBatches, train } from "folio";
import { smallWriter } from "./writers.ts";

const tensors = () => tf.memory().numTensors;

Deno.test("ownership: a writer leaves the model that it was given", async () => {
  await selectDevice({ name: "cpu" });
  const before = tensors();
  const { model, vocabulary } = smallWriter();
  const made = tensors();
  const text = await new OneStep(model, vocabulary).generate("to", { length: 9 });
  {
    using writer = new OneStep(model, vocabulary);
    writer.dispose();
  }
  assert.equal(tensors(), made);
  assert.equal(await new OneStep(model, vocabulary).generate("to", { length: 9 }), text);
  model.dispose();
  assert.equal(tensors(), before);
});

Deno.test("ownership: a loaded writer frees its model, once", async () => {
  await selectDevice({ name: "cpu" });
  const dir = await Deno.makeTempDir();
  const saved = smallWriter();
  await saved.save(dir);
  saved.model.dispose();
  const before = tensors();
  {
    using writer = await OneStep.load(dir);
    assert(tensors() > before);
    await writer.generate("to", { length: 3 });
  }
  assert.equal(tensors(), before);
  {
    using writer = await OneStep.load(dir);
    writer.dispose(); // and once more at the end of the block
    assert.equal(tensors(), before);
  }
  assert.equal(tensors(), before);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("ownership: model, optimizer and stepper end with their block", async () => {
  await selectDevice({ name: "wasm", blas: "none" });
  const before = tensors();
  {
    using model = smallWriter().model;
    using optimizer = new Adam();
    const ids = Int32Array.from({ length: 41 }, (_, i) => 1 + i % 4);
    const batches = sequenceBatches(ids, { sequenceLength: 9, batchSize: 2 });
    await train(model, batches, { epochs: 1, optimizer });
    const { logits, state } = tf.tidy(() => {
      const { logits, state } = model.forward(tf.tensor2d([[1, 2]], [1, 2], "int32"));
      return { logits, state: [...state] };
    });
    {
      using stepper = openStepper(model, state);
      await stepper.step(Int32Array.of(3));
    }
    tf.dispose([logits, ...state]);
    model.dispose(); // and once more at the end of the block
  }
  assert.equal(tensors(), before);
});

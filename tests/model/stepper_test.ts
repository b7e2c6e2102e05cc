import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { createCharModel, selectDevice } from "folio";
import { ForwardStepper, openStepper } from "../../lib/model/stepper.ts";
import { relativeError, someNumbers } from "../testdata/numbers.ts";

for (const blas of ["auto", "none"]) {
  for (const [units, layers, batch] of [[64, 1, 1], [64, 2, 3], [20, 2, 2]] as const) {
    Deno.test({
      name: `steps past tfjs are those of the model, ${units} units, ${layers} layers, ` +
        `${batch} texts, BLAS ${blas}, also when the heap grows`,
      // Threads outlive the test.
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        await selectDevice({ name: "wasm", blas });
        const model = createCharModel({
          ...{ vocabularySize: 11, embeddingDim: 8, rnnUnits: units, layers },
          ...{ embeddingScale: 1, seed: 4 },
        });
        const { numTensors } = tf.memory();
        const state = Array.from(
          { length: layers },
          (_, i) =>
            tf.tensor2d(Float32Array.from(someNumbers(batch! * units!, { text: i })), [
              batch!,
              units!,
            ]),
        );
        const steppers = [openStepper(model, state), new ForwardStepper(model, state)];
        assert.notEqual(steppers[0]!.constructor, ForwardStepper);
        const heap = () => (tf.backend() as unknown as Heap).wasm.HEAPU8.buffer;
        for (let i = 0; i < 6; i++) {
          const ids = Int32Array.from({ length: batch }, (_, b) => 1 + (3 * i + 7 * b) % 10);
          const [actual, expected] = await Promise.all(steppers.map((own) => own.step(ids)));
          for (const [b, row] of expected!.entries()) {
            const error = relativeError(actual![b]!, row);
            assert.ok(error < 1e-5, `text ${b} is ${error} off after ${i + 1} steps`);
          }
          if (i !== 2) continue;
          const before = heap();
          tf.zeros([before.byteLength / 4]).dispose();
          assert.notEqual(heap(), before, "the heap should have grown");
        }
        for (const stepper of steppers) stepper.dispose();
        tf.dispose(state);
        assert.equal(tf.memory().numTensors, numTensors);
        model.dispose();
      },
    });
  }
}

interface Heap {
  readonly wasm: { readonly HEAPU8: Uint8Array };
}

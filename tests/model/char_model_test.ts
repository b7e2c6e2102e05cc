import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  CharNetwork,
  createCharModel,
  type DeviceChoice,
  type ModelConfig,
  presets,
  selectDevice,
  sequenceBatches,
  sparseCategoricalCrossentropy,
} from "folio";
import { testOnDevices } from "../testdata/devices.ts";
import { relativeError } from "../testdata/numbers.ts";

const small: ModelConfig = {
  vocabularySize: 5,
  embeddingDim: 3,
  rnnUnits: 4,
  layers: 1,
  embeddingScale: 0.05,
  seed: 1,
};

const someIds = () => tf.tensor2d([[1, 2, 3, 4], [4, 3, 0, 1]], [2, 4], "int32");

Deno.test("the tutorial's model has the tutorial's parameters", async () => {
  await selectDevice({ name: "wasm" });
  const config = { ...presets.tutorial.model, vocabularySize: 66 };
  const model = createCharModel(config, { initialize: false });
  const sizes = model.network.layers.map((layer) => layer.countParams());
  assert.deepEqual(sizes, [0, 16_896, 3_938_304, 67_650]);
  assert.equal(model.network.countParams(), 4_022_850);
  const lines: string[] = [];
  model.network.summary(100, undefined, (line) => lines.push(line));
  assert.ok(lines.some((line) => line.includes("Total params: 4022850")));
  model.dispose();
});

testOnDevices(
  "forward carries its state: two halves are the whole",
  async (device) => {
    for (const layers of [1, 2]) {
      const model = createCharModel({ ...small, layers });
      const ids = someIds();
      const before = tf.memory().numTensors;
      const whole = model.forward(ids);
      const [left, right] = tf.split(ids, 2, 1) as tf.Tensor2D[];
      const first = model.forward(left!);
      const second = model.forward(right!, first.state);
      const joined = tf.concat([first.logits, second.logits], 1);
      assert.deepEqual(whole.logits.shape, [2, 4, 5]);
      assert.equal(whole.state.length, layers);
      assert.deepEqual(whole.state[0]!.shape, [2, 4]);
      assert.ok(
        relativeError(await joined.data(), await whole.logits.data()) <=
          device.tolerance,
      );
      for (const i of whole.state.keys()) {
        const error = relativeError(
          await second.state[i]!.data(),
          await whole.state[i]!.data(),
        );
        assert.ok(error <= device.tolerance);
      }
      const outputs = [whole, first, second].flatMap((
        { logits, state },
      ) => [logits, ...state]);
      tf.dispose([...outputs, left, right, joined]);
      assert.equal(tf.memory().numTensors, before);
      ids.dispose();
      model.dispose();
    }
  },
);

testOnDevices(
  "forward and the network give the same logits",
  async (device) => {
    const model = createCharModel(small);
    const ids = someIds();
    const { logits } = model.forward(ids);
    const predicted = model.network.predict(ids) as tf.Tensor;
    assert.ok(
      relativeError(await predicted.data(), await logits.data()) <=
        device.tolerance,
    );
    model.dispose();
  },
);

Deno.test("the same seed gives the same weights on every device, another seed others", async () => {
  const weightsOn = async (name: DeviceChoice, seed: number) => {
    await selectDevice({ name });
    const model = createCharModel({ ...small, seed });
    const values = await Promise.all(
      model.weights().map(({ variable }) => variable.data()),
    );
    model.dispose();
    return values.map((value) => [...value]);
  };
  const onCpu = await weightsOn("cpu", 1);
  assert.deepEqual(await weightsOn("wasm", 1), onCpu);
  const other = await weightsOn("cpu", 2);
  for (const i of [0, 1, 2, 4]) assert.notDeepEqual(other[i], onCpu[i]);
  assert.deepEqual(onCpu[3], new Array(24).fill(0), "the biases begin at zero");
});

Deno.test("all gradients of the whole model are those of finite differences", async () => {
  await selectDevice({ name: "cpu" });
  const model = createCharModel({ ...small, layers: 2, embeddingScale: 1 });
  const [ids, targets] = [someIds(), tf.tensor2d([[2, 3, 4, 1], [3, 0, 1, 2]])];
  const loss = () =>
    sparseCategoricalCrossentropy(
      targets,
      model.network.apply(ids) as tf.Tensor,
    );
  const { grads } = tf.variableGrads(loss, model.network.variables());
  for (const { name, variable } of model.weights()) {
    const values = await variable.data() as Float32Array;
    const gradient = await grads[variable.name]!.data();
    const step = 1e-2;
    const differences = values.map((value, i) => {
      const at = (shift: number) => {
        const shifted = Float32Array.from(values);
        shifted[i] = value + shift;
        tf.tidy(() => variable.assign(tf.tensor(shifted, variable.shape)));
        return tf.tidy(() => loss().dataSync()[0]);
      };
      return (at(step)! - at(-step)!) / (2 * step);
    });
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
    const error = relativeError(gradient, differences);
    assert.ok(error < 5e-3, `the gradient of ${name} is ${error} off`);
  }
});

Deno.test("the network saves and loads through tfjs' own io", async () => {
  await selectDevice({ name: "wasm" });
  const model = createCharModel({ ...small, layers: 2 });
  let saved: tf.io.ModelArtifacts | undefined;
  await model.network.save(tf.io.withSaveHandler((artifacts) => {
    saved = artifacts;
    return Promise.resolve({
      modelArtifactsInfo: {
        dateSaved: new Date(),
        modelTopologyType: "JSON" as const,
      },
    });
  }));
  const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved!));
  const ids = someIds();
  const [before, after] = [model.network, loaded].map((network) => network.predict(ids));
  assert.deepEqual(
    await (after as tf.Tensor).data(),
    await (before as tf.Tensor).data(),
  );
});

Deno.test("fitDataset trains by trainStep, which a subclass may override", async () => {
  await selectDevice({ name: "cpu" });
  class Counting extends CharNetwork {
    steps = 0;
    override trainStep(inputs: tf.Tensor2D, targets: tf.Tensor2D): tf.Scalar {
      this.steps++;
      return super.trainStep(inputs, targets);
    }
  }
  const model = createCharModel(small);
  const network = new Counting(model.network.parts);
  network.compile({
    optimizer: tf.train.sgd(1),
    loss: sparseCategoricalCrossentropy,
    metrics: [sparseCategoricalCrossentropy],
  });
  const ids = Int32Array.from({ length: 61 }, (_, i) => 1 + i % 4);
  const batches = sequenceBatches(ids, { sequenceLength: 5, batchSize: 3 });
  const { history } = await network.fitDataset(
    batches,
    {
      epochs: 2,
      verbose: 0,
      validationData: batches,
    },
  );
  assert.equal(network.steps, 2 * batches.size);
  const losses = history.loss as number[];
  assert.ok(losses[1]! < losses[0]!);
  assert.equal((history.val_loss as number[]).length, 2);
});

Deno.test("sizes that make no model are refused by name", () => {
  for (
    const [key, value] of Object.entries({
      rnnUnits: 0,
      layers: 1.5,
      vocabularySize: NaN,
    })
  ) {
    assert.throws(
      () => createCharModel({ ...small, [key]: value }),
      new RegExp(`Cannot build a model with ${key} ${value}`),
    );
  }
});

Deno.test("only the vocabulary's size must be given: the rest is the tutorial's", async () => {
  await selectDevice({ name: "wasm" });
  using model = createCharModel({ vocabularySize: 66 });
  assert.deepEqual(model.config, { vocabularySize: 66, ...presets.tutorial.model });
  assert.equal(model.network.countParams(), 4_022_850);
});

Deno.test("what is no size of a model is refused by its name, and leaves nothing behind", async () => {
  await selectDevice({ name: "cpu" });
  const before = tf.memory().numTensors;
  const wrong: [Partial<ModelConfig>, RegExp][] = [
    [{ layers: 0 }, /layers 0/],
    [{ rnnUnits: 1.5 }, /rnnUnits 1.5/],
    [{ embeddingDim: "8" as never }, /embeddingDim 8/],
    [{ vocabularySize: NaN }, /vocabularySize NaN/],
    [{ embeddingScale: -1 }, /embeddingScale -1/],
    [{ embeddingScale: Infinity }, /embeddingScale Infinity/],
    [{ seed: -1 }, /-1 as seed/],
    [{ seed: 0.5 }, /0.5 as seed/],
  ];
  for (const [change, message] of wrong) {
    assert.throws(() => createCharModel({ ...small, ...change }), { name: "RangeError", message });
  }
  assert.equal(tf.memory().numTensors, before);
});

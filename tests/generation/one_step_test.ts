import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { selectDevice } from "../../lib/device.ts";
import { OneStep } from "../../lib/generation/one_step.ts";
import type { StepState } from "../../lib/generation/step.ts";
import { Vocabulary } from "../../lib/text/vocabulary.ts";
import { testOnDevices } from "../testdata/devices.ts";
import { smallWriter } from "./writers.ts";

interface WriterTestOptions {
  readonly layers?: number;
  /** Whether what is tested does not depend on the device. */
  readonly onlyCpu?: boolean;
}

/** Runs a test with a small writer, and holds the tensors. */
function writerTest(
  name: string,
  test: (writer: OneStep) => Promise<void>,
  { layers = 1, onlyCpu = false }: WriterTestOptions = {},
): void {
  const run = async () => {
    const before = tf.memory().numTensors;
    const writer = smallWriter({ layers });
    const tensors = tf.memory().numTensors;
    await test(writer);
    assert.equal(tf.memory().numTensors, tensors, "tensors leak");
    writer.dispose();
    assert.equal(tf.memory().numTensors, tensors, "a model that was handed in stays");
    writer.model.dispose();
    assert.equal(tf.memory().numTensors, before, "weights leak");
  };
  if (!onlyCpu) return testOnDevices(`one step: ${name}`, run);
  Deno.test(`one step: ${name}`, async () => {
    await selectDevice({ name: "cpu" });
    await run();
  });
}

const codePoints = (text: string) => [...text].length;

writerTest("length counts characters, not code units", async (writer) => {
  for (const length of [0, 1, 40]) {
    const text = await writer.generate("to", { length });
    assert(text.startsWith("to"));
    assert.equal(codePoints(text), 2 + length);
    assert(!text.includes("[UNK]"));
  }
  assert.equal(codePoints(await writer.generate("t")), 1001);
}, { onlyCpu: true });

writerTest("the seed and the temperature decide the text", async (writer) => {
  const write = (seed: number, temperature = 1) =>
    writer.generate("to", { length: 60, seed, temperature });
  assert.equal(await write(7), await write(7));
  assert.notEqual(await write(7), await write(8));
  assert.notEqual(await write(7), await write(7, 3));
  // Cold writing is the likeliest text, whatever the seed.
  assert.equal(await write(7, 1e-6), await write(8, 1e-6));
}, { onlyCpu: true });

writerTest("the stream joined is what generate writes", async (writer) => {
  const options = { length: 20, seed: 4, temperature: 1.3 };
  let text = "or not";
  for await (const character of writer.stream(text, options)) {
    assert.equal(codePoints(character), 1);
    text += character;
  }
  assert.equal(text, await writer.generate("or not", options));
}, { layers: 2 });

writerTest("a stream shows the logits that its characters are drawn from", async (writer) => {
  const seen = new Map<number, Float32Array>();
  const onLogits = (logits: Float32Array, position: number) => seen.set(position, logits.slice());
  let text = "to be";
  for await (const character of writer.stream(text, { length: 30, seed: 4, onLogits })) {
    text += character;
  }
  // Where the device draws, it stops to show them after 8 characters, and after 16 more.
  const isShownAll = seen.has(1);
  const positions = isShownAll ? [...Array(30).keys()] : [0, 8, 24, 30];
  assert.deepEqual([...seen.keys()], positions);
  for (const position of [0, 8, 24]) {
    const { logits: [logits] } = await writer.step([[...text].slice(0, 5 + position).join("")]);
    const difference = logits!.map((logit, id) => Math.abs(logit - seen.get(position)![id]!));
    assert(Math.max(...difference) < 1e-4, `${position}: ${difference}`);
  }
  assert.equal(text, await writer.generate("to be", { length: 30, seed: 4 }));
}, { layers: 2 });

writerTest("prompts of any lengths make one batch", async (writer) => {
  const prompts = ["to be, or not", "n", "be: ü 🦜", "to"];
  const options = { length: 20, temperature: 1e-6 };
  // Cold, so that a text is the same whichever random numbers it gets.
  const alone = await Promise.all(
    prompts.map((prompt) => writer.generate(prompt, options)),
  );
  assert.deepEqual(await writer.generate(prompts, options), alone);
  assert.equal(new Set(alone.map((text) => text.slice(-20))).size > 1, true);
}, { layers: 2 });

writerTest(
  "text 0 of a batch is as it would be alone",
  async (writer) => {
    const options = { length: 20, seed: 9 };
    const [first, second] = await writer.generate(["to", "to"], options);
    assert.equal(first, await writer.generate("to", options));
    assert.notEqual(second, first);
    assert.deepEqual(await writer.generate(["to"], options), [first]);
  },
);

writerTest("a long prompt is read as one pass would", async (writer) => {
  const prompt = "to be or ".repeat(29); // longer than a piece
  const ids = writer.vocabulary.encode(prompt);
  const input = tf.tensor2d(ids, [1, ids.length], "int32");
  const { logits, state } = writer.model.forward(input);
  const expected = (await logits.data()).slice(-writer.vocabulary.size);
  const step = await writer.step([prompt]);
  expected.forEach((logit, id) => {
    assert(Math.abs(step.logits[0]![id]! - logit) < 1e-4, `${step.logits[0]} and ${expected}`);
  });
  const units = await state[1]!.data();
  units.forEach((unit, i) => assert(Math.abs(step.state.hidden[1]![i]! - unit) < 1e-4));
  tf.dispose([input, logits, ...state]);
}, { layers: 2 });

writerTest("the loop by hand writes what generate writes", async (writer) => {
  let next: readonly string[] = ["to", "or not"], state: StepState | undefined;
  const texts = [...next];
  for (let n = 0; n < 15; n++) {
    const step = await writer.step(next, state, { temperature: 0.9, seed: 5 });
    [next, state] = [step.characters, step.state];
    next.forEach((character, text) => texts[text] += character);
  }
  assert.deepEqual(
    texts,
    await writer.generate(["to", "or not"], {
      length: 15,
      temperature: 0.9,
      seed: 5,
    }),
  );
}, { layers: 2 });

writerTest("a step takes ids, and can be taken again", async (writer) => {
  const ids = writer.vocabulary.encode("to");
  const tensor = tf.tensor2d(ids, [1, 2], "int32");
  const first = await writer.step(tensor);
  tensor.dispose();
  assert.deepEqual(first, await writer.step(["to"]));
  assert.equal(first.characters[0], writer.vocabulary.decode(first.ids));
  assert.equal(first.logits[0]!.length, writer.vocabulary.size);
  assert.equal(first.state.position, 1);
  const second = await writer.step(first.characters, first.state);
  assert.deepEqual(
    await writer.step(first.characters, first.state),
    second,
  );
  assert.notDeepEqual(second.state.hidden, first.state.hidden);
});

writerTest("a step refuses what it cannot go on from", async (writer) => {
  const { state } = await writer.step(["to", "be"]);
  const refused = (
    inputs: string[],
    from: StepState | undefined,
    message: RegExp,
  ) => assert.rejects(writer.step(inputs, from), message);
  await refused(["t"], state, /with 1 texts: the state is of 2/);
  await refused(["t", "oo"], state, /equally many characters/);
  const hidden = [new Float32Array(3)];
  await refused(["t", "o"], { ...state, hidden }, /of another model/);
  await refused([], undefined, /Cannot continue \[\]/);
  for (
    const [values, shape, message] of [
      [[99], [1, 1], /Cannot continue id 99: the ids go from 0 to \d+/],
      [[-1], [1, 1], /Cannot continue id -1/],
      [[], [1, 0], /ids of shape \[1, 0\]/],
    ] as const
  ) {
    const ids = tf.tensor2d([...values], [...shape], "int32");
    await assert.rejects(writer.step(ids), message);
    ids.dispose();
  }
}, { onlyCpu: true });

writerTest("bad prompts are named", async (writer) => {
  const both = async (prompt: string, message: RegExp) => {
    await assert.rejects(writer.generate(prompt), message);
    assert.throws(() => writer.stream(prompt), message);
  };
  await both("", /Cannot continue prompt 0, ""/);
  await both("to ñ", /Cannot encode "ñ" \(U\+00F1\)/);
  await both(3 as unknown as string, /Cannot continue|it is no string/);
  await assert.rejects(writer.generate([]), RangeError);
  await assert.rejects(writer.generate(["to", ""]), /prompt 1, ""/);
  await assert.rejects(
    writer.generate(["to", null as unknown as string]),
    /prompt 1: it is no string/,
  );
}, { onlyCpu: true });

writerTest(
  "bad options are named at once",
  async (writer) => {
    const both = async (options: object, message: RegExp) => {
      await assert.rejects(writer.generate("to", options), message);
      assert.throws(() => writer.stream("to", options), message);
    };
    for (const length of [-1, 1.5, NaN, Infinity]) {
      await both({ length }, new RegExp(`Cannot write ${length} characters`));
    }
    await both({ length: "9" }, /Cannot use length 9: it is not a number/);
    await both({ temperature: 0 }, /Cannot use temperature 0/);
    await both({ temperature: "1" }, /Cannot use temperature "1"/);
    await both({ seed: -1 }, /Cannot use -1 as seed/);
    await both({ seed: 0.5 }, /Cannot use 0.5 as seed/);
    await assert.rejects(
      writer.step(["t"], undefined, { seed: -1 }),
      RangeError,
    );
    await assert.rejects(
      writer.step(["t"], undefined, { temperature: NaN }),
      /Cannot use temperature NaN/,
    );
  },
  { onlyCpu: true },
);

writerTest("a stream that is left early frees all it holds", async (writer) => {
  let written = "";
  for await (const character of writer.stream("to")) {
    written += character;
    if (codePoints(written) === 3) break;
  }
  assert.equal(codePoints(written), 3);
  const unread = writer.stream("to");
  await unread.return?.();
  await assert.rejects(async () => {
    for await (const _ of writer.stream("to")) throw new Error("mine");
  }, /mine/);
});

writerTest(
  "an aborted stream stops after a character",
  async (writer) => {
    const controller = new AbortController(), { signal } = controller;
    const reason = new Error("enough");
    let written = 0;
    await assert.rejects(async () => {
      for await (const _ of writer.stream("to", { signal })) {
        if (++written === 5) controller.abort(reason);
      }
    }, (error) => error === reason);
    assert.equal(written, 5);
    await assert.rejects(
      writer.generate("to", { signal }),
      (error) => error === reason,
    );
  },
);

writerTest(
  "a timer can stop a long text",
  async (writer) => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(new Error("timer")), 1);
    await assert.rejects(
      writer.generate("to", { length: 1e6, signal: controller.signal }),
      /timer/,
    );
    clearTimeout(timer);
  },
);

writerTest("diverged weights are an error, not a text", async (writer) => {
  const { variable } = writer.model.weights().at(-1)!;
  tf.tidy(() => variable.assign(tf.fill(variable.shape, NaN)));
  await assert.rejects(writer.generate("to"), /the logit of id 1 is NaN/);
  await assert.rejects(writer.step(["to", "b"]), /is NaN/);
}, { onlyCpu: true });

Deno.test("one step: a vocabulary of another size is refused", async () => {
  await selectDevice({ name: "cpu" });
  const { model } = smallWriter();
  assert.throws(
    () => new OneStep(model, Vocabulary.fromText("ab")),
    /a model of 12 tokens and a vocabulary of 3/,
  );
  model.dispose();
});

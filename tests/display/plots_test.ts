import assert from "node:assert/strict";
import {
  alignment,
  characterFrequencies,
  createPlot,
  distribution,
  lossCurve,
  modelShape,
  type Plot,
  temperatureDistributions,
} from "../../lib/display/plots.ts";
import fc from "../testdata/fast_check.ts";

const numbers = (plot: Plot, trace: number, key: "x" | "y") => plot.data[trace]![key] as number[];

const sizes = {
  vocabularySize: 66,
  embeddingDim: 256,
  rnnUnits: 1024,
  layers: 1,
};

Deno.test("a plot is drawn by plotly in a notebook and is its summary elsewhere", () => {
  const data = [{ type: "scatter", x: [1], y: [2] }];
  const plot = createPlot(data, { title: "T", summary: "one point" });
  const show = Reflect.get(plot, Symbol.for("Jupyter.display")) as () => unknown;
  assert.deepEqual(show(), {
    "application/vnd.plotly.v1+json": { data, layout: plot.layout },
    "text/plain": "one point",
  });
  assert.equal(Deno.inspect(plot), "one point");
});

Deno.test("every plot survives JSON, has a title, a size, and titled axes", () => {
  const labels = ["[UNK]", "a", "b"];
  const plots = [
    characterFrequencies("to be"),
    alignment("Hell", "ello"),
    distribution([0, 1, 2], { labels }),
    temperatureDistributions([0, 1, 2], { labels }),
    lossCurve({ run: [{ epoch: 1, loss: 2, validationLoss: 2.1 }] }),
    modelShape(sizes),
  ];
  for (const plot of plots) {
    assert.deepEqual(JSON.parse(JSON.stringify(plot.data)), plot.data);
    const layout = plot.layout as Record<string, Record<string, unknown>>;
    assert.match((layout.title as { text: string }).text, /\w/);
    assert.equal(typeof layout.width, "number");
    assert.equal(typeof layout.height, "number");
    if (layout.xaxis!.visible === false) continue;
    assert.match((layout.xaxis!.title as { text: string }).text, /\w/);
  }
});

Deno.test("character frequencies are sorted, complete, and count code points", () => {
  const plot = characterFrequencies("aa\n\n\n😀");
  assert.deepEqual(plot.data[0]!.x, ["↵", "a", "😀"]);
  assert.deepEqual(plot.data[0]!.y, [3, 2, 1]);
  assert.match(plot.summary, /^6 characters, 3 of them different\./);
});

Deno.test("character frequencies of a large alphabet keep the most frequent", () => {
  const text = Array.from(
    { length: 200 },
    (_, i) => String.fromCodePoint(0x4e00 + i),
  ).join("");
  const plot = characterFrequencies(text + text[150], { limit: 10 });
  assert.equal(numbers(plot, 0, "y").length, 10);
  assert.equal(numbers(plot, 0, "y")[0], 2);
  assert.match(plot.summary, /200 of them different, the 10 most frequent/);
});

Deno.test("labels that plotly would read as markup are escaped", () => {
  assert.deepEqual(characterFrequencies("<<<>>&").data[0]!.x, [
    "&lt;",
    "&gt;",
    "&amp;",
  ]);
});

Deno.test("alignment pairs each input with its target and says what it leaves out", () => {
  const plot = alignment("Hell", "ello");
  assert.deepEqual(plot.data[0]!.text, ["H", "e", "l", "l"]);
  assert.deepEqual(plot.data[1]!.text, ["e", "l", "l", "o"]);
  assert.equal((plot.layout.annotations as unknown[]).length, 4);
  assert.equal(
    alignment("abcdef", "bcdefg", { limit: 2 }).summary,
    "Input above target, the first 2 of 6 steps.\nstep 0: a → b\nstep 1: b → c",
  );
  assert.throws(() => alignment("abc", "bc"), {
    name: "RangeError",
    message: /Cannot align 3 inputs with 2 targets/,
  });
});

Deno.test("the distribution is the softmax of the logits, however large", () => {
  fc.assert(fc.property(
    fc.array(fc.double({ min: -1e4, max: 1e4, noNaN: true }), {
      minLength: 2,
      maxLength: 50,
    }),
    (logits) => {
      const labels = logits.map((_, id) => String(id));
      const y = numbers(distribution(logits, { labels }), 0, "y");
      assert.ok(Math.abs(y.reduce((a, b) => a + b, 0) - 1) < 1e-9);
      const best = logits.indexOf(Math.max(...logits));
      assert.equal(y[best], Math.max(...y));
    },
  ));
});

Deno.test("the distribution draws the uniform line and refuses labels that do not fit", () => {
  const plot = distribution(new Float32Array(4), {
    labels: ["a", "b", "c", "d"],
  });
  assert.deepEqual(plot.data[0]!.y, [0.25, 0.25, 0.25, 0.25]);
  assert.deepEqual(plot.data[1]!.y, [0.25, 0.25]);
  assert.throws(() => distribution([1], { labels: [] }), RangeError);
  assert.throws(
    () => temperatureDistributions([1], { labels: [] }),
    RangeError,
  );
});

Deno.test("temperature sharpens or flattens the likeliest characters", () => {
  const plot = temperatureDistributions([1, 3, 2], {
    labels: ["a", "b", "c"],
    temperatures: [0.5, 1, 2],
    limit: 2,
  });
  assert.deepEqual(
    plot.data.map((trace) => trace.x),
    Array(3).fill(["b", "c"]),
  );
  const first = plot.data.map((_, trace) => numbers(plot, trace, "y")[0]);
  assert.ok(first[0]! > first[1]! && first[1]! > first[2]!);
  // softmax of (1, 3, 2) at temperature 1
  const expected = 1 / (Math.exp(-2) + 1 + Math.exp(-1));
  assert.ok(Math.abs(first[1]! - expected) < 1e-12);
});

Deno.test("the loss curve has a line a run, its validation, and the loss of guessing", () => {
  const plot = lossCurve({
    first: [{ epoch: 1, loss: 3, validationLoss: 2.9 }, { epoch: 2, loss: 2 }],
    second: [{ epoch: 1, loss: 2.5 }],
    empty: [],
  }, { vocabularySize: 66 });
  assert.deepEqual(plot.data.map((trace) => trace.name), [
    "first",
    "first, validation",
    "second",
    "empty",
    "guessing: ln 66 = 4.19",
  ]);
  assert.deepEqual(plot.data[1]!.x, [1]);
  assert.deepEqual(plot.data.at(-1)?.y, [Math.log(66), Math.log(66)]);
  assert.match(
    plot.summary,
    /first: loss 3\.0000 at epoch 1, 2\.0000 at epoch 2\./,
  );
  assert.match(plot.summary, /empty: nothing yet/);
});

Deno.test("the model's shape counts the parameters of every layer", () => {
  assert.match(modelShape(sizes).summary, /16,896[^]*3,938,304[^]*67,650/);
  // A second GRU reads the first one's units: 3 × 1024 × (1024 + 1024 + 2).
  const deep = modelShape({ ...sizes, layers: 2 });
  assert.match(deep.summary, /10,320,450 parameters/);
  assert.match(deep.summary, /GRU 2: 1024 units, 6,297,600 parameters/);
  assert.throws(() => modelShape(sizes, { text: "ROM" }), RangeError);
});

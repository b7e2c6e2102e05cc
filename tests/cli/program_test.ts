import assert from "node:assert/strict";
import { join } from "node:path";
import type { GenerateCommand, TrainCommand } from "../../cli/commands.ts";
import { UsageError } from "../../cli/exit.ts";
import { readCommandLine } from "../../cli/program.ts";
import {
  newSettings,
  presetSettings,
  resumedSettings,
  settingOptions,
} from "../../cli/settings.ts";
import { presets } from "folio";
import fc from "../testdata/fast_check.ts";

const folder = "/home/me";
const read = (args: readonly string[], more = {}) => readCommandLine(args, { folder, ...more });
const command = (args: readonly string[], more = {}) => {
  const reading = read(args, more);
  assert.ok("command" in reading);
  return reading.command;
};
const train = ["train", "--corpus", "my text.txt", "--out", "out/my"];

Deno.test("a training: paths from where the command is given, only given settings", () => {
  assert.deepEqual(command(train), {
    name: "train",
    corpus: "/home/me/my text.txt",
    out: "/home/me/out/my",
    preset: undefined,
    given: {},
    resume: false,
    force: false,
    keep: 3,
    device: "auto",
    blas: "auto",
    native: "auto",
  });
});

Deno.test("a training: every setting of the presets has its option", () => {
  const { model, training } = presets.quick;
  const keys = settingOptions.map(({ key }) => key).sort();
  assert.deepEqual(keys, Object.keys({ ...model, ...training }).sort());
  // deno-fmt-ignore
  const words = [
    "--units", "512", "--layers", "2", "--embedding", "32", "--embedding-scale", "0.5",
    "--epochs", "10", "--batch-size", "16", "--sequence-length", "50", "--shuffle-buffer", "0",
    "--learning-rate", "1e-3", "--final-learning-rate", ".0005", "--warmup-steps", "7",
    "--decay", "cosine", "--clip-norm", "none", "--no-random-offset", "--validation", "0",
    "--seed", "4294967295",
  ];
  const { given } = command([...train, ...words]) as TrainCommand;
  assert.deepEqual(given, {
    rnnUnits: 512,
    layers: 2,
    embeddingDim: 32,
    embeddingScale: 0.5,
    epochs: 10,
    batchSize: 16,
    sequenceLength: 50,
    shuffleBuffer: 0,
    learningRate: 0.001,
    finalLearningRate: 0.0005,
    warmupSteps: 7,
    decay: "cosine",
    clipNorm: null,
    randomOffset: false,
    validationFraction: 0,
    seed: 4294967295,
  });
  assert.deepEqual(newSettings("tutorial", given), given);
});

Deno.test("settings: a preset, then what is given; a run's own when it is resumed", () => {
  assert.equal(newSettings("quick", { rnnUnits: 7 }).rnnUnits, 7);
  assert.equal(newSettings("tutorial", {}).rnnUnits, 1024);
  assert.throws(
    () => newSettings("quick", { learningRate: 0.0001 }),
    /0\.0001 cannot fall to 0\.0004: give a smaller --final-learning-rate/,
  );
  const stored = presetSettings("quick");
  assert.deepEqual(resumedSettings(stored, {}), stored);
  assert.equal(resumedSettings(stored, { rnnUnits: 256, epochs: 9 }).epochs, 9);
  assert.equal(resumedSettings(stored, { clipNorm: null }).clipNorm, null);
  assert.equal(resumedSettings(stored, { learningRate: 0.001 }).learningRate, 0.001);
  assert.throws(
    () => resumedSettings(stored, { decay: "none" }),
    /Cannot resume with --decay none: this run has cosine/,
  );
});

Deno.test("known texts, addresses and file: addresses are taken for what they are", () => {
  const corpusOf = (corpus: string) =>
    (command(["train", "--out", "o", "--corpus", corpus]) as TrainCommand).corpus;
  assert.equal(corpusOf("shakespeare"), "shakespeare");
  assert.equal(corpusOf("./shakespeare"), join(folder, "shakespeare"));
  assert.equal(corpusOf("https://example.org/a.txt"), "https://example.org/a.txt");
  assert.equal(corpusOf("file:///tmp/a%20b.txt"), "/tmp/a b.txt");
  assert.throws(() => corpusOf("https://"), /--corpus "https:\/\/" is no address/);
  assert.throws(() => corpusOf("a\0b"), /zero byte/);
  assert.throws(() => corpusOf(""), /--corpus is empty/);
});

Deno.test("the environment names the device and the BLAS where the command line does not", () => {
  const words = ["generate", "--model", "m", "--prompt", "-x"];
  const from = (args: readonly string[], more = {}) => {
    const { device, blas, prompt } = command([...words, ...args], more) as GenerateCommand;
    assert.equal(prompt, "-x");
    return [device, blas];
  };
  assert.deepEqual(from([], { device: "cpu", blas: "none" }), ["cpu", "none"]);
  assert.deepEqual(from([], { device: "", blas: "" }), ["auto", "auto"]);
  assert.deepEqual(from(["--device", "wasm", "--blas", "b.so"], { device: "cpu", blas: "none" }), [
    "wasm",
    "/home/me/b.so",
  ]);
  assert.throws(() => from([], { device: "gpu" }), /FOLIO_DEVICE is "gpu": .*auto, webgpu, wasm/);
});

Deno.test("machine code can be switched off and the threads counted, by the environment or a word", () => {
  const words = ["generate", "--model", "m", "--prompt", "x"];
  const from = (args: readonly string[], more = {}) => {
    const { native, threads } = command([...words, ...args], more) as GenerateCommand;
    return [native, threads];
  };
  assert.deepEqual(from([]), ["auto", undefined]);
  assert.deepEqual(from(["--threads", "3"], { native: "off" }), ["off", 3]);
  assert.deepEqual(from(["--native", "auto"], { native: "off" }), ["auto", undefined]);
  assert.throws(
    () => from([], { native: "no" }),
    /FOLIO_NATIVE is "no": it must be one of auto, off/,
  );
  for (const wrong of [["--native", "on"], ["--threads", "0"], ["--threads", "17"]]) {
    assert.throws(() => from(wrong), new RegExp(wrong[0]!));
  }
});

Deno.test("help shows every option and examples, and asks for nothing else", () => {
  for (const command of ["train", "generate", "export"]) {
    const reading = read([command, "--help"]);
    assert.ok("help" in reading);
    assert.match(reading.help, new RegExp(`^Usage: deno task ${command} `));
    assert.match(reading.help, new RegExp(`\nExamples:\n  deno task ${command} --`));
    const long = reading.help.split("\n").filter((line) => line.length > 100);
    assert.deepEqual(long, []);
  }
  const reading = read(["train", "-h"]);
  assert.ok("help" in reading);
  for (const { flags } of settingOptions) assert.ok(reading.help.includes(`  ${flags} `), flags);
  assert.match(reading.help, /--units <n> .*\(quick 256, tutorial 1024\)/);
});

Deno.test("what is wrong is named in one line", () => {
  const cases: [args: string[], message: RegExp][] = [
    [[], /Name a command: train, generate or export/],
    [["tarin"], /unknown command 'tarin' \(Did you mean train\?\)/],
    [["train"], /required option '--corpus <text>' not specified/],
    [["train", "--corpus", "a"], /required option '--out <folder>'/],
    [[...train, "--unit", "4"], /unknown option '--unit' \(Did you mean --units\?\)/],
    [[...train, "extra"], /too many arguments/],
    [[...train, "--units"], /option '--units <n>' argument missing/],
    [[...train, "--units", "0"], /'--units <n>' argument '0' is invalid. .*from 1 to 65536/],
    [[...train, "--units", "1e3"], /a whole number/],
    [[...train, "--learning-rate", "NaN"], /a number above 0 to 10/],
    [[...train, "--validation", "1"], /from 0 to 0.99/],
    [[...train, "--seed", "4294967296"], /from 0 to 4294967295/],
    [[...train, "--decay", "linear"], /Allowed choices are none, cosine/],
    [[...train, "--preset", "big"], /Allowed choices are quick, tutorial/],
    [[...train, "--resume", "--force"], /'--force' cannot be used with option '--resume'/],
    [["generate", "--model", "m", "--temperature", "0"], /a number above 0/],
    [["generate", "--model", "m", "--length", "-1"], /a whole number from 0/],
    [["generate", "--model", "m", "--count", "0"], /a whole number from 1/],
    [["export", "--model", "m", "--out", "o"], /required option '--to <where>'/],
    [["export", "--model", "m", "--out", "o", "--to", "mars"], /Allowed choices are web, keras/],
    [["export", "--model", "m", "--out", "o", "--to", "web", "--python", "p"], /leave it out/],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => read(args), (error) => {
      assert.ok(error instanceof UsageError, args.join(" "));
      assert.match(error.message, message);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
  }
});

Deno.test("whatever is typed is a command, a help or a mistake in one line", () => {
  const word = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.double().map(String),
    fc.bigInt().map(String),
    fc.constantFrom(
      "NaN",
      "-0",
      "1e999",
      "0x10",
      "--",
      "-",
      "--units=",
      "--epochs=3",
      "/a,b",
      "\n",
    ),
    fc.constantFrom(...settingOptions.map(({ flags }) => flags.split(" ")[0]!)),
    fc.constantFrom("train", "generate", "export", "--corpus", "--out", "--model", "--to", "web"),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 9 }), fc.boolean(), (words, complete) => {
      try {
        const reading = read(complete ? [...train, ...words] : words);
        if (!("command" in reading)) return;
        // An command travels as JSON, where a NaN would be lost.
        const { command } = reading;
        const values = Object.values(command.name === "train" ? command.given : command);
        for (const value of values) {
          if (typeof value === "number") assert.ok(Number.isFinite(value) && value >= 0);
        }
      } catch (error) {
        assert.ok(error instanceof UsageError, String(error));
        assert.ok(!/[\r\n]/.test(error.message), JSON.stringify(error.message));
      }
    }),
    { numRuns: 1000 },
  );
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { evaluate, OneStep, selectDevice, splitTokens, validationBatches } from "folio";
import { oneLine, UsageError } from "../../cli/exit.ts";
import { installedPaths, permissionFlags } from "../../cli/permissions.ts";
import { readCommandLine } from "../../cli/program.ts";
import { train } from "../../cli/train.ts";
import { inTerminal } from "./terminal.ts";
import { someText } from "./task.ts";
import { historyOf, names, tiny, trainingTest } from "./training.ts";

const weightsOf = (folder: string) => Deno.readFile(join(folder, "bundle", "model.safetensors"));

trainingTest("a run leaves history, checkpoints and a bundle that writes", async (setting) => {
  const { folder, train } = setting;
  const out = join(folder, "my run", "one");
  const { code, stdout, stderr } = await train(out);
  assert.deepEqual([code, stdout], [0, `${join(out, "bundle")}\n`], stderr);
  assert.match(stderr, /^train: WebAssembly \(/);
  assert.match(stderr, /\ntrain: text: \d+ different characters, 6300 to train on, 700 held out\n/);
  assert.match(stderr, /\nepoch 3\/3 {2}loss [\d.]+ {2}validation [\d.]+ /);
  assert.ok(!stderr.includes("\r"), "progress in place is for terminals");
  const made = [".lock", "bundle", "checkpoints", "history.json", "run.json"];
  assert.deepEqual(names(out), made);
  assert.deepEqual(names(join(out, "checkpoints")), ["epoch-0001", "epoch-0002", "epoch-0003"]);
  const history = await historyOf(out);
  assert.deepEqual(history.map(({ epoch }) => epoch), [1, 2, 3]);
  await selectDevice({ name: "cpu" });
  const writer = await OneStep.load(join(out, "bundle"));
  assert.equal(writer.training?.corpus, "text");
  assert.equal(writer.training?.loss, history[2]!.loss);
  assert.equal(writer.model.config.rnnUnits, 12);
  // All of the held-out text, by the mean over its characters: anyone finds this loss again.
  const ids = writer.vocabulary.encode(await Deno.readTextFile(join(folder, "text.txt")));
  const { validation } = splitTokens(ids, { validationFraction: 0.1 });
  const batches = validationBatches(validation, { sequenceLength: 10, batchSize: 4 })!;
  const loss = await evaluate(writer.model, batches);
  assert.ok(Math.abs(loss - history[2]!.validationLoss!) < 1e-5, `${loss}`);
  assert.equal(writer.training?.validationLoss, history[2]!.validationLoss);
  writer.dispose();
});

trainingTest("a held-out text too short for a batch is validated on too", async (setting) => {
  const { folder, train } = setting;
  // 35 characters: a batch is four sequences of 10.
  const { code, stderr } = await train("out", [...tiny, "--epochs", "1", "--validation", ".005"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /6965 to train on, 35 held out\n/);
  assert.ok((await historyOf(join(folder, "out")))[0]!.validationLoss! > 0);
});

trainingTest("a run is not overwritten unless one says so", async ({ folder, train }) => {
  const out = join(folder, "out");
  await train("out");
  const before = await weightsOf(out);
  const refused = await train("out", [...tiny, "--seed", "6"]);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /^train: There is a run in .*out already, trained on text: .*--resume.*--force.*another folder\n$/,
  );
  const others = await train("out", ["--resume", "--units", "13"]);
  assert.equal(others.code, 2);
  assert.match(others.stderr, /^train: Cannot resume with --units 13: this run has 12\. .*\n$/);
  await Deno.writeTextFile(join(folder, "text.txt"), someText(7001));
  const otherText = await train("out", ["--resume"]);
  assert.match(otherText.stderr, /^train: Cannot resume: .*text.txt is not the text that .*\n$/);
  await Deno.writeTextFile(join(folder, "text.txt"), "too short");
  assert.equal((await train("out", [...tiny, "--force"])).code, 1);
  assert.deepEqual(await weightsOf(out), before, "a mistake costs nothing");

  await Deno.writeTextFile(join(folder, "text.txt"), someText(6000));
  const forced = await train("out", [...tiny, "--force", "--epochs", "1"]);
  assert.equal(forced.code, 0, forced.stderr);
  assert.notDeepEqual(await weightsOf(out), before);
  assert.deepEqual(names(join(out, "checkpoints")), ["epoch-0001"]);
  assert.equal((await historyOf(out)).length, 1);
});

trainingTest("interrupted and resumed, it ends as if it had never stopped", async (setting) => {
  const { folder, train } = setting;
  const longer = [...tiny, "--units", "48", "--epochs", "4"];
  const whole = train("whole", longer);
  const first = await inTerminal(
    ["train", "--corpus", "text.txt", "--out", "parts", ...longer],
    { cwd: folder, until: "\repoch 2/4  step", type: "\x03" },
  );
  // In a terminal progress changes in place, and Ctrl-C reaches every process.
  assert.match(first.screen, /\repoch 2\/4 {2}step \d+\/142 {2}loss [\d.]+ /);
  assert.match(first.screen, /train: stopping after this step; Ctrl-C once more stops at once/);
  assert.equal(first.code, 130, first.screen);
  const [, checkpoint] = /interrupted in epoch \d after step \d+ of \d+: kept in (\S.*step-\d+)\. /
    .exec(first.screen) ?? assert.fail(first.screen);
  assert.deepEqual(names(checkpoint!).length, 3);
  assert.ok(names(join(folder, "parts")).includes("bundle"), "it can write as it is");

  const second = await train("parts", ["--resume", "--device", "wasm", "--blas", "none"]);
  assert.equal(second.code, 0, second.stderr);
  assert.match(
    second.stderr,
    /train: resumes in epoch \d after step \d+ of \d+, from .*step-\d+\n/,
  );
  await whole;
  const [parts, at] = [join(folder, "parts"), join(folder, "whole")];
  assert.deepEqual(await historyOf(parts), await historyOf(at));
  assert.deepEqual(await weightsOf(parts), await weightsOf(at));

  const further = await train("parts", [
    ...["--resume", "--epochs", "5", "--device", "wasm", "--blas", "none"],
  ]);
  assert.equal(further.code, 0, further.stderr);
  assert.match(further.stderr, /train: resumes after epoch 4, from /);
  assert.deepEqual((await historyOf(parts)).slice(0, 4), await historyOf(at));
  assert.equal((await historyOf(parts)).length, 5);
  assert.doesNotMatch(further.stderr, /computed by/);

  const elsewhere = await train("parts", ["--resume", "--epochs", "6", "--device", "cpu"]);
  assert.equal(elsewhere.code, 0, elsewhere.stderr);
  assert.match(
    elsewhere.stderr,
    /train: this run was computed by wasm, and goes on with cpu: sums are rounded otherwise, so /,
  );
});

trainingTest("a request to end reaches the training through the launcher", async ({ train }) => {
  const { code, stderr } = await train("out", [...tiny, "--units", "96", "--epochs", "50"], {
    onStderr(text, process) {
      if (text.endsWith("\n") && /epoch 1\/50[^\n]*\n$/.test(text)) process.kill("SIGTERM");
    },
  });
  assert.equal(code, 130, stderr);
  assert.match(stderr, /interrupted (in|after) epoch \d+.*: kept in /);
});

trainingTest("a second Ctrl-C ends it in the middle of a step", async ({ folder }) => {
  // A step of this model takes seconds, in which the training itself hears no signal.
  const long = ["--units", "768", "--batch-size", "16", "--sequence-length", "380"]
    .concat("--validation", "0", "--no-random-offset");
  const { code, screen } = await inTerminal(
    ["train", "--corpus", "text.txt", "--out", "out", ...tiny, ...long],
    // More than two: on a busy machine the launcher may hear the first ones at once, as one request.
    { cwd: folder, until: "steps in each", type: "\x03".repeat(6) },
  );
  assert.deepEqual([code, screen.includes("kept in")], [130, false], screen);
  assert.deepEqual(names(join(folder, "out")), [".lock", "run.json"]);
});

trainingTest("what is wrong is said in one line, and leaves nothing behind", async (setting) => {
  const { folder } = setting;
  const write = (name: string, content: string | Uint8Array) =>
    Deno.writeFile(
      join(folder, name),
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
  await write("short.txt", someText(50));
  await write("empty.txt", "");
  await write("mark.txt", "\uFEFF");
  await write("latin.txt", new Uint8Array([97, 98, 0xE4]));
  await write("a,b.txt", someText(7000));
  await Deno.mkdir(join(folder, "full"));
  await write("full/notes.txt", "mine");
  const cases: [args: string[], code: number, message: RegExp][] = [
    [["--corpus", "short.txt"], 1, /Cannot train on this text: Cannot fill one batch with 45 ids/],
    [["--corpus", "text.txt", "--blas", "nope.so"], 1, /Cannot use the BLAS .*nope\.so: /],
    [["--corpus", "empty.txt"], 1, /Cannot use .*empty.txt as a corpus: it is empty/],
    [["--corpus", "mark.txt"], 1, /Cannot use .*mark.txt as a corpus: it is empty/],
    [["--corpus", "latin.txt"], 1, /it is not UTF-8 \(bad byte 0xE4 at offset 2\)/],
    [["--corpus", "nowhere.txt"], 1, /Cannot load the corpus ".*nowhere.txt": there is no such/],
    [["--corpus", "."], 1, /Cannot load the corpus/],
    [["--corpus", "a,b.txt"], 2, /Cannot use ".*a,b.txt": at its comma/],
    [["--corpus", "http://127.0.0.1:1/x"], 1, /Cannot download the corpus http:/],
    [["--out", "full"], 1, /Cannot train into .*full: it holds "notes.txt" and no run of ours/],
    [["--out", "text.txt"], 1, /Cannot use the folder .*text.txt/],
    [["--units", "60000"], 1, /Cannot make so large a model: /],
    [["--resume"], 1, /Cannot resume: there is no run in /],
    [["--decay", "cosine", "--learning-rate", "1e-9"], 2, /give a smaller --final-learning-rate/],
  ];
  const given = names(folder);
  for (const [args, code, message] of cases) {
    const words = ["train", "--corpus", "text.txt", "--out", "out", ...tiny, ...args];
    const reading = readCommandLine(words, { folder });
    assert.ok("command" in reading && reading.command.name === "train");
    const { command } = reading;
    await assert.rejects(async () => {
      permissionFlags(command, installedPaths());
      await train(command, { requested: false });
    }, (error) => {
      assert.match(oneLine(error), message);
      assert.equal(error instanceof UsageError ? 2 : 1, code);
      return true;
    });
  }
  const ended = await setting.train("full");
  assert.match(ended.stderr, /^train: Cannot train into [^\n]+\n$/);
  assert.deepEqual([ended.code, ended.stdout], [1, ""]);
  assert.deepEqual(names(folder), given);
  assert.deepEqual(names(join(folder, "full")), ["notes.txt"]);
});

trainingTest("any script, line ends and a byte command mark go in as they are", async (setting) => {
  const { folder, train } = setting;
  const text = "\uFEFF" + someText(2000).replaceAll("\n", "\r\n") + "👩‍🚀 漢字 עברית";
  await Deno.writeTextFile(join(folder, "text.txt"), text);
  const { code, stderr } = await train("out", [...tiny, "--epochs", "1", "--validation", "0"]);
  assert.equal(code, 0, stderr);
  await selectDevice({ name: "cpu" });
  const { vocabulary } = await OneStep.load(join(folder, "out", "bundle"));
  assert.deepEqual(vocabulary.characters.slice(1).sort(), [...new Set(text.slice(1))].sort());
});

/** What happens to a training that others disturb. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { OneStep, selectDevice } from "folio";
import { type Ended, plainEnvironment, root } from "./task.ts";
import { historyOf, tiny, trainingTest } from "./training.ts";

trainingTest(
  "two trainings in one folder: the second says who is there",
  async ({ folder, train }) => {
    const long = [...tiny, "--units", "96", "--epochs", "500"];
    let second: Promise<Ended> | undefined;
    const first = await train("out", long, {
      onStderr(text, process) {
        if (second !== undefined || !/epoch 1\/500[^\n]*\n$/.test(text)) return;
        second = train("out", [...tiny, "--resume", "--epochs", "500", "--units", "96"]);
        second.finally(() => process.kill("SIGTERM"));
      },
    });
    const { code, stderr } = await second!;
    assert.equal(code, 1, stderr);
    const message = /Cannot train into .*out: process \d+ has trained there since \d{4}-.*Z\. Wait/;
    assert.match(stderr, message);
    assert.equal(first.code, 130, first.stderr);
    const { epochs } = JSON.parse(await Deno.readTextFile(join(folder, "out", "history.json")));
    assert.ok(epochs.length >= 1);
  },
);

trainingTest("a training whose launcher is killed stops, and can be resumed", async (setting) => {
  const { folder, train } = setting;
  const long = [...tiny, "--units", "96", "--epochs", "500"];
  const launcher = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--quiet", `--config=${join(root, "deno.json")}`],
      ...[join(root, "cli", "main.ts"), "train", "--corpus", "text.txt", "--out", "out", ...long],
    ],
    ...{ cwd: folder, env: plainEnvironment(folder) },
    ...{ stdin: "null", stdout: "null", stderr: "piped" },
  }).spawn();
  let killed = 0;
  // Whoever writes to our pipe keeps it open: it ends with the training.
  for await (const text of launcher.stderr.pipeThrough(new TextDecoderStream())) {
    if (killed > 0 || !text.includes("epoch 1/500")) continue;
    killed = performance.now();
    launcher.kill("SIGKILL");
  }
  await launcher.status;
  const seconds = (performance.now() - killed) / 1000;
  assert.ok(seconds < 20, `the training went on for ${seconds} s without its launcher`);
  const { epochs } = JSON.parse(await Deno.readTextFile(join(folder, "out", "history.json")));
  const more = ["--resume", "--epochs", `${epochs.length + 2}`];
  const resumed = await train("out", [...more, "--device", "wasm", "--blas", "none"]);
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.match(resumed.stderr, /train: resumes /);
});

trainingTest(
  "a damaged checkpoint is passed over, and the best one is handed out",
  async (setting) => {
    const { folder, train } = setting;
    assert.equal((await train("out")).code, 0);
    const newest = join(folder, "out", "checkpoints", "epoch-0003", "model.safetensors");
    await Deno.writeFile(newest, new Uint8Array(0));
    const more = ["--resume", "--epochs", "4", "--device", "wasm", "--blas", "none"];
    const { code, stderr } = await train("out", more);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /passed over: .*epoch-0003\/model.safetensors is damaged: it has 0 bytes/);
    assert.match(stderr, /resumes after epoch 2, from /);
    const history = await historyOf(join(folder, "out"));
    const best = history.toSorted((a, b) => a.validationLoss! - b.validationLoss!)[0]!;
    await selectDevice({ name: "cpu" });
    using writer = await OneStep.load(join(folder, "out", "bundle"));
    assert.equal(writer.training?.epochs, best.epoch);
  },
);

trainingTest(
  "training that diverges ends, keeps the last good state, and goes on slower",
  async (setting) => {
    const { folder, train } = setting;
    // Warm up so slowly that the first epochs go well.
    const wild = ["--learning-rate", "10", "--final-learning-rate", "10", "--clip-norm", "none"];
    const rising = [
      ...tiny,
      ...wild,
      "--warmup-steps",
      "100000",
      "--epochs",
      "500",
      "--units",
      "24",
    ];
    const { code, stdout, stderr } = await train("out", rising);
    assert.deepEqual([code, stdout], [1, ""], stderr);
    assert.match(stderr, /Training has diverged in epoch \d+, .*: --learning-rate, --clip-norm\n/);
    assert.match(stderr, /the bundle is of epoch \d+, with a loss of [0-4]\./);
    await selectDevice({ name: "cpu" });
    using writer = await OneStep.load(join(folder, "out", "bundle"));
    const done = writer.training!.epochs;
    const slower = ["--resume", "--learning-rate", "0.001", "--final-learning-rate", "0.001"];
    const epochs = (await historyOf(join(folder, "out"))).length + 1;
    const options = ["--epochs", String(epochs), "--device", "wasm", "--blas", "none"];
    const resumed = await train("out", [...slower, ...options]);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.ok(done >= 1);
  },
);

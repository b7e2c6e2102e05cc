import assert from "node:assert/strict";
import { downloadProgress, trainingProgress } from "../../lib/display/progress.ts";
import { logWriter, notebookWriter, terminalWriter } from "../../lib/display/progress_writer.ts";
import type { TrainContext } from "../../lib/training/callbacks.ts";
import { needing, programs } from "../testdata/needs.ts";
import type { StepInfo } from "../../lib/training/records.ts";

/** The callbacks under test do not look at the context. */
const context = {} as TrainContext;

const step: StepInfo = {
  epoch: 3,
  epochs: 20,
  step: 120,
  stepsPerEpoch: 172,
  loss: 1.70841,
  stepsPerSecond: 5.06,
  secondsLeft: 151,
  learningRate: 0.001,
};

function recorder() {
  const lines: string[] = [];
  return {
    lines,
    writer: {
      live: (line: string) => void lines.push(`live ${line}`),
      keep: (line: string) => void lines.push(`keep ${line}`),
    },
  };
}

Deno.test("training progress names epoch, step, loss, speed and the time left", async () => {
  const { lines, writer } = recorder();
  const progress = trainingProgress({ writer });
  await progress.onStepEnd?.(step, context);
  assert.deepEqual(lines, [
    "live epoch 3/20  step 120/172  loss 1.7084  5.1 steps/s  left 2:31",
  ]);
});

Deno.test("training progress leaves out what is not known yet", async () => {
  const { lines, writer } = recorder();
  const progress = trainingProgress({ writer });
  const { stepsPerEpoch: _, secondsLeft: __, ...known } = step;
  await progress.onStepEnd?.({
    ...known,
    loss: undefined,
    stepsPerSecond: 123.4,
  }, context);
  assert.deepEqual(lines, ["live epoch 3/20  step 120  123 steps/s"]);
});

Deno.test("training progress repeats the last loss within an epoch, not across epochs", async () => {
  const { lines, writer } = recorder();
  const progress = trainingProgress({ writer, intervalMs: 0 });
  await progress.onStepEnd?.(step, context);
  await progress.onStepEnd?.({ ...step, step: 121, loss: undefined }, context);
  await progress.onEpochBegin?.(4, context);
  await progress.onStepEnd?.(
    { ...step, epoch: 4, step: 1, loss: undefined },
    context,
  );
  assert.match(lines[1]!, /step 121\/172 {2}loss 1\.7084/);
  assert.doesNotMatch(lines[2]!, /loss/);
});

Deno.test("an epoch's line stays and has its losses and time", async () => {
  const { lines, writer } = recorder();
  const progress = trainingProgress({ writer });
  await progress.onStepEnd?.(step, context);
  const record = {
    epoch: 3,
    loss: 1.7,
    seconds: 34.4,
    steps: 172,
    learningRate: 0.001,
  };
  await progress.onEpochEnd?.(record, context);
  await progress.onEpochEnd?.(
    { ...record, validationLoss: 1.8, seconds: 3725 },
    context,
  );
  assert.deepEqual(lines.slice(1), [
    "keep epoch 3/20  loss 1.7000  5.0 steps/s  took 0:34",
    "keep epoch 3/20  loss 1.7000  validation 1.8000  0.046 steps/s  took 1:02:05",
  ]);
});

Deno.test("live lines come at most once an interval", async () => {
  const { lines, writer } = recorder();
  let time = 0;
  const progress = trainingProgress({
    writer,
    intervalMs: 250,
    now: () => time,
  });
  for (time = 0; time < 1000; time += 50) {
    await progress.onStepEnd?.(step, context);
  }
  assert.equal(lines.length, 4);
});

Deno.test("download progress ends with a line that stays", () => {
  const { lines, writer } = recorder();
  const onProgress = downloadProgress({ writer });
  const url = "https://example.org/data/shakespeare.txt?x=1";
  onProgress({ url, receivedBytes: 558_000, totalBytes: 1_115_394 });
  onProgress({ url, receivedBytes: 1_115_394, totalBytes: 1_115_394 });
  assert.deepEqual(lines, [
    "live shakespeare.txt  0.56 of 1.12 MB  50 %",
    "keep shakespeare.txt  1.12 of 1.12 MB  100 %",
  ]);
});

Deno.test("download progress does without a total", () => {
  const { lines, writer } = recorder();
  downloadProgress({ writer })({
    url: "https://example.org/",
    receivedBytes: 10_000,
  });
  assert.deepEqual(lines, ["live https://example.org/  0.01 MB"]);
});

Deno.test("a notebook writer updates one display, in order", async () => {
  const calls: { text: string; id: string; update: boolean }[] = [];
  const writer = notebookWriter(async (value, { display_id, update }) => {
    // The first display is the slowest: the queue must hold the others back.
    await new Promise((resolve) => setTimeout(resolve, calls.length === 0 ? 5 : 0));
    const text = (value as Record<string, string>)["text/plain"];
    calls.push({ text: text!, id: display_id, update });
  });
  void writer.live("a");
  void writer.keep("b");
  await writer.live("c");
  assert.deepEqual(calls.map((call) => call.text), ["a", "b", "b\nc"]);
  assert.deepEqual(calls.map((call) => call.update), [false, true, true]);
  assert.equal(new Set(calls.map((call) => call.id)).size, 1);
});

Deno.test("a terminal writer rewrites one line, a log writer keeps the lines that stay", () => {
  let terminal = "";
  let log = "";
  for (
    const writer of [
      terminalWriter((text) => void (terminal += text)),
      logWriter((text) => void (log += text)),
    ]
  ) {
    writer.live("a");
    writer.live("bb");
    writer.keep("c");
  }
  assert.equal(terminal, "\ra\x1b[K\rbb\x1b[K\rc\x1b[K\n");
  assert.equal(log, "c\n");
});

Deno.test({
  ...needing("outside a notebook progress goes to standard error", programs),
  async fn() {
    const script = `
    import { defaultWriter } from ${
      JSON.stringify(
        new URL("../../lib/display/progress_writer.ts", import.meta.url).href,
      )
    };
    defaultWriter().live("live");
    defaultWriter().keep("kept");`;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--quiet", script],
      stderr: "piped",
    }).output();
    const decoder = new TextDecoder();
    assert.equal(code, 0, decoder.decode(stderr));
    assert.equal(decoder.decode(stdout), "");
    assert.equal(decoder.decode(stderr), "kept\n");
  },
});

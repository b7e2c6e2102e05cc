/**
 * `profile [--small]`: what a training step and a text ask of the GPU: how many dispatches, how long
 * that takes in all and on the GPU, and which shaders take how much of it.
 *
 * @module
 */
import { selectDevice } from "folio";
import { countCalls } from "../../tests/testdata/dispatches.ts";
import { gpuRows, type Row } from "../jobs.ts";
import { table } from "../statistics.ts";
import { trainingSteps } from "../train_step.ts";
import type { Work } from "../worker.ts";
import { writing } from "../writing.ts";
import { timeShaders } from "./pass_times.ts";

const small = Deno.args.includes("--small");
const characters = 100;

async function profile({ id, title, job }: Row): Promise<void> {
  if (job.task !== "train" && job.task !== "write") return;
  const work: Work = job.task === "train" ? trainingSteps(job) : writing(job);
  const amount = job.task === "train" ? 1 : job.amount;
  const what = job.task === "train" ? "a step" : `${amount} characters each`;
  for (let time = 0; time < 3; time++) await work(amount);
  const start = performance.now();
  await work(amount);
  const whole = performance.now() - start;
  const { dispatches, readings, errors } = await countCalls(() => work(amount));
  console.log(
    `\nprofile, ${id} (${title}): ${what} takes ${whole.toFixed(2)} ms, ${dispatches} dispatches ` +
      `and ${readings} readings`,
  );
  for (const error of errors) console.log(`profile, ${id}: the device refused: ${error}`);
  const times = await timeShaders(async () => await work(amount));
  if (times === undefined) {
    console.log("profile: this device has no timestamp-query, so its shaders cannot be timed");
    return;
  }
  const sum = times.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  console.log(`profile, ${id}: of that the GPU computes ${sum.toFixed(2)} ms\n`);
  console.log(table(times.map(({ shader, dispatches, milliseconds }) => ({
    // Of a form, what is so and not what is not.
    shader: shader.replaceAll(/"|:true|,?"\w+":false/g, "").replace("{,", "{"),
    dispatches: String(dispatches),
    "ms": milliseconds.toFixed(3),
    "µs each": (1000 * milliseconds / dispatches).toFixed(1),
    "%": (100 * milliseconds / sum).toFixed(1),
  }))));
}

await selectDevice({ name: "webgpu" });
for (const row of gpuRows({ characters, small })) {
  if (!row.id.endsWith("-queued")) await profile(row);
}
// tfjs keeps a GPU device open.
Deno.exit();

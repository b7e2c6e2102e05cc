/**
 * Carries out `deno task train`, in the process that may do no more than that.
 *
 * @module
 */
import {
  afterEachEpoch,
  type Arithmetic,
  type CheckpointInfo,
  Checkpoints,
  type Corpus,
  createCharModel,
  type Device,
  downloadProgress,
  loadCorpus,
  OneStep,
  type TrainedModel,
  type TrainingCallback,
  TrainingDiverged,
  type TrainingPlan,
  trainingProgress,
  trainOn,
} from "../lib/mod.ts";
import { openDevice } from "./device.ts";
import { Interruption } from "./interruption.ts";
import type { TrainCommand } from "./commands.ts";
import { exitCodes, exitWith, log, oneLine } from "./exit.ts";
import { disk } from "../lib/files/file_system.ts";
import { type Run, RunFolder } from "./run_folder.ts";
import { lockRun } from "./run_lock.ts";
import { newSettings, resumedSettings } from "./settings.ts";

const say = (line: string) => log("train", line);

/**
 * Trains a model, or goes on training one.
 *
 * @param command What to do.
 * @param interruption Knows whether someone wants it to stop.
 * @returns The exit code.
 */
export async function train(
  command: TrainCommand,
  interruption: Pick<Interruption, "requested"> & Partial<Pick<Interruption, "begin">>,
): Promise<number> {
  const folder = new RunFolder(command.out);
  const before = await earlierRun(folder, command);
  const settings = before === undefined
    ? newSettings(command.preset ?? "quick", command.given)
    : resumedSettings(before.settings, command.given);
  const device = await openDevice(command, say);
  const corpus = await readCorpus(command.corpus, before);
  const checkpoints = new Checkpoints(folder.checkpoints, { keep: command.keep, onNotice: say });
  const { name, source, sha256 } = corpus;
  const run: Run = { corpus: { name, source, sha256 }, settings };
  const plans: TrainingPlan[] = [];
  const onReady = async (plan: TrainingPlan) => {
    plans.push(plan);
    await disk.makeFolder(command.out);
    await lockRun(command.out);
    await (before === undefined ? folder.begin(run) : folder.update(run));
    if (plan.checkpoint !== undefined) await folder.writeHistory(plan.history);
    interruption.begin?.();
    say(String(device));
    describe(plan, corpus);
    if (before !== undefined) say(whereResumed(plan));
    const difference = plan.checkpoint && bitsDiffer(plan.checkpoint, device);
    if (difference !== undefined) say(difference);
  };

  const stop = new AbortController();
  const stopOnRequest: TrainingCallback = {
    async onStepEnd(_info, context) {
      if (!interruption.requested) return;
      await checkpoints.save(context);
      stop.abort();
    },
    onEpochEnd() {
      if (interruption.requested) stop.abort();
    },
  };
  const callbacks = [
    trainingProgress(),
    afterEachEpoch((_record, { epochs }) => folder.writeHistory({ epochs })),
    stopOnRequest,
  ];
  let diverged: TrainingDiverged | undefined;
  try {
    using _trained = await asked(() =>
      trainOn(corpus, { model: settings, training: settings }, {
        ...{ callbacks, checkpoints, onReady, resume: before !== undefined, signal: stop.signal },
      })
    );
  } catch (error) {
    if (!(error instanceof TrainingDiverged)) throw error;
    diverged = error;
    say(`${oneLine(error)}: --learning-rate, --clip-norm`);
  }
  const reached = await checkpoints.latest();
  const best = await checkpoints.best();
  if (reached === undefined || best === undefined) {
    throw new Error("nothing was learned that could be kept");
  }
  const [{ model: { config }, vocabulary, stepsPerEpoch }] = plans as [TrainingPlan];
  using model = createCharModel(config, { initialize: false });
  await checkpoints.restore({ model }, best);
  const { epoch: epochs, loss, validationLoss } = best;
  if (best.path !== reached.path || diverged !== undefined) {
    say(`the bundle is of epoch ${epochs}, with a loss of ${(validationLoss ?? loss).toFixed(4)}`);
  }
  const training = { corpus: name, corpusSha256: sha256, epochs, loss, validationLoss };
  await new OneStep(model, vocabulary, { training }).save(folder.bundle);
  if (diverged !== undefined) return exitCodes.failure;
  if (reached.epoch < settings.epochs) {
    say(
      `interrupted ${whereStopped(reached, stepsPerEpoch)}: kept in ${reached.path}. The same ` +
        "command with --resume goes on from there",
    );
    return exitCodes.interrupted;
  }
  console.log(folder.bundle);
  return exitCodes.ok;
}

/** The run to go on with; undefined where a new one begins. */
async function earlierRun(folder: RunFolder, command: TrainCommand): Promise<Run | undefined> {
  const found = await folder.read();
  if (command.resume && found === undefined) {
    throw new Error(`Cannot resume: there is no run in ${command.out}. Leave --resume out`);
  }
  if (found === undefined || command.resume) return found;
  if (command.force) return undefined;
  throw new Error(
    `There is a run in ${command.out} already, trained on ${found.corpus.name}: go on with it ` +
      "(--resume), replace it (--force), or choose another folder",
  );
}

async function readCorpus(request: string, before: Run | undefined): Promise<Corpus> {
  const onProgress = Deno.stderr.isTerminal() ? downloadProgress() : undefined;
  const corpus = await loadCorpus(request, { onProgress, onNotice: say, standIn: false });
  if (before !== undefined && corpus.sha256 !== before.corpus.sha256) {
    throw new Error(
      `Cannot resume: ${corpus.source} is not the text that this run was trained on, ` +
        `${before.corpus.source} (SHA-256 ${before.corpus.sha256})`,
    );
  }
  return corpus;
}

/** Says of what was asked for by a combination of options that it cannot be done. */
async function asked(run: () => Promise<TrainedModel>): Promise<TrainedModel> {
  try {
    return await run();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new Error(`Cannot train on this text: ${oneLine(cause)}`, { cause });
  }
}

/** Says what will be trained. */
function describe(plan: TrainingPlan, { name }: Corpus): void {
  const { model, vocabulary, trainingLength, heldOutLength, epochs, stepsPerEpoch } = plan;
  say(
    `${name}: ${vocabulary.size - 1} different characters, ${trainingLength} to train on, ` +
      `${heldOutLength} held out`,
  );
  const parameters = model.network.countParams();
  say(`${parameters} parameters, epochs: ${epochs}, steps in each: ${stepsPerEpoch}`);
}

/** Says so where something else goes on than has computed the checkpoint. */
function bitsDiffer({ arithmetic }: CheckpointInfo, device: Device): string | undefined {
  if (arithmetic === undefined) return undefined;
  const described = ({ device, adapter, blas, vectors }: Arithmetic) =>
    [device, adapter, blas, vectors].filter((part) => part !== undefined).join(", ");
  const [before, now] = [arithmetic, device.arithmetic].map(described);
  if (before === now) return undefined;
  return `this run was computed by ${before}, and goes on with ${now}: sums are rounded otherwise, ` +
    "so its numbers will not be those of a run that never stopped, to the last bit";
}

function whereResumed({ checkpoint, stepsPerEpoch }: TrainingPlan): string {
  if (checkpoint === undefined) return "no checkpoint yet: resumes at the beginning";
  return `resumes ${whereStopped(checkpoint, stepsPerEpoch)}, from ${checkpoint.path}`;
}

function whereStopped({ epoch, unfinished }: CheckpointInfo, steps: number): string {
  return unfinished === undefined
    ? `after epoch ${epoch}`
    : `in epoch ${unfinished.epoch} after step ${unfinished.steps} of ${steps}`;
}

if (import.meta.main) {
  const command: TrainCommand = JSON.parse(Deno.args[0]!);
  const interruption = new Interruption(() =>
    say("stopping after this step; Ctrl-C once more stops at once")
  );
  await exitWith("train", () => train(command, interruption));
}

/**
 * Puts tfjs' engine back to rights after a call that was ended from outside.
 *
 * Jupyter's Stop ends the JavaScript that is running without its `finally` blocks, so the engine keeps
 * what they would have put back: its depths, its open scopes, its tape. From then on it records no
 * gradients and frees no tensors. Such leftovers belong to no call on the stack; what belongs to one is
 * left alone, and so are scopes that a program opened with `tf.engine().startScope()`, which may stay
 * open as long as it likes.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { finishUpdate, isUpdateOpen } from "./ops/adam_update.ts";
import { type Engine, engineOf, type EngineState, type Scope } from "./engine/engine.ts";
import { type EngineCalls, noCalls, opSuffix, runningCalls } from "./engine/calls.ts";
import { freeWritten, isJournalOpen, keepJournal, settleJournal } from "./engine/journal.ts";
import { settleThreads } from "./cpu_tools.ts";
import { commandStream } from "./webgpu/command_stream.ts";

/** How the names of scopes end that `tidy` opened, in a kernel or elsewhere; set by us. */
const [kernelSuffix, tidySuffix] = ["__kernel", "__tidy"];
/** How often to look for leftovers, in milliseconds: sooner than a person starts the next cell. */
const watchInterval = 50;

const watched = new WeakSet<object>();

/**
 * Readies the engine and the current backend for {@linkcode recoverEngine}.
 *
 * In Deno a timer looks for leftovers: where it runs no other call can be under way, and it comes
 * before the next cell, so that no tensor of that cell lands in a scope that is about to be freed.
 */
export function watchEngine(): void {
  const engine = engineOf();
  keepJournal(engine, tf.backend());
  if (watched.has(engine)) return;
  watched.add(engine);
  // So that their names tell which scopes `tidy` opened, and which a program opened by hand.
  const tidy = engine.tidy.bind(engine);
  engine.tidy = (nameOrRun, run) => {
    const suffix = engine.state.kernelDepth > 0 ? kernelSuffix : tidySuffix;
    return typeof nameOrRun === "string" ? tidy(nameOrRun + suffix, run) : tidy(suffix, nameOrRun);
  };
}

/**
 * Removes what a stopped call left in tfjs' engine, and finishes the step of an optimizer that was
 * stopped in the middle of changing the weights. It costs nothing where nothing is open, and leaves
 * alone what belongs to a call that is running.
 */
export function recoverEngine(): void {
  const engine = engineOf();
  if (!isIdle(engine.state)) remove(engine, runningCalls());
}

if (globalThis.Deno !== undefined) {
  const timer = setInterval(() => {
    const engine = engineOf();
    if (!isIdle(engine.state)) remove(engine, noCalls);
  }, watchInterval);
  Deno.unrefTimer(timer);
}

function isIdle({ kernelDepth, gradientDepth, activeTape, scopeStack }: EngineState): boolean {
  return kernelDepth === 0 && gradientDepth === 0 && scopeStack.length === 0 &&
    (activeTape ?? null) === null && !isUpdateOpen() && !isJournalOpen();
}

/** Removes what goes beyond the calls that are running. */
function remove(engine: Engine, running: EngineCalls): void {
  const { state } = engine;
  const stale = staleScopes(state.scopeStack, running.scopes);
  const isStale = state.kernelDepth > running.kernels || state.gradientDepth > running.tapes ||
    stale.length > 0 || isUpdateOpen() || isJournalOpen();
  if (isStale) {
    settleThreads();
    // Before a buffer that its commands use is freed, and filled with something else.
    submitCommands();
    state.kernelDepth = running.kernels;
    state.gradientDepth = running.tapes;
    state.profiling = false;
    state.numDataMovesStack.length = Math.min(state.numDataMovesStack.length, running.kernels);
    settleJournal(engine);
    finishUpdate();
    if (running.kernels === 0) freeWritten(engine);
    for (const scope of stale) free(scope);
    const open = state.scopeStack.filter((scope) => !stale.includes(scope));
    state.scopeStack.splice(0, Infinity, ...open);
    state.activeScope = open.at(-1) ?? null;
    submitCommands();
  }
  if (running.gradients === 0 && state.activeTape) {
    for (const { saved } of state.activeTape) tf.dispose([...saved]);
    state.activeTape = null;
  }
}

/** Hands the device what is recorded. */
function submitCommands(): void {
  if (tf.getBackend() === "webgpu") commandStream(tf.backend()).submit();
}

/** The scopes that `tidy` and ops opened, but for the newest `running` of them; newest first. */
function staleScopes(stack: readonly Scope[], running: number): Scope[] {
  return stack.filter(({ name }) =>
    name.endsWith(tidySuffix) || name.endsWith(kernelSuffix) || name.endsWith(opSuffix)
  ).toReversed().slice(running);
}

/** Frees what a scope holds. What a kernel or an op keeps, it keeps for the tape. */
function free({ name, track }: Scope): void {
  const keeps = name.endsWith(tidySuffix);
  for (const tensor of track) if (!keeps || !tensor.kept) tensor.dispose();
}

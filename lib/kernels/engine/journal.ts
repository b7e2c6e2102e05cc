/**
 * What tfjs' engine is in the middle of: noted before it begins and struck out when it is done, so that
 * what a stop cuts in two can be undone or ended.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Engine, EngineState, Scope } from "./engine.ts";

/** The one tensor that is being counted in or out, and what was before. */
const tensor: {
  value: tf.Tensor | undefined;
  isNew: boolean;
  hadInfo: boolean;
  references: number;
} & Pick<EngineState, "numTensors" | "numBytes" | "numDataBuffers"> = {
  ...{ value: undefined, isNew: false, hadInfo: false, references: 0 },
  ...{ numTensors: 0, numBytes: 0, numDataBuffers: 0 },
};
/** The scope that is being ended. */
const ending: { scope: Scope | undefined } = { scope: undefined };
/** What a kernel keeps for its gradient, until it is on the tape. */
const kept: tf.Tensor[] = [];
/** What kernels wrote since the engine was last idle. */
const written: { readonly backend: tf.KernelBackend; readonly dataId: object }[] = [];
const journaled = new WeakSet<object>();

/** Begins to note what an engine does, and what its kernels write with a backend. */
export function keepJournal(engine: Engine, backend: tf.KernelBackend): void {
  if (!journaled.has(engine)) {
    noteTensors(engine);
    noteKept(engine);
  }
  if (!journaled.has(backend)) noteWrites(engine, backend);
  journaled.add(engine).add(backend);
}

function noteTensors(engine: Engine): void {
  const [trackTensor, disposeTensor, endScope] = [
    engine.trackTensor.bind(engine),
    engine.disposeTensor.bind(engine),
    engine.endScope.bind(engine),
  ];
  const note = (value: tf.Tensor, isNew: boolean) => {
    const { state } = engine;
    // None of these calls itself: what is still noted was stopped.
    settleTensor(engine);
    tensor.isNew = isNew;
    const info = state.tensorInfo.get(value.dataId);
    tensor.hadInfo = info !== undefined;
    tensor.references = info?.backend.refCount(value.dataId) ?? 0;
    tensor.numTensors = state.numTensors;
    tensor.numBytes = state.numBytes;
    tensor.numDataBuffers = state.numDataBuffers;
    tensor.value = value;
  };
  engine.trackTensor = (value, backend) => {
    note(value, true);
    trackTensor(value, backend);
    tensor.value = undefined;
  };
  engine.disposeTensor = (value) => {
    note(value, false);
    disposeTensor(value);
    tensor.value = undefined;
  };
  engine.endScope = (result) => {
    settleScope(engine);
    ending.scope = engine.state.activeScope ?? undefined;
    endScope(result);
    ending.scope = undefined;
  };
}

function noteKept(engine: Engine): void {
  const [keep, addTapeNode] = [engine.keep.bind(engine), engine.addTapeNode.bind(engine)];
  engine.keep = (tensor) => {
    if (engine.state.kernelDepth > 0) kept.push(tensor);
    return keep(tensor);
  };
  engine.addTapeNode = (...node) => {
    addTapeNode(...node);
    kept.length = 0;
  };
}

/** Notes what kernels write, until they have made tensors of it. */
function noteWrites(engine: Engine, backend: tf.KernelBackend): void {
  const write = backend.write.bind(backend);
  /** A kernel that finds no memory ends, and nobody gets what it has written so far. */
  const writeOrFree = (run: () => object) => {
    try {
      return run();
    } catch (error) {
      if (engine.state.kernelDepth > 0) freeWritten(engine);
      throw error;
    }
  };
  backend.write = (...args) => {
    const dataId = writeOrFree(() => write(...args));
    if (engine.state.kernelDepth === 0) written.length = 0;
    else written.push({ backend, dataId });
    return dataId;
  };
}

/** Whether the engine is in the middle of something. */
export function isJournalOpen(): boolean {
  return tensor.value !== undefined || ending.scope !== undefined || kept.length > 0;
}

/** Undoes or ends what a stop has cut in two; nothing of the engine may be running. */
export function settleJournal(engine: Engine): void {
  settleTensor(engine);
  settleScope(engine);
  tf.dispose(kept.splice(0).filter((tensor) => !tensor.isDisposed));
}

function settleScope({ state }: Engine): void {
  const { scope } = ending;
  // Nobody has what an ended scope did not hand on.
  if (scope !== undefined && !state.scopeStack.includes(scope)) {
    tf.dispose(scope.track.filter((tensor) => !tensor.kept && !tensor.isDisposed));
  }
  ending.scope = undefined;
}

/** Frees what kernels have written and not made tensors of. */
export function freeWritten({ state }: Engine): void {
  for (const { backend, dataId } of written.splice(0)) {
    const isOwned = state.tensorInfo.has(dataId) || backend.refCount(dataId) === 0;
    if (!isOwned) backend.disposeData(dataId, true);
  }
}

/** Counts a tensor out that was half counted in, or was half counted out. */
function settleTensor({ state }: Engine): void {
  const { value, isNew, hadInfo, references, numTensors, numBytes, numDataBuffers } = tensor;
  tensor.value = undefined;
  if (value === undefined) return;
  Object.assign(state, { numTensors, numBytes, numDataBuffers });
  const { dataId } = value;
  const info = state.tensorInfo.get(dataId);
  if (isNew) {
    // What it was to be made of is freed with what else the kernel wrote.
    if (!hadInfo) state.tensorInfo.delete(dataId);
    return;
  }
  const left = info?.backend.refCount(dataId) ?? 0;
  if (left === references) return; // Not begun: it will be disposed once more.
  state.numTensors--;
  state.numBytes -= value.size * tf.util.bytesPerElement(value.dtype);
  if (left === 0) {
    state.tensorInfo.delete(dataId);
    state.numDataBuffers--;
  }
  // A variable that is given another value is not disposed, only what it was before.
  if (!(value instanceof tf.Variable)) Object.assign(value, { isDisposedInternal: true });
}

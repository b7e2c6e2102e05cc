/**
 * tfjs' engine, as far as its private state matters to folio.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** What keeps tensors, scopes and tapes. */
export interface Engine {
  readonly state: EngineState;
  tidy(nameOrRun: unknown, run?: unknown): unknown;
  endScope(result?: tf.TensorContainer): void;
  trackTensor(tensor: tf.Tensor, backend: tf.KernelBackend): void;
  disposeTensor(tensor: tf.Tensor): void;
  keep<T extends tf.Tensor>(tensor: T): T;
  addTapeNode(...node: unknown[]): void;
}

/** How things stand in the engine. */
export interface EngineState {
  numTensors: number;
  numBytes: number;
  numDataBuffers: number;
  readonly tensorInfo: WeakMap<object, { readonly backend: tf.KernelBackend }>;
  /** How many kernels are running inside each other. */
  kernelDepth: number;
  /** How many tapes are being recorded inside each other. */
  gradientDepth: number;
  activeTape: readonly { readonly saved: readonly tf.Tensor[] }[] | null;
  readonly scopeStack: Scope[];
  activeScope: Scope | null;
  profiling: boolean;
  readonly numDataMovesStack: number[];
}

/** A scope, which frees the tensors that were made in it. */
export interface Scope {
  readonly name: string;
  readonly track: readonly (tf.Tensor & { readonly kept: boolean })[];
}

/** The engine that runs all ops. */
export function engineOf(): Engine {
  return tf.engine() as unknown as Engine;
}

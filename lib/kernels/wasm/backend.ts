/**
 * The memory of tfjs' WebAssembly backend, seen as typed arrays.
 *
 * Every tensor of that backend is a range of one WebAssembly heap. The kernels
 * of this folder read and write those ranges in place, and hand pointers into
 * them to a BLAS.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** What this folder uses of tfjs' `BackendWasm`. */
export interface WasmBackend extends tf.KernelBackend {
  readonly wasm: {
    readonly HEAPU8: Uint8Array;
    readonly asm: { readonly memory: WebAssembly.Memory };
    _malloc(bytes: number): number;
  };
  readonly dataIdMap: {
    get(dataId: object): { readonly memoryOffset: number };
  };
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  refCount(dataId: object): number;
  incRef(dataId: object): void;
  disposeData(dataId: object, force?: boolean): boolean;
}

/**
 * A view of the values of a float32 tensor.
 *
 * The heap may grow, and its old views detach, whenever memory is allocated:
 * make all outputs first, take the views after, and keep none.
 */
export function floats(
  backend: WasmBackend,
  tensor: tf.TensorInfo,
): Float32Array {
  const { memoryOffset } = backend.dataIdMap.get(tensor.dataId);
  return new Float32Array(
    backend.wasm.HEAPU8.buffer,
    memoryOffset,
    tf.util.sizeFromShape(tensor.shape),
  );
}

/** A view of the values of an int32 tensor; see {@linkcode floats}. */
export function integers(
  backend: WasmBackend,
  tensor: tf.TensorInfo,
): Int32Array {
  const view = floats(backend, tensor);
  return new Int32Array(view.buffer, view.byteOffset, view.length);
}

/**
 * What is asked of a WebGPU device.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** Counts of WebGPU calls. */
export interface DeviceCalls {
  /** Dispatches, ours and tfjs'. */
  readonly dispatches: number;
  /** Buffers that are read off the device. */
  readonly readings: number;
  /** What the device refused; it then leaves out all that was submitted with it. */
  readonly errors: readonly string[];
}

/** Counts what is asked of tfjs' device while `act` runs. */
export async function countCalls(act: () => void | Promise<void>): Promise<DeviceCalls> {
  const { device } = tf.backend() as tf.KernelBackend & { readonly device: GPUDevice };
  const calls = { dispatches: 0, readings: 0, errors: [] as string[] };
  const note = (event: Event) => {
    event.preventDefault();
    calls.errors.push((event as GPUUncapturedErrorEvent).error.message);
  };
  device.addEventListener("uncapturederror", note);
  const passes = GPUComputePassEncoder.prototype;
  const buffers = GPUBuffer.prototype;
  const { dispatchWorkgroups } = passes;
  const { mapAsync } = buffers;
  passes.dispatchWorkgroups = function (...args) {
    calls.dispatches++;
    return dispatchWorkgroups.apply(this, args);
  };
  buffers.mapAsync = function (...args) {
    calls.readings++;
    return mapAsync.apply(this, args);
  };
  try {
    await act();
    await new Promise((resolve) => setTimeout(resolve)); // what is refused is told later
  } finally {
    passes.dispatchWorkgroups = dispatchWorkgroups;
    buffers.mapAsync = mapAsync;
    device.removeEventListener("uncapturederror", note);
  }
  return calls;
}

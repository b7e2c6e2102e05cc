/**
 * What is asked of a WebGPU device.
 *
 * @module
 */

/** Counts of WebGPU calls. */
export interface DeviceCalls {
  /** Dispatches, ours and tfjs'. */
  readonly dispatches: number;
  /** Buffers that are read off the device. */
  readonly readings: number;
}

/** Counts what is asked of the device while `act` runs. */
export async function countCalls(act: () => void | Promise<void>): Promise<DeviceCalls> {
  const calls = { dispatches: 0, readings: 0 };
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
  } finally {
    passes.dispatchWorkgroups = dispatchWorkgroups;
    buffers.mapAsync = mapAsync;
  }
  return calls;
}

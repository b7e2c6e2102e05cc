/**
 * Handing recorded commands to the device, so that a stop loses none of them unnoticed.
 *
 * Jupyter's Stop may strike where a native call returns: then a pass has begun or ended, or an encoder
 * has finished, and tfjs does not know it; what is recorded after that is refused by the device. Such
 * calls are therefore noted before they are made, and the commands of an encoder that was in the middle
 * of one are given up. Commands that are finished are kept until they are submitted.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { commandStream } from "./command_stream.ts";

/** What is used of tfjs' `WebGPUBackend`. */
interface SubmittingBackend extends tf.KernelBackend {
  commandEncoder: Pick<GPUCommandEncoder, "finish" | "beginComputePass"> | null;
  computePassEncoder: GPUComputePassEncoder | null;
  readonly tensorMap: { has(dataId: object): boolean };
  /** What a submit frees, once the commands that use it are handed over. */
  tensorDataPendingDisposal: object[];
  uniformPendingDisposal: GPUBuffer[];
  stagingPendingDisposal: GPUBuffer[];
  ensureCommandEncoderReady(): void;
  submitQueue(): void;
}

/** The encoder that a call of a backend changes: if we are stopped there, nobody knows its state. */
const changing = new WeakMap<tf.KernelBackend, object>();
/** In the places of encoders: commands that are recorded and not yet submitted. */
const finished = new WeakSet<object>();
const guarded = new WeakSet<tf.KernelBackend>();

/** Has a backend keep its commands from when they are finished until they are submitted. */
export function guardSubmission(given: tf.KernelBackend): void {
  if (guarded.has(given)) return;
  guarded.add(given);
  const backend = given as SubmittingBackend;
  const ready = backend.ensureCommandEncoderReady.bind(backend);
  backend.ensureCommandEncoderReady = () => {
    if (backend.commandEncoder !== null) return;
    ready();
    const encoder: SubmittingBackend["commandEncoder"] = backend.commandEncoder;
    if (encoder !== null) guardPasses(backend, encoder);
  };
  const submit = backend.submitQueue.bind(backend);
  backend.submitQueue = () => {
    const encoder = backend.commandEncoder;
    if (encoder !== null && !finished.has(encoder)) {
      changing.set(backend, encoder);
      const commands = encoder.finish();
      const kept = { finish: () => commands, beginComputePass: encoder.beginComputePass };
      finished.add(kept);
      backend.commandEncoder = kept;
    }
    submit();
  };
}

function guardPasses(
  backend: SubmittingBackend,
  encoder: NonNullable<SubmittingBackend["commandEncoder"]>,
): void {
  const beginComputePass = encoder.beginComputePass.bind(encoder);
  encoder.beginComputePass = (descriptor) => {
    changing.set(backend, encoder);
    const pass = beginComputePass(descriptor);
    const end = pass.end.bind(pass);
    pass.end = () => {
      changing.set(backend, encoder);
      end();
      backend.computePassEncoder = null;
      changing.delete(backend);
    };
    backend.computePassEncoder = pass;
    changing.delete(backend);
    return pass;
  };
}

/**
 * Hands what is recorded to the device, whatever a stop has left half done.
 *
 * @returns Whether commands were lost: all since the submit before.
 */
export function submitCommands(given: tf.KernelBackend): boolean {
  const backend = given as SubmittingBackend;
  const isLost = backend.commandEncoder !== null &&
    changing.get(backend) === backend.commandEncoder;
  if (isLost) [backend.commandEncoder, backend.computePassEncoder] = [null, null];
  // A submit that was stopped has freed some of these, and would free them again.
  backend.tensorDataPendingDisposal = backend.tensorDataPendingDisposal
    .filter((dataId) => backend.tensorMap.has(dataId));
  if (backend.commandEncoder === null && !isLost) {
    backend.uniformPendingDisposal = [];
    backend.stagingPendingDisposal = [];
  }
  commandStream(backend).submit();
  return isLost;
}

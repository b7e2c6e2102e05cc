/**
 * Hands recorded commands to the device, so that a stop neither loses commands unnoticed nor frees a
 * buffer twice.
 *
 * Jupyter's Stop may strike where a native call begins or returns: then a pass has begun or ended, or
 * an encoder has finished, and tfjs does not know it. Where such a call was reading its arguments, Deno
 * even makes an ordinary error of the stop, and the program goes on. So a call that changes an encoder
 * is noted before it is made, and an encoder that was in the middle of one is given up; commands that
 * are finished are kept until they are submitted; and what a submit frees leaves its list first.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";

/** The commands between two submits. */
export interface CommandBatch {
  /** Whether they will never be computed. */
  isLost: boolean;
}

/** What is used of tfjs' `WebGPUBackend`. */
interface SubmittingBackend extends tf.KernelBackend {
  readonly queue: GPUQueue;
  readonly bufferManager: { releaseBuffer(buffer: GPUBuffer, reuse?: boolean): void };
  readonly tensorMap: { delete(dataId: object): boolean };
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  commandQueueOwnedIds: WeakSet<object>;
  /** What a submit frees, once the commands that use it are handed over. */
  readonly tensorDataPendingDisposal: object[];
  readonly uniformPendingDisposal: GPUBuffer[];
  readonly stagingPendingDisposal: GPUBuffer[];
  releaseResource(dataId: object): void;
  ensureCommandEncoderReady(): void;
  submitQueue(): void;
}

/** The commands of a backend, from when they are recorded until the device has them. */
export class Submission {
  readonly #backend: SubmittingBackend;
  #batch: CommandBatch = { isLost: false };
  /** The encoder that a native call is changing: after a stop in that call, nobody knows its state. */
  #changing: GPUCommandEncoder | null = null;
  /** What is finished and perhaps not submitted; a device refuses what it has got before. */
  #finished: GPUCommandBuffer | null = null;

  /** Takes the place of the backend's own methods. */
  constructor(backend: tf.KernelBackend) {
    this.#backend = backend as SubmittingBackend;
    const ready = this.#backend.ensureCommandEncoderReady.bind(backend);
    this.#backend.ensureCommandEncoderReady = () => this.#ready(ready);
    this.#backend.submitQueue = () => this.#submit();
  }

  /** What is recorded now belongs to these commands. */
  get batch(): CommandBatch {
    return this.#batch;
  }

  #ready(makeEncoder: () => void): void {
    const backend = this.#backend;
    if (backend.commandEncoder !== null && backend.commandEncoder === this.#changing) {
      this.#giveUp();
    }
    if (backend.commandEncoder !== null) return;
    makeEncoder();
    this.#notePasses(backend.commandEncoder!);
  }

  /** Notes that a pass of an encoder is being begun or ended. */
  #notePasses(encoder: GPUCommandEncoder): void {
    const backend = this.#backend;
    const begin = encoder.beginComputePass.bind(encoder);
    encoder.beginComputePass = (descriptor) => {
      this.#changing = encoder;
      const pass = begin(descriptor);
      const end = pass.end.bind(pass);
      pass.end = () => {
        this.#changing = encoder;
        end();
        backend.computePassEncoder = null;
        this.#changing = null;
      };
      backend.computePassEncoder = pass;
      this.#changing = null;
      return pass;
    };
  }

  #giveUp(): void {
    this.#batch.isLost = true;
    this.#batch = { isLost: false };
    this.#backend.computePassEncoder = null;
    this.#backend.commandEncoder = null;
    this.#changing = null;
  }

  #submit(): void {
    const backend = this.#backend;
    this.#handOver();
    const encoder = backend.commandEncoder;
    if (encoder !== null && encoder === this.#changing) this.#giveUp();
    else if (encoder !== null) {
      this.#changing = encoder;
      this.#finished = encoder.finish();
      backend.commandEncoder = null;
      this.#changing = null;
      this.#batch = { isLost: false };
      this.#handOver();
    }
    backend.dispatchCountInPass = 0;
    backend.commandQueueOwnedIds = new WeakSet();
    this.#free();
  }

  #handOver(): void {
    if (this.#finished === null) return;
    this.#backend.queue.submit([this.#finished]);
    this.#finished = null;
  }

  #free(): void {
    const backend = this.#backend;
    takeEach(backend.tensorDataPendingDisposal, (dataId) => {
      backend.releaseResource(dataId);
      backend.tensorMap.delete(dataId);
    });
    const { bufferManager } = backend;
    takeEach(backend.uniformPendingDisposal, (buffer) => bufferManager.releaseBuffer(buffer));
    takeEach(
      backend.stagingPendingDisposal,
      (buffer) => bufferManager.releaseBuffer(buffer, false),
    );
  }
}

/** Empties a list, so that what was stopped on the way is lost rather than done twice. */
function takeEach<Value>(list: Value[], run: (value: Value) => void): void {
  for (let value = list.pop(); value !== undefined; value = list.pop()) run(value);
}

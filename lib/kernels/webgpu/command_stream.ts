/**
 * Shaders of our own in the command stream of tfjs' WebGPU backend: the one place that
 * knows that backend's insides.
 *
 * tfjs keeps a command encoder and a compute pass open and records one dispatch after
 * the other into them. We record into the same pass, so our dispatches and tfjs' run in
 * the order in which they were asked for, and nothing has to be submitted in between.
 * A dispatch with a bind group of its own costs the host some 20 µs, one more dispatch
 * with the same bind group 2 µs; a time loop therefore binds once and tells each step
 * its number through a dynamic offset.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { registerKernel } from "../ops/register_kernel.ts";
import { isSoftware } from "./adapter.ts";
import { compile, type Pipeline, type Shader } from "./shader.ts";
import { type CommandBatch, Submission } from "./submission.ts";

/** What tfjs knows of a tensor. */
interface TensorData {
  readonly resource: GPUBuffer | null;
  /** The values, if the tensor is not on the device yet, or was read off it. */
  values: tf.backend_util.TypedArray | null;
}

/** A number that a shader gets with a dispatch. */
export interface Uniform {
  readonly type: "uint32" | "float32";
  readonly data: number[];
}

/** What this folder uses of tfjs' `WebGPUBackend`. */
interface WebgpuBackend extends tf.KernelBackend {
  readonly device: GPUDevice;
  readonly tensorMap: { get(dataId: object): TensorData; has(dataId: object): boolean };
  readonly commandQueueOwnedIds: WeakSet<object>;
  readonly commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  makeTensorInfo(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  makeUniforms(uniforms: readonly Uniform[]): { buffer: GPUBuffer; size: number };
  uploadToGPU(dataId: object): void;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  incRef(dataId: object): void;
  refCount(dataId: object): number;
  disposeData(dataId: object): boolean;
}

/** A shader and what it runs on. */
export interface Run {
  readonly shader: Shader;
  /** One for each of the shader's buffers. */
  readonly tensors: readonly tf.TensorInfo[];
  /** One for each of the shader's uniforms. */
  readonly uniforms: Readonly<Record<string, number>>;
  readonly workgroups: readonly number[];
  /** Is told among which commands the shader is recorded, at that moment even if we are stopped there. */
  readonly progress?: { recordedIn?: CommandBatch };
}

/** How far apart the numbers of the steps lie: what every device allows as an offset. */
const stepStride = 256;

/** The command stream of tfjs' WebGPU backend. */
export class CommandStream {
  readonly #backend: WebgpuBackend;
  readonly #submission: Submission;
  readonly #pipelines = new Map<string, Pipeline>();
  /**
   * Whether the shaders are made for a GPU in software, in tiles that compile fast; so the adapter
   * says. Tests change it, to see the tiles of a GPU compute on an adapter in software.
   */
  software: boolean;
  #steps: { readonly buffer: GPUBuffer; readonly count: number } | undefined;

  constructor(backend: tf.KernelBackend) {
    this.#backend = backend as WebgpuBackend;
    this.#submission = new Submission(backend);
    const { adapterInfo } = this.#backend.device;
    this.software = adapterInfo !== undefined && isSoftware(adapterInfo);
  }

  /** Makes a tensor with room on the device, its values whatever they are. */
  tensor(shape: number[], dtype: tf.DataType = "float32"): tf.TensorInfo {
    const tensor = this.#backend.makeTensorInfo(shape, dtype);
    this.#backend.uploadToGPU(tensor.dataId);
    return tensor;
  }

  /** Frees tensors once the commands that use them are done. */
  free(...tensors: readonly tf.TensorInfo[]): void {
    for (const { dataId } of tensors) this.#backend.disposeData(dataId);
  }

  /** A tensor of another shape with the values of `tensor` for its own. */
  share({ dataId, dtype }: tf.TensorInfo, shape: number[]): tf.TensorInfo {
    this.#backend.incRef(dataId);
    return { dataId, dtype, shape };
  }

  /** Records a copy of a tensor. */
  copy(tensor: tf.TensorInfo): tf.TensorInfo;
  /** Records a copy of one row, `[batch, rows, size]` → `[batch, size]`. */
  copy(tensor: tf.TensorInfo, part: { row: number; size: number }): tf.TensorInfo;
  copy(tensor: tf.TensorInfo, part?: { row: number; size: number }): tf.TensorInfo {
    const backend = this.#backend;
    const { shape, dtype } = tensor;
    const length = part?.size ?? tf.util.sizeFromShape(shape);
    const [copies = 1, stride = 1] = part === undefined ? [] : shape;
    const copy = this.tensor(part === undefined ? shape : [copies, length], dtype);
    const buffer = ({ dataId }: tf.TensorInfo) => {
      backend.uploadToGPU(dataId);
      backend.commandQueueOwnedIds.add(dataId);
      return backend.tensorMap.get(dataId).resource!;
    };
    const [from, to] = [buffer(tensor), buffer(copy)];
    backend.ensureCommandEncoderReady();
    backend.endComputePassEncoder();
    for (let i = 0; i < copies; i++) {
      const first = part === undefined ? 0 : (i * stride + part.row) * length;
      backend.commandEncoder!.copyBufferToBuffer(from, 4 * first, to, 4 * i * length, 4 * length);
    }
    return copy;
  }

  /** What is recorded now belongs to these commands. */
  get batch(): CommandBatch {
    return this.#submission.batch;
  }

  /** Whether other tensors, such as clones, share the values of this one. */
  isShared({ dataId }: tf.TensorInfo): boolean {
    return this.#backend.refCount(dataId) > 1;
  }

  /**
   * Lets a tensor be changed in place: tfjs keeps the values it read off the device as
   * the tensor's own, which would now grow old, so for this tensor it keeps none.
   */
  changeInPlace({ dataId }: tf.TensorInfo): void {
    this.#backend.uploadToGPU(dataId);
    const data = this.#backend.tensorMap.get(dataId);
    Object.defineProperty(data, "values", { get: () => null, set: () => {} });
  }

  /** Records a shader. */
  run(run: Run): void {
    this.#record([run], 1);
  }

  /**
   * Records shaders, one after the other, again and again: each time round `stepIndex.value` is
   * one more. Hands them to the device, which may begin while the host goes on recording.
   */
  repeat(steps: number, runs: readonly Run[]): void {
    this.#record(runs, steps);
    this.submit();
  }

  #record(runs: readonly Run[], steps: number): void {
    const backend = this.#backend;
    // An upload may end the open pass, so all of them come before we ask for it.
    for (const { dataId } of runs.flatMap(({ tensors }) => tensors)) backend.uploadToGPU(dataId);
    const bound = runs.map((run) => this.#bind(run, steps));
    const pass = this.#pass();
    for (let step = 0; step < steps; step++) {
      for (const { pipeline, bindGroup, progress, workgroups: [x = 1, y = 1, z = 1] } of bound) {
        if (step === 0 || bound.length > 1) pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup, [step * stepStride]);
        // Before the call: a stop may strike where it returns.
        if (progress !== undefined) progress.recordedIn = this.batch;
        pass.dispatchWorkgroups(x, y, z);
        backend.dispatchCountInPass++;
      }
    }
  }

  #bind({ shader, tensors, uniforms, workgroups, progress }: Run, steps: number) {
    const backend = this.#backend;
    const numbers = Object.entries(shader.uniforms).map(([name, type]): Uniform => ({
      type: type === "u32" ? "uint32" : "float32",
      data: [uniforms[name]!],
    }));
    const resources = tensors.map(({ dataId }) => {
      backend.commandQueueOwnedIds.add(dataId);
      return { buffer: backend.tensorMap.get(dataId).resource! };
    });
    const { pipeline, layout } = this.#pipeline(shader);
    const entries = [
      ...resources,
      backend.makeUniforms(numbers),
      { buffer: this.#stepNumbers(steps), size: 4 },
    ].map((resource, binding) => ({ binding, resource }));
    const bindGroup = backend.device.createBindGroup({ layout, entries });
    return { pipeline, bindGroup, workgroups, progress };
  }

  /** Hands what is recorded to the device. */
  submit(): void {
    this.#backend.ensureCommandEncoderReady();
    this.#backend.endComputePassEncoder();
    this.#backend.submitQueue();
  }

  #pass(): GPUComputePassEncoder {
    const backend = this.#backend;
    backend.ensureCommandEncoderReady();
    return backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass();
  }

  #pipeline(shader: Shader): Pipeline {
    let made = this.#pipelines.get(shader.key);
    if (made === undefined) {
      made = compile(this.#backend.device, shader);
      this.#pipelines.set(shader.key, made);
    }
    return made;
  }

  /** A buffer with the number s at offset s · `stepStride`; it never changes. */
  #stepNumbers(count: number): GPUBuffer {
    if (this.#steps === undefined || this.#steps.count < count) {
      const room = Math.max(128, count);
      const numbers = new Uint32Array(room * stepStride / 4);
      for (let step = 0; step < room; step++) numbers[step * stepStride / 4] = step;
      const { device } = this.#backend;
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      const buffer = device.createBuffer({ size: numbers.byteLength, usage });
      device.queue.writeBuffer(buffer, 0, numbers);
      this.#steps = { buffer, count: room };
    }
    return this.#steps.buffer;
  }
}

const streams = new WeakMap<tf.KernelBackend, CommandStream>();

/** The command stream of a backend; there is one. */
export function commandStream(backend: tf.KernelBackend): CommandStream {
  let stream = streams.get(backend);
  if (stream === undefined) {
    stream = new CommandStream(backend);
    streams.set(backend, stream);
  }
  return stream;
}

/** What a kernel gets: tfjs' own arguments, and the command stream. */
export interface KernelArguments {
  readonly inputs: unknown;
  readonly attrs?: unknown;
  readonly backend: unknown;
  readonly stream: CommandStream;
}

/**
 * Puts `run` in the place of tfjs' own kernel on WebGPU, or adds it where tfjs has none.
 *
 * @param kernelName The name in tfjs' registry.
 * @param run What computes.
 */
export function replaceWebgpuKernel(
  kernelName: string,
  run: (args: KernelArguments) => tf.TensorInfo | tf.TensorInfo[],
): void {
  registerKernel(kernelName, "webgpu", (args) => {
    return run({ ...args, stream: commandStream(args.backend as tf.KernelBackend) });
  });
}

/**
 * How long the GPU itself spends on each shader, by timestamps.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** What the GPU spent on one shader. */
export interface ShaderTime {
  /** The label of its pipeline. */
  readonly shader: string;
  readonly dispatches: number;
  readonly milliseconds: number;
}

/** How many timestamps a device keeps at a time. */
const room = 4096;

/**
 * A compute pass that begins anew, between two timestamps, wherever another pipeline follows.
 * Only what tfjs and folio call of a pass is there.
 */
class TimedPass {
  readonly #begin: (label: string) => GPUComputePassEncoder | undefined;
  readonly #count: () => void;
  #label: string | undefined;
  #pass: GPUComputePassEncoder | undefined;

  constructor(begin: (label: string) => GPUComputePassEncoder, count: () => void) {
    this.#begin = begin;
    this.#count = count;
  }

  setPipeline(pipeline: GPUComputePipeline): void {
    if (pipeline.label !== this.#label) {
      this.#endPart();
      this.#label = pipeline.label;
      this.#pass = this.#begin(pipeline.label);
    }
    this.#pass!.setPipeline(pipeline);
  }

  setBindGroup(index: number, group: GPUBindGroup, offsets?: number[]): void {
    this.#pass!.setBindGroup(index, group, offsets);
  }

  dispatchWorkgroups(x: number, y?: number, z?: number): void {
    this.#pass!.dispatchWorkgroups(x, y, z);
    this.#count();
  }

  end(): void {
    this.#endPart();
  }

  // Not `end`, which `Submission` puts its own in the place of: between the parts the pass goes on.
  #endPart(): void {
    this.#pass?.end();
    this.#pass = undefined;
    this.#label = undefined;
  }
}

/**
 * Times the shaders that run while `act` does, which must wait for the device before it ends.
 *
 * @param act What is timed; it takes longer than without the timestamps.
 * @returns The shaders, the slowest first, or undefined where the device has no timestamps.
 * @throws {RangeError} If `act` changes the shader more than 2048 times.
 */
export async function timeShaders(act: () => Promise<void>): Promise<ShaderTime[] | undefined> {
  const { device } = tf.backend() as tf.KernelBackend & { readonly device: GPUDevice };
  if (!device.features.has("timestamp-query")) return undefined;
  const querySet = device.createQuerySet({ type: "timestamp", count: room });
  const passes: { readonly shader: string; dispatches: number }[] = [];
  const encoders = GPUCommandEncoder.prototype;
  const { beginComputePass } = encoders;
  encoders.beginComputePass = function () {
    const begin = (shader: string) => {
      const at = 2 * passes.length;
      if (at >= room) throw new RangeError(`More than ${room / 2} passes cannot be timed at once`);
      passes.push({ shader, dispatches: 0 });
      return beginComputePass.call(this, {
        timestampWrites: {
          querySet,
          beginningOfPassWriteIndex: at,
          endOfPassWriteIndex: at + 1,
        },
      });
    };
    const count = () => {
      passes.at(-1)!.dispatches++;
    };
    return new TimedPass(begin, count) as unknown as GPUComputePassEncoder;
  };
  try {
    await act();
  } finally {
    encoders.beginComputePass = beginComputePass;
  }
  const stamps = await resolve(device, { querySet, count: 2 * passes.length });
  const times = new Map<string, { shader: string; dispatches: number; milliseconds: number }>();
  for (const [i, { shader, dispatches }] of passes.entries()) {
    const sum = times.get(shader) ?? { shader, dispatches: 0, milliseconds: 0 };
    sum.dispatches += dispatches;
    sum.milliseconds += Number(stamps[2 * i + 1]! - stamps[2 * i]!) / 1e6;
    times.set(shader, sum);
  }
  return [...times.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}

/** Reads timestamps, in nanoseconds. */
async function resolve(
  device: GPUDevice,
  { querySet, count }: { readonly querySet: GPUQuerySet; readonly count: number },
): Promise<BigUint64Array> {
  const size = 8 * Math.max(1, count);
  const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const resolved = device.createBuffer({ size, usage: QUERY_RESOLVE | COPY_SRC });
  const readable = device.createBuffer({ size, usage: MAP_READ | COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, readable, 0, size);
  device.queue.submit([encoder.finish()]);
  await readable.mapAsync(GPUMapMode.READ);
  const stamps = new BigUint64Array(readable.getMappedRange().slice(0));
  for (const resource of [resolved, readable, querySet]) resource.destroy();
  return stamps;
}

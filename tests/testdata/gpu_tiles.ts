/**
 * A GPU's tiles on an adapter in software, which has smaller ones of its own.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { commandStream } from "../../lib/kernels/webgpu/command_stream.ts";

/** Has the kernels of the current WebGPU backend take the tiles of a GPU while `act` runs. */
export async function withGpuTiles(act: () => void | Promise<void>): Promise<void> {
  const stream = commandStream(tf.backend());
  const { software } = stream;
  stream.software = false;
  try {
    await act();
  } finally {
    stream.software = software;
  }
}

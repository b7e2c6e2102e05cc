import type * as tf from "@tensorflow/tfjs";

/**
 * The sizes of a matrix.
 *
 * @param tensor A tensor of two dimensions.
 * @returns Its rows and columns.
 * @throws {RangeError} If it has other than two dimensions.
 */
export function matrixShape({ shape }: Pick<tf.TensorInfo, "shape">): [number, number] {
  const [rows, columns] = shape;
  if (rows === undefined || columns === undefined || shape.length > 2) {
    throw new RangeError(`Cannot take [${shape}] for a matrix: it has ${shape.length} dimensions`);
  }
  return [rows, columns];
}

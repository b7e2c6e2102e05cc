/**
 * The safetensors file format, for the two types that folio has: 32-bit floats
 * and integers.
 *
 * A file is an 8-byte little-endian header length, a JSON header and the
 * tensors' bytes, one after the other.
 *
 * @see https://github.com/huggingface/safetensors#format
 * @module
 */
import { readHeader } from "./safetensors_header.ts";

/** One named array outside of tfjs: its type, its shape and its numbers. */
export interface TensorRecord {
  readonly name: string;
  readonly dtype: "F32" | "I32";
  readonly shape: readonly number[];
  /** In row-major order. */
  readonly data: Float32Array | Int32Array;
}

/** What a safetensors file holds. */
export interface SafetensorsContent {
  /** The tensors by name, in the order of their bytes. */
  readonly tensors: Map<string, TensorRecord>;
  /** The free text pairs of the header. */
  readonly metadata: Record<string, string>;
}

/**
 * Writes tensors as the bytes of a safetensors file, in the order given.
 *
 * @param tensors The tensors; each name once.
 * @param metadata Text pairs for the header.
 * @returns The bytes of the file; its first tensor begins at a multiple of 8.
 * @throws {RangeError} If a name is taken twice, or data does not fit a shape.
 */
export function encodeSafetensors(
  tensors: readonly TensorRecord[],
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push(["__metadata__", metadata]);
  const names = new Set(["__metadata__"]);
  let end = 0;
  for (const tensor of tensors) {
    checkRecord(tensor, names);
    names.add(tensor.name);
    const begin = end;
    end += tensor.data.byteLength;
    const { name, dtype, shape } = tensor;
    header.push([name, { dtype, shape, data_offsets: [begin, end] }]);
  }
  const text = JSON.stringify(Object.fromEntries(header));
  const json = new TextEncoder().encode(text);
  const dataStart = Math.ceil((8 + json.length) / 8) * 8;
  const bytes = new Uint8Array(dataStart + end).fill(0x20, 8, dataStart);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  bytes.set(json, 8);
  let position = dataStart;
  for (const { data: { buffer, byteOffset, byteLength } } of tensors) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), position);
    position += byteLength;
  }
  return bytes;
}

function checkRecord(record: TensorRecord, taken: ReadonlySet<string>): void {
  const { name, dtype, shape, data } = record;
  const refuse = (why: string) => new RangeError(`Cannot write the tensor "${name}": ${why}`);
  if (taken.has(name)) throw refuse("its name is taken");
  if (!name.isWellFormed()) throw refuse("its name has half a surrogate pair");
  const type = dtype === "F32" ? Float32Array : Int32Array;
  if (!(data instanceof type)) {
    throw refuse(`it is ${dtype}, its data ${data.constructor.name}`);
  }
  const size = shape.reduce((product, size) => product * size, 1);
  if (size !== data.length || shape.some((size) => !Number.isInteger(size))) {
    throw refuse(`[${shape.join(", ")}] does not fit ${data.length} numbers`);
  }
}

/**
 * Reads the bytes of a safetensors file, and refuses whatever the format does
 * not allow: what it accepts describes each of its bytes exactly once.
 *
 * @param bytes The whole file. Aligned tensors are views of it, not copies.
 * @returns Its tensors and its metadata.
 * @throws {Error} If the file breaks a rule of the format.
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsContent {
  const { entries, metadata, dataStart } = readHeader(bytes);
  const tensors = new Map<string, TensorRecord>();
  for (const { name, dtype, shape, begin, end } of entries) {
    let part = bytes.subarray(dataStart + begin, dataStart + end);
    // Files of other writers need not be aligned; typed arrays must be.
    if (part.byteOffset % 4 !== 0) part = part.slice();
    const { buffer, byteOffset } = part;
    const data = dtype === "F32"
      ? new Float32Array(buffer, byteOffset, part.length / 4)
      : new Int32Array(buffer, byteOffset, part.length / 4);
    tensors.set(name, { name, dtype, shape, data });
  }
  return { tensors, metadata };
}

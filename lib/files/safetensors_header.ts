/**
 * The header of a safetensors file: JSON that says of each tensor its type,
 * its shape and which bytes are its own.
 *
 * @module
 */
import * as z from "zod";
import { duplicateKey } from "./json_keys.ts";
import { firstIssue } from "./schema_issue.ts";

/** Where one tensor lies, counted from the first byte after the header. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: "F32" | "I32";
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** What the header says, checked. */
export interface Header {
  /** The entries in the order of their bytes. */
  readonly entries: readonly HeaderEntry[];
  readonly metadata: Record<string, string>;
  /** The file's byte at which the first tensor begins. */
  readonly dataStart: number;
}

const lengthLimit = 100_000_000; // the reference implementation's own
const bytesPerNumber = 4; // both types are 32 bits wide
const natural = z.int().min(0);
const entrySchema = z.strictObject({
  dtype: z.enum(["F32", "I32"]),
  shape: z.array(natural),
  data_offsets: z.tuple([natural, natural]),
});

/**
 * Reads the header, and refuses one that does not describe each byte of the
 * file exactly once.
 *
 * @param bytes The whole file.
 * @returns The checked header.
 * @throws {Error} If the header breaks a rule of the format.
 */
export function readHeader(bytes: Uint8Array): Header {
  const length = headerLength(bytes);
  const header = parseHeader(bytes.subarray(8, 8 + length));
  const entries: HeaderEntry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (!name.isWellFormed()) {
      throw refuse(`${JSON.stringify(name)} is no text`);
    }
    if (name === "__metadata__") {
      metadata = checkMetadata(value);
    } else {
      const { dtype, shape, data_offsets } = checkEntry(name, value);
      const [begin, end] = data_offsets;
      entries.push({ name, dtype, shape, begin, end });
    }
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const dataStart = 8 + length;
  checkPlaces(entries, bytes.length - dataStart);
  return { entries, metadata, dataStart };
}

function headerLength(bytes: Uint8Array): number {
  if (bytes.length < 8) throw refuse(`it ends after ${bytes.length} bytes`);
  const fields = new DataView(bytes.buffer, bytes.byteOffset);
  const length = Number(fields.getBigUint64(0, true));
  if (length > lengthLimit) {
    throw refuse(`its header claims ${length} bytes, more than ${lengthLimit}`);
  }
  if (length > bytes.length - 8) {
    const rest = bytes.length - 8;
    throw refuse(`its header claims ${length} bytes of the ${rest} there are`);
  }
  return length;
}

function parseHeader(bytes: Uint8Array): object {
  if (bytes[0] !== 0x7b) throw refuse("its header does not begin with {");
  let text: string, header: object;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    throw refuse("its header is not JSON in UTF-8", cause);
  }
  const repeated = duplicateKey(text);
  if (repeated !== undefined) {
    throw refuse(`its header has "${repeated}" twice`);
  }
  return header;
}

function checkEntry(name: string, value: unknown): z.infer<typeof entrySchema> {
  const result = entrySchema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = firstIssue(result.error);
  throw refuse(`"${[name, ...path].join(".")}" is not valid: ${message}`);
}

/** By hand, because zod's records leave out a key called "__proto__". */
function checkMetadata(value: unknown): Record<string, string> {
  const fits = typeof value === "object" && value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string");
  if (!fits) throw refuse(`"__metadata__" must be an object of texts`);
  return value as Record<string, string>;
}

/** Each byte of the data belongs to exactly one tensor, and fits its shape. */
function checkPlaces(entries: readonly HeaderEntry[], bytes: number): void {
  let position = 0; // every byte before it has its tensor
  for (const { name, shape, begin, end } of entries) {
    if (begin < position) throw refuse(`"${name}" overlaps another tensor`);
    if (begin > position) {
      throw refuse(
        `no tensor has the ${begin - position} bytes before "${name}"`,
      );
    }
    if (end < begin) throw refuse(`"${name}" ends before it begins`);
    if (end > bytes) {
      throw refuse(
        `"${name}" ends at byte ${end} of ${bytes}: the file is cut`,
      );
    }
    if (byteCount(shape) !== end - begin) {
      const sizes = shape.slice(0, 8).join(", ");
      throw refuse(
        `"${name}" [${sizes}] does not fit its ${end - begin} bytes`,
      );
    }
    position = end;
  }
  if (position !== bytes) {
    throw refuse(`no tensor has its last ${bytes - position} bytes`);
  }
}

/** The bytes of a shape, or NaN where they are more than we can count. */
function byteCount(shape: readonly number[]): number {
  let bytes = bytesPerNumber;
  for (const size of shape) {
    bytes *= size;
    if (!Number.isSafeInteger(bytes)) return NaN;
  }
  return bytes;
}

function refuse(why: string, cause?: unknown): Error {
  return new Error(`Cannot read this safetensors file: ${why}`, { cause });
}

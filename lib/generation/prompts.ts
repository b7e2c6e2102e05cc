/**
 * What a text begins with, as ids.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { Vocabulary } from "../text/vocabulary.ts";

/**
 * Turns prompts into ids.
 *
 * @param prompts What a person gave.
 * @param vocabulary The characters that the model knows.
 * @returns The ids of each prompt.
 * @throws {TypeError} If they are no strings.
 * @throws {RangeError} If there is none, one is empty or has an unknown character.
 */
export function encodePrompts(
  prompts: readonly string[],
  vocabulary: Vocabulary,
): Int32Array[] {
  if (!Array.isArray(prompts)) {
    throw new TypeError(
      `Cannot continue ${String(prompts)}: give a string or an array of strings`,
    );
  }
  if (prompts.length === 0) {
    throw new RangeError("Cannot continue []: give at least one prompt");
  }
  return prompts.map((prompt, i) => {
    if (typeof prompt !== "string") {
      throw new TypeError(`Cannot continue prompt ${i}: it is no string`);
    }
    if (prompt === "") {
      throw new RangeError(
        `Cannot continue prompt ${i}, "": give at least one character`,
      );
    }
    return vocabulary.encode(prompt, { unknown: "error" });
  });
}

/**
 * Reads the rows of a tensor of ids off the device.
 *
 * @param ids Int32 `[batch, time]`; it stays the caller's.
 * @param vocabulary The characters that the model knows.
 * @returns The ids of each text.
 * @throws {RangeError} If it is empty, or an id is not one of the vocabulary's.
 */
export async function idRows(
  ids: tf.Tensor2D,
  vocabulary: Vocabulary,
): Promise<Int32Array[]> {
  const [batch, time] = ids.shape;
  if (ids.rank !== 2 || ids.size === 0) {
    throw new RangeError(
      `Cannot continue ids of shape [${ids.shape.join(", ")}]: ` +
        "give [batch, time], both at least 1",
    );
  }
  const values = Int32Array.from(await ids.data());
  const wrong = values.find((id) => id < 0 || id >= vocabulary.size);
  if (wrong !== undefined) {
    throw new RangeError(
      `Cannot continue id ${wrong}: the ids go from 0 to ${vocabulary.size - 1}`,
    );
  }
  return Array.from(
    { length: batch },
    (_, i) => values.subarray(i * time, (i + 1) * time),
  );
}

/**
 * Checks how many characters to write.
 *
 * @param length What a person gave.
 * @throws {TypeError} If it is not a number.
 * @throws {RangeError} If it is not an integer of 0 or more.
 */
export function checkLength(length: unknown): void {
  if (typeof length !== "number") {
    throw new TypeError(
      `Cannot use length ${String(length)}: it is not a number`,
    );
  }
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new RangeError(
      `Cannot write ${length} characters: length must be an integer of 0 or more`,
    );
  }
}

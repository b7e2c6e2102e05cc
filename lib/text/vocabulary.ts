/**
 * Characters to ids and back.
 *
 * @module
 */
import * as z from "zod";

/** What id 0 stands for: any character that the vocabulary does not hold. */
const unknownCharacter = "[UNK]";

const savedVocabulary = z.object({ characters: z.array(z.string()) });

/** How {@linkcode Vocabulary.encode} treats a character that the vocabulary does not hold. */
export interface EncodeOptions {
  /** `"unk"` (the default) gives it id 0, `"error"` refuses the text. */
  readonly unknown?: "unk" | "error" | undefined;
}

/**
 * The characters that a model knows, and the number of each.
 *
 * Id 0 is `[UNK]`; the characters of the text follow, sorted by code point. A character is a Unicode
 * code point, so an emoji is one character, and half of a surrogate pair that stands alone is one too.
 *
 * @example From characters to ids and back
 * ```ts
 * import { Vocabulary } from "folio";
 * import assert from "node:assert/strict";
 *
 * const vocabulary = Vocabulary.fromText("Hello");
 * assert.deepEqual(vocabulary.characters, ["[UNK]", "H", "e", "l", "o"]);
 *
 * const ids = vocabulary.encode("hello");
 * assert.deepEqual(Array.from(ids), [0, 2, 3, 3, 4]);
 * assert.equal(vocabulary.decode(ids), "[UNK]ello");
 * ```
 */
export class Vocabulary {
  /** The characters by id; `characters[0]` is `"[UNK]"`. */
  readonly characters: readonly string[];
  /** The id of every code point up to U+FFFF, found by its number. */
  readonly #basicIds = new Int32Array(0x10000);
  /** The ids of the code points beyond, which are two code units each in a string. */
  readonly #astralIds = new Map<number, number>();

  private constructor(codePoints: readonly number[]) {
    const characters = [unknownCharacter];
    for (const codePoint of codePoints) {
      const id = characters.push(String.fromCodePoint(codePoint)) - 1;
      if (codePoint < 0x10000) this.#basicIds[codePoint] = id;
      else this.#astralIds.set(codePoint, id);
    }
    this.characters = Object.freeze(characters);
  }

  /**
   * Collects the characters of a text.
   *
   * @param text The text, in whatever language.
   * @returns The vocabulary of its characters.
   * @throws {RangeError} If the text is empty.
   */
  static fromText(text: string): Vocabulary {
    if (text.length === 0) {
      throw new RangeError(
        'Cannot make a vocabulary of the empty text "": give a text with at least one character',
      );
    }
    const basic = new Uint8Array(0x10000);
    const astral = new Set<number>();
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if ((unit & 0xFC00) !== 0xD800) {
        basic[unit] = 1;
        continue;
      }
      const codePoint = text.codePointAt(i)!;
      if (codePoint < 0x10000) basic[codePoint] = 1;
      else {
        astral.add(codePoint);
        i++;
      }
    }
    const codePoints: number[] = [];
    for (let unit = 0; unit < basic.length; unit++) {
      if (basic[unit] === 1) codePoints.push(unit);
    }
    codePoints.push(...[...astral].sort((a, b) => a - b));
    return new Vocabulary(codePoints);
  }

  /**
   * Reads what {@linkcode Vocabulary.toJSON} has written.
   *
   * @param json The parsed JSON, trusted in nothing.
   * @returns The vocabulary, with the same ids.
   * @throws {TypeError} If it is not an object with an array of strings as `characters`.
   * @throws {RangeError} If these are not `[UNK]` and then single characters, sorted, none twice.
   */
  static fromJSON(json: unknown): Vocabulary {
    const parsed = savedVocabulary.safeParse(json);
    if (!parsed.success) {
      throw new TypeError(
        `Cannot read the vocabulary: ${z.prettifyError(parsed.error)}`,
      );
    }
    const [first, ...rest] = parsed.data.characters;
    if (first !== unknownCharacter || rest.length === 0) {
      throw new RangeError(
        `Cannot read the vocabulary: "characters" must be "[UNK]" and then at least one character, ` +
          `but it has ${parsed.data.characters.length} entries and starts with ${
            JSON.stringify(first)
          }`,
      );
    }
    return new Vocabulary(rest.map(readCodePoint));
  }

  /** How many ids there are, `[UNK]` included. */
  get size(): number {
    return this.characters.length;
  }

  /**
   * Turns a text into ids, one for each character.
   *
   * @param text The text to encode.
   * @param options What becomes of a character that the vocabulary does not hold.
   * @returns The ids, in an array of their own.
   * @throws {RangeError} With `{ unknown: "error" }`, if there is such a character; its position
   * counts characters from 0.
   */
  encode(text: string, options: EncodeOptions = {}): Int32Array {
    const refuse = options.unknown === "error";
    const ids = new Int32Array(text.length);
    let length = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      let id = this.#basicIds[unit]!;
      if ((unit & 0xFC00) === 0xD800) {
        const codePoint = text.codePointAt(i)!;
        if (codePoint >= 0x10000) {
          id = this.#astralIds.get(codePoint) ?? 0;
          i++;
        }
      }
      if (id === 0 && refuse) throw this.#unknownError(text, length);
      ids[length++] = id;
    }
    // A surrogate pair is one id, so a text that has some leaves room at the end.
    return length === ids.length ? ids : ids.slice(0, length);
  }

  /**
   * Turns ids back into text.
   *
   * @param ids The ids, in any array-like.
   * @returns The characters, joined; id 0 becomes `[UNK]`.
   * @throws {RangeError} If an id is not one of this vocabulary.
   */
  decode(ids: ArrayLike<number>): string {
    const parts = new Array<string>(ids.length);
    for (let i = 0; i < ids.length; i++) {
      const character = this.characters[ids[i]!];
      if (character === undefined) {
        throw new RangeError(
          `Cannot decode id ${ids[i]} at position ${i}: ` +
            `the vocabulary of ${this.size} has the ids 0 to ${this.size - 1}`,
        );
      }
      parts[i] = character;
    }
    return parts.join("");
  }

  /**
   * The vocabulary as plain JSON.
   *
   * @returns All that {@linkcode Vocabulary.fromJSON} needs.
   */
  toJSON(): { characters: string[] } {
    return { characters: [...this.characters] };
  }

  #unknownError(text: string, position: number): RangeError {
    const character = [...text][position] ?? "";
    return new RangeError(
      `Cannot encode ${JSON.stringify(character)} (${codePointName(character)}) at position ` +
        `${position}: it is not in the vocabulary of ${this.size}. Leave it out, or encode with ` +
        `{ unknown: "unk" }, which makes it [UNK]`,
    );
  }
}

/** The code point of one saved character; refuses one that does not follow the one before it. */
function readCodePoint(
  character: string,
  index: number,
  all: readonly string[],
): number {
  const codePoint = character.codePointAt(0);
  if (
    codePoint === undefined || String.fromCodePoint(codePoint) !== character
  ) {
    throw new RangeError(
      `Cannot read the vocabulary: ${JSON.stringify(character)} at id ${index + 1} ` +
        `is not a single character`,
    );
  }
  const before = all[index - 1];
  if (before !== undefined && codePoint <= before.codePointAt(0)!) {
    throw new RangeError(
      `Cannot read the vocabulary: ${JSON.stringify(character)} (${codePointName(character)}) at ` +
        `id ${index + 1} does not come after ${JSON.stringify(before)}; ` +
        `the characters must be sorted by code point, none twice`,
    );
  }
  return codePoint;
}

function codePointName(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}

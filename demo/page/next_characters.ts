/**
 * How likely each next character is.
 *
 * @module
 */
import { characterLabel } from "../../lib/display/character_label.ts";

/** A character that may come next. */
export interface NextCharacter {
  readonly id: number;
  /** As it is shown: a space as ␣. */
  readonly label: string;
  /** Between 0 and 1. */
  readonly probability: number;
}

/** What a row of logits is read with. */
export interface NextCharactersOptions {
  readonly temperature: number;
  /** The character of each id. */
  readonly characters: readonly string[];
  /** How many to keep. */
  readonly limit: number;
  /** One to keep in any case: the id that was drawn. */
  readonly drawn?: number;
}

/**
 * The likeliest next characters, with the probabilities that they are drawn with:
 * softmax(logits / temperature) without `[UNK]`, which is never drawn.
 *
 * @param logits one row; its first is `[UNK]`
 * @param options temperature, characters and how many
 * @returns the likeliest first; the drawn one takes the last place if it is not among them
 */
export function nextCharacters(
  logits: Float32Array,
  { temperature, characters, limit, drawn }: NextCharactersOptions,
): NextCharacter[] {
  let highest = -Infinity;
  for (let id = 1; id < logits.length; id++) highest = Math.max(highest, logits[id]);
  const weight = (id: number) => Math.exp((logits[id] - highest) / temperature);
  let sum = 0;
  for (let id = 1; id < logits.length; id++) sum += weight(id);
  const ids = Array.from({ length: logits.length - 1 }, (_, i) => i + 1)
    .sort((a, b) => logits[b] - logits[a]);
  const kept = ids.slice(0, limit);
  if (drawn !== undefined && !kept.includes(drawn)) kept[kept.length - 1] = drawn;
  return kept.map((id) => ({
    id,
    label: characterLabel(characters[id]),
    probability: weight(id) / sum,
  }));
}

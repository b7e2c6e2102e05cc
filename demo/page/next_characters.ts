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
  readonly drawn?: number | undefined;
}

/**
 * The likeliest next characters, with the probabilities that they are drawn with:
 * softmax(logits / temperature) without `[UNK]`, which is never drawn.
 *
 * @param logits One row; its first is `[UNK]`.
 * @param options Temperature, characters and how many.
 * @returns The likeliest first; the drawn one takes the last place if it is not among them.
 */
export function nextCharacters(
  logits: Float32Array,
  { temperature, characters, limit, drawn }: NextCharactersOptions,
): NextCharacter[] {
  const known = [...logits].map((logit, id) => ({ id, logit })).slice(1);
  const highest = known.reduce((most, { logit }) => Math.max(most, logit), -Infinity);
  const weighed = known
    .map(({ id, logit }) => ({ id, logit, weight: Math.exp((logit - highest) / temperature) }));
  const sum = weighed.reduce((sum, { weight }) => sum + weight, 0);
  const kept = weighed.toSorted((a, b) => b.logit - a.logit).slice(0, limit);
  const other = weighed.find(({ id }) => id === drawn);
  if (other !== undefined && kept.every(({ id }) => id !== drawn)) kept[kept.length - 1] = other;
  return kept.map(({ id, weight }) => ({
    id,
    label: characterLabel(characters[id] ?? ""),
    probability: weight / sum,
  }));
}

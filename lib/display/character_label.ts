/**
 * The label of a character: how a figure writes one that cannot be seen.
 *
 * @module
 */

const visible: Readonly<Record<string, string>> = {
  "[UNK]": "�",
  " ": "␣",
  "\n": "↵",
  "\t": "⇥",
  "\r": "␍",
};

/**
 * Writes a character so that it can be seen on an axis: a space as ␣, a line break as ↵.
 *
 * @param character One character, or `[UNK]`.
 * @returns The label.
 */
export function characterLabel(character: string): string {
  return visible[character] ?? character;
}

/**
 * Writes a character for plotly, which reads a little HTML in its labels.
 *
 * @param character One character, or `[UNK]`.
 * @returns The label, with markup escaped.
 */
export function plotLabel(character: string): string {
  return characterLabel(character)
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

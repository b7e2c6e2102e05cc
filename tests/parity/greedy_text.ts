/**
 * Whether two programs take the same character each time, the likeliest.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { OneStep } from "folio";
import type { Finding } from "./findings.ts";
import { writing } from "./interop_material.ts";

/** Below this difference of the two best logits either character is right. */
const nearTie = 1e-4;
/** So cold that only logits nearer than some millionths could change places. */
const temperature = 1e-7;

/** Compares a peer's likeliest text with folio's, character by character. */
export async function compareGreedyText(
  labels: Pick<Finding, "peer" | "what">,
  { writer, theirs }: { readonly writer: OneStep; readonly theirs: string },
): Promise<Finding> {
  const { prompt, length } = writing;
  const ours = await writer.generate(prompt, { length, temperature });
  const [mine, other] = [[...ours], [...theirs]];
  const wanted = `${length} characters, or a gap under ${nearTie.toExponential(0)}`;
  const same = mine.findIndex((character, i) => character !== other[i]);
  const written = (same < 0 ? mine.length : same) - [...prompt].length;
  if (same < 0 && mine.length === other.length) {
    const kinds = new Set(mine.slice(-length)).size;
    return { ...labels, found: `${written} (${kinds} different)`, wanted, good: true };
  }
  const gap = await gapAfter(writer, mine.slice(0, same).join(""));
  const found = `${written}, then a gap of ${gap.toExponential(1)}`;
  return { ...labels, found, wanted, good: written >= 0 && gap < nearTie };
}

/** How far the best logit after a text lies above the second best. */
async function gapAfter({ model, vocabulary }: OneStep, text: string): Promise<number> {
  const ids = vocabulary.encode(text, { unknown: "error" });
  const inputs = tf.tensor2d(ids, [1, ids.length], "int32");
  const { logits, state } = model.forward(inputs);
  const values = await logits.data();
  tf.dispose([inputs, logits, ...state]);
  const last = [...values.slice(1 - vocabulary.size)].sort((a, b) => b - a);
  return last[0]! - last[1]!;
}

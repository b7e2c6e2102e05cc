/**
 * Writing with folio's model.
 *
 * @module
 */
import { createCharModel, OneStep, Vocabulary } from "folio";
import type { WriteJob } from "./jobs.ts";
import type { Work } from "./worker.ts";

/** Writes on from one prompt or from several at once, each time the same. */
export function writing({ model, texts, promptLength }: WriteJob): Work {
  const characters = Array.from(
    { length: model.vocabularySize - 1 },
    (_, i) => String.fromCharCode(33 + i),
  );
  const vocabulary = Vocabulary.fromText(characters.join(""));
  const writer = new OneStep(
    createCharModel({ ...model, embeddingScale: 0.05, seed: 0 }),
    vocabulary,
  );
  const prompt = characters.slice(0, promptLength).join("");
  const prompts = Array.from({ length: texts }, () => prompt);
  return async (length) => {
    await writer.generate(prompts, { length, seed: 1 });
  };
}

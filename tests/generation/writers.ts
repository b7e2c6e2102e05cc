import { OneStep } from "../../lib/generation/one_step.ts";
import { createCharModel } from "../../lib/model/char_model.ts";
import { Vocabulary } from "../../lib/text/vocabulary.ts";

/** A small writer whose weights are large enough that what it read matters. */
export function smallWriter({ layers = 1, seed = 3 } = {}): OneStep {
  const vocabulary = Vocabulary.fromText("to be, or not to be: ü 🦜");
  const model = createCharModel({
    vocabularySize: vocabulary.size,
    embeddingDim: 6,
    rnnUnits: 10,
    layers,
    embeddingScale: 2,
    seed,
  });
  return new OneStep(model, vocabulary, {
    training: {
      corpus: "hamlet",
      corpusSha256: "0".repeat(64),
      epochs: 3,
      loss: 1.5,
      validationLoss: 1.75,
    },
  });
}

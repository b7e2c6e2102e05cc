import type { ModelConfig } from "../config.ts";
import type { TensorRecord } from "../files/safetensors.ts";
import type { Vocabulary } from "../text/vocabulary.ts";
import type { TrainingSummary } from "./bundle_json.ts";

/** What a bundle holds, without a tensor yet. */
export interface Bundle {
  readonly config: ModelConfig;
  readonly vocabulary: Vocabulary;
  readonly training?: TrainingSummary | undefined;
  /** The weights by name. */
  readonly tensors: ReadonlyMap<string, TensorRecord>;
}

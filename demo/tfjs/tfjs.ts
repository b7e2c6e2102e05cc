/**
 * What the page's script has in the place of `@tensorflow/tfjs`: the parts that writing needs.
 * All of tfjs, with the layers, the kernels and the backends that only others need, would be more
 * than twice as large.
 *
 * @module
 */
import "@tensorflow/tfjs-core/dist/public/chained_ops/reshape.js";
import "@tensorflow/tfjs-core/dist/public/chained_ops/slice.js";
import { Layer } from "@tensorflow/tfjs-layers/dist/engine/topology.js";
import { zeros } from "@tensorflow/tfjs-layers/dist/exports_initializers.js";
import { Dense, type DenseLayerArgs } from "@tensorflow/tfjs-layers/dist/layers/core.js";
import {
  Embedding,
  type EmbeddingLayerArgs,
} from "@tensorflow/tfjs-layers/dist/layers/embeddings.js";

export * from "@tensorflow/tfjs-core";
export { Input as input } from "@tensorflow/tfjs-layers/dist/engine/input_layer.js";
export { LayersModel } from "@tensorflow/tfjs-layers/dist/engine/training.js";

export const initializers = { zeros };
export const layers = {
  Layer,
  dense: (args: DenseLayerArgs) => new Dense(args),
  embedding: (args: EmbeddingLayerArgs) => new Embedding(args),
};

/**
 * The figures that the notebooks show, each a small function from data to a {@linkcode Plot}.
 *
 * @module
 */

export { alignment, type AlignmentOptions } from "./alignment.ts";
export { characterFrequencies, type CharacterFrequenciesOptions } from "./character_frequencies.ts";
export {
  distribution,
  type DistributionOptions,
  temperatureDistributions,
  type TemperatureOptions,
} from "./distribution.ts";
export { lossCurve, type LossCurveOptions, type LossPoint } from "./loss_curve.ts";
export { modelShape, type ModelShapeOptions } from "./model_shape.ts";
export { createPlot, type Plot, type PlotBundle, type PlotOptions, type PlotPart } from "./plot.ts";

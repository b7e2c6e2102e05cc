/**
 * folio: character-level text generation with a recurrent network, in TypeScript.
 *
 * Text becomes characters, characters become ids, ids become batches; a GRU learns to
 * predict the next id; one step after the other, its predictions become text.
 *
 * @module
 */
export * from "./config.ts";
export {
  type Arithmetic,
  type Device,
  type DeviceChoice,
  type DeviceName,
  type DeviceOptions,
  selectDevice,
} from "./device.ts";
export * as random from "./random.ts";

export type { Corpus, CorpusOptions, StandIn } from "./text/corpus.ts";
export { loadCorpus } from "./text/load_corpus.ts";
export type { DownloadOptions, DownloadProgress } from "./files/download.ts";
export type { FileSystem } from "./files/file_system.ts";
export type { SequenceBatch } from "./text/sequence_batch.ts";
export { SequenceDataset } from "./text/sequence_dataset.ts";
export * from "./text/vocabulary.ts";
export * from "./text/split.ts";
export type { SequenceOptions } from "./text/sequence_options.ts";
export { sequenceBatches } from "./text/sequences.ts";
export * from "./text/validation_batches.ts";

export { CharModel, createCharModel } from "./model/char_model.ts";
export type { ModelOutput, ModelState, NamedWeight } from "./model/model_state.ts";
export { GruLayer, type GruLayerConfig, type GruSequences } from "./model/gru_layer.ts";
export { type CharLayers, CharNetwork, type NetworkOutput } from "./model/char_network.ts";
export { bitsPerCharacter, perplexity, sparseCategoricalCrossentropy } from "./model/loss.ts";

export { Adam, type AdamForm, type AdamOptions, type NamedTensor } from "./training/adam.ts";
export { type LearningRateSchedule, learningRateSchedule } from "./training/schedule.ts";
export { evaluate, type EvaluateOptions } from "./training/evaluate.ts";
export { train, type TrainOptions } from "./training/trainer.ts";
export {
  type TrainedModel,
  type TrainingPlan,
  trainOn,
  type TrainOnOptions,
} from "./training/train_on.ts";
export { afterEachEpoch, type TrainContext, type TrainingCallback } from "./training/callbacks.ts";
export { stopOnDivergence, TrainingDiverged } from "./training/divergence.ts";
export { type FitCallbackOptions, fitCallbacks } from "./training/fit_callbacks.ts";
export type {
  EpochRecord,
  RestoredTraining,
  StepInfo,
  TrainingHistory,
  UnfinishedEpoch,
} from "./training/records.ts";
export { checkpointEachEpoch, type CheckpointOptions, Checkpoints } from "./training/checkpoint.ts";
export type { CheckpointInfo } from "./training/checkpoint_info.ts";
export type { RestoreTarget } from "./training/checkpoint_folder.ts";

export {
  type GenerateOptions,
  OneStep,
  type Step,
  type StreamOptions,
} from "./generation/one_step.ts";
export type { LoadOptions } from "./generation/bundle.ts";
export { type SampleOptions, sampleToken, type SampleTokenOptions } from "./generation/sampling.ts";
export type { TrainingSummary } from "./generation/bundle_json.ts";
export type { StepResult, StepState } from "./generation/step.ts";

export { type CourseModel, CourseOutputs } from "./display/course_outputs.ts";
export * from "./display/plots.ts";
export type { ProgressWriter } from "./display/progress_writer.ts";
export { downloadProgress, type ProgressOptions, trainingProgress } from "./display/progress.ts";
export {
  compareWithTutorial,
  type ReferenceFigure,
  type ReferenceTable,
} from "./display/reference_figures.ts";

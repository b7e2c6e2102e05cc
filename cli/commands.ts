/**
 * What a command line asks for, once it is read: plain records that travel as JSON.
 *
 * @module
 */
import type { PresetName } from "../lib/config.ts";
import type { DeviceChoice } from "../lib/mod.ts";
import type { pythonTargets } from "./python_target.ts";
import type { Settings } from "./settings.ts";

/** Where to compute. */
export interface DeviceArguments {
  /** As of `selectDevice`. */
  readonly device: DeviceChoice;
  /** `"auto"`, `"none"` or an absolute path. */
  readonly blas: string;
  /** Of `"auto"`: the library that was found. */
  readonly foundBlas?: string | undefined;
  /** `"auto"` or `"off"`. */
  readonly native: string;
  /** There only if the command line says how many. */
  readonly threads?: number | undefined;
}

/** `deno task train` */
export interface TrainCommand extends DeviceArguments {
  readonly name: "train";
  /** A known name, an address or an absolute path. */
  readonly corpus: string;
  /** An absolute path. */
  readonly out: string;
  /** There only if the command line names one. */
  readonly preset?: PresetName | undefined;
  /** The settings that the command line gives. */
  readonly given: Partial<Settings>;
  readonly resume: boolean;
  readonly force: boolean;
  /** How many checkpoints to keep. */
  readonly keep: number;
}

/** `deno task generate` */
export interface GenerateCommand extends DeviceArguments {
  readonly name: "generate";
  /** An address or an absolute path. */
  readonly model: string;
  /** There unless it comes from standard input. */
  readonly prompt?: string | undefined;
  readonly length: number;
  readonly temperature: number;
  readonly seed: number;
  readonly count: number;
  readonly json: boolean;
}

/** `deno task export` */
export interface ExportCommand {
  readonly name: "export";
  /** An absolute path. */
  readonly model: string;
  readonly to: "web" | keyof typeof pythonTargets;
  /** An absolute path. */
  readonly out: string;
  /** A Python that has the packages, to convert with: an absolute path, or a name. */
  readonly python?: string | undefined;
}

/** Any of the commands. */
export type CliCommand = TrainCommand | GenerateCommand | ExportCommand;

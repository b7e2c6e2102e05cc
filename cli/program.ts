/**
 * The command line: its commands, options and help.
 *
 * @module
 */
import type { DeviceChoice } from "../lib/mod.ts";
import { Command, CommanderError, Option } from "commander";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { PresetName } from "../lib/config.ts";
import { knownCorpora } from "../lib/text/known_corpora.ts";
import { decimal, integer } from "./argument.ts";
import { type CliCommand, type DeviceArguments, type ExportCommand } from "./commands.ts";
import { oneLine, UsageError } from "./exit.ts";
import { isAddress } from "./permissions.ts";
import { presetSettings, settingOptions, type Settings } from "./settings.ts";

/** What a command line is read with. */
export interface CliContext {
  /** The folder that relative paths start from. */
  readonly folder: string;
  /** The device where the command line names none; default `"auto"`. */
  readonly device?: string | undefined;
  /** The BLAS where the command line names none; default `"auto"`. */
  readonly blas?: string | undefined;
  /** Whether there is machine code, where the command line does not say; default `"auto"`. */
  readonly native?: string | undefined;
}

/** What came of reading a command line: something to do, or a text to show. */
export type Reading = { readonly command: CliCommand } | { readonly help: string };

type Options = Readonly<Record<string, unknown>>;

const corpora = knownCorpora.map(({ name }) => name);
const devices: readonly DeviceChoice[] = ["auto", "webgpu", "wasm", "cpu"];
const nativeChoices = ["auto", "off"];
const anySeed = { min: 0, max: 2 ** 32 - 1 };

/**
 * Reads a command line.
 *
 * @param args Its words, the command first.
 * @param context Where it was given.
 * @returns What to do, or the help that was asked for.
 * @throws {UsageError} If something is wrong with it, in one line.
 */
export function readCommandLine(args: readonly string[], context: CliContext): Reading {
  let found: CliCommand | undefined, help = "";
  const program = new Command("deno task")
    .usage("train|generate|export [options]")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => help += text,
      writeErr: () => {},
      // Else commander looks into the environment, of which we may read little.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ helpWidth: 100 });
  const commands = [
    { command: trainCommand(program), read: readTrain },
    { command: generateCommand(program), read: readGenerate },
    { command: exportCommand(program), read: readExport },
  ];
  for (const { command, read } of commands) {
    command.action((options: Options) => {
      found = read(options, context);
    });
  }
  try {
    program.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") return { help };
    if (error.code === "commander.help") {
      throw new UsageError("Name a command: train, generate or export");
    }
    throw new UsageError(`${oneLine(error).replace(/^error: /, "")} (--help shows the options)`);
  }
  return { command: found! };
}

function trainCommand(program: Command): Command {
  const command = program.command("train")
    .description("Trains a model on a text. Checkpoints, history and bundle go into --out.")
    .requiredOption(
      "--corpus <text>",
      `a text file in UTF-8, an address, or a known text: ${corpora.join(", ")}`,
    )
    .requiredOption("--out <folder>", "the folder of this run; it is made")
    .option("--resume", "go on where the run in --out has stopped")
    .addOption(new Option("--force", "replace the run in --out").conflicts("resume"))
    .option("--keep <n>", "how many checkpoints to keep", integer({ min: 1, max: 1e6 }), 3)
    .addOption(
      new Option("--preset <name>", "what the settings below start from (default: quick)")
        .choices(["quick", "tutorial"]),
    );
  const [quick, tutorial] = [presetSettings("quick"), presetSettings("tutorial")];
  const shown = (value: unknown) =>
    value === true ? "yes" : value === false ? "no" : value ?? "none";
  for (const { key, flags, description, parse, choices } of settingOptions) {
    const defaults = `(quick ${shown(quick[key])}, tutorial ${shown(tutorial[key])})`;
    const option = new Option(flags, `${description} ${defaults}`);
    if (parse) option.argParser(parse);
    if (choices) option.choices(choices);
    command.addOption(option);
  }
  command.option("--no-random-offset", "cut them at the same places each epoch");
  return withDevice(command).addHelpText(
    "after",
    `
Examples:
  deno task train --corpus my_novel.txt --out outputs/my
  deno task train --corpus my_novel.txt --out outputs/my --resume
  deno task train --corpus my_novel.txt --out outputs/big --units 512 --layers 2 --epochs 10
  deno task train --corpus shakespeare --out outputs/tutorial --preset tutorial

Ctrl-C stops after the step that is under way and keeps it; --resume goes on from there, as if
training had never stopped. A second Ctrl-C stops at once. --resume takes the settings of the run;
only --epochs, the learning rates and --clip-norm may be others. The bundle is the best checkpoint.
${aboutNative}`,
  );
}

function readTrain(options: Options, context: CliContext): CliCommand {
  const given: Partial<Record<keyof Settings, unknown>> = {};
  for (const { key, flags } of settingOptions) {
    const value = options[new Option(flags).attributeName()];
    if (value === undefined) continue;
    // Of a reader that returns null commander makes an empty text.
    given[key] = key === "clipNorm" && value === "none" ? null : value;
  }
  return {
    name: "train",
    corpus: corpora.includes(String(options.corpus))
      ? String(options.corpus)
      : addressOrPath("--corpus", options.corpus, context),
    out: absolutePath("--out", options.out, context),
    preset: options.preset as PresetName | undefined,
    given: given as Partial<Settings>, // each was read by the setting's own reader
    resume: options.resume === true,
    force: options.force === true,
    keep: Number(options.keep),
    ...deviceChoice(options, context),
  };
}

function generateCommand(program: Command): Command {
  const command = program.command("generate")
    .description("Writes on from a prompt, character by character, to standard output.")
    .requiredOption("--model <folder>", "a bundle, the --out of a training, or an address")
    .option("--prompt <text>", "what the text begins with; else standard input, to its end")
    .option("--length <n>", "characters to write", integer({ min: 0, max: 1e9 }), 1000)
    .option(
      "--temperature <x>",
      "near 0 the likeliest, 1 as learned, above 1 wilder",
      decimal({ min: 0, above: true, max: 1000 }),
      1,
    )
    .option("--seed <n>", "the same seed gives the same text", integer(anySeed), 0)
    .option(
      "--count <n>",
      "how many texts, each with the next seed",
      integer({ min: 1, max: 1e6 }),
      1,
    )
    .option("--json", "a line of JSON for each text: seed, prompt, text");
  return withDevice(command).addHelpText(
    "after",
    `
Examples:
  deno task generate --model outputs/my --prompt "It was " --temperature 0.8
  deno task generate --model outputs/my --prompt "It was " --length 200 --seed 7 --count 3
  echo "It was " | deno task generate --model outputs/my --json

The line end after a prompt on standard input is not part of it.`,
  );
}

function readGenerate(options: Options, context: CliContext): CliCommand {
  return {
    name: "generate",
    model: addressOrPath("--model", options.model, context),
    prompt: options.prompt as string | undefined,
    length: Number(options.length),
    temperature: Number(options.temperature),
    seed: Number(options.seed),
    count: Number(options.count),
    json: options.json === true,
    ...deviceChoice(options, context),
  };
}

function exportCommand(program: Command): Command {
  return program.command("export")
    .description("Takes a model elsewhere: to a web page, to Keras or to PyTorch.")
    .requiredOption("--model <folder>", "a bundle, the --out of a training, or an address")
    .addOption(
      new Option("--to <where>", "web, keras or torch").choices(["web", "keras", "torch"])
        .makeOptionMandatory(),
    )
    .requiredOption("--out <folder>", "the new folder")
    .option("--python <program>", "a Python that has the packages: converts the weights at once")
    .addHelpText(
      "after",
      `
Examples:
  deno task export --model outputs/my --to web --out outputs/page
  deno task export --model outputs/my --to keras --out outputs/keras
  deno task export --model outputs/my --to torch --out outputs/torch --python python3`,
    );
}

function readExport(options: Options, context: CliContext): CliCommand {
  const to = options.to as ExportCommand["to"];
  const python = options.python as string | undefined;
  if (python !== undefined && to === "web") {
    throw new UsageError("--python is for --to keras and --to torch: leave it out");
  }
  return {
    name: "export",
    model: addressOrPath("--model", options.model, context),
    to,
    out: absolutePath("--out", options.out, context),
    python: /[\\/]/.test(python ?? "") ? absolutePath("--python", python, context) : python,
  };
}

function withDevice(command: Command): Command {
  return command
    .addOption(
      new Option("--device <name>", "where to compute (default: FOLIO_DEVICE, else auto)")
        .choices(devices),
    )
    .option(
      "--blas <path>",
      "on the CPU: auto, none, or the path of a library (default: FOLIO_BLAS, else auto)",
    )
    .addOption(
      new Option(
        "--native <how>",
        "folio's own machine code, on Linux on x86-64 (default: FOLIO_NATIVE, else auto)",
      ).choices(nativeChoices),
    )
    .option(
      "--threads <n>",
      "threads on the CPU; no bit depends on them (default: one for each core)",
      integer({ min: 1, max: 16 }),
    );
}

/** What a person should know of the permissions of a command that computes. */
const aboutNative = `
Machine code takes the permission to use all libraries (--allow-ffi). With it Deno's other limits
guard against mistakes, not against hostile code; --native off or --blas none keeps the fence whole.`;

function deviceChoice(options: Options, context: CliContext): DeviceArguments {
  const asked = String(options.device ?? (context.device || "auto"));
  const device = devices.find((name) => name === asked);
  if (device === undefined) {
    throw new UsageError(`FOLIO_DEVICE is "${asked}": it must be one of ${devices.join(", ")}`);
  }
  const native = String(options.native ?? (context.native || "auto"));
  if (!nativeChoices.includes(native)) {
    throw new UsageError(
      `FOLIO_NATIVE is "${native}": it must be one of ${nativeChoices.join(", ")}`,
    );
  }
  const blas = String(options.blas ?? (context.blas || "auto"));
  return {
    ...{ device, native },
    ...options.threads !== undefined && { threads: Number(options.threads) },
    blas: blas === "auto" || blas === "none" ? blas : absolutePath("--blas", blas, context),
  };
}

/** An address as it is, or a path, made absolute. */
function addressOrPath(option: string, value: unknown, context: CliContext): string {
  const text = String(value);
  if (!isAddress(text)) return absolutePath(option, text, context);
  if (URL.canParse(text)) return text;
  throw new UsageError(`${option} ${JSON.stringify(text)} is no address`);
}

/** A path or file: address, made an absolute path. */
function absolutePath(option: string, value: unknown, context: CliContext): string {
  const text = String(value);
  if (text === "") throw new UsageError(`${option} is empty: give a path`);
  if (text.includes("\0")) throw new UsageError(`${option} has a zero byte: give a path`);
  if (!/^file:/i.test(text)) return resolve(context.folder, text);
  try {
    return fileURLToPath(text);
  } catch {
    throw new UsageError(`${option} ${JSON.stringify(text)} is no path`);
  }
}

/**
 * `deno task notebooks`: executes the notebooks headlessly, in order, into outputs/notebooks/.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { corpusArgument } from "./corpus_argument.ts";
import { type NotebookOutcome, runNotebook } from "./notebook_run.ts";
import { jupyterVariables, projectPaths } from "./project_paths.ts";
import { liveLine, outcomeTable } from "./run_report.ts";
import { setUp } from "./setup.ts";

const HELP = `Executes the notebooks headlessly, in order, into outputs/notebooks/.

deno task notebooks [options] [numbers]

  numbers              run these only: 01 02, or 1 2; a notebook reads what earlier ones wrote
  --preset NAME        quick or tutorial: the size of the model and of its training, 06 to 09
  --corpus TEXT        a known name, a path or a URL; shakespeare by default
  --device NAME        auto, webgpu, wasm or cpu
  --cell-timeout SECS  how long one cell may run; 1800, or 21600 with --preset tutorial
  --notebooks DIR      the folder of the notebooks
  --outputs DIR        the folder for the executed copies
  --help               this text

The environment may say the same: FOLIO_PRESET, FOLIO_CORPUS, FOLIO_DEVICE.`;

const PRESETS = ["quick", "tutorial"];

/** What the command line asks for. */
interface Arguments {
  readonly numbers: readonly number[];
  readonly notebooks: string;
  readonly outputs: string;
  readonly cellTimeout: number;
  readonly env: Record<string, string>;
}

function readArguments(args: readonly string[]): Arguments | "help" {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      preset: { type: "string" },
      corpus: { type: "string" },
      device: { type: "string" },
      "cell-timeout": { type: "string" },
      notebooks: { type: "string" },
      outputs: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return "help";
  const paths = projectPaths();
  // A task runs in the project's folder; paths are meant from where the command was given.
  const here = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  const preset = values.preset ?? Deno.env.get("FOLIO_PRESET");
  if (preset && !PRESETS.includes(preset)) {
    throw new RangeError(
      `There is no preset "${preset}"; there are ${PRESETS.join(" and ")}`,
    );
  }
  const limit = values["cell-timeout"] ??
    (preset === "tutorial" ? "21600" : "1800");
  const cellTimeout = Number(limit);
  if (!Number.isInteger(cellTimeout) || cellTimeout < 1) {
    throw new RangeError(
      `--cell-timeout must be a whole number of seconds, not "${limit}"`,
    );
  }
  const numbers = positionals.map((text) => {
    if (!/^\d{1,2}$/.test(text)) {
      throw new RangeError(`"${text}" is not the number of a notebook`);
    }
    return Number(text);
  });
  const corpus = corpusArgument(
    values.corpus ?? Deno.env.get("FOLIO_CORPUS"),
    here,
  );
  return {
    numbers,
    cellTimeout,
    notebooks: values.notebooks ? resolve(here, values.notebooks) : paths.notebooks,
    outputs: values.outputs ? resolve(here, values.outputs) : join(paths.outputs, "notebooks"),
    env: {
      ...(preset && { FOLIO_PRESET: preset }),
      ...(corpus && { FOLIO_CORPUS: corpus }),
      ...(values.device && { FOLIO_DEVICE: values.device }),
    },
  };
}

/** The notebooks to run, `NN_name.ipynb`, in the order of their numbers. */
async function chooseNotebooks(
  folder: string,
  numbers: readonly number[],
): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (/^\d\d_.*\.ipynb$/.test(entry.name)) names.push(entry.name);
  }
  names.sort();
  if (names.length === 0) {
    throw new Error(`There is no notebook (NN_name.ipynb) in ${folder}`);
  }
  const there = new Set(names.map((name) => Number(name.slice(0, 2))));
  const missing = numbers.filter((number) => !there.has(number));
  if (missing.length > 0) {
    const wanted = missing.map((number) => String(number).padStart(2, "0"))
      .join(", ");
    throw new RangeError(`There is no notebook ${wanted} in ${folder}`);
  }
  return names.filter((name) => numbers.length === 0 || numbers.includes(Number(name.slice(0, 2))))
    .map((name) => join(folder, name));
}

async function main(args: readonly string[]): Promise<number> {
  const wanted = readArguments(args);
  if (wanted === "help") {
    console.log(HELP);
    return 0;
  }
  const notebooks = await chooseNotebooks(wanted.notebooks, wanted.numbers);
  const paths = projectPaths();
  const { python } = await setUp(paths);
  const interrupt = new AbortController();
  const abort = () => interrupt.abort();
  Deno.addSignalListener("SIGINT", abort);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", abort);

  const outcomes: NotebookOutcome[] = [];
  for (const notebook of notebooks) {
    const line = liveLine();
    const outcome = await runNotebook(notebook, {
      python: python.program,
      tools: join(paths.root, "tools"),
      outputs: wanted.outputs,
      cellTimeout: wanted.cellTimeout,
      env: { ...jupyterVariables(paths), ...wanted.env },
      onProgress: line.show,
      signal: interrupt.signal,
    });
    line.end(outcome);
    outcomes.push(outcome);
    if (outcome.result !== "ok") break;
  }
  console.log(
    outcomeTable(outcomes, {
      planned: notebooks.length,
      outputs: wanted.outputs,
    }),
  );
  if (interrupt.signal.aborted) return 130;
  return outcomes.every((outcome) => outcome.result === "ok") ? 0 : 1;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    console.error(
      `notebooks: ${error instanceof Error ? error.message : error}`,
    );
    Deno.exit(1);
  }
}

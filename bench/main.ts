/**
 * `deno task bench` measures folio on every device there is, `deno task bench:peers` folio and its
 * peers, alternating. Each writes a report into bench/results.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadCorpus, selectDevice } from "folio";
import { corpusArgument } from "../tools/corpus_argument.ts";
import { readyPeers } from "../tools/peers.ts";
import { projectPaths } from "../tools/project_paths.ts";
import { setUp } from "../tools/setup.ts";
import { positiveInteger, rowsNamed } from "./choices.ts";
import { contendersNamed, type Programs, usualContenders } from "./contenders.ts";
import { benchmarkRows, type Row, sweepRows } from "./jobs.ts";
import type { Report } from "./report.ts";
import { runBenchmark } from "./run.ts";

const help = `Measures how fast folio trains and writes, in rounds that alternate.

  deno task bench         folio on every device there is
  deno task bench:peers   folio, PyTorch, Keras and tfjs' own layers

  --rounds 5          how many rounds after the warm-up; the median counts
  --sweep             training steps over units, batch and length instead of the rows
  --rows A,B          only these rows, such as train-quick or units-512
  --contenders A,B    only these: folio, folio-none (no BLAS), folio-webgpu, torch, torch-cuda,
                      torch-cuda-tf32, keras, tfjs-cpu, tfjs-wasm, tfjs-webgpu; a software GPU
                      only runs if it is named
  --characters 1000   how many characters are written
  --small             tiny sizes, to see that everything runs; writes to outputs/bench
  --out FOLDER        where the report goes; default bench/results

While it runs, nothing else should.`;

const { values: options } = parseArgs({
  options: {
    peers: { type: "boolean", default: false },
    sweep: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    rows: { type: "string" },
    contenders: { type: "string" },
    characters: { type: "string", default: "1000" },
    small: { type: "boolean", default: false },
    out: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  const paths = projectPaths();
  const say = (line: string) => console.error(`bench: ${line}`);
  const rounds = positiveInteger("--rounds", options.rounds);
  await setUp(paths);

  const { peers, sweep, small } = options;
  const hasGpu = (await selectDevice()).name === "webgpu";
  const ids = options.contenders?.split(",") ?? usualContenders({ peers, sweep, hasGpu });
  const contenders = contendersNamed(ids);
  const python = contenders.some(({ usesPython }) => usesPython) ? await readyPeers() : "";
  const here = import.meta.dirname!;
  const programs: Programs = {
    deno: (worker) => [Deno.execPath(), "run", "-A", "--quiet", join(here, `${worker}.ts`)],
    python: (worker) => [python, join(here, `${worker}.py`)],
  };
  const folder = options.out ??
    (small ? join(paths.outputs, "bench") : join(here, "results"));
  const kind = sweep ? "sweep" : peers ? "peers" : "folio";
  const scratch = await Deno.makeTempDir({ prefix: "folio-bench-" });
  try {
    const chosen = await chooseRows(join(scratch, "corpus.txt"));
    await runBenchmark({ ...chosen, kind, contenders, rounds, programs, folder, say });
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

interface ChosenRows {
  readonly rows: Row[];
  readonly corpus: Report["corpus"];
}

/** The rows that were asked for; the corpus they need is written to `textPath`. */
async function chooseRows(textPath: string): Promise<ChosenRows> {
  const { small } = options;
  if (options.sweep) return { rows: rowsNamed(options.rows, sweepRows({ small })), corpus: null };
  const folder = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  const { name, text } = await loadCorpus(
    corpusArgument(Deno.env.get("FOLIO_CORPUS"), folder) ?? "shakespeare",
  );
  await Deno.writeTextFile(textPath, text);
  const characters = positiveInteger("--characters", options.characters);
  const rows = rowsNamed(options.rows, benchmarkRows({ textPath, characters, small }));
  return { rows, corpus: { name, characters: text.length } };
}

if (options.help) {
  console.log(help);
} else {
  try {
    await main();
    // tfjs keeps a GPU device open.
    Deno.exit();
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}

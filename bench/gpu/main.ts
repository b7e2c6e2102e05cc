/**
 * The benchmark on a GPU: checks that WebGPU computes what the CPU computes, measures folio, tfjs'
 * own GRU and PyTorch with cuDNN in turn, and says where the time goes. `run.sh` starts it.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { positiveInteger, rowsNamed } from "../choices.ts";
import { contendersNamed, type Programs } from "../contenders.ts";
import { gpuRows, sweepRows } from "../jobs.ts";
import { runBenchmark } from "../run.ts";
import { type AdapterDescription, describeAdapter } from "./adapter.ts";

const help = `Measures folio on this machine's GPU, beside PyTorch with cuDNN and tfjs' own GRU.

  ./run.sh [options]

  --rounds 5          how many rounds after the warm-up; the median counts
  --sweep             training steps over units, batch and length instead of the rows
  --rows A,B          only these of train-tutorial, train-quick, write-1, write-5,
                      train-tutorial-queued, train-quick-queued; of a sweep, such as units-512
  --contenders A,B    only these of folio-webgpu, torch-cuda, torch-cuda-tf32, tfjs-webgpu, and of
                      those on the CPU: folio, folio-none (no BLAS), torch
  --characters 1000   how many characters are written
  --profile           only the check, and where a step's and a text's time goes
  --tune              only the check, and every form of the shaders beside the one folio takes
  --small             tiny sizes, to see that everything runs
  --out FOLDER        where the report goes; default: the variable OUT, else results in this folder

The variable FOLIO_PYTHON names the Python with PyTorch; default python3.`;

const { values: options } = parseArgs({
  options: {
    sweep: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    tune: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    rows: { type: "string" },
    contenders: { type: "string" },
    characters: { type: "string" },
    small: { type: "boolean", default: false },
    out: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const folder = import.meta.dirname!;
const python = Deno.env.get("FOLIO_PYTHON") ?? "python3";
const programs: Programs = {
  deno: (worker) => ourselves(worker),
  python: (worker) => [python, join(folder, `${worker}.py`)],
};

/** The command line of one of this script's other parts. */
function ourselves(part: string): [program: string, ...args: string[]] {
  const own = new URL(import.meta.url).pathname;
  return [Deno.execPath(), "run", "-A", "--quiet", "--cached-only", "--no-config", own, part];
}

const say = (line: string) => console.error(`bench: ${line}`);

/** Runs one of this script's other parts, which prints for itself; whether it succeeded. */
async function succeeds(part: string): Promise<boolean> {
  const [program, ...args] = [...ourselves(part), ...(options.small ? ["--small"] : [])];
  const stdio = { stdout: "inherit", stderr: "inherit" } as const;
  return (await new Deno.Command(program, { args, ...stdio }).output()).success;
}

async function main(): Promise<boolean> {
  const { small, sweep } = options;
  const rounds = positiveInteger("--rounds", options.rounds);
  const characters = positiveInteger("--characters", options.characters ?? (small ? "50" : "1000"));
  const all = sweep ? sweepRows({ small, gpu: true }) : gpuRows({ characters, small });
  const rows = rowsNamed(options.rows, all);
  const named = options.contenders?.split(",");
  let contenders = contendersNamed(named ?? usual(sweep));

  const gpu = await describeAdapter();
  console.log(gpu === undefined ? "There is no WebGPU adapter" : `WebGPU adapter: ${gpu.name}`);
  for (const line of gpu?.lines ?? []) console.log(`  ${line}`);
  const usable = isUsable(gpu);
  let ok = usable && await succeeds("check");
  if (!ok) say("folio is not measured on WebGPU");
  contenders = contenders.filter(({ id }) =>
    id === "folio-webgpu" ? ok : usable || !id.endsWith("-webgpu")
  );
  const parts = (["profile", "tune"] as const).filter((part) => options[part]);
  for (const part of ok ? parts : []) ok = await succeeds(part) && ok;
  if (parts.length > 0) return ok;

  await runBenchmark({
    kind: sweep ? "gpu-sweep" : "gpu",
    gpu: gpu?.name ?? "no GPU",
    folder: options.out || Deno.env.get("OUT") || join(folder, "results"),
    ...{ rows, corpus: null, contenders, rounds, programs, say },
  });
  return ok;
}

function usual(sweep: boolean): string[] {
  return ["folio-webgpu", "torch-cuda", ...(sweep ? [] : ["torch-cuda-tf32", "tfjs-webgpu"])];
}

/** Whether WebGPU is worth measuring; a software adapter is only for the tiny sizes. */
function isUsable(gpu: AdapterDescription | undefined): boolean {
  if (gpu === undefined) return false;
  if (!gpu.software || options.small) return true;
  say(`the adapter is software, and would take hours: try --small`);
  return false;
}

if (options.help) {
  console.log(help);
} else {
  try {
    Deno.exit(await main() ? 0 : 1);
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}

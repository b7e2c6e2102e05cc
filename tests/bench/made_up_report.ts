/**
 * Reports with round numbers, for tests.
 *
 * @module
 */
import { benchmarkRows, gpuRows, sweepRows } from "../../bench/jobs.ts";
import type { Report } from "../../bench/report.ts";

/** A report in which folio takes half of PyTorch's time and a quarter of Keras'. */
export function madeUpReport(kind: Report["kind"] = "peers"): Report {
  const rows = kind === "sweep"
    ? sweepRows({ small: false })
    : kind === "gpu"
    ? gpuRows({ characters: 1000, small: false })
    : benchmarkRows({ textPath: "corpus.txt", characters: 1000, small: false });
  const factors = kind === "gpu"
    ? { "folio-webgpu": 1, "torch-cuda": 2, "torch-cuda-tf32": 0.5 }
    : { folio: 1, torch: 2, keras: 4 };
  return {
    format: "folio-bench",
    version: 1,
    kind,
    date: "2026-11-22T12:00:00.000Z",
    machine: {
      processor: "Some(R) Processor @ 2.50GHz",
      cores: 2,
      memoryGibibytes: 8,
      system: "linux",
      ...(kind === "gpu" ? { gpu: "Some GPU 9000 (driver 1.2.3)" } : {}),
    },
    rounds: 3,
    corpus: kind === "gpu" ? null : { name: "shakespeare", characters: 1_115_394 },
    rows: rows.map(({ id, title, job }) => ({ id, title, job: { ...job } })),
    contenders: Object.keys(factors).map((id) => ({
      id,
      name: id.toUpperCase(),
      versions: { [id]: "1.0" },
      threads: 2,
    })),
    measurements: rows.flatMap(({ id: row }, i) =>
      Object.entries(factors).map(([contender, factor]) => ({
        row,
        contender,
        mode: "eager",
        milliseconds: [900, 1000, 1300].map((value) => value * factor * (i + 1)),
        gigaflop: 154,
        peakMegabytes: 500 * factor,
      }))
    ),
    unable: [],
  };
}

import assert from "node:assert/strict";
import { join } from "node:path";
import { buildBundle } from "../../bench/gpu/build.ts";
import { newestReport } from "../../bench/report.ts";
import { webgpu } from "../testdata/devices.ts";
import { allTests, needing } from "../testdata/needs.ts";

Deno.test({
  ...needing(
    "a bundle for a GPU machine is small, and runs with nothing but what is in it",
    ...[webgpu, allTests],
  ),
  fn: async () => {
    const scratch = await Deno.makeTempDir();
    try {
      const folder = join(scratch, "bundle");
      const sizes = await buildBundle(folder, { level: 0 });
      const all = Object.values(sizes).reduce((sum, size) => sum + size, 0);
      assert.ok(all > 30e6 && all < 60e6, `${all} bytes`);

      const out = join(scratch, "out");
      const start = async (...options: string[]) => {
        const { code, stdout, stderr } = await new Deno.Command("bash", {
          args: [join(folder, "run.sh"), "--small", "--out", out, ...options],
          cwd: "/",
          clearEnv: true,
          env: { PATH: Deno.env.get("PATH")!, FOLIO_PYTHON: "no-such-python", NO_COLOR: "1" },
        }).output();
        const [said, alsoSaid] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
        return { code, said, alsoSaid };
      };
      const run = (contenders: string) =>
        start("--rounds", "1", "--rows", "train-quick", "--contenders", contenders);
      const { code, said, alsoSaid } = await run("folio-webgpu,folio-none,torch-cuda");
      assert.equal(code, 0, said! + alsoSaid!);
      assert.match(said!, /^WebGPU adapter: .+\n {2}shader-f16: (yes|no)\n/);
      assert.match(said!, /check, 33 units: right; of 24 lists of numbers /);
      assert.match(alsoSaid!, /PyTorch, cuDNN: there is no program no-such-python/);
      const report = await newestReport(out, "gpu");
      assert.deepEqual(report?.unable.map(({ contender }) => contender), ["torch-cuda"]);
      assert.deepEqual(
        report.measurements.map(({ contender, row }) => `${contender} ${row}`),
        ["folio-none train-quick", "folio-webgpu train-quick"],
      );
      // The second thread is a script of its own.
      const threads = navigator.hardwareConcurrency < 2 ? "" : ", 2 threads";
      assert.equal(report.measurements[0]!.mode, `WebAssembly SIMD${threads}`);

      const parts = await start("--profile", "--tune");
      assert.equal(parts.code, 0, parts.said! + parts.alsoSaid!);
      assert.match(parts.said!, /\n\| gru forward {.+} +\| +\d+ \| +\d+\.\d+ \|/);
      assert.match(
        parts.said!,
        /\n\| rowGroups 1, 64 invocations +\| +\d+\.\d+ \| .+ folio's \|\n/,
      );

      // A shader that computes something else, however fast, is not measured.
      const path = join(folder, "folio_bench.js");
      const script = await Deno.readTextFile(path);
      const wrong = script.replace("1.0 / (1.0 + exp(-clamp", "1.001 / (1.0 + exp(-clamp");
      assert.notEqual(wrong, script);
      await Deno.writeTextFile(path, wrong);
      const refused = await run("folio-webgpu");
      assert.equal(refused.code, 1);
      assert.match(refused.said!, /check, 33 units: WRONG; /);
      assert.match(refused.alsoSaid!, /folio is not measured on WebGPU/);
      assert.deepEqual((await newestReport(out, "gpu"))?.measurements, []);
    } finally {
      await Deno.remove(scratch, { recursive: true });
    }
  },
});

Deno.test("a bundle does not take the place of other files", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "novel.txt"), "It was ");
    await assert.rejects(buildBundle(folder), /holds other files/);
    assert.equal(await Deno.readTextFile(join(folder, "novel.txt")), "It was ");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

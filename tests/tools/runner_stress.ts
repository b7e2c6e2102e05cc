/**
 * The runner under load: 120 noisy cells, executed five times while every core is kept busy. Run by
 * `deno task test:runner-stress`; the ordinary tests execute such a notebook once.
 */
import { availableParallelism } from "node:os";
import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempDir, runNotebooks } from "./generated_notebook.ts";
import { assertNothingLost, writeNoisyNotebook } from "./noisy_notebook.ts";

const CELLS = 120;

for (let round = 1; round <= 5; round++) {
  Deno.test(`runner under load, round ${round} of 5: ${CELLS} noisy cells lose no line`, () =>
    inTempDir(async (folder) => {
      await writeNoisyNotebook(join(folder, "01_noisy.ipynb"), CELLS);
      const busy = Array.from(
        { length: availableParallelism() },
        () =>
          new Deno.Command(Deno.execPath(), {
            args: ["eval", "while (true) {}"],
          }).spawn(),
      );
      try {
        const run = await runNotebooks(folder);
        assert.equal(run.code, 0, run.stdout + run.stderr);
      } finally {
        for (const process of busy) process.kill("SIGKILL");
        await Promise.all(busy.map((process) => process.status));
      }
      await assertNothingLost(join(folder, "out", "01_noisy.ipynb"), CELLS);
    }));
}

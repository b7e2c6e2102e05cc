import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { inTempDir, spawnNotebooks, writeNotebook } from "./generated_notebook.ts";

/** Starts a notebook that never ends, ends the command, and waits for the kernel to be gone. */
async function endRun(folder: string, signal: Deno.Signal): Promise<number> {
  const pidFile = join(folder, "kernel.pid");
  await writeNotebook(join(folder, "01_endless.ipynb"), [
    `await Deno.writeTextFile("kernel.new", String(Deno.pid));
await Deno.rename("kernel.new", "kernel.pid");
await new Promise((resolve) => setTimeout(resolve, 600_000));`,
  ]);
  const command = spawnNotebooks(folder);
  try {
    const pid = Number(await until(() => Deno.readTextFile(pidFile)));
    command.kill(signal);
    const { code } = await command.output();
    await until(() => assert.equal(isRunning(pid), false));
    return code;
  } catch (error) {
    command.kill("SIGKILL");
    throw error;
  }
}

/** Whether a process is alive; one that ended and waits to be collected is not. */
function isRunning(pid: number): boolean {
  try {
    if (Deno.build.os !== "linux") return process.kill(pid, 0);
    return !/^State:\tZ/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

/** Tries again until it works, for a minute at most. */
async function until<T>(attempt: () => T | Promise<T>): Promise<T> {
  for (let tries = 0;; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === 300) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

const ignore = Deno.build.os === "windows";

Deno.test({
  name: "notebooks: Ctrl-C ends the run and its kernel",
  ignore,
  fn: () => inTempDir(async (folder) => assert.equal(await endRun(folder, "SIGINT"), 130)),
});

Deno.test({
  name: "notebooks: no kernel stays behind when the command is killed",
  ignore,
  fn: () => inTempDir(async (folder) => assert.notEqual(await endRun(folder, "SIGKILL"), 0)),
});

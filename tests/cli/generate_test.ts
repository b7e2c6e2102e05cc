import assert from "node:assert/strict";
import { join } from "node:path";
import type { OneStep } from "folio";
import {
  inFolder,
  makeBundle,
  plainEnvironment,
  runTask,
  taskCommand,
  type TaskOptions,
} from "./task.ts";
import { generate as generateTexts } from "../../cli/generate.ts";
import { oneLine, UsageError } from "../../cli/exit.ts";
import { installedPaths, permissionFlags } from "../../cli/permissions.ts";
import { readCommandLine } from "../../cli/program.ts";
import { inTerminal } from "./terminal.ts";

interface Setting {
  readonly folder: string;
  /** The model in the folder "my model". */
  readonly writer: OneStep;
  readonly generate: (args: readonly string[], options?: Partial<TaskOptions>) => Promise<
    { readonly code: number; readonly stdout: string; readonly stderr: string }
  >;
}

function generationTest(name: string, test: (setting: Setting) => Promise<void>): void {
  Deno.test(`generate: ${name}`, () =>
    inFolder(async (folder) => {
      const writer = await makeBundle(join(folder, "my model"));
      const device = ["--device", "wasm", "--blas", "none"];
      const generate = (args: readonly string[], options: Partial<TaskOptions> = {}) =>
        runTask(["generate", "--model", "my model", ...device, ...args], {
          cwd: folder,
          ...options,
        });
      await test({ folder, writer, generate });
      writer.dispose();
    }));
}

generationTest("the same seed gives what OneStep.generate gives", async ({ writer, generate }) => {
  const prompt = "море ✨";
  const options = { length: 40, temperature: 0.7 };
  const words = [
    "--prompt",
    prompt,
    "--length",
    "40",
    "--temperature",
    ".7",
    "--seed",
    "4294967295",
  ];
  const expected = await writer.generate(prompt, { ...options, seed: 4294967295 });
  const one = await generate(words);
  assert.deepEqual(one, { code: 0, stdout: `${expected}\n`, stderr: "" });
  const next = await writer.generate(prompt, { ...options, seed: 0 });
  const two = await generate([...words, "--count", "2"]);
  assert.equal(two.stdout, `${expected}\n\n${next}\n`);
});

generationTest("a prompt comes from standard input, a text goes out as JSON", async (setting) => {
  const { writer, generate } = setting;
  const text = await writer.generate("und\n", { length: 9 });
  const { code, stdout, stderr } = await generate(["--length", "9", "--json"], {
    input: "und\n\r\n",
    env: { FOLIO_DEVICE: "webgpu" }, // the command line comes first
  });
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { seed: 0, prompt: "und\n", text });
  const empty = await generate(["--prompt", "u", "--length", "0"]);
  assert.equal(empty.stdout, "u\n");
});

generationTest("characters come as they are drawn, and a reader may leave", async (setting) => {
  const { folder, writer } = setting;
  const start = (await writer.generate("u", { length: 20 })).slice(0, 20);
  const script = `"$@" | head -c ${
    new TextEncoder().encode(start).length
  }; echo " \${PIPESTATUS[0]}"`;

  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", script, "bash", ...taskCommand, "generate", "--model", "my model", "--prompt", "u"]
      .concat(["--device", "wasm", "--blas", "none", "--length", "1000000000"]),
    cwd: folder,
    env: plainEnvironment(folder),
  }).output();
  // A thousand million characters: it ends because nobody reads on.
  assert.equal(new TextDecoder().decode(stdout), `${start} 0\n`);
  assert.equal(new TextDecoder().decode(stderr), "");
});

generationTest("Ctrl-C ends it with what is written so far", async ({ folder }) => {
  const { code, screen } = await inTerminal(
    ["generate", "--model", "my model", "--prompt", "light", "--length", "1000000000"],
    { cwd: folder, until: "light", type: "\x03" },
  );
  assert.match(screen, /^light/);
  assert.equal(code, 130);
});

generationTest("what is wrong is said in one line", async ({ folder, generate }) => {
  await Deno.copyFile(join(folder, "my model", "folio.json"), join(folder, "folio.json"));
  const cases: [args: string[], code: number, message: RegExp][] = [
    [["--prompt", "Zoo"], 1, /Cannot encode "Z" \(U\+005A\) at position 0: it is not in the voc/],
    [["--prompt", ""], 1, /Cannot continue prompt 0, ""/],
    [["--prompt", "u", "--model", "nowhere"], 1, /There is no bundle in .*nowhere/],
    [["--prompt", "u", "--model", "."], 1, /Cannot read .*model.safetensors: it is not there/],
    [["--prompt", "u", "--model", "http://127.0.0.1:1/m"], 1, /Cannot read http:.*folio.json/],
    [["--prompt", "u", "--temperature", "0"], 2, /'--temperature <x>' argument '0' is invalid/],
    [["--prompt", "u", "--blas", "a,b", "--native", "off"], 2, /at its comma/],
    [["--prompt", "u", "--blas", "nope.so"], 1, /Cannot use the BLAS .*nope\.so: .*"none"/],
  ];
  for (const [args, code, message] of cases) {
    await assert.rejects(async () => {
      const words = ["generate", "--model", "my model", "--device", "wasm", "--blas", "none"];
      const reading = readCommandLine([...words, ...args], { folder });
      assert.ok("command" in reading && reading.command.name === "generate");
      permissionFlags(reading.command, installedPaths());
      await generateTexts(reading.command, () => assert.fail("nothing is to be written"));
    }, (error) => {
      assert.match(oneLine(error), message);
      assert.equal(error instanceof UsageError ? 2 : 1, code);
      return true;
    });
  }
  const ended = await generate(["--prompt", "Zoo"]);
  assert.match(ended.stderr, /^generate: Cannot encode "Z"[^\n]+\n$/);
  assert.deepEqual([ended.code, ended.stdout], [1, ""]);
  const bytes = await generate([], { input: new Uint8Array([0xFF]) });
  assert.match(bytes.stderr, /^generate: Cannot read the prompt from standard input: [^\n]+\n$/);
});

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { selectDevice } from "../../lib/device.ts";
import { needing, programs } from "../testdata/needs.ts";
import { smallWriter } from "./writers.ts";

Deno.test({
  ...needing("bundle: it writes the same text in a new process", programs),
  async fn() {
    await selectDevice({ name: "cpu" });
    const options = { length: 30, seed: 2 };
    const folder = await Deno.makeTempDir();
    const writer = smallWriter({ layers: 2 });
    try {
      const dir = `${folder}/one_step`;
      await writer.save(dir);
      const lib = new URL("../../lib/", import.meta.url);
      const script = `${folder}/load.ts`;
      await Deno.writeTextFile(
        script,
        `
        import { selectDevice } from "${new URL("device.ts", lib)}";
        import { OneStep } from "${new URL("generation/one_step.ts", lib)}";
        await selectDevice({ name: "cpu" });
        const writer = await OneStep.load(${JSON.stringify(dir)});
        console.log(await writer.generate("to", ${JSON.stringify(options)}));`,
      );
      const config = fileURLToPath(new URL("../deno.json", lib));
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-q", "--no-check", "-A", "--config", config, script],
      }).output();
      const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      assert.equal(
        decode(stdout),
        await writer.generate("to", options) + "\n",
        decode(stderr),
      );
    } finally {
      writer.dispose();
      await Deno.remove(folder, { recursive: true });
    }
  },
});

import assert from "node:assert/strict";
import { selectDevice } from "../../lib/device.ts";
import { OneStep } from "../../lib/generation/one_step.ts";
import type { DownloadProgress } from "../../lib/files/download.ts";
import { withServer } from "../testdata/http_server.ts";
import { smallWriter } from "./writers.ts";

Deno.test("bundle source: a download says how far it has come, however it is sent", async () => {
  await selectDevice({ name: "cpu" });
  const dir = await Deno.makeTempDir();
  const writer = smallWriter();
  await writer.save(dir);
  writer.model.dispose();
  const { size } = await Deno.stat(`${dir}/model.safetensors`);
  // A stream has no announced length, as what a server compresses on the way.
  const answer = async ({ url }: Request) =>
    new Response((await Deno.open(`${dir}/${url.split("/").pop()}`)).readable);
  await withServer(answer, async (url) => {
    const arrived: DownloadProgress[] = [];
    const loaded = await OneStep.load(url, { onProgress: (progress) => arrived.push(progress) });
    loaded.dispose();
    const weights = { url: `${url}model.safetensors`, totalBytes: size };
    assert.deepEqual(arrived[0], { ...weights, receivedBytes: 0 });
    assert.deepEqual(arrived.at(-1), { ...weights, receivedBytes: size });
  });
  await Deno.remove(dir, { recursive: true });
});

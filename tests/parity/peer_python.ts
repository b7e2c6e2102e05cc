/**
 * Running Python with the peers installed.
 *
 * @module
 */
import { basename } from "node:path";
import { readyPeers } from "../../tools/peers.ts";
import { capture, type Finished, lastLines } from "../../tools/process.ts";

/** Runs a Python program to its end, well or badly. */
export async function startPython(args: readonly string[]): Promise<Finished> {
  const env = {
    TF_CPP_MIN_LOG_LEVEL: "3",
    PYTHONDONTWRITEBYTECODE: "1",
    // Processes of one machine meet on its loopback, whatever its host name resolves to.
    GLOO_SOCKET_IFNAME: Deno.build.os === "darwin" ? "lo0" : "lo",
  };
  return (await capture(await readyPeers(), args, { env }))!;
}

/**
 * Runs a Python program and returns what it prints.
 *
 * @throws {Error} If it fails; the message ends with what it wrote.
 */
export async function runPython(args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await startPython(args);
  if (success) return stdout;
  const script = args.find((arg) => arg.endsWith(".py")) ?? args[0];
  throw new Error(`${basename(script!)} failed:\n${lastLines(stderr, 20)}`);
}

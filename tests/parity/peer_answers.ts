/**
 * What PyTorch and Keras make of the cases.
 *
 * @module
 */
import { join } from "node:path";
import type { AdamForm } from "folio";
import { decodeSafetensors } from "../../lib/files/safetensors.ts";
import { encodeCase, type ParityCase } from "./cases.ts";
import type { Answer } from "./folio_answer.ts";
import { runPython } from "./peer_python.ts";

/** A framework, its script, and the form its Adam has. */
export interface Peer {
  readonly name: string;
  readonly script: string;
  readonly form: AdamForm;
}

/** The strangers that folio is compared with. */
export const peers: readonly Peer[] = [
  { name: "PyTorch", script: "torch_peer.py", form: "pytorch" },
  { name: "Keras", script: "keras_peer.py", form: "keras" },
];

/** What one peer made of all cases. */
export interface PeerAnswers {
  /** Name, version and threads. */
  readonly description: string;
  readonly answers: ReadonlyMap<ParityCase, Answer>;
}

/**
 * Runs a peer's script once on all cases.
 *
 * @param peer Which peer.
 * @param cases What it is given.
 * @throws {Error} If the script fails; the message ends with what it wrote.
 */
export async function askPeer(peer: Peer, cases: readonly ParityCase[]): Promise<PeerAnswers> {
  const folder = await Deno.makeTempDir({ prefix: "folio-parity-" });
  try {
    const path = (index: number, kind: string) => join(folder, `${index}.${kind}.safetensors`);
    for (const [i, parityCase] of cases.entries()) {
      await Deno.writeFile(path(i, "case"), encodeCase(parityCase));
    }
    const script = join(import.meta.dirname!, peer.script);
    const description = (await runPython([script, folder])).trim();
    const answers = new Map<ParityCase, Answer>();
    for (const [i, parityCase] of cases.entries()) {
      const { tensors } = decodeSafetensors(await Deno.readFile(path(i, "answer")));
      answers.set(parityCase, new Map([...tensors].map(([name, { data }]) => [name, data])));
    }
    return { description, answers };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

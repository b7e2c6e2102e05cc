/**
 * Whether a bundle goes on training under PyTorch's DistributedDataParallel: two processes on the
 * CPU, two epochs, and back.
 *
 * @module
 */
import { join } from "node:path";
import { evaluate, OneStep, splitTokens, validationBatches } from "folio";
import { atMost, falling, type Finding } from "./findings.ts";
import { handOverLimit, interopFile } from "./interop.ts";
import { type Material, training, writing } from "./interop_material.ts";
import { runPython } from "./peer_python.ts";

const processes = 2;
const validationFraction = 0.1;

/** Runs interop/train_ddp.py on the trained bundle, and loads what it makes. */
export async function compareDistributed(material: Material): Promise<Finding[]> {
  const { folder, text, losses, vocabulary } = material;
  const { epochs, batchSize, sequenceLength, learningRate } = training;
  const out = join(folder, "distributed");
  const settings = {
    corpus: join(folder, "corpus.txt"),
    out,
    epochs,
    "batch-size": batchSize,
    "sequence-length": sequenceLength,
    "learning-rate": learningRate,
    "validation-fraction": validationFraction,
  };
  const train = () =>
    runPython([
      ...["-m", "torch.distributed.run", "--standalone", `--nproc-per-node=${processes}`],
      ...[interopFile("train_ddp.py"), join(folder, "trained")],
      ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]),
    ]);
  const printed = await train().catch((error: Error) => {
    // One of PyTorch's processes was seen to abort, once in many runs.
    if (!/SIGABRT|SIGSEGV/.test(error.message)) throw error;
    console.log(`${error.message}\nonce more:`);
    return train();
  });
  const lines = [...printed.matchAll(/epoch \d+: loss ([\d.]+) on (\d+) processes/g)];
  const writer = await OneStep.load(out);
  const { validation } = splitTokens(text, { validationFraction });
  const batches = validationBatches(validation, { batchSize, sequenceLength });
  const loss = await evaluate(writer.model, batches!);
  const written = await writer.generate(writing.prompt, { length: 30, temperature: 0.5 });
  const known = [...written].every((character) => vocabulary.characters.includes(character));
  const labels = (what: string) => ({ peer: "PyTorch, DDP", what });
  const summary = writer.training;
  writer.dispose();
  return [
    {
      ...labels("processes"),
      found: lines.map(([, , count]) => count).join(" and "),
      wanted: "2 and 2",
      good: lines.length === epochs && lines.every(([, , count]) => Number(count) === processes),
    },
    falling(labels("2 epochs here, there"), [losses, lines.map(([, value]) => Number(value))]),
    atMost(labels("loss at the hand-over back"), {
      value: Math.abs(loss - (summary?.validationLoss ?? NaN)),
      limit: handOverLimit,
    }),
    {
      ...labels("text from what came back"),
      found: JSON.stringify(written),
      wanted: "39 characters",
      good: known && [...written].length === 39 && summary?.epochs === 2 * epochs,
    },
  ];
}

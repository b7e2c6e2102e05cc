/**
 * The page in a bundle that tells a person what the bundle is and how to use it.
 *
 * @module
 */
import { perplexity } from "../model/loss.ts";
import { weightShapes } from "../model/weights.ts";
import type { Bundle } from "./bundle_contents.ts";

/** What the page is about. */
export type ReadmeSubject = Pick<Bundle, "config" | "vocabulary" | "training">;

/**
 * Writes the page of one bundle.
 *
 * @param subject The sizes, the vocabulary and the training of the model.
 * @returns The page in Markdown.
 */
export function bundleReadme(subject: ReadmeSubject): string {
  const { config, vocabulary } = subject;
  const { embeddingDim, rnnUnits, layers } = config;
  const parameters = count(
    [...weightShapes(config).values()]
      .reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0),
  );
  const known = vocabulary.characters.slice(1);
  const prompt = JSON.stringify(known.find((c) => /\p{L}/u.test(c)) ?? known.at(-1));
  const grus = layers === 1
    ? `a GRU of ${rnnUnits} units`
    : `${layers} GRU layers of ${rnnUnits} units each`;

  return `# A folio bundle

This is a model that writes text, one character after the other. It has ${parameters} parameters:
an embedding of ${embeddingDim} numbers for each of ${vocabulary.size} token ids, ${grus},
and a dense layer with a logit for each token id.

${trainingText(subject)}

## The files

- \`model.safetensors\`: the weights, in the safetensors format.
- \`folio.json\`: the version of the format, the sizes of the model, the vocabulary, what is known of
  the training, and the size and the SHA-256 of the weights, which every reader checks. A
  character's id is its place in \`vocabulary.characters\`, counted from 0; id 0, \`[UNK]\`, stands for
  all other characters.
- \`README.md\`: this page. No program reads it.

## The weights

All are 32-bit floats in row-major order. The input of a layer is multiplied from the left:
\`x · kernel\`.

${weightTable(config)}

This is the layout of Keras' GRU with \`reset_after=True\`. The columns of its weights are three blocks
of ${rnnUnits}: the gates update \`z\` and reset \`r\`, then the candidate \`h\`. The first row of the bias
belongs to the input \`x\`, the second to the state \`s\`:

\`\`\`text
z = sigmoid(x · kernel[z] + bias[0][z] + s · recurrent_kernel[z] + bias[1][z])
r = sigmoid(x · kernel[r] + bias[0][r] + s · recurrent_kernel[r] + bias[1][r])
h = tanh(x · kernel[h] + bias[0][h] + r * (s · recurrent_kernel[h] + bias[1][h]))
s = z * s + (1 - z) * h
\`\`\`

## Load it in Deno

In a folder whose \`deno.json\` knows folio:

\`\`\`ts
import { OneStep, selectDevice } from "folio";

await selectDevice();
const writer = await OneStep.load("path/to/this/folder");
console.log(await writer.generate(${prompt}, { length: 500, temperature: 0.8, seed: 1 }));
\`\`\`

## Load it in a browser page

In folio's folder, this makes a page of the bundle that any static host serves:

\`\`\`sh
deno task export --model path/to/this/folder --to web --out page
\`\`\`

In a page of your own the program is that for Deno, packed by a bundler. It gives \`load\` the address
of this folder, \`new URL("path/to/this/folder/", location.href)\`.

## Load it in Keras

With folio's \`interop/folio_keras.py\` beside your program, after
\`pip install tensorflow safetensors\`:

\`\`\`python
from folio_keras import generate, load

model, vocabulary = load("path/to/this/folder")
print(generate(model, vocabulary, ${prompt}, length=500, temperature=0.8, seed=1))
\`\`\`

## Load it in PyTorch

With folio's \`interop/folio_torch.py\` beside your program, after
\`pip install torch numpy safetensors\`:

\`\`\`python
from folio_torch import generate, load

model, vocabulary = load("path/to/this/folder")
print(generate(model, vocabulary, ${prompt}, length=500, temperature=0.8, seed=1))
\`\`\`

PyTorch orders the gates otherwise, and its kernels are transposed: \`folio_torch.py\` says how, and
turns them. The logits are the same everywhere; the random numbers of folio and of Python differ, and
with them the text of a seed.
`;
}

function trainingText({ training }: ReadmeSubject): string {
  if (training === undefined) return "On what it was trained is not noted.";
  const { corpus, corpusSha256, epochs, loss, validationLoss } = training;
  const [times, name] = [
    epochs === 1 ? "1 epoch" : `${count(epochs)} epochs`,
    JSON.stringify(corpus),
  ];
  const heldOut = validationLoss === undefined ? "" : `,
and on text that was held out ${inWords(validationLoss)}`;
  return `It was trained for ${times} on ${name}. The SHA-256 of this text is
\`${corpusSha256}\`.
The mean loss of the last epoch was ${inWords(loss)}${heldOut}.`;
}

function inWords(loss: number): string {
  return `${loss.toFixed(4)} nats per character (perplexity ${perplexity(loss).toFixed(2)})`;
}

function weightTable(config: Bundle["config"]): string {
  const { layers } = config;
  const meanings: Readonly<Record<string, string>> = {
    "embedding.weight": "a row for each token id",
    kernel: "from the layer's input to its gates",
    recurrent_kernel: "from the layer's state to its gates",
    bias: "of the gates, two rows",
    "dense.kernel": "from the last state to the logits",
    "dense.bias": "of the logits",
  };
  const rows = [...weightShapes({ ...config, layers: Math.min(layers, 2) })]
    .map(([name, shape]) => {
      const shown = layers > 2 ? name.replace("gru.1.", "gru.i.") : name;
      const meaning = meanings[name] ?? meanings[name.split(".")[2] ?? ""];
      return `| \`${shown}\` | [${shape.join(", ")}] | ${meaning} |`;
    });
  const others = layers > 2 ? `\n\nThe layers \`i\` are 1 to ${layers - 1}.` : "";
  return `| name | shape | what it is |\n| --- | --- | --- |\n${rows.join("\n")}${others}`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

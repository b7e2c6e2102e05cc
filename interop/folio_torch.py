"""folio's model in PyTorch, read from a folio bundle and written as one.

  python folio_torch.py generate my_bundle --prompt "ROMEO:" --temperature 0.8 --seed 1
  python folio_torch.py convert my_bundle --out my.pt              (a state_dict)
  python folio_torch.py convert my.pt --vocabulary corpus.txt --out my_bundle

In Python: model, vocabulary = load("my_bundle"), then train as ever, then
save(model, vocabulary, "my_new_bundle").

What differs: folio keeps Keras' layout, kernels [inputs, 3 * units] whose three blocks of columns
are the gates update z, reset r and candidate h, and one bias [2, 3 * units]. PyTorch transposes
the kernels, orders the gates r, z, n (n is the candidate) and has two biases: weight_ih is the
kernel, weight_hh the recurrent kernel, bias_ih and bias_hh the two rows of the bias. Both apply the
reset gate after the recurrent product, and both go on with z * state + (1 - z) * candidate.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import safetensors.numpy
import torch

WEIGHTS_FILES = (".pt", ".pth")


class CharModel(torch.nn.Module):
    """Embedding, GRU layers, dense."""

    def __init__(self, vocabulary_size, embedding_dim, rnn_units, layers=1):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabulary_size, embedding_dim)
        self.gru = torch.nn.GRU(embedding_dim, rnn_units, layers, batch_first=True)
        self.dense = torch.nn.Linear(rnn_units, vocabulary_size)

    def forward(self, ids, state=None):
        x, state = self.gru(self.embedding(ids), state)
        return self.dense(x), state


def other_gates(columns):
    """Swaps the first two of three blocks of columns: z, r, h becomes r, z, n, and back."""
    first, second, third = np.split(columns, 3, axis=-1)
    return np.concatenate([second, first, third], axis=-1)


def to_state_dict(weights):
    """PyTorch's state_dict of folio's weights."""
    state = {"embedding.weight": weights["embedding.weight"]}
    for i in range(sum(name.endswith(".recurrent_kernel") for name in weights)):
        state[f"gru.weight_ih_l{i}"] = other_gates(weights[f"gru.{i}.kernel"]).T
        state[f"gru.weight_hh_l{i}"] = other_gates(weights[f"gru.{i}.recurrent_kernel"]).T
        biases = other_gates(weights[f"gru.{i}.bias"])
        state[f"gru.bias_ih_l{i}"], state[f"gru.bias_hh_l{i}"] = biases
    state.update({"dense.weight": weights["dense.kernel"].T, "dense.bias": weights["dense.bias"]})
    return {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in state.items()}


def from_state_dict(state):
    """folio's weights of PyTorch's state_dict."""
    if not isinstance(state, dict) or not all(map(torch.is_tensor, state.values())):
        raise ValueError("Cannot convert: this is no state_dict, tensors by their names")
    arrays = {name.removeprefix("module."): t.float().cpu().numpy() for name, t in state.items()}
    take = arrays.pop
    try:
        weights = {"embedding.weight": take("embedding.weight")}
        for i in range(sum(name.startswith("gru.weight_hh_l") for name in arrays)):
            weights[f"gru.{i}.kernel"] = other_gates(take(f"gru.weight_ih_l{i}").T)
            weights[f"gru.{i}.recurrent_kernel"] = other_gates(take(f"gru.weight_hh_l{i}").T)
            biases = [take(f"gru.bias_ih_l{i}"), take(f"gru.bias_hh_l{i}")]
            weights[f"gru.{i}.bias"] = other_gates(np.stack(biases))
        weights.update({"dense.kernel": take("dense.weight").T, "dense.bias": take("dense.bias")})
    except KeyError as error:
        raise ValueError(f"Cannot convert the state_dict: {error} lacks, CharModel has it")
    if arrays:
        raise ValueError(f"Cannot convert the state_dict: CharModel has no {next(iter(arrays))}")
    return weights


def load(folder):
    """The model and the vocabulary of a bundle; the vocabulary is a list, [UNK] first."""
    info, weights = read_bundle(folder)
    model = CharModel(*(info["model"][name] for name in SIZES))
    model.load_state_dict(to_state_dict(weights))
    return model, info["vocabulary"]["characters"]


def save(model, vocabulary, folder, training=None):
    """Writes a bundle; training is folio's summary: corpus, corpusSha256, epochs, loss."""
    write_bundle(folder, vocabulary, from_state_dict(model.state_dict()), training)


def stepper(model):
    """Reads ids from a state on: the logits after the last of them, and the new state."""
    device = next(model.parameters()).device

    @torch.inference_mode()
    def step(ids, state):
        logits, state = model(torch.tensor([ids], device=device), state)
        return logits[0, -1].double().cpu().numpy(), state

    return step


def write_weights(model, path):
    torch.save(model.state_dict(), path)


def read_weights(path):
    """The weights in a file of a state_dict of CharModel, also from under DataParallel."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of any kind, where a file is none of torch's
        raise ValueError(f"Cannot convert {path}: it is no state_dict: {error}") from error
    return from_state_dict(state)


# ---- From here on folio_keras.py and folio_torch.py are the same --------------------------------

SIZES = ("vocabularySize", "embeddingDim", "rnnUnits", "layers")
TRAINING = ("corpus", "corpusSha256", "epochs", "loss")


def read_bundle(folder):
    """What folio.json says, and the weights by name; all of it checked."""
    path = Path(folder) / "folio.json"
    try:
        info = json.loads(path.read_text("utf-8"))
        if (info["format"], info["version"]) != ("folio", 1):
            raise ValueError('it is not of "format": "folio" and "version": 1')
        vocabulary, seal = info["vocabulary"], info["weights"]
        if sha256("".join(vocabulary["characters"][1:]).encode()) != vocabulary["sha256"]:
            raise ValueError("the vocabulary is damaged: its SHA-256 is another")
        content = (path.parent / Path(seal["file"]).name).read_bytes()
        if (len(content), sha256(content)) != (seal["bytes"], seal["sha256"]):
            raise ValueError(f"{seal['file']} is damaged: its size or its SHA-256 is another")
        weights = safetensors.numpy.load(content)
        check(info, weights)
    except (LookupError, TypeError) as error:
        raise ValueError(f"Cannot load {path}: a field lacks or is malformed: {error}") from error
    except (ValueError, safetensors.SafetensorError) as error:
        raise ValueError(f"Cannot load {path}: {error}") from error
    return info, weights


def write_bundle(folder, vocabulary, weights, training=None):
    """Writes a bundle into a new folder, whole or not at all."""
    weights = {name: np.ascontiguousarray(weight) for name, weight in weights.items()}
    sizes = dict(zip(("vocabularySize", "embeddingDim"), weights["embedding.weight"].shape))
    sizes["rnnUnits"] = len(weights["dense.kernel"])
    sizes["layers"] = sum(name.endswith(".recurrent_kernel") for name in weights)
    sizes.update(embeddingScale=0.05, seed=0)  # how the first weights were drawn: as Keras does
    content = safetensors.numpy.save(weights)
    seal = {"bytes": len(content), "sha256": sha256(content)}
    info = {"format": "folio", "version": 1, "model": sizes}
    characters = sha256("".join(vocabulary[1:]).encode())
    info["vocabulary"] = {"characters": vocabulary, "sha256": characters}
    info["weights"] = {"file": "model.safetensors", **seal}
    if training is not None:
        info["training"] = training
    check(info, weights)
    folder = Path(folder)
    if folder.exists():
        raise ValueError(f"Cannot write {folder}: it is there already. Choose another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
        fresh = Path(temporary, "bundle")
        fresh.mkdir()
        (fresh / "folio.json").write_text(json.dumps(info, indent=2, allow_nan=False) + "\n")
        (fresh / "model.safetensors").write_bytes(content)
        fresh.rename(folder)


def check(info, weights):
    """Refuses sizes, a vocabulary and weights that do not belong together."""
    size, embedding, units, layers = (info["model"][name] for name in SIZES)
    known = info.get("training", dict.fromkeys(TRAINING))
    if {*known, "validationLoss"} != {*TRAINING, "validationLoss"}:
        raise ValueError(f"training has {[*known]}, not {TRAINING} and perhaps validationLoss")
    vocabulary = info["vocabulary"]["characters"]
    in_order = vocabulary == ["[UNK]", *sorted(set(vocabulary[1:]))]
    if not in_order or any(len(c) != 1 for c in vocabulary[1:]) or len(vocabulary) != size:
        raise ValueError(f"the vocabulary is not [UNK] and {size - 1} single characters, sorted")
    shapes = {"embedding.weight": (size, embedding)}
    for i in range(min(layers, 1000)):
        shapes[f"gru.{i}.kernel"] = (units if i else embedding, 3 * units)
        shapes[f"gru.{i}.recurrent_kernel"] = (units, 3 * units)
        shapes[f"gru.{i}.bias"] = (2, 3 * units)
    shapes.update({"dense.kernel": (units, size), "dense.bias": (size,)})
    for name in {**shapes, **weights}:
        found = weights[name].shape if name in weights else "missing"
        wanted = shapes.get(name, "nothing of this name")
        if found != wanted or weights[name].dtype != np.float32:
            raise ValueError(f"the weight {name} is {found}, the model needs {wanted} in float32")


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def encode(text, vocabulary):
    ids = {character: id for id, character in enumerate(vocabulary)}
    for character in sorted(set(text) - set(ids)):
        raise ValueError(f"Cannot encode {character!r}: it is not in the vocabulary")
    return [ids[character] for character in text]


def generate(model, vocabulary, prompt, length=1000, temperature=1.0, seed=0):
    """Writes on from a prompt; temperature 0 takes the likeliest character at each step."""
    if not prompt or temperature < 0:
        raise ValueError(f"Cannot write on from {prompt!r} at temperature {temperature}")
    ids, state, random = encode(prompt, vocabulary), None, np.random.default_rng(seed)
    step, text = stepper(model), prompt
    for _ in range(length):
        logits, state = step(ids, state)
        if temperature > 0:
            logits = logits / temperature + random.gumbel(size=len(vocabulary))
        ids = [1 + int(np.argmax(logits[1:]))]  # [UNK], id 0, is never written
        text += vocabulary[ids[0]]
    return text


def convert(source, out, corpus=None):
    """Makes a weights file of a bundle, or a bundle of a weights file and the text it learned."""
    if out.endswith(WEIGHTS_FILES):
        write_weights(load(source)[0], out)
    elif corpus is None:
        raise ValueError("Cannot make a bundle: --vocabulary lacks, the text the model learned")
    else:
        text = Path(corpus).read_bytes().decode("utf-8-sig")
        write_bundle(out, ["[UNK]", *sorted(set(text))], read_weights(source))


def main(arguments=None):
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=shape)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("convert", help="a bundle to a weights file, or back")
    command.add_argument("source", help=f"a bundle, or a file *{' *'.join(WEIGHTS_FILES)}")
    command.add_argument("--out", required=True, help="the other of the two")
    command.add_argument("--vocabulary", help="for a bundle: the text that the model learned")
    command = commands.add_parser("generate", help="write on from a prompt")
    command.add_argument("bundle")
    command.add_argument("--prompt", required=True)
    command.add_argument("--length", type=int, default=1000)
    command.add_argument("--temperature", type=float, default=1.0, help="0 takes the likeliest")
    command.add_argument("--seed", type=int, default=0)
    given = vars(parser.parse_args(arguments))
    try:
        if given.pop("command") == "convert":
            convert(given["source"], given["out"], given["vocabulary"])
        else:
            print(generate(*load(given.pop("bundle")), **given))
    except (OSError, ValueError) as error:
        sys.exit(f"{parser.prog}: {error}")


if __name__ == "__main__":
    main()

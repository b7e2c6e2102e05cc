"""The tutorial's model in Keras, read from a folio bundle and written as one.

  python folio_keras.py generate my_bundle --prompt "ROMEO:" --temperature 0.8 --seed 1
  python folio_keras.py convert my_bundle --out my.keras           (or my.weights.h5)
  python folio_keras.py convert my.weights.h5 --vocabulary corpus.txt --out my_bundle

In Python: model, vocabulary = load("my_bundle"), then compile and fit as ever, then
save(model, vocabulary, "my_new_bundle").

The two have one layout: kernels are [inputs, 3 * units], their three blocks of columns the gates
update z, reset r and candidate h; biases are [2, 3 * units], for the inputs and for the state.
"""

import argparse
import hashlib
import io
import json
import os
import sys
import tempfile
import zipfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import h5py
import keras
import numpy as np
import safetensors.numpy
import tensorflow as tf

WEIGHTS_FILES = (".weights.h5", ".keras")


@keras.saving.register_keras_serializable("folio")
class CharModel(keras.Model):
    """Embedding, GRU layers, dense. With one layer its weights files are the tutorial's."""

    def __init__(self, vocabulary_size, embedding_dim, rnn_units, layers=1, **rest):
        super().__init__(**rest)
        self.sizes = (vocabulary_size, embedding_dim, rnn_units, layers)
        self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim)
        for i in range(layers):  # self.gru, self.gru_1, self.gru_2, ...
            gru = keras.layers.GRU(rnn_units, return_sequences=True, return_state=True)
            setattr(self, f"gru_{i}" if i else "gru", gru)
        self.dense = keras.layers.Dense(vocabulary_size)

    def call(self, ids, states=None, return_state=False, training=False):
        x, ends = self.embedding(ids), []
        for i, gru in enumerate(self.grus()):
            x, end = gru(x, initial_state=states[i] if states else None, training=training)
            ends.append(end)
        logits = self.dense(x)
        return (logits, ends) if return_state else logits

    def grus(self):
        return [layer for layer in self.layers if isinstance(layer, keras.layers.GRU)]

    def named_weights(self):
        """The variables under the names that they have in a bundle."""
        named = {"embedding.weight": self.embedding.embeddings}
        for i, gru in enumerate(self.grus()):
            for kind in ("kernel", "recurrent_kernel", "bias"):
                named[f"gru.{i}.{kind}"] = getattr(gru.cell, kind)
        return {**named, "dense.kernel": self.dense.kernel, "dense.bias": self.dense.bias}

    def get_config(self):
        names = ("vocabulary_size", "embedding_dim", "rnn_units", "layers")
        return {**super().get_config(), **dict(zip(names, self.sizes))}


def build(*sizes):
    model = CharModel(*sizes)
    model(np.zeros((1, 1), np.int32))  # makes the variables
    return model


def named_arrays(model):
    return {name: keras.ops.convert_to_numpy(v) for name, v in model.named_weights().items()}


def load(folder):
    """The model and the vocabulary of a bundle; the vocabulary is a list, [UNK] first."""
    info, weights = read_bundle(folder)
    model = build(*(info["model"][name] for name in SIZES))
    for name, variable in model.named_weights().items():
        variable.assign(weights[name])
    return model, info["vocabulary"]["characters"]


def save(model, vocabulary, folder, training=None):
    """Writes a bundle; training is folio's summary: corpus, corpusSha256, epochs, loss."""
    write_bundle(folder, vocabulary, named_arrays(model), training)


def stepper(model):
    """Reads ids from a state on: the logits after the last of them, and the new state."""
    run = tf.function(model, reduce_retracing=True)

    def step(ids, state):
        logits, state = run(np.array([ids]), states=state, return_state=True)
        return logits[0, -1].numpy().astype(np.float64), state

    return step


def write_weights(model, path):
    model.save(path) if path.endswith(".keras") else model.save_weights(path)


def read_weights(path):
    """The weights in a file of the tutorial's model, or of the one above."""
    shapes = {}

    def collect(name, item):
        if isinstance(item, h5py.Dataset):
            shapes[name] = item.shape

    archived = path.endswith(".keras")
    try:
        file = io.BytesIO(zipfile.ZipFile(path).read("model.weights.h5")) if archived else path
        with h5py.File(file) as weights:
            weights.visititems(collect)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ValueError(f"Cannot convert {path}: it is no file of Keras 3: {error}") from error
    found = {name.split("/")[0] for name in shapes} - {"optimizer"}
    layers = sum(name.startswith("gru") for name in found)
    wanted = {"embedding", "dense", "gru", *(f"gru_{i}" for i in range(1, layers))}
    if found != wanted:
        raise ValueError(f"Cannot convert {path}: its layers are {found}, not {wanted}")
    model = build(*shapes["embedding/vars/0"], shapes["dense/vars/0"][0], layers)
    model.load_weights(path)
    return named_arrays(model)


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

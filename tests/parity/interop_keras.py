"""Keras' side of tests/parity/interop.ts."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

from interop_exchange import Exchange

import folio_keras  # from interop/, which Exchange's module puts on the path
import keras
import numpy as np
import tensorflow as tf
from tutorial_model import MyModel

cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def logits(model, ids):
    return model(ids).numpy()


def loss(model, xs, ys):
    return float(cross_entropy(ys, model(xs)))


def train(model, batches, epochs, learning_rate):
    model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss=cross_entropy)
    sequences = batches.reshape(-1, batches.shape[-1])
    options = {"batch_size": batches.shape[1], "epochs": epochs, "shuffle": False, "verbose": 0}
    return model.fit(sequences[:, :-1], sequences[:, 1:], **options).history["loss"]


exchange = Exchange("keras", folio_keras, logits, loss, train)


def convert_files():
    """The tutorial's own files to bundles, and folio's bundle to such files."""
    _, vocabulary = folio_keras.load(exchange.folder / "trained")
    sizes = dict(vocab_size=len(vocabulary), embedding_dim=24, rnn_units=40)
    tutorial = MyModel(**sizes)
    train(tutorial, exchange.batches(vocabulary)[:10], 1, 0.01)
    trained = str(exchange.folder / "trained")
    for suffix, write in [(".weights.h5", tutorial.save_weights), (".keras", tutorial.save)]:
        file, bundle = exchange.path(f"tutorial{suffix}"), exchange.path(f"tutorial{suffix}.bundle")
        write(file)
        corpus = str(exchange.corpus)
        folio_keras.main(["convert", file, "--vocabulary", corpus, "--out", bundle])
        exchange.note_logits(f"{suffix} to a bundle", bundle, tutorial)
        folio_keras.main(["convert", trained, "--out", exchange.path(f"back{suffix}")])

    deeper = MyModel(**sizes)
    deeper.gru_norm = keras.layers.LayerNormalization()
    deeper(exchange.ids), deeper.gru_norm.build((None, 40))
    deeper.save_weights(exchange.path("deeper.weights.h5"))
    refuse = lambda: folio_keras.read_weights(exchange.path("deeper.weights.h5"))
    exchange.expect_refusal("its layers are .*gru_norm", refuse)

    model = folio_keras.load(trained)[0]
    _, embedding_dim, rnn_units, _ = model.sizes
    own = MyModel(len(vocabulary), embedding_dim, rnn_units)
    own(exchange.ids)  # makes its variables
    own.load_weights(exchange.path("back.weights.h5"))
    exchange.note_logits("a bundle to .weights.h5", trained, own)
    loaded = keras.models.load_model(exchange.path("back.keras"))
    exchange.note_logits("a bundle to .keras", trained, loaded)


exchange.read_bundles()
exchange.go_on_training("trained")
convert_files()
exchange.run_readme("trained")
exchange.damage_bundles("trained")
exchange.write()

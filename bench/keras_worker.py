"""Keras on TensorFlow, on the CPU: the tutorial's model, writer and data, as it writes them."""

import json
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf
from rounds import serve


class CharModel(keras.Model):
    def __init__(self, vocabularySize, embeddingDim, rnnUnits, layers):
        super().__init__()
        if layers != 1:
            raise ValueError("the tutorial's model has one GRU layer")
        self.embedding = keras.layers.Embedding(vocabularySize, embeddingDim)
        self.gru = keras.layers.GRU(rnnUnits, return_sequences=True, return_state=True)
        self.dense = keras.layers.Dense(vocabularySize)

    def call(self, inputs, states=None, return_state=False, training=False):
        x, states = self.gru(self.embedding(inputs), initial_state=states, training=training)
        x = self.dense(x)
        return (x, states) if return_state else x


def train(job):
    """The step that fit makes, compiled with XLA or not; the loss is read each time."""
    shape = (job["batch"], job["length"])
    random = np.random.default_rng(0)
    inputs, targets = random.integers(1, job["model"]["vocabularySize"], (2, *shape), np.int32)

    def steps_of(jit):
        made = []

        def steps(count):
            if not made:
                made.append(CharModel(**job["model"]))
                made[0].compile(
                    optimizer=keras.optimizers.Adam(global_clipnorm=job["clipNorm"]),
                    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                    jit_compile=jit,
                )
            for _ in range(count):
                float(made[0].train_on_batch(inputs, targets))

        return steps

    return {"tf.function": steps_of(False), "tf.function, XLA": steps_of(True)}


def write(job):
    """The tutorial's OneStep: a tf.function from characters to the next characters."""
    vocabulary_size = job["model"]["vocabularySize"]
    characters = [chr(33 + i) for i in range(vocabulary_size - 1)]
    ids_from_chars = keras.layers.StringLookup(vocabulary=characters, mask_token=None)
    chars_from_ids = keras.layers.StringLookup(
        vocabulary=ids_from_chars.get_vocabulary(), invert=True, mask_token=None
    )
    model = CharModel(**job["model"])
    mask = tf.constant([-np.inf] + [0.0] * (vocabulary_size - 1))
    prompt = tf.constant(["".join(characters[: job["promptLength"]])] * job["texts"])

    def draw(input_ids, states):
        logits, states = model(input_ids, states=states, return_state=True)
        ids = tf.random.categorical(logits[:, -1, :] + mask, num_samples=1)
        return tf.squeeze(ids, axis=-1), states

    @tf.function
    def one_step(inputs, states=None):
        input_ids = ids_from_chars(tf.strings.unicode_split(inputs, "UTF-8")).to_tensor()
        ids, states = draw(input_ids, states)
        return chars_from_ids(ids), states

    @tf.function(jit_compile=True)
    def one_step_on_ids(input_ids, states):
        logits, states = model(input_ids, states=states, return_state=True)
        noise = tf.random.uniform(tf.shape(logits[:, -1, :]), 1e-7, 1.0)
        ids = tf.argmax(logits[:, -1, :] + mask - tf.math.log(-tf.math.log(noise)), -1)
        return ids, states

    def with_strings(length):
        states, next_chars, result = None, prompt, [prompt]
        for _ in range(length):
            next_chars, states = one_step(next_chars, states)
            result.append(next_chars)
        tf.strings.join(result).numpy()

    def with_ids(length):
        ids = ids_from_chars(tf.strings.unicode_split(prompt, "UTF-8")).to_tensor()
        states = tf.zeros([job["texts"], job["model"]["rnnUnits"]])
        result = []
        for _ in range(length):
            ids, states = one_step_on_ids(ids, states)
            result.append(ids)
            ids = ids[:, tf.newaxis]
        tf.strings.reduce_join(chars_from_ids(tf.stack(result, 1)), axis=-1).numpy()

    return {"tf.function, as the tutorial": with_strings, "tf.function on ids, XLA": with_ids}


def read(job):
    with open(job["textPath"], encoding="utf-8") as file:
        return file.read()


def vectorize(job):
    """The corpus to ids: split into characters, looked up."""
    text = read(job)
    ids_from_chars = keras.layers.StringLookup(vocabulary=sorted(set(text)), mask_token=None)

    def whole(_):
        ids_from_chars(tf.strings.unicode_split(text, "UTF-8")).numpy()

    return {"StringLookup": whole}


def batches(job):
    """One epoch of the tutorial's tf.data pipeline."""
    text = read(job)
    ids_from_chars = keras.layers.StringLookup(vocabulary=sorted(set(text)), mask_token=None)
    ids = ids_from_chars(tf.strings.unicode_split(text, "UTF-8"))
    dataset = (
        tf.data.Dataset.from_tensor_slices(ids)
        .batch(job["length"] + 1, drop_remainder=True)
        .map(lambda sequence: (sequence[:-1], sequence[1:]))
        .shuffle(job["shuffleBuffer"])
        .batch(job["batch"], drop_remainder=True)
        .prefetch(tf.data.experimental.AUTOTUNE)
    )

    def epoch(_):
        for _ in dataset:
            pass

    return {"tf.data": epoch}


if __name__ == "__main__":
    tasks = {"train": train, "write": write, "vectorize": vectorize, "batches": batches}
    task = tasks[json.loads(sys.argv[1])["task"]]
    versions = {"Keras": keras.__version__, "TensorFlow": tf.__version__}
    serve(task, {"versions": versions, "threads": os.cpu_count() or 1})

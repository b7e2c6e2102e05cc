"""folio's model in Keras on TensorFlow: Embedding, GRU(reset_after=True) and Dense.

The layouts are the same: kernels [inputs, 3 * units] with the gates update z, reset r and
candidate h, biases [2, 3 * units] with the row of the inputs first.
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf
from exchange import answer_cases


def char_model(weights, layers):
    """The model, and folio's names of its variables."""
    vocabulary_size, embedding_dim = weights["embedding.weight"].shape
    units = weights["dense.kernel"].shape[0]
    grus = [
        keras.layers.GRU(units, return_sequences=True, reset_after=True) for _ in range(layers)
    ]
    model = keras.Sequential(
        [keras.layers.Embedding(vocabulary_size, embedding_dim), *grus]
        + [keras.layers.Dense(vocabulary_size)]
    )
    model.build((None, None))
    names = ["embedding.weight"]
    for layer in range(layers):
        names += [f"gru.{layer}.{kind}" for kind in ["kernel", "recurrent_kernel", "bias"]]
    names += ["dense.kernel", "dense.bias"]
    model.set_weights([weights[name] for name in names])
    return model, names


cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def gradient_function(model):
    """Logits, loss and gradients of a batch.

    The gradients are made dense. The embedding's comes as tf.IndexedSlices with a row for each
    character read; Keras 3 squares these rows before it adds those of the same character, so its
    Adam sees another second moment there than that of the gradient, and train_on_batch ends up
    tenths of a nat elsewhere within ten steps.
    """

    @tf.function
    def run(xs, ys):
        with tf.GradientTape() as tape:
            logits = model(xs)
            loss = cross_entropy(ys, logits)
        gradients = tape.gradient(loss, model.trainable_variables)
        return logits, loss, [tf.convert_to_tensor(gradient) for gradient in gradients]

    return run


def values(weights, layers, inputs, targets):
    model, names = char_model(weights, layers)
    logits, loss, gradients = gradient_function(model)(inputs[0], targets[0])
    answer = {"logits": logits.numpy(), "loss": loss.numpy()}
    return answer | {f"gradient/{name}": g.numpy() for name, g in zip(names, gradients)}


def adam(weights, layers, inputs, targets):
    model, _ = char_model(weights, layers)
    optimizer = keras.optimizers.Adam()
    run = gradient_function(model)
    losses = []
    for xs, ys in zip(inputs, targets):
        _, loss, gradients = run(xs, ys)
        optimizer.apply(gradients, model.trainable_variables)
        losses.append(float(loss))
    return losses


answer_cases(f"Keras {keras.__version__} on TensorFlow {tf.__version__}", values, adam)

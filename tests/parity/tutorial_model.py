"""The model of TensorFlow's tutorial as its reader has it in Keras 3, without folio."""

import keras


class MyModel(keras.Model):
    def __init__(self, vocab_size, embedding_dim, rnn_units, **kwargs):
        super().__init__(**kwargs)
        self.sizes = dict(
            vocab_size=vocab_size, embedding_dim=embedding_dim, rnn_units=rnn_units
        )
        self.embedding = keras.layers.Embedding(vocab_size, embedding_dim)
        self.gru = keras.layers.GRU(rnn_units, return_sequences=True, return_state=True)
        self.dense = keras.layers.Dense(vocab_size)

    def call(self, inputs, states=None, return_state=False, training=False):
        x = self.embedding(inputs, training=training)
        x, states = self.gru(x, initial_state=states, training=training)
        x = self.dense(x, training=training)
        return (x, states) if return_state else x

    def get_config(self):
        return {**super().get_config(), **self.sizes}

"""folio's model in PyTorch: torch.nn.Embedding, GRU and Linear with folio's weights.

folio keeps Keras' layout: a kernel is [inputs, 3 * units], its three blocks of columns the gates
update z, reset r and candidate h. PyTorch keeps [3 * units, inputs], its blocks of rows r, z and
n, where n is the candidate. Both have two biases and apply the reset gate after the recurrent
product, as cuDNN does, and both go on with z * state + (1 - z) * candidate: to change blocks and
transpose is all there is.
"""

import numpy as np
import torch
from exchange import answer_cases


def other_gate_order(columns):
    """Swaps the first two of three blocks of columns: z, r, h to r, z, n and back."""
    first, second, third = np.split(columns, 3, axis=-1)
    return np.concatenate([second, first, third], axis=-1)


class CharModel(torch.nn.Module):
    def __init__(self, weights, layers):
        super().__init__()
        vocabulary_size, embedding_dim = weights["embedding.weight"].shape
        units = weights["dense.kernel"].shape[0]
        self.embedding = torch.nn.Embedding(vocabulary_size, embedding_dim)
        self.gru = torch.nn.GRU(embedding_dim, units, num_layers=layers, batch_first=True)
        self.dense = torch.nn.Linear(units, vocabulary_size)
        with torch.no_grad():
            for name, parameter, to_torch, _ in self.correspondence(layers):
                parameter.copy_(torch.from_numpy(np.ascontiguousarray(to_torch(weights[name]))))

    def correspondence(self, layers):
        """For each PyTorch parameter: folio's name for it, and the way there and back."""
        same = (lambda a: a, lambda a: a)
        transposed = (np.transpose, np.transpose)
        gates = (lambda a: other_gate_order(a).T, lambda a: other_gate_order(a.T))
        pairs = [("embedding.weight", self.embedding.weight, *same)]
        for layer in range(layers):
            of = lambda kind: getattr(self.gru, f"{kind}_l{layer}")
            pairs.append((f"gru.{layer}.kernel", of("weight_ih"), *gates))
            pairs.append((f"gru.{layer}.recurrent_kernel", of("weight_hh"), *gates))
            for row, kind in enumerate(["bias_ih", "bias_hh"]):
                take = lambda a, row=row: other_gate_order(a[row])
                pairs.append((f"gru.{layer}.bias", of(kind), take, other_gate_order))
        pairs.append(("dense.kernel", self.dense.weight, *transposed))
        pairs.append(("dense.bias", self.dense.bias, *same))
        return pairs

    def forward(self, ids):
        return self.dense(self.gru(self.embedding(ids))[0])


def loss_of(logits, targets):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def tensors_of(ids):
    return torch.from_numpy(ids.astype(np.int64))


def values(weights, layers, inputs, targets):
    model = CharModel(weights, layers)
    logits = model(tensors_of(inputs[0]))
    loss = loss_of(logits, tensors_of(targets[0]))
    loss.backward()
    answer = {"logits": logits.detach().numpy(), "loss": loss.detach().numpy()}
    biases = {}
    for name, parameter, _, to_folio in model.correspondence(layers):
        gradient = to_folio(parameter.grad.numpy())
        if name.startswith("gru") and name.endswith("bias"):
            biases.setdefault(name, []).append(gradient)
        else:
            answer[f"gradient/{name}"] = gradient
    return answer | {f"gradient/{name}": np.stack(rows) for name, rows in biases.items()}


def adam(weights, layers, inputs, targets):
    model = CharModel(weights, layers)
    optimizer = torch.optim.Adam(model.parameters())
    losses = []
    for xs, ys in zip(inputs, targets):
        optimizer.zero_grad()
        loss = loss_of(model(tensors_of(xs)), tensors_of(ys))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


answer_cases(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads", values, adam)

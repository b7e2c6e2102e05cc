"""PyTorch's side of tests/parity/interop.ts."""

from interop_exchange import Exchange

import folio_torch  # from interop/, which Exchange's module puts on the path
import torch


def tensor(ids):
    return torch.tensor(ids, dtype=torch.int64)


@torch.inference_mode()
def logits(model, ids):
    return model(tensor(ids))[0].numpy()


def cross_entropy(model, xs, ys):
    return torch.nn.functional.cross_entropy(
        model(tensor(xs))[0].flatten(0, 1), tensor(ys).flatten()
    )


@torch.inference_mode()
def loss(model, xs, ys):
    return cross_entropy(model, xs, ys).item()


def train(model, batches, epochs, learning_rate):
    optimizer = torch.optim.Adam(model.parameters(), learning_rate)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for batch in batches:
            optimizer.zero_grad()
            step = cross_entropy(model, batch[:, :-1], batch[:, 1:])
            step.backward()
            optimizer.step()
            total += step.item()
        losses.append(total / len(batches))
    return losses


exchange = Exchange("torch", folio_torch, logits, loss, train)


def convert_files():
    """A state_dict to a bundle, and folio's bundle to a state_dict."""
    _, vocabulary = folio_torch.load(exchange.folder / "trained")
    torch.manual_seed(0)
    own = folio_torch.CharModel(len(vocabulary), 24, 40, 2)
    train(own, exchange.batches(vocabulary)[:10], 1, 0.01)
    torch.save(own.state_dict(), exchange.path("own.pt"))
    bundle, corpus = exchange.path("own.bundle"), str(exchange.corpus)
    folio_torch.main(["convert", exchange.path("own.pt"), "--vocabulary", corpus, "--out", bundle])
    exchange.note_logits(".pt to a bundle", bundle, own)

    two_directions = torch.nn.GRU(8, 9, bidirectional=True).state_dict()
    refuse = lambda: folio_torch.from_state_dict(two_directions)
    exchange.expect_refusal("'embedding.weight' lacks", refuse)

    trained = str(exchange.folder / "trained")
    folio_torch.main(["convert", trained, "--out", exchange.path("back.pt")])
    model = folio_torch.load(trained)[0]
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    model.load_state_dict(torch.load(exchange.path("back.pt"), weights_only=True))
    exchange.note_logits("a bundle to .pt", trained, model)


exchange.read_bundles()
exchange.go_on_training("trained")
convert_files()
exchange.run_readme("trained")
exchange.damage_bundles("trained")
exchange.write()

"""Goes on training a folio bundle in several processes, with DistributedDataParallel.

  torchrun --standalone --nproc-per-node 2 train_ddp.py my_bundle --corpus corpus.txt \
      --out my_new_bundle --epochs 2

One process a GPU where there are GPUs (NCCL), else on the CPU (gloo). Each reads its share of every
batch, so that a step is that of one process with the whole batch. The last part of the text is held
out; its loss is printed and noted in the bundle, and folio finds the same one.
"""

import argparse
import os
from pathlib import Path

import torch
import torch.distributed as dist
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler

from folio_torch import encode, load, read_bundle, save, sha256


def cut(ids, length):
    """Sequences of one id more than the length, as folio cuts them, without overlap."""
    count = len(ids) // (length + 1)
    return ids[: count * (length + 1)].view(count, length + 1)


def loss_of(model, sequences):
    logits, _ = model(sequences[:, :-1])
    return cross_entropy(logits.flatten(0, 1), sequences[:, 1:].flatten())


def held_out_loss(model, ids, length, batch_size):
    """The mean over all of the text, in which every id but the first is a target once, as folio's
    validationBatches cuts it: batches of whole sequences, then what is left."""
    inputs, targets = ids[:-1], ids[1:]
    whole = len(targets) // length * length
    bounds = [*range(0, whole, length * batch_size), whole, len(targets)]
    total = 0.0
    for begin, end in zip(bounds, bounds[1:]):
        if begin < end:
            logits, _ = model(inputs[begin:end].view(-1, min(length, end - begin)))
            total += cross_entropy(logits.flatten(0, 1), targets[begin:end], reduction="sum").item()
    return total / len(targets)


def train(given, device):
    content = Path(given.corpus).read_bytes()
    info, _ = read_bundle(given.bundle)
    model, vocabulary = load(given.bundle)
    ids = torch.tensor(encode(content.decode("utf-8-sig"), vocabulary))
    boundary = len(ids) - int(len(ids) * given.validation_fraction)
    held_out = ids[boundary:].to(device)
    sequences = cut(ids[:boundary], given.sequence_length)

    workers = dist.get_world_size()
    sampler = DistributedSampler(sequences, seed=given.seed, drop_last=True)
    share = given.batch_size // workers
    batches = DataLoader(sequences, share, sampler=sampler, drop_last=True)
    model = DistributedDataParallel(model.to(device))
    optimizer = torch.optim.Adam(model.parameters(), given.learning_rate)
    for epoch in range(given.epochs):
        sampler.set_epoch(epoch)  # another order
        total = torch.zeros((), device=device)
        for batch in batches:
            optimizer.zero_grad()
            loss = loss_of(model, batch.to(device))
            loss.backward()  # averages the gradients of all processes
            optimizer.step()
            total += loss.detach()
        dist.all_reduce(total)
        training_loss = total.item() / len(batches) / workers
        if dist.get_rank() == 0:
            print(f"epoch {epoch + 1}: loss {training_loss:.4f} on {workers} processes", flush=True)

    if dist.get_rank() == 0:
        summary = {"corpus": Path(given.corpus).stem, "corpusSha256": sha256(content)}
        summary["epochs"] = info.get("training", {}).get("epochs", 0) + given.epochs
        summary["loss"] = training_loss
        if len(held_out) > 1:
            with torch.inference_mode():
                sizes = (given.sequence_length, given.batch_size)
                summary["validationLoss"] = held_out_loss(model.module, held_out, *sizes)
            print(f"held out: loss {summary['validationLoss']:.6f}")
        save(model.module, vocabulary, given.out, summary)


def main():
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=shape)
    parser.add_argument("bundle")
    parser.add_argument("--corpus", required=True, help="the text to train on")
    parser.add_argument("--out", required=True, help="a new folder for the bundle")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=64, help="of all processes together")
    parser.add_argument("--sequence-length", type=int, default=100)
    parser.add_argument("--learning-rate", type=float, default=0.001)
    parser.add_argument("--validation-fraction", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    gpus = torch.cuda.is_available()
    dist.init_process_group("nccl" if gpus else "gloo")
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if gpus else torch.device("cpu")
    if gpus:
        torch.cuda.set_device(device)
    try:
        train(given, device)
    finally:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()

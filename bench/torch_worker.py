"""PyTorch on the CPU: trains and writes with folio's model, and prepares batches."""

import json
import os
import sys

import torch
from rounds import serve

cores = os.cpu_count() or 1
torch.set_num_threads(cores)


class CharModel(torch.nn.Module):
    def __init__(self, vocabularySize, embeddingDim, rnnUnits, layers):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabularySize, embeddingDim)
        self.gru = torch.nn.GRU(embeddingDim, rnnUnits, num_layers=layers, batch_first=True)
        self.dense = torch.nn.Linear(rnnUnits, vocabularySize)

    def forward(self, ids, state=None):
        hidden, state = self.gru(self.embedding(ids), state)
        return self.dense(hidden), state


def train(job):
    """Steps on one batch: forward, loss, gradients, clipping, Adam; the loss is read each time."""
    size = (job["batch"], job["length"])
    vocabulary_size = job["model"]["vocabularySize"]
    inputs = torch.randint(1, vocabulary_size, size)
    targets = torch.randint(1, vocabulary_size, size)

    def steps_of(compiled, fused):
        def prepare():
            model = CharModel(**job["model"])
            optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=fused)
            run = torch.compile(model) if compiled else model

            def steps(count):
                for _ in range(count):
                    optimizer.zero_grad(set_to_none=True)
                    logits, _ = run(inputs)
                    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
                    loss.backward()
                    if job["clipNorm"] is not None:
                        torch.nn.utils.clip_grad_norm_(model.parameters(), job["clipNorm"])
                    optimizer.step()
                    loss.item()

            return steps

        return later(prepare)

    return {
        "eager": steps_of(False, False),
        "eager, fused Adam": steps_of(False, True),
        "compiled, fused Adam": steps_of(True, True),
    }


def later(prepare):
    """A function that is made when it is first called, so that a mode not taken costs no memory."""
    made = []

    def run(amount):
        if not made:
            made.append(prepare())
        made[0](amount)

    return run


def write(job):
    """Characters for several texts at once, each from the state before it."""
    model = CharModel(**job["model"]).eval()
    count = job["texts"]
    prompt = torch.randint(1, job["model"]["vocabularySize"], (count, job["promptLength"]))
    cell = torch.nn.GRUCell(job["model"]["embeddingDim"], job["model"]["rnnUnits"])
    for name, value in cell.named_parameters():
        value.data = getattr(model.gru, f"{name}_l0").data

    def draw(logits):
        logits[:, 0] = -torch.inf
        return torch.multinomial(torch.softmax(logits, -1), 1)

    def with_gru(length):
        logits, state = model(prompt)
        ids = [draw(logits[:, -1])]
        for _ in range(length - 1):
            logits, state = model(ids[-1], state)
            ids.append(draw(logits[:, -1]))
        torch.cat(ids, 1).tolist()

    def with_cell(length):
        logits, state = model(prompt)
        hidden = state[0]
        ids = [draw(logits[:, -1])]
        for _ in range(length - 1):
            hidden = cell(model.embedding(ids[-1][:, 0]), hidden)
            ids.append(draw(model.dense(hidden)))
        torch.cat(ids, 1).tolist()

    def on(threads, run):
        def written(length):
            torch.set_num_threads(threads)
            with torch.inference_mode():
                run(length)

        return written

    threads = sorted({cores, 1}, reverse=True)
    forms = {"nn.GRU": with_gru, "nn.GRUCell": with_cell}
    return {
        f"{name}, {n} thread{'' if n == 1 else 's'}": on(n, run)
        for name, run in forms.items()
        for n in threads
    }


def batches(job):
    """One epoch of shuffled batches of inputs and targets."""
    with open(job["textPath"], encoding="utf-8") as file:
        text = file.read()
    characters = {character: i + 1 for i, character in enumerate(sorted(set(text)))}
    ids = torch.tensor([characters[character] for character in text])
    size = job["length"] + 1
    sequences = ids[: len(ids) // size * size].view(-1, size)

    def with_loader(_):
        data = torch.utils.data.TensorDataset(sequences)
        loader = torch.utils.data.DataLoader(data, job["batch"], shuffle=True, drop_last=True)
        for (rows,) in loader:
            rows[:, :-1].contiguous(), rows[:, 1:].contiguous()

    def by_hand(_):
        for rows in torch.randperm(len(sequences)).split(job["batch"]):
            if len(rows) == job["batch"]:
                chosen = sequences[rows]
                chosen[:, :-1].contiguous(), chosen[:, 1:].contiguous()

    return {"DataLoader": with_loader, "indexed by hand": by_hand}


if __name__ == "__main__":
    tasks = {"train": train, "write": write, "batches": batches}
    task = tasks[json.loads(sys.argv[1])["task"]]
    serve(task, {"versions": {"PyTorch": torch.__version__}, "threads": cores})

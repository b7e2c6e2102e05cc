"""PyTorch: trains and writes with folio's model, and prepares batches.

`torch_worker.py JOB [DEVICE]`, both JSON; a device says `device`, "cpu" or "cuda", and `tf32`.
"""

import json
import os
import sys

import torch
from rounds import serve

options = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
device = torch.device(options.get("device", "cpu"))
on_gpu = device.type == "cuda"
torch.backends.cudnn.allow_tf32 = options.get("tf32", False)
torch.backends.cuda.matmul.allow_tf32 = options.get("tf32", False)
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
    """Steps on one batch: forward, loss, gradients, clipping, Adam; reads losses as the job says."""
    size = (job["batch"], job["length"])
    vocabulary_size = job["model"]["vocabularySize"]
    inputs = torch.randint(1, vocabulary_size, size, device=device)
    targets = torch.randint(1, vocabulary_size, size, device=device)
    loss_every = job.get("lossEvery", 1)

    def steps_of(compiled=False, fused=True, graphed=False):
        def prepare():
            model = CharModel(**job["model"]).to(device)
            settings = {"capturable": True} if graphed else {}
            optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=fused, **settings)
            run = torch.compile(model) if compiled else model

            def step():
                optimizer.zero_grad(set_to_none=True)
                logits, _ = run(inputs)
                loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
                loss.backward()
                if job["clipNorm"] is not None:
                    torch.nn.utils.clip_grad_norm_(model.parameters(), job["clipNorm"])
                optimizer.step()
                return loss

            next_loss = recorded(step) if graphed else step

            def steps(count):
                for number in range(count):
                    loss = next_loss()
                    if number % loss_every == loss_every - 1 or number == count - 1:
                        loss.item()

            return steps

        return later(prepare)

    if on_gpu:
        return {
            "eager, fused Adam": steps_of(),
            "CUDA graph, fused Adam": steps_of(graphed=True),
            "compiled, fused Adam": steps_of(compiled=True),
        }
    return {
        "eager": steps_of(fused=False),
        "eager, fused Adam": steps_of(),
        "compiled, fused Adam": steps_of(compiled=True),
    }


def recorded(act):
    """Records the kernels that `act` launches as a CUDA graph; the result replays them all at once.

    What `act` returned holds the newest values after each replay.
    """
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            act()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = act()

    def replay():
        graph.replay()
        return result

    return replay


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
    model = CharModel(**job["model"]).eval().to(device)
    count = job["texts"]
    size = (count, job["promptLength"])
    prompt = torch.randint(1, job["model"]["vocabularySize"], size, device=device)
    cell = torch.nn.GRUCell(job["model"]["embeddingDim"], job["model"]["rnnUnits"]).to(device)
    for name, value in cell.named_parameters():
        value.data = getattr(model.gru, f"{name}_l0").data

    def draw(logits):
        logits[:, 0] = -torch.inf
        chances = torch.softmax(logits, -1)
        if not on_gpu:
            return torch.multinomial(chances, 1)
        # The same draw, by a race of exponentials: torch.multinomial would wait for the GPU.
        return (chances / torch.empty_like(chances).exponential_()).argmax(-1, keepdim=True)

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

    def with_cell_graphed():
        """The same, one character recorded as a CUDA graph."""
        hidden = torch.zeros(count, job["model"]["rnnUnits"], device=device)
        newest = torch.zeros(count, 1, dtype=torch.long, device=device)

        def step():
            hidden.copy_(cell(model.embedding(newest[:, 0]), hidden))
            newest.copy_(draw(model.dense(hidden)))

        with torch.inference_mode():
            next_character = recorded(step)

        def run(length):
            logits, state = model(prompt)
            hidden.copy_(state[0])
            newest.copy_(draw(logits[:, -1]))
            ids = [newest.clone()]
            for _ in range(length - 1):
                next_character()
                ids.append(newest.clone())
            torch.cat(ids, 1).tolist()

        return without_gradients(run)

    if on_gpu:
        return {
            "nn.GRU": without_gradients(with_gru),
            "nn.GRUCell": without_gradients(with_cell),
            "nn.GRUCell, CUDA graph": later(with_cell_graphed),
        }

    def on(threads, run):
        run = without_gradients(run)

        def written(length):
            torch.set_num_threads(threads)
            run(length)

        return written

    threads = sorted({cores, 1}, reverse=True)
    forms = {"nn.GRU": with_gru, "nn.GRUCell": with_cell}
    return {
        f"{name}, {n} thread{'' if n == 1 else 's'}": on(n, run)
        for name, run in forms.items()
        for n in threads
    }


def without_gradients(run):
    def written(length):
        with torch.inference_mode():
            run(length)

    return written


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
    versions = {"PyTorch": torch.__version__}
    if on_gpu and torch.cuda.is_available():
        cudnn = torch.backends.cudnn.version()
        versions |= {"CUDA": str(torch.version.cuda), "cuDNN": str(cudnn)}
    serve(task, {"versions": versions, "threads": cores})

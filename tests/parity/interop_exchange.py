"""What both frameworks do with bundles, for tests/parity/interop.ts to compare with folio.

The folder on the command line holds `asked.json`, the text `corpus.txt` and the bundles named in
`asked.json`. The answer goes to `<peer>.answer.json`, bundles made here to `<peer>.<name>`.
"""

import contextlib
import io
import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "interop"))


class Exchange:
    """One framework's side: `module` is its file in interop/, the rest how it computes.

    `logits(model, ids)` is an array, `loss(model, xs, ys)` a number, and
    `train(model, batches, epochs, learning_rate)` the mean loss of each epoch.
    """

    def __init__(self, peer, module, logits, loss, train):
        self.peer, self.module = peer, module
        self.logits, self.loss, self.train = logits, loss, train
        self.folder = Path(sys.argv[1])
        self.corpus = self.folder / "corpus.txt"
        self.asked = json.loads((self.folder / "asked.json").read_text())
        self.ids = np.array(self.asked["ids"], np.int32)
        self.answer = {"logits": [], "texts": [], "damages": 0, "refused": []}

    def path(self, name):
        return str(self.folder / f"{self.peer}.{name}")

    def batches(self, vocabulary):
        """The text in its order, [batches, batch, sequenceLength + 1]."""
        batch, length = self.asked["batchSize"], self.asked["sequenceLength"] + 1
        ids = np.array(self.module.encode(self.corpus.read_text("utf-8"), vocabulary), np.int32)
        count = len(ids) // (batch * length)
        return ids[: count * batch * length].reshape(count, batch, length)

    def note_logits(self, what, bundle, model):
        values = np.asarray(self.logits(model, self.ids), np.float64).ravel().tolist()
        self.answer["logits"].append({"what": what, "bundle": str(bundle), "values": values})

    def mean_loss(self, model, batches):
        evaluated = batches[: self.asked["evaluatedBatches"]]
        return float(np.mean([self.loss(model, b[:, :-1], b[:, 1:]) for b in evaluated]))

    def read_bundles(self):
        """Logits and the likeliest text of folio's bundles."""
        prompt, length = self.asked["prompt"], self.asked["length"]
        for name in self.asked["bundles"]:
            model, vocabulary = self.module.load(self.folder / name)
            self.note_logits(f"logits, {name}", self.folder / name, model)
            text = self.module.generate(model, vocabulary, prompt, length, temperature=0)
            self.answer["texts"].append({"bundle": str(self.folder / name), "text": text})

    def go_on_training(self, name):
        """Trains a bundle of folio's further and hands it back."""
        model, vocabulary = self.module.load(self.folder / name)
        batches = self.batches(vocabulary)
        before = self.mean_loss(model, batches)
        losses = self.train(model, batches, self.asked["epochs"], self.asked["learningRate"])
        self.module.save(model, vocabulary, self.path("continued"))
        after = self.mean_loss(model, batches)
        bundle = self.path("continued")
        self.answer["training"] = dict(before=before, losses=losses, after=after, bundle=bundle)

    def run_readme(self, name):
        """Runs the program in a bundle's README.md, and the same by hand."""
        page = (self.folder / name / "README.md").read_text("utf-8")
        start = f"from {self.module.__name__} import"
        program = re.search(rf"```python\n({start}.*?)```", page, re.DOTALL)[1]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(program.replace("path/to/this/folder", str(self.folder / name)), {})
        prompt = json.loads(re.search(r'vocabulary, (".*"), length', program)[1])
        model, vocabulary = self.module.load(self.folder / name)
        text = self.module.generate(model, vocabulary, prompt, 500, temperature=0.8, seed=1)
        self.answer["readme"] = printed.getvalue() == text + "\n" and len(text) == 501

    def damage_bundles(self, name):
        """Loads damaged bundles, and writes what must not be written."""
        damages = {
            "version": lambda info, _: info.update(version=2),
            "SHA-256": lambda info, _: info["vocabulary"]["characters"].__setitem__(-1, "~"),
            "is damaged": lambda _, path: path.write_bytes(path.read_bytes()[:-1] + b"\0"),
            "No such file": lambda _, path: path.unlink(),
            "is not .UNK. and": lambda info, _: info["model"].update(vocabularySize=3),
            "gru.1.kernel is missing": lambda info, _: info["model"].update(layers=2),
            "gru.0.kernel is": lambda info, _: info["model"].update(rnnUnits=5),
            "lacks or is malformed: 'weights'": lambda info, _: info.pop("weights"),
            "training has .'corpus'": lambda info, _: info.update(training={"corpus": "x"}),
        }
        for words, damage in damages.items():
            copy = Path(self.path("damaged"))
            shutil.copytree(self.folder / name, copy)
            info = json.loads((copy / "folio.json").read_text("utf-8"))
            damage(info, copy / "model.safetensors")
            (copy / "folio.json").write_text(json.dumps(info))
            self.expect_refusal(words, lambda: self.module.load(copy))
            shutil.rmtree(copy)
        bundle = self.module.load(self.folder / name)
        self.expect_refusal("there already", lambda: self.module.save(*bundle, self.folder / name))
        for suffix in self.module.WEIGHTS_FILES:
            file = Path(self.path(f"junk{suffix}"))
            file.write_bytes(b"junk" * 100)
            self.expect_refusal(".", lambda: self.module.read_weights(str(file)))

    def expect_refusal(self, words, act):
        """Counts what must be refused, and what is, with the right words."""
        self.answer["damages"] += 1
        try:
            act()
        except (ValueError, OSError) as error:
            if re.search(words, str(error)):
                self.answer["refused"].append(words)

    def write(self):
        text = json.dumps(self.answer, allow_nan=False)
        (self.folder / f"{self.peer}.answer.json").write_text(text)

"""How folio and a peer exchange numbers: safetensors files in one folder.

folio writes `0.case.safetensors`, `1.case.safetensors`, …: the weights under folio's names,
`inputs` and `targets` as int32 [steps, batch, time], and in the metadata what is asked
(`values` or `adam`) and the number of GRU layers. For each, a peer writes
`0.answer.safetensors`: `logits`, `loss` and `gradient/<weight>` in folio's layout for `values`,
`losses` for `adam`.
"""

import sys
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file


def answer_cases(description, values, adam):
    """Answers each case of the folder given on the command line.

    `values(weights, layers, inputs, targets)` returns a dict of arrays, `adam` of the same
    arguments the losses before each step.
    """
    folder = Path(sys.argv[1])
    for path in sorted(folder.glob("*.case.safetensors")):
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        inputs, targets = tensors.pop("inputs"), tensors.pop("targets")
        arguments = (tensors, int(metadata["layers"]), inputs, targets)
        if metadata["asks"] == "values":
            answer = values(*arguments)
        else:
            answer = {"losses": np.array(adam(*arguments))}
        plain = {name: np.array(a, np.float32, order="C", ndmin=1) for name, a in answer.items()}
        save_file(plain, str(path).replace(".case.", ".answer."))
    print(description)

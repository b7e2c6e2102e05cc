"""Executes one notebook on the Deno kernel and reports each step as a line of JSON.

Usage: run_notebook.py NOTEBOOK EXECUTED CWD CELL_TIMEOUT

The executed copy is written whatever happens, with the outputs there are. Progress goes to standard
output, one JSON object a line: {"event": "begin", "cells": n}, {"event": "cell", "number": k}, and
last {"event": "end", "result": ...}. Standard input is a lifeline: when it closes, the kernel is
ended and so are we.
"""

import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
import threading
import uuid

# jsonschema imports this if it can, to check addresses that no notebook holds; it takes 2.5 s.
sys.modules["rfc3987_syntax"] = None

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

# How long the kernel may take to hand over what a finished cell has left to say.
DRAIN_SECONDS = 300


def report(**event):
    print(json.dumps(event), flush=True)


class DenoNotebookClient(NotebookClient):
    """An nbclient that loses none of the Deno kernel's output.

    The kernel passes all that a cell says (streams, displays, the result) through one queue, which
    it empties beside the answers it gives itself, so it may say "idle" while the queue still holds
    some. Worse, it stamps a message with the request that is current when the message leaves the
    queue: what is late is taken for the next cell's. So after each cell we put a mark of our own
    into the same queue and read on until it arrives: all that comes before it is the cell's. The
    error that ends a cell goes past the queue and may overtake what the cell said before; it waits.
    """

    code_cell = 0

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.errors = []

    async def _async_poll_output_msg(self, parent_msg_id, cell, cell_index):
        try:
            await super()._async_poll_output_msg(parent_msg_id, cell, cell_index)
            await self.read_on(parent_msg_id, cell, cell_index)
        finally:
            for error in self.errors:
                super().process_message(error, cell, cell_index)
            self.errors.clear()

    async def read_on(self, parent_msg_id, cell, cell_index):
        mark = uuid.uuid4().hex
        request = self.kc.execute(
            "Deno.jupyter.broadcast('display_data', "
            "{ data: { 'text/x-folio-mark': '%s' }, metadata: {}, transient: {} })" % mark,
            silent=True,
            store_history=False,
        )
        while True:
            message = await self.kc.iopub_channel.get_msg(timeout=None)
            parent = message["parent_header"].get("msg_id")
            if parent not in (parent_msg_id, request):
                continue
            if message["msg_type"] in ("status", "execute_input"):
                continue
            if message["content"].get("data", {}).get("text/x-folio-mark") == mark:
                return
            self.process_message(message, cell, cell_index)

    def process_message(self, message, cell, cell_index):
        if message["msg_type"] == "error":
            self.errors.append(message)
            return None
        return super().process_message(message, cell, cell_index)

    async def async_execute_cell(self, cell, cell_index, **options):
        executed = await super().async_execute_cell(cell, cell_index, **options)
        # A value that fails while it is shown leaves an error, though the kernel answers "ok".
        tags = cell.metadata.get("tags", [])
        for output in executed.get("outputs", []):
            if output.output_type == "error" and "raises-exception" not in tags:
                raise CellExecutionError.from_cell_and_msg(cell, output)
        return executed

    def begin_cell(self, cell, cell_index):
        self.code_cell += 1
        report(event="cell", number=self.code_cell)


def merge_streams(notebook):
    """Joins the lines of a stream that follow each other, as JupyterLab does when it saves."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        merged = []
        for output in cell.outputs:
            last = merged[-1] if merged else None
            if last and output.output_type == last.output_type == "stream" and output.name == last.name:
                last.text += output.text
            else:
                merged.append(output)
        cell.outputs = merged


def write_notebook(notebook, path):
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=".ipynb")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        nbformat.write(notebook, file)
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)


def watch_lifeline():
    def wait():
        while os.read(0, 1024):  # not sys.stdin: its lock would stop the interpreter from ending
            pass
        os.kill(os.getpid(), signal.SIGTERM)  # nbclient's handler ends the kernel

    threading.Thread(target=wait, daemon=True).start()


def run(client, kernel_log):
    try:
        client.execute(cwd=client.resources["metadata"]["path"], stdout=kernel_log, stderr=kernel_log)
        return {"result": "ok"}
    except CellExecutionError:
        errors = [o for c in client.nb.cells for o in c.get("outputs", []) if o.output_type == "error"]
        if not errors:  # the kernel said that the cell failed, but not how
            return {"result": "error", "message": "the kernel gave no reason"}
        last = errors[-1]
        summary = f"{last.ename}: {last.evalue}"
        trace = "\n".join(last.traceback)
        return {"result": "error", "message": summary, "text": trace if summary in trace else ""}
    except CellTimeoutError:
        return {"result": "timeout"}
    except DeadKernelError:
        return {"result": "died"}
    except Exception as error:  # the kernel does not start, or ended while it was shut down
        return {"result": "failed", "message": f"{type(error).__name__}: {error}"}


def main():
    source, executed, folder, cell_timeout = sys.argv[1:5]
    logging.getLogger("traitlets").addHandler(logging.NullHandler())
    logging.getLogger("traitlets").propagate = False
    notebook = nbformat.read(source, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    cells = sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in notebook.cells)
    report(event="begin", cells=cells)
    watch_lifeline()
    with tempfile.TemporaryFile() as kernel_log:
        client = DenoNotebookClient(
            notebook,
            kernel_name="deno",
            timeout=int(cell_timeout),
            startup_timeout=120,
            iopub_timeout=DRAIN_SECONDS,
            raise_on_iopub_timeout=True,
            record_timing=False,
            resources={"metadata": {"path": folder}},
        )
        client.on_cell_execute = client.begin_cell
        outcome = run(client, kernel_log)
        kernel_log.seek(0)
        said = kernel_log.read().decode("utf-8", "replace")
    merge_streams(notebook)
    write_notebook(notebook, executed)
    if outcome["result"] != "ok":
        outcome["cell"] = client.code_cell
        outcome["kernel"] = said[-4000:]
    report(event="end", **outcome)
    return 0 if outcome["result"] == "ok" else 1


if __name__ == "__main__":
    sys.exit(main())

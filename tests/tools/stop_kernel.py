"""Stops cells of a Deno kernel at random moments, as JupyterLab's stop button does.

Usage: stop_kernel.py CELLS CWD, where CELLS is a JSON file: {"setup": code, "stops": [{"mode": name,
"cell": code, "awaited": bool, "after": seconds}], "go_on": code}. After each stop the cell "go_on" must
end well. Reports one JSON object a line: what "go_on" printed, with the mode and the moment.
"""

import json
import queue
import sys
import time

from jupyter_client.manager import KernelManager

TIMEOUT = 600


class CellError(Exception):
    pass


class Kernel:
    def __init__(self, cwd):
        self.manager = KernelManager(kernel_name="deno")
        self.manager.start_kernel(cwd=cwd)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def finish(self, request):
        """What a cell printed, once it has ended; raises what it threw."""
        printed, error, ended = [], None, None
        while ended is None or time.time() < ended + 0.3:  # output may come after the reply
            try:
                message = self.client.iopub_channel.get_msg(timeout=0.05)
                if message["parent_header"].get("msg_id") == request:
                    content = message["content"]
                    if message["msg_type"] == "stream":
                        printed.append(content["text"])
                    elif message["msg_type"] == "error":
                        error = f"{content['ename']}: {content['evalue']}"
            except queue.Empty:
                pass
            if ended is None:
                try:
                    reply = self.client.shell_channel.get_msg(timeout=0.05)
                    if reply["parent_header"].get("msg_id") == request:
                        ended = time.time()
                        if reply["content"]["status"] != "ok":
                            error = error or "the kernel gave no reason"
                except queue.Empty:
                    if time.time() > self.deadline:
                        raise CellError("it does not end")
        if error:
            raise CellError(error)
        return "".join(printed)

    def begin(self, code):
        self.deadline = time.time() + TIMEOUT
        return self.client.execute(code)

    def run(self, code):
        return self.finish(self.begin(code))

    def stop(self, cell, awaited, after):
        """Starts a cell and stops it, or what it left running."""
        request = self.begin(cell)
        if not awaited:
            self.finish(request)
        time.sleep(after)
        self.manager.interrupt_kernel()
        if not awaited:
            time.sleep(0.5)  # The next cell would take an interrupt back that has not struck yet.
        if awaited:
            try:
                self.finish(request)
            except CellError:
                return
            raise CellError("it was not stopped")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        cells = json.load(file)
    kernel = Kernel(sys.argv[2])
    try:
        print(kernel.run(cells["setup"]), end="", flush=True)
        for stop in cells["stops"]:
            kernel.stop(stop["cell"], stop["awaited"], stop["after"])
            where = {"mode": stop["mode"], "after": stop["after"]}
            try:
                result = {"stopped": False}
                for _ in range(10):  # The next cell may take an interrupt back before it has struck.
                    result = json.loads(kernel.run(cells["go_on"]).strip().splitlines()[-1])
                    if result["stopped"]:
                        break
                    kernel.manager.interrupt_kernel()
                    time.sleep(0.5)
            except CellError as error:
                result = {"error": str(error)}
            print(json.dumps({**where, **result}), flush=True)
    finally:
        kernel.client.stop_channels()
        kernel.manager.shutdown_kernel(now=True)


main()

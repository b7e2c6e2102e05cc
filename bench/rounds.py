"""The Python side of a benchmark worker, as bench/worker.ts has it in TypeScript.

A worker is given a job as JSON on its command line and readies it: it may know several modes of
doing the work, of which it takes the fastest, or the one that the job names. It prints a line
{"ready": …}, and for each line `round` on its input does the work once and prints how long that
took. At the end of its input it prints its peak memory.
"""

import json
import resource
import sys
import time


def serve(prepare, about):
    """Serves the job on the command line.

    `prepare(job)` returns a dict of modes; each is a function of how much to do: steps of
    training or characters, by `job["amount"]`. `about` is put into the ready line.
    """
    job = json.loads(sys.argv[1])
    try:
        mode, run, modes = choose(prepare(job), job)
    except Exception as error:
        say({"unable": f"{type(error).__name__}: {error}"[:500]})
        return
    say({"ready": {**about, "mode": mode, "modes": modes}})
    for line in sys.stdin:
        if line.strip() == "round":
            say({"milliseconds": milliseconds(run, job["amount"])})
    say({"peakMegabytes": peak_megabytes()})


def choose(modes, job):
    """Warms up each mode and, where there are several, takes the one with the shortest time."""
    if "mode" in job:
        modes = {job["mode"]: modes[job["mode"]]}
    times, errors = {}, []
    for mode, run in modes.items():
        try:
            for _ in range(job.get("warmUps", 2)):
                last = milliseconds(run, job["warmUp"])
            # A mode that is far behind is not worth another try, which may take a minute.
            if len(modes) > 1 and last < 2 * min(times.values(), default=last):
                last = min(last, milliseconds(run, job["warmUp"]))
            times[mode] = last
        except Exception as error:
            errors.append(error)
    if not times:
        raise errors[0]
    best = min(times, key=times.get)
    return best, modes[best], times


def milliseconds(run, amount):
    start = time.perf_counter()
    run(amount)
    return (time.perf_counter() - start) * 1000


def say(message):
    print(json.dumps(message), flush=True)


def peak_megabytes():
    """VmHWM where there is /proc: unlike ru_maxrss, it does not begin at the parent's size."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / 1e6 if sys.platform == "darwin" else largest * 1024 / 1e6

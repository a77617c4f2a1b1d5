"""Runs a child process, and measures its time and its memory.

Usage: python -m tools.benchmark.child session MODEL BEGAN | campaign|first CONFIGURATION BEGAN
BEGAN is the time when the process was begun. Prints one JSON object: the seconds that starting
Python and the imports took, those until the work was done, and the highest resident memory in MiB,
of the imports and of all.

- session: ONNX Runtime opens a model, and runs it once after the clock has stopped.
- campaign: a whole campaign.
- first: a campaign up to its first injection.
"""

import json
import sys
import time
from pathlib import Path


class _FirstDoneError(Exception):
    """Ends a campaign whose first injection is done; what ending it takes is not measured."""

    def __init__(self) -> None:
        self.time = time.time()


def main() -> None:
    """Do it and print what it took."""
    what, place, began = sys.argv[1:]
    if what == "session":
        import numpy as np
        import onnxruntime
    else:
        from onnxfi.campaign import Campaign
    imported, imports = time.time(), peak()
    if what == "session":
        onnxruntime.set_default_logger_severity(3)
        session = onnxruntime.InferenceSession(place, providers=["CPUExecutionProvider"])
        done = time.time()
        (graph_input,) = session.get_inputs()
        shape = [x if isinstance(x, int) else 1 for x in graph_input.shape]
        session.run(None, {graph_input.name: np.ones(shape, np.float32)})
    else:
        campaign = Campaign.from_yaml(Path(place)).begin()
        try:
            campaign.run(on_injections=_end if what == "first" else lambda count: None)
            done = time.time()
        except _FirstDoneError as end:
            done = end.time
    found = {
        "imports_s": imported - float(began),
        "work_s": done - imported,
        "imports_mib": imports,
        "peak_mib": peak(),
    }
    print(json.dumps(found))


def peak() -> float:
    """Return the highest resident memory so far, in MiB.

    Not what `resource` tells: that begins with the memory of the process that started this one.
    """
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    (found,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(found.split()[1]) / 1024


def _end(count: int) -> None:
    if count:
        raise _FirstDoneError


if __name__ == "__main__":
    main()

"""Traces one injection on the bundled LeNet, and prints its walk through the files as JSON.

It runs in a process of its own with the onnxfi of the checkout that is measured.
"""

import json
import sys
from importlib import resources
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

import onnxfi
from onnxfi.error_models import BitFlip

# By then every decision of the first injections has been taken.
_WARM_UP = 2000


class Walk:
    """Follows the calls between the files of a folder.

    Attributes:
        files: the files that were entered.
        moves: how often a call led into another file than the one that called.
        depth: the largest number of nested calls in the folder.
    """

    def __init__(self, folder: Path) -> None:
        """Begin outside the folder."""
        self.files: set[str] = set()
        self.moves = 0
        self.depth = 0
        self._folder = str(folder)
        self._stack: list[str] = []

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        """Take note of a call or a return; a function for `sys.setprofile`."""
        file = frame.f_code.co_filename
        if not file.startswith(self._folder):
            return
        if event == "call":
            self.files.add(file)
            self.moves += bool(self._stack) and self._stack[-1] != file
            self._stack.append(file)
            self.depth = max(self.depth, len(self._stack))
        elif event == "return" and self._stack:
            self._stack.pop()


def main() -> None:
    """Trace an injection after a warm-up, and print the walk."""
    asset = resources.files("onnxfi.demo") / "assets" / "lenet_digits.h5"
    model = onnxfi.load(Path(str(asset)))
    (graph_input,) = model.graph.inputs
    shape = [x if isinstance(x, int) else 1 for x in graph_input.shape or ()]
    image = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    target = model.targets(kind="activation", op="Conv")[0]
    with onnxfi.Injector(model, target, provider="cpu", threads=1) as injector:
        golden = injector.golden({graph_input.name or "": image})
        for _ in injector.inject(golden, BitFlip(), count=_WARM_UP, seed=0):
            pass
        walk = Walk(Path(onnxfi.__file__).parent)
        sys.setprofile(walk)
        try:
            (*_,) = injector.inject(golden, BitFlip(), count=1, seed=1)
        finally:
            sys.setprofile(None)
    print(json.dumps({"files": len(walk.files), "moves": walk.moves, "depth": walk.depth}))


if __name__ == "__main__":
    main()

"""Golden tensors and those that phases add."""

import numpy as np

from onnxfi.suffix import GoldenTensors, Tensors


class _Phase:
    pass


def test_phases_compute_once_and_are_forgotten() -> None:
    golden, phase, made = GoldenTensors({"x": np.zeros(3, np.float32)}), _Phase(), []

    def make(values: Tensors) -> Tensors:
        made.append(1)
        return {"y": values["x"] + 1}

    first = golden.recall(phase, make)
    assert golden.recall(phase, make) is first
    assert made == [1]
    assert set(first.values) == {"x", "y"}
    assert set(golden.values) == {"x"}
    assert golden.nbytes == 24  # x once
    assert first.recall(phase, lambda _: {"z": np.zeros(2)}).nbytes == 40
    assert golden.nbytes == 40
    del phase
    assert golden.nbytes == 12
    assert golden.remembered == []

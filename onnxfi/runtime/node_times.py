"""Measures how long each node of a model runs."""

import json
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from onnxfi.graph import Model
from onnxfi.runtime.opened_model import OpenedModel
from onnxfi.runtime.session import prepare

_ENDING = "_kernel_time"
_MICROSECONDS = 1e-6


def measure_node_times(
    model: Model, inputs: Mapping[str, np.ndarray], *, runs: int = 10
) -> list[float]:
    """Return the median time of each node of the main graph on the CPU, in seconds.

    The nodes run one by one, as the model defines them: ONNX Runtime merges none. Constants take no
    time.

    Args:
        model: the model.
        inputs: its inputs, by name.
        runs: number of runs, after one that warms up.

    Raises:
        ModelFormatError: ONNX Runtime refuses the model.
        InputError: ONNX Runtime refuses the inputs.
    """
    named = model.part(model.ir_model.clone())
    names = [f"node{number}" for number in range(len(named.graph))]
    for name, node in zip(names, named.graph, strict=True):
        node.name = name
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(named, provider="cpu", threads=1, merge=False, arena=True)
        session = OpenedModel(replace(prepared, profile=str(Path(folder) / "profile")))
        for _ in range(runs + 1):
            session.run(inputs)
        events = json.loads(Path(session.end_profile()).read_text(encoding="utf-8"))
    times: dict[str, list[float]] = defaultdict(list)
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith(_ENDING):
            times[event["name"].removesuffix(_ENDING)].append(event["dur"] * _MICROSECONDS)
    return [median(times[name][1:]) if len(times[name]) > 1 else 0.0 for name in names]

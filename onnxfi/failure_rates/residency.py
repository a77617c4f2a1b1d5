"""Finds for how long a tensor holds live data during an inference."""

from collections.abc import Mapping, Sequence

import numpy as np

from onnxfi.graph import Model, consumed_values
from onnxfi.runtime import measure_node_times


def graph_residency(model: Model, times: Sequence[float]) -> dict[str, float]:
    """Return the share of an inference in which each activation and input is live.

    An activation is live from the end of its producer to the end of its last reader, an input from
    the beginning on, and an output of the model to the end. Nodes run one after another in the
    order of the graph.

    Args:
        model: the model.
        times: the time of each node of the main graph, in any unit.
    """
    ends = dict(zip(model.graph, np.cumsum(times).tolist(), strict=True))
    total = max(ends.values(), default=0.0)
    last = {value: end for node, end in ends.items() for value in consumed_values(node)}
    last |= dict.fromkeys(model.graph.outputs, total)
    begins = dict.fromkeys(model.graph.inputs, 0.0)
    begins |= {value: end for node, end in ends.items() for value in node.outputs}
    return {
        value.name or "": (last.get(value, begin) - begin) / total if total else 0.0
        for value, begin in begins.items()
    }


def measured_residency(model: Model, inputs: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return `graph_residency` with node times measured on the CPU."""
    return graph_residency(model, measure_node_times(model, inputs))

"""Checking that a stage in two parts, a region and the rest, gives the bits of the whole.

What ONNX Runtime is known to merge across a cut is never parted (`propagation.rewritten`). Where
the rest begins with operators of which less is known, both are compared.
"""

from collections.abc import Callable, Mapping

import numpy as np

from onnxfi.errors import InputError
from onnxfi.graph import Model
from onnxfi.suffix.phases.region import PushRegion
from onnxfi.suffix.run_settings import RunSettings
from onnxfi.suffix.trial import perturbed, same_bits

# Convolutional networks are made of these; nightly tests compare whole architectures.
_KNOWN = frozenset(
    [
        *("Add", "AveragePool", "BatchNormalization", "Concat", "Conv", "ConvInteger"),
        *("ConvTranspose", "Flatten", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "LRN"),
        *("MaxPool", "QLinearConv", "Relu", "Reshape", "Sum"),
    ]
)

_Run = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]


def is_known(region: PushRegion) -> bool:
    """Return whether a region has no nodes, or the rest begins with well-known operators."""
    readers = {
        use.node.op_type
        for value in region.behind.graph.inputs
        if value.name in region.entry
        for use in value.uses()
    }
    return not region.nodes or readers <= _KNOWN


def gives_the_same(
    parts: _Run, whole: Model, values: Mapping[str, np.ndarray], settings: RunSettings
) -> bool:
    """Return whether both give the same bits, of some values and of others like them.

    Args:
        parts: runs the parts one after the other.
        whole: the stage.
        values: its inputs by name, maybe among others.
        settings: how to run.
    """
    session = settings.open(whole, arena=False)
    rng = np.random.default_rng(0)
    inputs = {x.name or "": values[x.name or ""] for x in whole.graph.inputs}
    others = [
        {name: perturbed(x, rng, signed=signed) for name, x in inputs.items()}
        for signed in (False, True)
    ]
    try:
        pairs = [(session.run(x), parts({**values, **x})) for x in (inputs, *others)]
    except InputError:
        return False
    return all(
        same_bits(made[name], expected[name], any_nan=True)
        for expected, made in pairs
        for name in session.output_names
        if isinstance(expected[name], np.ndarray)
    )

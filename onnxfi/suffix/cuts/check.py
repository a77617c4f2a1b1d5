"""Checks that a stage in two parts, a push region and the rest, gives the bits of the whole.

Nodes that ONNX Runtime is known to merge are never parted (`held_together`). Where the rest begins
with operators for which `may_cut` has no answer, the bits of both are compared.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from onnxfi.errors import InputError
from onnxfi.graph import Model
from onnxfi.suffix.cuts.held_together import may_cut
from onnxfi.suffix.run_settings import RunSettings
from onnxfi.suffix.trial import perturbed, same_bits

if TYPE_CHECKING:
    from onnxfi.suffix.phases.region import PushRegion

_Run = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]


def is_known(region: "PushRegion") -> bool:
    """Return whether a region has no nodes, or its cut is known to leave the bits as they are."""
    cut = [x for x in region.behind.graph.inputs if x.name in region.entry]
    # No node of a region is held together with the rest, so the consumers decide.
    return not region.nodes or all(may_cut(x, held=()) == "yes" for x in cut)


def gives_the_same(
    parts: _Run, whole: Model, values: Mapping[str, np.ndarray], settings: RunSettings
) -> bool:
    """Return whether both give the same bits, for some values and for two perturbed copies.

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

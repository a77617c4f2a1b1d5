"""Rules for recurrent operators, with steps along the first axis and samples along the second."""

from onnxfi.graph.sample_axis.laned_node import LanedNode, MixedError

# Positions of the lengths and the initial states, with their axes of the samples.
_OF_SAMPLES = {4: 0, 5: 1, 6: 1}


def recurrent(laned: LanedNode) -> list[int]:
    """Run each sample with its own sequence, length and initial states."""
    laned.rows_of_one_product()
    by_layout = laned.number("layout", 0)
    if laned.axes[0] != 1 - by_layout:
        raise MixedError("steps along the axis of the samples")
    for position, axis in enumerate(laned.axes):
        place = _OF_SAMPLES.get(position)
        if position and axis is not None and place is None:
            raise MixedError(f"reads its input {position} from the samples")
        if place is not None and laned.has(position):
            expected = 0 if by_layout else place
            if axis != expected:
                raise MixedError("shares lengths or initial states between samples")
    return [0, 0, 0] if by_layout else [2, 1, 1]

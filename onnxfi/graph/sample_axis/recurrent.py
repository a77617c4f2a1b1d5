"""Recurrent operators: steps along the first axis, samples along the second one."""

from onnxfi.graph.sample_axis.laned_node import LanedNode, MixedError

# Lengths and initial states, and their axes of the samples; the last is the parameters of an LSTM.
_OF_SAMPLES = {4: 0, 5: 1, 6: 1}


def recurrent(laned: LanedNode) -> list[int]:
    """Samples give sequences, lengths and initial states; each output has its axis."""
    laned.rows_of_one_product()
    by_layout = laned.number("layout", 0)
    if laned.axes[0] != 1 - by_layout:
        raise MixedError("takes its steps along the axis of the samples")
    for position, axis in enumerate(laned.axes):
        place = _OF_SAMPLES.get(position)
        if position and axis is not None and place is None:
            raise MixedError(f"takes its input {position} from the samples")
        if place is not None and laned.has(position):
            expected = 0 if by_layout else place
            if axis != expected:
                raise MixedError("shares lengths or initial states between samples")
    return [0, 0, 0] if by_layout else [2, 1, 1]

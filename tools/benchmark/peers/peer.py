"""Times a peer at its targets; all peers share this module."""

from dataclasses import dataclass

from onnxfi import Target
from tools.benchmark.models import Benchmarked
from tools.benchmark.timing import Repeated


@dataclass(frozen=True, eq=False, slots=True)
class Peer:
    """The runs of a peer at a target.

    Attributes:
        benchmarked: the model.
        target: the target.
        things: the ways in which the peer injects there.
        injections: how many injections each of them is.
    """

    benchmarked: Benchmarked
    target: Target
    things: list[Repeated]
    injections: tuple[int, ...]

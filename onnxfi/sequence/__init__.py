"""Injects faults into sequences of inferences, in which a model reads back what it wrote."""

from onnxfi.sequence.golden_sequence import GoldenSequence
from onnxfi.sequence.lifetime import Lifetime
from onnxfi.sequence.sequence_injection import SequenceInjection
from onnxfi.sequence.sequence_injector import SequenceInjector
from onnxfi.sequence.state import StateMap

__all__ = [
    "GoldenSequence",
    "Lifetime",
    "SequenceInjection",
    "SequenceInjector",
    "StateMap",
]

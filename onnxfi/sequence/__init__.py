"""Injects faults into sequences of inferences, in which a model reads back what it wrote."""

from onnxfi.sequence.decoder_inputs import decoder_inputs
from onnxfi.sequence.golden_sequence import GoldenSequence
from onnxfi.sequence.greedy import greedy_tokens
from onnxfi.sequence.lifetime import Lifetime
from onnxfi.sequence.sequence_injection import SequenceInjection
from onnxfi.sequence.sequence_injector import SequenceInjector
from onnxfi.sequence.state import StateMap
from onnxfi.sequence.token_comparison import TokenComparison, compare_tokens

__all__ = [
    "GoldenSequence",
    "Lifetime",
    "SequenceInjection",
    "SequenceInjector",
    "StateMap",
    "TokenComparison",
    "compare_tokens",
    "decoder_inputs",
    "greedy_tokens",
]

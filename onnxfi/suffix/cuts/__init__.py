"""Answers at which tensors a graph may be cut in two without changing a bit.

ONNX Runtime optimises each session by itself. Two nodes that it merges in one session are computed
apart where a cut lies between them, and most merged kernels round differently. So no cut of the
engine goes through such a pair: `held_together` finds the pairs, `may_cut` answers for one tensor,
and `starts_anew` names the operators that are not merged with their producers.

There is one file for each optimizer of ONNX Runtime, under its own name. Levels and providers are
those of ``GenerateTransformers`` in ``onnxruntime/core/optimizer/graph_transformer_utils.cc``;
sessions of onnxfi run at the highest level. Optimizers that compute a wrong result are switched off
in every session: `onnxfi.converters.disabled_optimizers`. Models of low precision run with nothing
merged (`onnxfi.surgery.definition`), so the fusions here matter for float32 and float64.

`onnxfi.suffix.cuts.check` compares bits where the answer is ``unknown``.
"""

from onnxfi.suffix.cuts.conv_activation_fusion import may_follow_in_convolution
from onnxfi.suffix.cuts.conv_add_activation_fusion import may_add_in_convolution
from onnxfi.suffix.cuts.held_together import Answer, held_together, may_cut, starts_anew
from onnxfi.suffix.cuts.qdq_selector_action_transformer import is_dequantised

__all__ = [
    "Answer",
    "held_together",
    "is_dequantised",
    "may_add_in_convolution",
    "may_cut",
    "may_follow_in_convolution",
    "starts_anew",
]

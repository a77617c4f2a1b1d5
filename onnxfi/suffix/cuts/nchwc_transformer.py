"""``NchwcTransformer``: images in blocks of channels, and a BatchNormalization as a convolution.

Convolutions and poolings change the layout of an image to NCHWc. A BatchNormalization that reads
an image in this layout becomes a depthwise convolution of one element, which rounds once; any other
one multiplies and adds. So a pooling that gives the layout to a BatchNormalization stays with it. A
BatchNormalization behind a convolution or a matrix product is merged into that instead
(``ConvBNFusion``, ``MatmulBNFusion``), whichever layout there is.

Level 3, CPU, on processors for which MLAS has blocks of channels (x86-64 for one).
Source: ``onnxruntime/core/optimizer/nchwc_transformer.cc``.
"""

from onnxfi.onnx_ir import ir
from onnxfi.suffix.cuts.fusion import ancestors

OPERATORS = frozenset(["BatchNormalization"])
# A BatchNormalization is merged into these.
_TAKES_NORMALIZATION = frozenset(["Conv", "ConvTranspose", "Gemm", "MatMul"])
# They change the layout, and corruptions are pushed through them.
_POOLINGS = frozenset(["GlobalMaxPool", "MaxPool"])


def held_by(node: ir.Node) -> set[ir.Node]:
    """Return the poolings before a BatchNormalization that stays a node of its own."""
    image = node.inputs[0]
    producer = None if image is None else image.producer()
    if producer is None or producer.op_type in _TAKES_NORMALIZATION:
        return set()
    return {x for x in ancestors(node) if x.op_type in _POOLINGS}

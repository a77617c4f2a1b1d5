"""Lists the operands whose values determine the shape of an operator's outputs."""

from collections.abc import Iterator

from onnxfi.graph.bodies import bodies
from onnxfi.graph.dependencies import consumed_values
from onnxfi.onnx_ir import ir

_ALL = frozenset(range(32))  # more operands than any of these operators has
# Positions of the operands, by domain and operator.
SHAPE_OPERANDS: dict[tuple[str, str], frozenset[int]] = {
    ("", op): frozenset(places)
    for op, places in {
        "AffineGrid": (1,),
        "BlackmanWindow": (0,),
        "CenterCropPad": (1,),
        "Col2Im": (1, 2),
        "Compress": (1,),
        "ConstantOfShape": (0,),
        "DFT": (1, 2),
        "Expand": (1,),
        "HammingWindow": (0,),
        "HannWindow": (0,),
        "ImageDecoder": (0,),
        "MaxUnpool": (2,),
        "MelWeightMatrix": (0, 1),
        "NonMaxSuppression": _ALL,
        "NonZero": (0,),
        "OneHot": (1,),
        "Pad": (1, 3),
        "Range": _ALL,
        "Reshape": (1,),
        "Resize": (1, 2, 3),
        "STFT": (1, 3),
        "SequenceAt": (1,),
        "SequenceErase": (1,),
        "SequenceInsert": (2,),
        "Slice": (1, 2, 3, 4),
        "Split": (1,),
        "SplitToSequence": (1,),
        "Squeeze": (1,),
        "StringNormalizer": (0,),
        "StringSplit": (0,),
        "Tile": (1, 2),
        "TopK": (1,),
        "Unique": (0,),
        "Unsqueeze": (1,),
        "Upsample": (1,),
    }.items()
} | {
    ("com.microsoft", op): _ALL
    for op in (
        "BeamSearch",
        "ConvTransposeWithDynamicPads",
        "CropAndResize",
        "ExpandDims",
        "GreedySearch",
        "Pad",
        "Range",
        "Sampling",
        "Tokenizer",
        "Unique",
        "WhisperBeamSearch",
    )
}
_REDUCTION = "Reduce"  # its second operand names the axes
_KNOWN_DOMAINS = frozenset(["", "ai.onnx.ml", "com.microsoft"])


def shape_operands(node: ir.Node) -> Iterator[ir.Value]:
    """Yield the values that a node reads and whose elements determine the shape of its outputs.

    If the operator is unknown, or holds a body, they are all values that it reads, unless the
    shapes are fixed.
    """
    if node.domain not in _KNOWN_DOMAINS or any(True for _ in bodies(node)):
        if not all(x.shape is not None and x.shape.is_static() for x in node.outputs):
            yield from consumed_values(node)
        return
    places = SHAPE_OPERANDS.get((node.domain, node.op_type), frozenset())
    if node.domain == "" and node.op_type.startswith(_REDUCTION):
        places = frozenset([1])
    for place, value in enumerate(node.inputs):
        if value is not None and place in places:
            yield value

"""Lists optimizers of ONNX Runtime that change what a model computes."""

DISABLED_OPTIMIZERS = (
    # Moves a Pad with zeros into a MaxPool, which pads with the smallest number.
    "Pad_Fusion",
    # Leaves a Conv of float16 in a state on which a later optimizer crashes the process.
    "FuseFp16InitializerToFp32NodeTransformer",
    # Multiplies the factors of both operands of a MatMul: two of 1e30 make NaN of finite products.
    "MatMulScaleFusion",
)
"""Optimizers of ONNX Runtime 1.31 that make mistakes, for the argument disabled_optimizers."""

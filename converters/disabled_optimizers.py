"""Lists optimizers of ONNX Runtime that change what a model computes.

Optimizers that only round differently stay on; `onnxfi.suffix.cuts` names them.
"""

DISABLED_OPTIMIZERS = (
    # Moves a Pad with zeros into a MaxPool, which pads with the smallest number.
    # Test: tests/runtime/test_session.py. Source: onnxruntime/core/optimizer/pad_fusion.cc.
    "Pad_Fusion",
    # Leaves a Conv of float16 in a state in which a later optimizer crashes the process.
    # Source: onnxruntime/core/optimizer/fuse_initializers_transformer.cc.
    "FuseFp16InitializerToFp32NodeTransformer",
    # Multiplies the factors of both operands of a MatMul: two of 1e30 make NaN of finite products.
    # Test: tests/converters/test_disabled_optimizers.py.
    # Source: onnxruntime/core/optimizer/matmul_scale_fusion.cc.
    "MatMulScaleFusion",
)
"""Optimizers of ONNX Runtime 1.31 that make mistakes, for the argument disabled_optimizers."""

"""Lists elementwise operators whose results depend on an element's position, in ONNX Runtime.

Vectorised kernels compute the last elements of a block one by one, with another approximation or
another choice between zeros of both signs. They give the same bits in each lane if lanes are whole
vectors. Kernels of MLAS have no such ends. This was measured on lengths from 1 to 70, at every
offset, with values of all kinds; tests repeat it.
"""

from onnxfi.onnx_ir import ir

#: Elementwise operators, binary and variadic ones included; their operands are broadcast.
ELEMENTWISE = frozenset(
    """
    Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor
    Cast Ceil Celu Clip Cos Cosh Div Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual HardSigmoid
    HardSwish Identity IsInf IsNaN LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod Mul Neg Not
    Or PRelu Pow Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Sub
    Sum Swish Tan Tanh ThresholdedRelu Where Xor
    """.split()  # noqa: SIM905
)
#: Elementwise operators of ONNX Runtime's own domain.
OWN_ELEMENTWISE = frozenset(["BiasGelu", "FastGelu", "Gelu", "QuickGelu"])
_SINGLE_WITH_ENDS = frozenset(
    ["Acos", "Asin", "Atan", "Celu", "Cos", "Elu", "Log", "Mish", "Selu", "Sin", "Softplus"]
)
# They choose between zeros of both signs.
_CHOOSING = frozenset(["Max", "Min"])
# IEEE 754 defines the results of these to the last bit; the others are approximations.
_DOUBLE_WITHOUT_ENDS = frozenset(
    """
    Abs Add Cast Ceil Clip Div Equal Floor Greater GreaterOrEqual Identity IsInf IsNaN LeakyRelu
    Less LessOrEqual Mod Mul Neg PRelu Pow Reciprocal Relu Round Shrink Sign Sqrt Sub Sum Where
    """.split()  # noqa: SIM905
)
_FLOATS = frozenset([ir.DataType.FLOAT, ir.DataType.DOUBLE])


def depends_on_place(node: ir.Node) -> bool:
    """Return whether an elementwise node's kernel may compute the ends of blocks differently."""
    kind = node.op_type
    dtypes = {None if x is None else x.dtype for x in node.inputs}
    if kind == "Cast":
        # NaN and numbers out of range become one integer or another.
        return node.outputs[0].dtype == ir.DataType.UINT32 and not dtypes.isdisjoint(_FLOATS)
    if kind in _CHOOSING:
        return not dtypes.isdisjoint(_FLOATS | {ir.DataType.FLOAT16, ir.DataType.BFLOAT16})
    if ir.DataType.DOUBLE in dtypes:
        return kind not in _DOUBLE_WITHOUT_ENDS
    return kind in _SINGLE_WITH_ENDS

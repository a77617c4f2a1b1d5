"""Lists the operators that accelerators compute as sums of products."""

from onnxfi.error_models.error_model import TargetInfo
from onnxfi.errors import ErrorModelError

OPERATORS = (
    "Conv",
    "ConvTranspose",
    "Gemm",
    "MatMul",
    "ConvInteger",
    "MatMulInteger",
    "QLinearConv",
    "QLinearMatMul",
)
"""The supported operators of ONNX."""


def check_operator(model: str, target: TargetInfo) -> None:
    """Check that a target is the output of a supported operator.

    Args:
        model: name of the error model, for the message.
        target: the target.

    Raises:
        ErrorModelError: it is not.
    """
    if target.kind != "activation" or target.op_type not in OPERATORS:
        raise ErrorModelError(
            f"{model}: the target must be the output of one of {', '.join(OPERATORS)}, got "
            f"{target.op_type or target.kind}: choose such targets, for example "
            "`targets: {ops: [Conv, Gemm, MatMul]}`"
        )

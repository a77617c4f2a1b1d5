"""Chooses the products that get a checksum."""

from onnxfi.errors import InputError
from onnxfi.hardening.checksums import Threshold, check_product
from onnxfi.hardening.graph_editor import GraphEditor
from onnxfi.hardening.integer_checksums import check_integer_product
from onnxfi.hardening.protections import Abft

_OPERATORS = {
    "conv": ("Conv", "ConvInteger"),
    "gemm": ("Gemm",),
    "matmul": ("MatMul", "MatMulInteger"),
}
_INTEGER = frozenset({"ConvInteger", "MatMulInteger"})


def check_products(
    editor: GraphEditor, protection: Abft, thresholds: list[Threshold], left_out: dict[str, str]
) -> list[str]:
    """Add checksums to the products that a protection means, and return their tensors.

    Args:
        editor: the model.
        protection: names the operators.
        thresholds: takes the thresholds that fault-free runs must decide.
        left_out: takes the tensors that cannot be checked, with the reason.

    Raises:
        InputError: an operator is unknown, or nothing can be checked.
    """
    if unknown := [x for x in protection.operators if x not in _OPERATORS]:
        raise InputError(
            f"Checksums protect {', '.join(_OPERATORS)}, got {', '.join(map(repr, unknown))}."
        )
    wanted = {x for name in protection.operators for x in _OPERATORS[name]}
    layers = {x.tensor: x.layer for x in editor.model.targets(kind="activation")}
    found = []
    for node in list(editor.model.graph):
        name = node.outputs[0].name or "" if node.outputs else ""
        if node.op_type not in wanted or name not in layers:
            continue
        layer = layers[name] or name
        if node.op_type in _INTEGER:
            reason = check_integer_product(editor, node, protection, layer)
        else:
            made = check_product(editor, node, protection, layer)
            reason = made if isinstance(made, str) else None
            if isinstance(made, Threshold):
                thresholds.append(made)
        if reason is None:
            found.append(name)
        else:
            left_out[name] = reason
    if not found:
        raise InputError(
            f"Checksums need a product to check ({', '.join(sorted(wanted))}), and the model has "
            "none that can be checked"
            + "".join(f": {name}: {reason}" for name, reason in list(left_out.items())[:1])
            + ". QLinearConv and QLinearMatMul hide their sums; duplicate such layers instead."
        )
    return found

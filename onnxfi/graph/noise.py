"""Finds the nodes that draw random numbers."""

from onnxfi.graph.bodies import bodies
from onnxfi.onnx_ir import ir

#: Operators that read only the shape of their input.
SHAPE_ONLY = frozenset(["RandomNormalLike", "RandomUniformLike"])
STANDARD = SHAPE_ONLY | {"Bernoulli", "Multinomial", "RandomNormal", "RandomUniform"}
# Positions of the input that switches the training mode; without it they draw nothing.
_TRAINING_MODES = {
    ("", "Dropout"): 2,
    ("com.microsoft", "BiasDropout"): 4,
    ("com.microsoft", "BitmaskBiasDropout"): 4,
    ("com.microsoft", "BitmaskDropout"): 2,
}


def draws_noise(node: ir.Node) -> bool:
    """Return whether a node or its bodies draw random numbers."""
    if node.domain == "" and node.op_type in STANDARD:
        return True
    training = training_mode(node)
    if training is not None:
        known = ir.convenience.get_const_tensor(training)
        return known is None or bool(known.numpy())
    return any(draws_noise(inner) for body in bodies(node) for inner in body)


def is_dropout(node: ir.Node) -> bool:
    """Return whether a node is a Dropout of the ONNX standard."""
    return node.domain == "" and node.op_type == "Dropout"


def training_mode(node: ir.Node) -> ir.Value | None:
    """Return the input that switches the training mode of a Dropout; None if it has none."""
    place = _TRAINING_MODES.get((node.domain, node.op_type))
    return node.inputs[place] if place is not None and len(node.inputs) > place else None


def only_draws(node: ir.Node) -> bool:
    """Return whether all outputs of a node are noise; a Dropout also outputs its data."""
    return draws_noise(node) and not is_dropout(node)


def describe_noise(node: ir.Node) -> str:
    """Return a node's name and operator, and the operators in its bodies that draw noise."""
    name = repr(node.name or node.outputs[0].name)
    inner = dict.fromkeys(
        x.op_type
        for body in bodies(node)
        for x in ir.traversal.RecursiveGraphIterator(body)
        if not any(True for _ in bodies(x)) and draws_noise(x)
    )
    return f"{name} ({node.op_type}{' with ' + ', '.join(inner) if inner else ''})"

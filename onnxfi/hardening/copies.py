"""Compares what is computed, or stored, more than once."""

from onnxfi.errors import InputError
from onnxfi.graph import Model
from onnxfi.hardening.correction import raise_alarm
from onnxfi.hardening.graph_editor import GraphEditor
from onnxfi.hardening.protections import Duplicate, Tmr
from onnxfi.onnx_ir import ir
from onnxfi.surgery import NodeBuilder, copy_node

_COPIES = ("second", "third")
# What Equal and Where of ONNX Runtime 1.23 to 1.27 take, and most other runtimes.
_TAKEN = (ir.DataType.FLOAT, ir.DataType.DOUBLE, ir.DataType.INT32, ir.DataType.INT64)


def compute_twice(editor: GraphEditor, protection: Duplicate) -> str:
    """Compute the operator of a target twice, and return the name of the target.

    The second copy reads its own copy of the weights; without one, a runtime merges both. Results
    are compared bit by bit, so a runtime must choose the same kernel for both: it may not where
    weights are fed, as for faults in them.

    Raises:
        TargetNotFoundError: the model has no such target.
        InputError: the target is no activation, or its operator reads no weight.
    """
    target = editor.model.target(protection.layer)
    output = editor.model.values[target.tensor]
    node = output.producer()
    if target.kind != "activation" or node is None:
        raise InputError(
            f"An operator can be duplicated, and {protection.layer!r} names a {target.kind}. "
            "Store weights three times with tmr instead."
        )
    if output.shape is None:
        raise InputError(
            f"An operator to duplicate must have an output of known rank, and {target.tensor!r} "
            "has none. Save the model with inferred shapes (onnx.shape_inference)."
        )
    builder = editor.builder(f"{output.name}/duplicate")
    inputs = [_copy(editor, builder, x) or x for x in node.inputs]
    if not builder.constants:
        raise InputError(
            f"An operator to duplicate must read weights, and the {node.op_type} of "
            f"{target.tensor!r} reads none: runtimes merge equal operators with equal inputs. "
            "Choose a convolution or a product."
        )
    copy = copy_node(node, f"{builder.name}/again", inputs)
    builder.nodes.append(copy)
    wrong = builder.node("Not", "wrong", _equal(builder, "output", output, copy.outputs[0]))
    raise_alarm(editor, builder, node, wrong, protection, target.layer or target.tensor)
    return target.tensor


def vote(editor: GraphEditor, protection: Tmr) -> list[str]:
    """Store weights three times, and return their names.

    A majority of each value is used; where all three differ, the third.

    Raises:
        TargetNotFoundError: the model has no such weight or layer.
        InputError: the layer has no weights.
    """
    names = weights_of(editor.model, protection.weights)
    for name in names:
        value = editor.model.values[name]
        array = editor.array(value)
        assert array is not None
        builder = editor.builder(f"{name}/tmr")
        copies = [builder.constant(x, array) for x in _COPIES]
        equal = [_equal(builder, f"as_{x}", value, y) for x, y in zip(_COPIES, copies, strict=True)]
        voted = _where(builder, equal[0], value, copies[1])
        wrong = builder.node("Not", "wrong", builder.node("And", "agree", *equal))
        raised = editor.any_of_sample(builder, wrong, None)
        editor.add_alarm(raised, None, protection.name, name)
        editor.insert(builder, value, stored=copies)
        editor.replace(value, voted)
    return names


def weights_of(model: Model, name: str | None) -> list[str]:
    """Return the stored weights that a name means: all, a weight, or those of a layer.

    Raises:
        TargetNotFoundError: the model has no such weight or layer.
        InputError: the layer has no weights.
    """
    stored = [x for x in model.targets(kind="weight") if x.tensor in model.graph.initializers]
    if name is None:
        found = [x.tensor for x in stored]
    else:
        found = [x.tensor for x in stored if name in (x.tensor, x.layer, x.node)]
        if not found:
            node = model.values[model.target(name).tensor].producer()
            read = [] if node is None else [x.name for x in node.inputs if x is not None]
            found = [x.tensor for x in stored if x.tensor in read]
    if not found:
        raise InputError(
            f"Weights to protect must be stored in the model, and {name or 'it'} has none. List "
            "them with `onnxfi inspect --kind weight`."
        )
    return found


def _copy(editor: GraphEditor, builder: NodeBuilder, value: ir.Value | None) -> ir.Value | None:
    """Return a copy of a constant; None for other values.

    Nodes that compute it, such as a DequantizeLinear, are copied too: with a stored result in their
    place, a runtime would choose another kernel for the copy.
    """
    if value is None or (producer := value.producer()) is None or producer.op_type == "Constant":
        array = editor.array(value)
        return None if array is None else builder.constant(f"copy_{len(builder.constants)}", array)
    if editor.array(value) is None or producer.outputs[0] is not value:
        return None
    inputs = [_copy(editor, builder, x) or x for x in producer.inputs]
    copy = copy_node(producer, f"{builder.name}/copy_of_node_{len(builder.nodes)}", inputs)
    builder.nodes.append(copy)
    return copy.outputs[0]


def _equal(builder: NodeBuilder, name: str, first: ir.Value, second: ir.Value) -> ir.Value:
    """Return whether elements are equal, or both not a number."""
    dtype = first.dtype
    first, second = (_for_kernels(builder, f"{name}_{x}", v) for x, v in enumerate((first, second)))
    if dtype is None or not dtype.is_floating_point():
        return builder.node("Equal", f"{name}_same", first, second)
    # Equal takes floating-point numbers from opset 11 on only.
    less = builder.node("Less", f"{name}_less", first, second)
    greater = builder.node("Greater", f"{name}_greater", first, second)
    apart = builder.node("Or", f"{name}_apart", less, greater)
    nan = [builder.node("IsNaN", f"{name}_nan_{x}", v) for x, v in enumerate((first, second))]
    one_nan = builder.node("Xor", f"{name}_one_nan", *nan)
    return builder.node(
        "Not", f"{name}_equal", builder.node("Or", f"{name}_differ", apart, one_nan)
    )


def _where(builder: NodeBuilder, condition: ir.Value, yes: ir.Value, no: ir.Value) -> ir.Value:
    chosen = [_for_kernels(builder, f"voted_{x}", v) for x, v in enumerate((yes, no))]
    voted = builder.node("Where", "voted", condition, *chosen)
    if chosen[0] is yes or yes.dtype is None:
        return voted
    return builder.node("Cast", "narrow", voted, to=int(yes.dtype))


def _for_kernels(builder: NodeBuilder, name: str, value: ir.Value) -> ir.Value:
    """Return a value in a dtype that the kernels of Equal and Where take, exactly."""
    if value.dtype is None or value.dtype in _TAKEN:
        return value
    wide = ir.DataType.FLOAT if value.dtype.is_floating_point() else ir.DataType.INT32
    return builder.node("Cast", f"{name}_wide", value, to=int(wide))

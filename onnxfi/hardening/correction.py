"""Raises alarms, and puts another value in the place of one that raised one."""

import numpy as np

from onnxfi.hardening.graph_editor import GraphEditor
from onnxfi.hardening.protections import Abft, Duplicate, OnAlarm
from onnxfi.onnx_ir import ir
from onnxfi.surgery import NodeBuilder, copy_node


def raise_alarm(
    editor: GraphEditor,
    builder: NodeBuilder,
    node: ir.Node,
    wrong: ir.Value,
    protection: Abft | Duplicate,
    of: str,
) -> None:
    """Raise an alarm where the output of a node is wrong, and correct it if that is asked for.

    Args:
        editor: the model.
        builder: holds the nodes of the check; they are inserted.
        node: the node whose first output is checked.
        wrong: bool, of a shape that broadcasts over the output.
        protection: names the alarm, and says what follows it.
        of: the layer or tensor that is protected.
    """
    output = node.outputs[0]
    raised = editor.any_of_sample(builder, wrong, output)
    corrected = _correct(editor, builder, node, wrong, raised, protection.on_alarm)
    editor.add_alarm(raised, output, protection.name, of)
    editor.insert(builder, output)
    if corrected is not None:
        editor.replace(output, corrected)


def _correct(
    editor: GraphEditor,
    builder: NodeBuilder,
    node: ir.Node,
    wrong: ir.Value,
    raised: ir.Value,
    on_alarm: OnAlarm | None,
) -> ir.Value | None:
    """Add what corrects the output of a node where it is wrong.

    Args:
        editor: the model.
        builder: takes the nodes.
        node: the node whose first output is wrong.
        wrong: bool, of a shape that broadcasts over the output.
        raised: bool, shape ``(samples,)`` or ``(1,)``: whether any element is wrong.
        on_alarm: ``zero`` puts zeros where the output is wrong; ``recompute`` runs the node again
            if an alarm is raised, and takes the wrong elements from there; others correct nothing.

    Returns:
        The corrected value; None if nothing is corrected.
    """
    output = node.outputs[0]
    if on_alarm not in ("zero", "recompute") or output.is_graph_output():
        return None
    if on_alarm == "zero":
        assert output.dtype is not None
        zero = builder.constant("zero", np.zeros((), output.dtype.numpy()))
        return builder.node("Where", "corrected", wrong, zero, output)
    counts = builder.node("Cast", "raised_count", raised, to=int(ir.DataType.INT32))
    most = editor.reduce(builder, "ReduceMax", counts, [0], keep=False)
    condition = builder.node("Cast", "any_raised", most, to=int(ir.DataType.BOOL))
    chosen = ir.node(
        "If",
        [condition],
        {
            "then_branch": _again(builder.name, node, wrong),
            "else_branch": _as_it_is(builder.name, output),
        },
        name=f"{builder.name}/corrected",
    )
    chosen.outputs[0].name = chosen.name
    builder.nodes.append(chosen)
    return chosen.outputs[0]


def _again(name: str, node: ir.Node, wrong: ir.Value) -> ir.Graph:
    """Return a body that runs a node again, and takes the wrong elements from there."""
    output = node.outputs[0]
    copy = copy_node(node, f"{name}/again", node.inputs)
    mixed = ir.node("Where", [wrong, copy.outputs[0], output], name=f"{name}/mixed")
    return _body(f"{name}/then", [copy, mixed], output)


def _as_it_is(name: str, output: ir.Value) -> ir.Graph:
    return _body(f"{name}/else", [ir.node("Identity", [output], name=f"{name}/unchanged")], output)


def _body(name: str, nodes: list[ir.Node], like: ir.Value) -> ir.Graph:
    result = nodes[-1].outputs[0]
    result.name = nodes[-1].name
    result.type, result.shape = like.type, like.shape
    return ir.Graph([], [result], nodes=nodes, name=name)

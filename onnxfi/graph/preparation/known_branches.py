"""Inlines the branch of each If whose condition is known before the model runs.

The nodes of the branch become ordinary nodes of the main graph, and their tensors targets.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import count

import numpy as np

from onnxfi.graph.bodies import bodies
from onnxfi.graph.dependencies import consumed_values
from onnxfi.graph.noise import draws_noise
from onnxfi.graph.preparation.inner_weights import detach_tensor
from onnxfi.onnx_ir import ir

_SILENT = 4
_NO_PARAMETERS = (ir.DataType.INT64, ir.DataType.BOOL)


def inline_known_branches(
    model: ir.Model, given: Mapping[str, np.ndarray] | None = None
) -> frozenset[str]:
    """Inline the known branches in place, and return the tensors that decide on them.

    Without given inputs, a condition is known if it is computed only from constants of int64 and
    bool: other constants are parameters, which faults may hit.

    A tensor keeps its name, or gets a number appended if the name is taken. The outputs of a branch
    get the names of the If's outputs. Weights that only other branches read are removed.

    Args:
        model: the model, its nodes in order.
        given: values of graph inputs that never change, by name.

    Returns:
        The names of the conditions and of all values that they are computed from; empty if no
        branch is known.
    """
    read = {x for x in model.graph.initializers.values() if x.uses()}
    deciding: set[str] = set()
    while decided := _decisions(model, given):
        deciding |= _names_before([x.inputs[0] for x, _ in decided])
        for node, is_true in decided:
            _inline(model, node, "then_branch" if is_true else "else_branch")
    for value in read if deciding else ():
        if not value.uses() and not value.is_graph_output():
            del model.graph.initializers[value.name or ""]
    return frozenset(deciding)


def _names_before(conditions: Iterable[ir.Value | None]) -> set[str]:
    """Return the names of some values and of all values that they are computed from."""
    found: set[ir.Value] = set()
    waiting = [x for x in conditions if x is not None]
    while waiting:
        value = waiting.pop()
        node = value.producer()
        if value not in found and node is not None:
            waiting += consumed_values(node)
        found.add(value)
    return {x.name for x in found if x.name}


def _decisions(
    model: ir.Model, given: Mapping[str, np.ndarray] | None
) -> list[tuple[ir.Node, bool]]:
    """Return the Ifs of the main graph with known conditions, and the conditions' values."""
    choices = [x for x in model.graph if x.op_type == "If" and x.domain == ""]
    if not choices:
        return []
    fed = [x for x in model.graph.inputs if x.name in (given or {})]
    known = _known_values(model.graph, fed, parameters=given is not None)
    conditions = {x: x.inputs[0] for x in choices if x.inputs[0] in known}
    values = _computed(model, fed, conditions.values(), given or {})
    return [
        (node, bool(values[condition].item()))
        for node, condition in conditions.items()
        if condition in values and values[condition].size == 1
    ]


def _known_values(graph: ir.Graph, fed: Collection[ir.Value], *, parameters: bool) -> set[ir.Value]:
    constants = {
        x for x in graph.initializers.values() if parameters or _dtype(x) in _NO_PARAMETERS
    }
    known = constants - set(graph.inputs) | set(fed)
    for node in graph:
        if all(x in known for x in consumed_values(node)) and not draws_noise(node):
            known.update(node.outputs)
    return known


def _dtype(value: ir.Value) -> ir.DataType | None:
    return value.dtype if value.const_value is None else value.const_value.dtype


def _computed(
    model: ir.Model,
    fed: Collection[ir.Value],
    wanted: Collection[ir.Value],
    given: Mapping[str, np.ndarray],
) -> dict[ir.Value, np.ndarray]:
    """Return the values of some tensors; none if ONNX Runtime refuses to compute them."""
    needed = set(wanted)
    nodes = []
    for node in reversed(model.graph):
        if any(x in needed for x in node.outputs):
            nodes.append(node)
            needed.update(consumed_values(node))
    outputs = list(dict.fromkeys(wanted))
    if not outputs:
        return {}
    inputs = [x for x in fed if x in needed]
    view = ir.GraphView(
        inputs,
        outputs,
        nodes=nodes[::-1],
        initializers=[x for x in model.graph.initializers.values() if x in needed],
        opset_imports=model.graph.opset_imports,
        name="conditions",
    )
    part = ir.Model(view.clone(), ir_version=model.ir_version)
    for output in part.graph.outputs:
        output.type = ir.TensorType(ir.DataType.BOOL)
    import onnxruntime  # slow to import, and most models have no such branch
    from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _SILENT
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    names = [x.name or "" for x in outputs]
    feeds = {x.name: given[x.name or ""] for x in inputs}
    try:
        session = onnxruntime.InferenceSession(
            ir.serde.serialize_model(part).SerializeToString(),
            options,
            providers=["CPUExecutionProvider"],
        )
        return dict(zip(outputs, session.run(names, feeds), strict=True))
    except (
        ort_errors.Fail,
        ort_errors.InvalidArgument,
        ort_errors.InvalidGraph,
        ort_errors.NotImplemented,
        ort_errors.RuntimeException,
    ):
        return {}


def _inline(model: ir.Model, node: ir.Node, taken: str) -> None:
    graph, branch = model.graph, node.attributes[taken].as_graph()
    inner_outputs, nodes = list(branch.outputs), list(branch)
    branch.outputs.clear()
    branch.remove(nodes)
    made = [x for each in nodes for x in each.outputs]
    weights = list(branch.initializers.values())
    branch.initializers.clear()
    graph.insert_before(node, nodes)
    renamed: dict[ir.Value, str] = {}
    for outer, inner in zip(node.outputs, inner_outputs, strict=True):
        if not outer.name:  # an omitted output, which nothing reads
            continue
        result = inner
        if inner not in made or inner in renamed:  # captured, a weight, or also another output
            identity = ir.Node("", "Identity", [inner])
            graph.insert_before(node, identity)
            result = identity.outputs[0]
        result.type = result.type or outer.type
        result.shape = result.shape or outer.shape
        renamed[result] = outer.name
        ir.convenience.replace_all_uses_with(outer, result, replace_graph_outputs=True)
    graph.remove(node, safe=True)
    _disconnect(node)
    used = Counter(_names(model))
    for value in (*weights, *made):
        if value not in renamed:
            _rename(value, used)
    for value, name in renamed.items():
        value.name = name
    for value in weights:
        graph.register_initializer(value)
    used_by_nodes = Counter(x.name for x in graph if x.name)
    for each in nodes:
        if each.name and used_by_nodes[each.name] > 1:
            each.name = _free(each.name, used_by_nodes)


def _disconnect(node: ir.Node) -> None:
    """Disconnect the branches that are not taken from the values that they read."""
    for body in bodies(node):
        for dead in ir.traversal.RecursiveGraphIterator(body):
            for place in range(len(dead.inputs)):
                dead.replace_input_with(place, None)


def _rename(value: ir.Value, used: Counter[str]) -> None:
    """Give a value a name that no other value of the model has."""
    name = value.name
    if not name or used[name] + (value.producer() is None) < 2:
        return
    used[name] -= 1
    detach_tensor(value)
    value.name = _free(name, used)


def _free(name: str, used: Counter[str]) -> str:
    free = next(x for n in count(2) if (x := f"{name}_{n}") not in used)
    used[free] += 1
    return free


def _names(model: ir.Model) -> Iterator[str]:
    for graph in (model.graph, *model.graph.subgraphs()):
        values = (
            *graph.inputs,
            *graph.initializers.values(),
            *(x for n in graph for x in n.outputs),
        )
        yield from (value.name for value in values if value.name)

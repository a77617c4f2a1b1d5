"""Making a plain model of one that tf2onnx wrote with every layer's output as an output.

tf2onnx names its outputs as it is told, which is how layers are found again. But each of them costs
an Identity, and a Transpose back to the layout of TensorFlow. Here every traced output is followed
back to the tensor that the rest of the graph computes with; then the outputs, and what only they
needed, are dropped, and the tensor gets the name of the layer.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import onnx
import onnx_ir as ir
import onnx_ir.passes.common as passes

from onnxfi.converters.layer_map import Layer

# tf2onnx numbers the nodes that it inserts: "conv2d/Conv2D__12".
_INSERTED = re.compile(r"__\d+$")
_SAME_VALUES = ("Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Cast")


@dataclass(frozen=True, slots=True)
class TracedOutput:
    """An output of the model as tf2onnx wrote it, and what it stands for.

    Attributes:
        name: the name of the output.
        path: path of the layer, as in the layer map.
        layer_class: class of the layer.
        channel_axis: axis of the channels in the layout of TensorFlow, None without channels.
        operator_name: name of the output that the layer's built-in activation reads, None
            without one.
    """

    name: str
    path: str
    layer_class: str
    channel_axis: int | None
    operator_name: str | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """The tensor behind a traced output, and the axes of it in their traced order."""

    value: ir.Value
    axes: tuple[int, ...] | None

    def axis(self, traced: int | None) -> int | None:
        return None if traced is None or self.axes is None else self.axes[traced]


def plain_model(
    traced: onnx.ModelProto, outputs: Sequence[TracedOutput]
) -> tuple[onnx.ModelProto, list[Layer]]:
    """Return the model without its traced outputs, and its layer map.

    Args:
        traced: the model as tf2onnx wrote it.
        outputs: its traced outputs, in the order in which the layers ran; all other outputs stay.

    Returns:
        The model, and a layer for every traced output whose tensor is a part of it. Missing are
        layers that tf2onnx made a part of another node, as the padding of a convolution.
    """
    model = ir.from_proto(traced)
    graph = model.graph
    names = {name for x in outputs for name in (x.name, x.operator_name) if name}
    by_name = {x.name: x for x in graph.outputs if x.name in names}
    live = _live_values([x for x in graph.outputs if x.name not in names])
    found = {name: _resolve(value, live) for name, value in by_name.items()}
    for value in by_name.values():
        graph.outputs.remove(value)
    _drop_identities_of_outputs(graph)
    _cancel_transposes(graph, {x.value for x in found.values()})
    passes.RemoveUnusedNodesPass()(model)
    needed = _live_values(graph.outputs)
    layers = list(_named_layers(graph, outputs, found, needed))
    return ir.to_proto(model), layers


def _drop_identities_of_outputs(graph: ir.Graph) -> None:
    """Let the tensor behind the Identity of an output be the output."""
    for i, output in enumerate(graph.outputs):
        node = output.producer()
        if node is None or node.op_type != "Identity":
            continue
        source = node.inputs[0]
        if source is None or source.producer() is None or source.is_graph_output():
            continue
        source.shape, source.type = output.shape, output.type
        output.replace_all_uses_with(source)
        graph.outputs[i] = source
        graph.remove(node, safe=True)


def _live_values(outputs: Sequence[ir.Value]) -> set[ir.Value]:
    """Return all values that the outputs depend on, those that bodies of loops read included."""
    live: set[ir.Value] = set()
    waiting = list(outputs)
    while waiting:
        value = waiting.pop()
        if value in live:
            continue
        live.add(value)
        node = value.producer()
        if node is not None:
            waiting += _read_by(node)
    return live


def _read_by(node: ir.Node) -> Iterator[ir.Value]:
    yield from (x for x in node.inputs if x is not None)
    for attribute in node.attributes.values():
        if attribute.type == ir.AttributeType.GRAPH:
            body = attribute.as_graph()
            yield from body.outputs
            for inner in body:
                yield from _read_by(inner)


def _resolve(value: ir.Value, live: set[ir.Value]) -> _Found:
    """Follow a traced output back to the tensor that the other outputs are computed from."""
    axes = None if value.shape is None else tuple(range(len(value.shape)))
    while (node := value.producer()) is not None:
        source = node.inputs[0] if node.inputs else None
        inserted = value not in live or _INSERTED.search(node.name or "") is not None
        if node.op_type not in _SAME_VALUES or source is None:
            break
        if node.op_type != "Identity" and not inserted:
            break
        if node.op_type not in ("Identity", "Transpose") and value in live:
            break
        if node.op_type == "Transpose" and axes is not None:
            order = node.attributes["perm"].as_ints()
            axes = tuple(order[axis] for axis in axes)
        elif node.op_type not in ("Identity", "Cast"):
            axes = None
        value = source
    return _Found(value, axes)


def _cancel_transposes(graph: ir.Graph, kept: set[ir.Value]) -> None:
    """Take out each Transpose that undoes another, unless a layer's tensor lies between them."""
    for node in list(graph):
        value = node.outputs[0]
        source = node.inputs[0] if node.inputs else None
        if source is None or value.is_graph_output() or value in kept:
            continue
        if node.op_type == "Identity":
            value.replace_all_uses_with(source)
            continue
        earlier = source.producer()
        if node.op_type != "Transpose" or earlier is None or earlier.op_type != "Transpose":
            continue
        first, second = (x.attributes["perm"].as_ints() for x in (earlier, node))
        if source not in kept and [first[i] for i in second] == sorted(first):
            origin = earlier.inputs[0]
            if origin is not None:
                value.replace_all_uses_with(origin)


def _named_layers(
    graph: ir.Graph,
    outputs: Sequence[TracedOutput],
    found: dict[str, _Found],
    live: set[ir.Value],
) -> Iterator[Layer]:
    """Name the tensors after their layers, and yield the layers."""
    taken = {x.name for x in live}
    named: set[ir.Value] = {*graph.inputs, *graph.initializers.values()}

    def name(value: ir.Value, wanted: str) -> str:
        if value not in named and wanted not in taken:
            taken.add(wanted)
            value.name = wanted
        named.add(value)
        return value.name or ""

    for output in outputs:
        place = found.get(output.name)
        if place is None or place.value not in live:
            continue
        tensor = name(place.value, output.path)
        before = found.get(output.operator_name or "")
        operator = None
        if before is not None and before.value in live and before.value is not place.value:
            node = before.value.producer()
            op_type = "operator" if node is None else node.op_type
            operator = name(before.value, f"{output.path}/{op_type}")
        axis = place.axis(output.channel_axis)
        yield Layer(output.path, output.layer_class, tensor, operator, axis)

"""Removes the outputs by which tf2onnx traced layers from the model that it wrote.

tf2onnx keeps the requested names of outputs, which identify the layers. But each output costs an
Identity, and a Transpose back to the layout of TensorFlow. Every traced output is followed back to
the tensor that the rest of the graph computes with. Then the outputs, and the nodes that only they
need, are dropped, and the tensor gets the name of the layer.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import onnx

from onnxfi.converters.metadata.layer_map import AbsentLayer, Layer
from onnxfi.onnx_ir import ir, passes

# tf2onnx numbers the nodes that it inserts: "conv2d/Conv2D__12".
_INSERTED = re.compile(r"__\d+$")
_ABSENT = "tf2onnx made it a part of another operator, or keeps it in another shape"


ConvertedModel = tuple[onnx.ModelProto, list[Layer], list[AbsentLayer]]


@dataclass(frozen=True, slots=True)
class TracedOutput:
    """An output of the model that tf2onnx wrote, with the layer that it belongs to.

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
    """The tensor behind a traced output, and the position of each axis of the output in it."""

    value: ir.Value
    axes: tuple[int, ...]

    @property
    def layout(self) -> str | None:
        """The layout as in the layer map; None for any other layout."""
        rank = len(self.axes)
        if self.axes == tuple(range(rank)):
            return "source"
        return "channels_first" if self.axes == (0, *range(2, rank), 1) else None


def plain_model(traced: onnx.ModelProto, outputs: Sequence[TracedOutput]) -> ConvertedModel:
    """Return the model without its traced outputs, its layers, and those without a tensor.

    Args:
        traced: the model as tf2onnx wrote it.
        outputs: its traced outputs, in the order in which the layers ran; all other outputs stay.

    Returns:
        The model; a layer for every traced output with a tensor in it; and the other layers, which
        tf2onnx fused into another node, such as the padding of a convolution.
    """
    model = ir.from_proto(traced)
    graph = model.graph
    names = {name for x in outputs for name in (x.name, x.operator_name) if name}
    by_name = {x.name: x for x in graph.outputs if x.name in names}
    live = _live_values([x for x in graph.outputs if x.name not in names])
    found = {}
    for name, value in by_name.items():
        place = _resolve(value, live)
        if place is not None:
            found[name] = place
    for value in by_name.values():
        graph.outputs.remove(value)
    _drop_identities_of_outputs(graph)
    _cancel_transposes(graph, {x.value for x in found.values()})
    passes.RemoveUnusedNodesPass()(model)
    needed = _live_values(graph.outputs)
    layers = list(_named_layers(graph, outputs, found, needed))
    with_tensor = {layer.path for layer in layers}
    absent = [
        AbsentLayer(x.path, x.layer_class, _ABSENT) for x in outputs if x.path not in with_tensor
    ]
    return ir.to_proto(model), layers, absent


def _drop_identities_of_outputs(graph: ir.Graph) -> None:
    """Replace an output behind an Identity by the tensor before it."""
    for output in list(graph.outputs):
        node = output.producer()
        if node is None or node.op_type != "Identity":
            continue
        source = node.inputs[0]
        if source is None or source.producer() is None or source.is_graph_output():
            continue
        source.shape, source.type = output.shape, output.type
        output.replace_all_uses_with(source, replace_graph_outputs=True)
        graph.remove(node, safe=True)


def _live_values(outputs: Sequence[ir.Value]) -> set[ir.Value]:
    """Return all values that the outputs depend on, including values that loop bodies read."""
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


def _resolve(value: ir.Value, live: set[ir.Value]) -> _Found | None:
    """Follow a traced output back to the tensor that the other outputs are computed from."""
    axes = None if value.shape is None else tuple(range(len(value.shape)))
    best: _Found | None = None
    while axes is not None:
        place = _Found(value, axes)
        if value in live and place.layout is not None:
            best = place
        node = value.producer()
        source = node.inputs[0] if node is not None and node.inputs else None
        if node is None or source is None or not _keeps_values(node, value in live):
            break
        if node.op_type != "Identity":
            order = _order(node, source, value)
            axes = None if order is None else tuple(order[axis] for axis in axes)
        value = source
    return best


def _keeps_values(node: ir.Node, is_live: bool) -> bool:
    """Return whether a node only passes its input on, and is not an operator of the model."""
    if node.op_type == "Identity":
        return True
    if node.op_type == "Transpose":
        return not is_live or _INSERTED.search(node.name or "") is not None
    return not is_live and node.op_type in ("Reshape", "Squeeze", "Unsqueeze")


def _order(node: ir.Node, source: ir.Value, result: ir.Value) -> tuple[int, ...] | None:
    """Return the source axis of each axis of the result; None if the shapes differ.

    tf2onnx writes a Reshape for a Transpose that only moves axes of size 1.
    """
    if node.op_type == "Transpose":
        return tuple(node.attributes["perm"].as_ints())
    if source.shape is None or result.shape is None:
        return None
    before, after = source.shape.dims, result.shape.dims
    wide, thin = (
        [[i for i, size in enumerate(x) if (size != 1) == kind] for x in (before, after)]
        for kind in (True, False)
    )
    # The first axis is the batch, whose size has different names.
    if len(before) != len(after) or [before[i] for i in wide[0][1:]] != [
        after[i] for i in wide[1][1:]
    ]:
        return None
    order = dict(zip(wide[1] + thin[1], wide[0] + thin[0], strict=True))
    return tuple(order[axis] for axis in range(len(order)))


def _cancel_transposes(graph: ir.Graph, kept: set[ir.Value]) -> None:
    """Remove each Transpose that undoes another, unless a layer's tensor lies between them."""
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
        axis = None if output.channel_axis is None else place.axes[output.channel_axis]
        layout = place.layout or "source"
        yield Layer(output.path, output.layer_class, tensor, operator, axis, layout)

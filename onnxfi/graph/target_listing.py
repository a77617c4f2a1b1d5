"""Lists the targets of a graph and describes each."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from onnxfi.converters import Layer
from onnxfi.graph.channel_axis import channel_axes
from onnxfi.graph.dependencies import consumed_values
from onnxfi.graph.target import Target, TargetKind
from onnxfi.onnx_ir import ir


def list_targets(
    graph: ir.Graph, constants: Collection[ir.Value], layers: Iterable[Layer]
) -> Iterator[Target]:
    """Yield every tensor of numbers in the main graph, in the graph's order.

    The order is: the inputs; for each node the constants that it is the first to read, then its
    outputs; at the end the constants that no node reads.

    Args:
        graph: the main graph.
        constants: its values that depend on constants only.
        layers: the layer map; empty if there is none.
    """
    axes = dict(channel_axes(graph))
    layer_of: dict[str, str] = {}
    for layer in layers:
        if layer.channel_axis is not None:
            axes[layer.tensor] = layer.channel_axis
        # Two layers may share a tensor (an alias). It belongs to the first.
        layer_of.setdefault(layer.tensor, layer.path)
        if layer.operator_tensor is not None:
            layer_of[layer.operator_tensor] = layer.path
    readers = _first_readers(graph)
    for value, kind in _kinds(graph, constants):
        if not value.name or not _holds_numbers(value):
            continue
        node = value.producer() if kind == "activation" else readers.get(value)
        yield Target(
            tensor=value.name,
            kind=kind,
            op_type="" if node is None else node.op_type,
            node="" if node is None else node.name or "",
            layer=_layer_reached(value, layer_of, readers)
            if kind == "weight"
            else layer_of.get(value.name),
            shape=_shape(value),
            dtype=value.dtype.numpy(),  # type: ignore[union-attr]  # _holds_numbers ensures it
            channel_axis=axes.get(value.name),
        )


def _first_readers(graph: ir.Graph) -> dict[ir.Value, ir.Node]:
    readers: dict[ir.Value, ir.Node] = {}
    for node in graph:
        for value in consumed_values(node):
            readers.setdefault(value, node)
    return readers


def _kinds(
    graph: ir.Graph, constants: Collection[ir.Value]
) -> Iterator[tuple[ir.Value, TargetKind]]:
    for value in graph.inputs:
        yield value, "input"
    seen = set(graph.inputs)
    for node in graph:
        for value in dict.fromkeys(consumed_values(node)):
            if value in constants and value not in seen:
                seen.add(value)
                yield value, "weight"
        for value in node.outputs:
            if value not in constants:
                yield value, "activation"
    unread = (*graph.initializers.values(), *(x for node in graph for x in node.outputs))
    for value in unread:
        if value in constants and value not in seen:
            yield value, "weight"


def _holds_numbers(value: ir.Value) -> bool:
    return (
        isinstance(value.type, ir.TensorType)
        and value.dtype is not None
        and value.dtype not in (ir.DataType.STRING, ir.DataType.UNDEFINED)
    )


def _layer_reached(
    value: ir.Value | None, layer_of: Mapping[str, str], readers: Mapping[ir.Value, ir.Node]
) -> str | None:
    """Return the layer of the first layer tensor downstream of a weight."""
    while layer_of and value is not None:
        if value.name and value.name in layer_of:
            return layer_of[value.name]
        node = readers.get(value)
        value = None if node is None else node.outputs[0]
    return None


def _shape(value: ir.Value) -> tuple[int | str | None, ...] | None:
    if value.shape is None:
        return None
    return tuple(dim if isinstance(dim, int) else dim.value for dim in value.shape)

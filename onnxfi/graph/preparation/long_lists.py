"""Keeps the long lists of tree ensembles in their protobuf message.

An ensemble of 200 MiB has a few lists of millions of numbers, which only ONNX Runtime reads. As
Python objects they would take ten times the memory, and minutes to create.
"""

from collections.abc import Sequence
from typing import Any

import onnx

from onnxfi.onnx_ir import ir

# The lists of these operators affect no type and no shape.
_OPERATORS = frozenset(
    [
        *("SVMClassifier", "SVMRegressor", "TreeEnsemble"),
        *("TreeEnsembleClassifier", "TreeEnsembleRegressor"),
    ]
)
_DOMAIN = "ai.onnx.ml"
_LONG = 1024  # entries
_FIELDS = {
    onnx.AttributeProto.INTS: "ints",
    onnx.AttributeProto.FLOATS: "floats",
    onnx.AttributeProto.STRINGS: "strings",
}

#: The position of a node in its graph, and one of its attributes.
PlacedList = tuple[int, onnx.AttributeProto]


class LongList(ir.Attr):
    """An attribute whose list stays in its message."""

    __slots__ = ("_message",)

    def __init__(self, message: onnx.AttributeProto) -> None:
        """Keep the message."""
        super().__init__(message.name, ir.AttributeType(message.type), None)
        self._message = message

    @property
    def value(self) -> Any:
        """The list; a list of texts is created on each access."""
        values = getattr(self._message, _FIELDS[self._message.type])
        if self.type == ir.AttributeType.STRINGS:
            return [x.decode("utf-8") for x in values]
        return values

    def shortened(self) -> ir.Attr:
        """Return the attribute with only the first entry."""
        return ir.serde.deserialize_attribute(_short(self._message))

    def __repr__(self) -> str:
        """Return the name and the type, without the list."""
        return f"{type(self).__name__}({self.name!r}, {self.type!r})"


def has_long_lists(model: onnx.ModelProto) -> bool:
    """Return whether `take_long_lists` would change a model."""
    # A model with external weights is checked by its file, which still contains the lists.
    is_external = any(x.data_location == onnx.TensorProto.EXTERNAL for x in model.graph.initializer)
    return not is_external and any(_long_attributes(node) for node in model.graph.node)


def take_long_lists(model: onnx.ModelProto) -> list[PlacedList]:
    """Shorten the long lists of a model to one entry each, and return the original lists."""
    taken: list[PlacedList] = []
    for place, node in enumerate(model.graph.node):
        long = _long_attributes(node)
        if long:
            taken.extend((place, attribute) for attribute in long)
            shortened = [_short(x) for x in node.attribute]
            del node.attribute[:]
            node.attribute.extend(shortened)
    return taken


def with_short_lists(node: ir.Node) -> None:
    """Shorten the long lists of a node to one entry each."""
    for name, attribute in node.attributes.items():
        if isinstance(attribute, LongList):
            node.attributes[name] = attribute.shortened()


def put_back(nodes: Sequence[ir.Node], taken: Sequence[PlacedList]) -> None:
    """Restore the lists that `take_long_lists` shortened.

    Args:
        nodes: the nodes of the main graph, in the message's order.
        taken: the original lists.
    """
    for place, attribute in taken:
        nodes[place].attributes[attribute.name] = LongList(attribute)


def _long_attributes(node: onnx.NodeProto) -> list[onnx.AttributeProto]:
    if node.domain != _DOMAIN or node.op_type not in _OPERATORS:
        return []
    return [x for x in node.attribute if _is_long(x)]


def _is_long(attribute: onnx.AttributeProto) -> bool:
    field = _FIELDS.get(attribute.type)
    return field is not None and len(getattr(attribute, field)) > _LONG


def _short(attribute: onnx.AttributeProto) -> onnx.AttributeProto:
    """Return an attribute with only the first entry of its list, if the list is long."""
    if not _is_long(attribute):
        return attribute
    short = onnx.AttributeProto(name=attribute.name, type=attribute.type)
    field = _FIELDS[attribute.type]
    getattr(short, field).append(getattr(attribute, field)[0])
    return short

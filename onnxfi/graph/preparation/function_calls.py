"""Counts the nodes of a model whose functions are inlined, before they are."""

from collections.abc import Iterable, Iterator

import onnx

from onnxfi.errors import ModelFormatError

# Nodes. The largest exports of PyTorch have some 10^5.
_MOST_NODES = 1_000_000

_Key = tuple[str, str, str]


def check_function_calls(model: onnx.ModelProto) -> None:
    """Check that the functions of a model can be inlined.

    Functions that call each other twice at every level double with each: 30 of them are a
    thousand million nodes.

    Raises:
        ModelFormatError: a function calls itself, or inlining gives more than 1 000 000 nodes.
    """
    functions = {(x.domain, x.name, x.overload): x for x in model.functions}
    sizes: dict[_Key, int] = {}
    for key in _callees_first(functions):
        sizes[key] = _size(functions[key].node, sizes)
    nodes = _size(model.graph.node, sizes) if functions else 0
    if nodes > _MOST_NODES:
        raise ModelFormatError(
            f"A model must have at most {_MOST_NODES:,} nodes, and this one has {nodes:.3g} after "
            "its functions are inlined. Export it without nested functions."
        )


def _callees_first(functions: dict[_Key, onnx.FunctionProto]) -> Iterator[_Key]:
    """Yield the functions in an order in which each follows the functions that it calls."""
    done: set[_Key] = set()
    for start in functions:
        open_calls = {} if start in done else {start: _calls(functions[start].node, functions)}
        while open_calls:
            caller = next(reversed(open_calls))
            callee = next((x for x in open_calls[caller] if x not in done), None)
            if callee is None:
                del open_calls[caller]
                done.add(caller)
                yield caller
            elif callee in open_calls:
                raise ModelFormatError(
                    f"A function of a model must not call itself, and {callee[1]!r} of the domain "
                    f"{callee[0]!r} does. Export the model again."
                )
            else:
                open_calls[callee] = _calls(functions[callee].node, functions)


def _calls(
    nodes: Iterable[onnx.NodeProto], functions: dict[_Key, onnx.FunctionProto]
) -> Iterator[_Key]:
    return iter([key for key in map(_key, _all_nodes(nodes)) if key in functions])


def _size(nodes: Iterable[onnx.NodeProto], sizes: dict[_Key, int]) -> int:
    return sum(sizes.get(_key(node), 1) for node in _all_nodes(nodes))


def _all_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """Yield nodes, and those of their bodies."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for body in (attribute.g, *attribute.graphs):
                yield from _all_nodes(body.node)


def _key(node: onnx.NodeProto) -> _Key:
    return node.domain, node.op_type, node.overload

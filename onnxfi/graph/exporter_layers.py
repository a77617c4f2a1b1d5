"""Reads the layers of a model that PyTorch exported from the names of its modules.

``torch.onnx.export`` records the modules that a node comes from, outermost first: since 2.5 in the
node's metadata, before that (``dynamo=False``) in its name, such as
``/layer1/layer1.0/conv2/Conv``.
"""

import ast
from collections.abc import Collection, Mapping
from functools import lru_cache
from itertools import zip_longest

from onnxfi.converters import Layer, ScopedNode, scope_outputs, scopes_of
from onnxfi.graph.dependencies import consumed_values
from onnxfi.onnx_ir import ir

_SCOPES = "pkg.torch.onnx.name_scopes"
_CLASSES = "pkg.torch.onnx.class_hierarchy"


def exporter_layers(graph: ir.Graph, constants: Collection[ir.Value]) -> tuple[Layer, ...]:
    """Return the layers of a graph; none if no exporter recorded any.

    A layer is a module. Its path is the path in PyTorch (``layer1.0.conv2``), with ``@1`` for its
    second call if the exporter distinguishes calls, and ``:1`` for its second output. Modules
    without nodes of their own in the graph, such as a convolution folded into a BatchNorm, have no
    layer.

    Args:
        graph: the main graph.
        constants: its values that depend on constants only.
    """
    classes: dict[str, str] = {}
    nodes: list[ScopedNode] = []
    for node in graph:
        made = tuple(x.name for x in node.outputs if x.name and x not in constants)
        if not made:
            continue
        modules = _modules(node)
        classes.update(modules)
        read = tuple(x.name for x in consumed_values(node) if x.name and x not in constants)
        nodes.append(ScopedNode(tuple(modules), read, made))
    if not classes:
        return ()
    sizes = {x.name for node in graph for x in node.outputs if x.name and _is_size(x)}
    outputs = {x.name for x in graph.outputs if x.name}
    return tuple(
        Layer(output.path, classes[output.scope], output.tensor)
        for output in scope_outputs(nodes, outputs, innermost_first=True, sizes=sizes)
    )


def _modules(node: ir.Node) -> Mapping[str, str]:
    """Return the modules that a node belongs to, outermost first: path to class."""
    if _SCOPES in node.metadata_props:
        # The first scope is the model, the last one the node itself.
        paths = _listed(node.metadata_props[_SCOPES])[1:-1]
        names = _listed(node.metadata_props.get(_CLASSES, "[]"))[1:-1]
        return {
            path: name.rpartition(".")[2]
            for path, name in zip_longest(paths, names[: len(paths)], fillvalue="")
            if path
        }
    name = node.name or ""
    if not name.startswith("/"):
        return {}
    return {_dotted(scope): "" for scope in scopes_of(name)}


def _dotted(scope: str) -> str:
    """Return the path in PyTorch: ``layer1/layer1.0/conv2`` becomes ``layer1.0.conv2``.

    The name of an item in a list of modules starts with the name of the list, which precedes it.
    """
    parts: list[str] = []
    for part in scope.split("/"):
        if parts and part.startswith(f"{parts[-1]}."):
            parts[-1] = part
        else:
            parts.append(part)
    return ".".join(parts)


@lru_cache(maxsize=4096)
def _listed(text: str) -> tuple[str, ...]:
    """Return the strings of a list as Python prints it; none if the text is not such a list."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return ()
    if not isinstance(value, list) or not all(isinstance(x, str) for x in value):
        return ()
    return tuple(value)


def _is_size(value: ir.Value) -> bool:
    """Return whether a tensor is a shape, or a part of one."""
    return value.dtype == ir.DataType.INT64 and value.shape is not None and len(value.shape) < 2

"""Reads the operators of a SavedModel without TensorFlow.

A SavedModel is a program: TensorFlow runs parts of it while loading. Its operators can read and
write files and call Python. saved_model.pb lists them.

The messages are declared here with the few fields that matter, numbered as in
tensorflow/core/protobuf/saved_model.proto and the files that it imports.
"""

from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from onnxfi.converters.sources.proto_messages import Messages, message_class
from onnxfi.errors import ModelFormatError

_SAVING = frozenset(
    ["MergeV2Checkpoints", "RestoreV2", "SaveV2", "ShardedFilename", "StaticRegexFullMatch"]
)
_MESSAGES: Messages = {
    "SavedModel": [("meta_graphs", 2, "*MetaGraph")],
    "MetaGraph": [("graph", 2, "Graph"), ("saver", 3, "Saver"), ("objects", 7, "Objects")],
    "Saver": [("save_tensor", 2, "string"), ("restore_operator", 3, "string")],
    "Objects": [("functions", 2, "*FunctionOfObject")],
    "FunctionOfObject": [("name", 1, "string")],
    "Graph": [("nodes", 1, "*Node"), ("library", 2, "Library")],
    "Library": [("functions", 1, "*Function")],
    "Function": [("signature", 1, "Signature"), ("nodes", 3, "*Node")],
    "Signature": [("name", 1, "string")],
    "Node": [("name", 1, "string"), ("operator", 2, "string"), ("attributes", 5, "*Attribute")],
    "Attribute": [("name", 1, "string"), ("value", 2, "Value")],
    "Value": [("list", 1, "Values"), ("function", 10, "NamedFunction")],
    "Values": [("functions", 9, "*NamedFunction")],
    "NamedFunction": [("name", 1, "string")],
}


def saved_model_dangers(folder: Path) -> list[str]:
    """Return what a SavedModel would do besides computing, in words for a message.

    The operators with which TensorFlow saves and restores variables are left out if nothing else in
    the model can call them.

    Raises:
        ModelFormatError: the folder is no SavedModel, or a damaged one.
    """
    dangers = [
        f"the link {path.relative_to(folder).as_posix()!r}"
        for path in sorted(folder.rglob("*"))
        if path.is_symlink()
    ]
    for meta_graph in _read(folder).meta_graphs:
        dangers += dict.fromkeys(_operator_dangers(meta_graph))
    return dangers


def _read(folder: Path) -> Any:
    model = _message_class()()
    try:
        model.ParseFromString((folder / "saved_model.pb").read_bytes())
    except (OSError, DecodeError) as error:
        raise ModelFormatError(
            f"A SavedModel must have a whole saved_model.pb, but reading that of {folder} failed: "
            f"{error}. Save the model again."
        ) from error
    if not model.meta_graphs:
        raise ModelFormatError(
            f"A SavedModel must hold a graph, but the saved_model.pb of {folder} holds none. "
            "Save the model again."
        )
    return model


def _operator_dangers(meta_graph: Any) -> Iterator[str]:
    saving = _saving_functions(meta_graph)
    for where, nodes in _bodies(meta_graph.graph):
        allowed = _computing_operators() | (_SAVING if where in saving else frozenset())
        for node in nodes:
            if node.operator not in allowed:
                place = f"the function {where!r}" if where else "the graph"
                yield f"the operator {node.operator!r} in {place}, which may do more than compute"


def _bodies(graph: Any) -> Iterator[tuple[str, Any]]:
    yield "", graph.nodes
    for function in graph.library.functions:
        yield function.signature.name, function.nodes


def _saving_functions(meta_graph: Any) -> set[str]:
    """Return the functions that only the nodes that save and restore variables can call."""
    saver = meta_graph.saver
    savers = {saver.save_tensor.split(":")[0], saver.restore_operator} - {""}
    called: dict[bool, set[str]] = {True: set(), False: set()}
    for where, nodes in _bodies(meta_graph.graph):
        for node in nodes:
            called[not where and node.name in savers].update(_called_by(node))
    named = {function.name for function in meta_graph.objects.functions}
    return called[True] - called[False] - named


def _called_by(node: Any) -> Iterator[str]:
    yield node.operator  # a function may be called by its name, like an operator
    for attribute in node.attributes:
        yield attribute.value.function.name
        yield from (function.name for function in attribute.value.list.functions)


@cache
def _computing_operators() -> frozenset[str]:
    """Return the operators that only compute: they reach no file, no network and no Python.

    They are the operators that tf2onnx converts, without tables and queues, and the operators that
    hold variables and call functions.
    """
    listed = resources.files("onnxfi.converters.sources") / "computing_operators.txt"
    return frozenset(listed.read_text(encoding="ascii").split())


@cache
def _message_class() -> Any:
    return message_class(_MESSAGES, package="onnxfi_saved_model", syntax="proto3")

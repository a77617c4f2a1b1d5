"""Runs and converts the signature of a SavedModel in the child process.

A SavedModel keeps no layers, but the scopes of its operators; these become the layer map.
"""

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnxfi.converters.metadata.scopes import ScopedNode, common_root, scope_outputs, scopes_of
from onnxfi.converters.tensorflow.conversion import convert_function
from onnxfi.converters.tensorflow.traced_graph import ConvertedModel, TracedOutput, plain_model
from onnxfi.errors import ModelFormatError

_SIGNATURE = "serving_default"
_LAYER = "onnxfi::layer_"


class SavedModel:
    """The signature ``serving_default`` of a SavedModel, or its only signature."""

    def __init__(self, source: Path) -> None:
        """Load the folder."""
        self._tf = importlib.import_module("tensorflow")
        # The signatures live only as long as the object they were loaded with.
        self._loaded = self._tf.saved_model.load(str(source))
        signatures = self._loaded.signatures
        names = sorted(signatures)
        if _SIGNATURE not in names and len(names) != 1:
            raise ModelFormatError(
                f"A SavedModel must have the signature {_SIGNATURE!r}, or a single one, but "
                f"{source} has {names}. Save it with one: tf.saved_model.save(model, folder, "
                "signatures=model.call.get_concrete_function(…))."
            )
        self._function = signatures[_SIGNATURE if _SIGNATURE in names else names[0]]
        self._specs = self._function.structured_input_signature[1]

    def predict(self, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Run the signature; inputs and outputs are in the order of the converted model."""
        tensors = dict(zip(self._specs, map(self._tf.constant, inputs), strict=True))
        return [np.asarray(value) for value in self._ordered(self._function(**tensors)).values()]

    def convert(self, opset: int) -> ConvertedModel:
        """Convert the signature with its variables as constants; return it and its layers."""
        tf = self._tf
        constants = importlib.import_module("tensorflow.python.framework.convert_to_constants")
        frozen = constants.convert_variables_to_constants_v2(
            self._function, lower_control_flow=False
        )
        feeds = dict(zip(self._specs, _by_name(frozen.inputs, self._function.inputs), strict=False))
        results = self._ordered(
            dict(zip(sorted(self._function.structured_outputs), frozen.outputs, strict=True))
        )
        layers = list(_layers(frozen.graph, {x.name for x in frozen.outputs}))
        fetches = results | {
            f"{_LAYER}{i}": frozen.graph.get_tensor_by_name(tensor)
            for i, (_, tensor) in enumerate(layers)
        }
        pruned = frozen.prune([feeds[name] for name in self._specs], fetches)

        def call(*tensors: Any) -> dict[str, Any]:
            return {name: tf.identity(value) for name, value in pruned(*tensors).items()}

        signature = [
            tf.TensorSpec(spec.shape, spec.dtype, name=name) for name, spec in self._specs.items()
        ]
        converted = convert_function(
            tf.function(call, input_signature=signature, autograph=False), signature, opset
        )
        by_name = {value.name: value for value in converted.graph.output}
        del converted.graph.output[:]
        converted.graph.output.extend(by_name[name] for name in fetches)
        return plain_model(
            converted,
            [TracedOutput(f"{_LAYER}{i}", path, "", None) for i, (path, _) in enumerate(layers)],
        )

    def _ordered(self, outputs: dict[str, Any]) -> dict[str, Any]:
        return {name: outputs[name] for name in sorted(self._function.structured_outputs)}


load = SavedModel


def _by_name(frozen: Sequence[Any], original: Sequence[Any]) -> Iterator[Any]:
    """Yield the inputs of a frozen function in the order of the arguments of the original."""
    by_name = {tensor.op.name: tensor for tensor in frozen}
    for tensor in original:
        if tensor.op.name in by_name:
            yield by_name[tensor.op.name]


def _layers(graph: Any, outputs: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the path and the tensor of each scope's output."""
    operators = graph.get_operations()
    varying = {x.name for op in operators if op.type == "Placeholder" for x in op.outputs}
    nodes = []
    for op in operators:
        read = tuple(x.name for x in op.inputs if x.name in varying)
        if not read:
            continue
        made = tuple(x.name for x in op.outputs)
        varying.update(made)
        # The ends of inlined functions are in no scope of the model.
        scopes = () if op.type == "Identity" else scopes_of(op.name)
        nodes.append(ScopedNode(scopes, read, made))
    root = common_root(x.scopes for x in nodes)
    for output in scope_outputs(nodes, outputs, innermost_first=False):
        if output.path.startswith(root) and len(output.path) > len(root):
            yield output.path.removeprefix(root), output.tensor

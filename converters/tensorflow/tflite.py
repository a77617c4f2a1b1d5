"""Runs a TFLite file with the interpreter of TensorFlow in the child process, and converts it.

Its tensors are named after the scopes that they were made in; these become the layer map.
"""

import importlib
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnxfi.converters.metadata.scopes import ScopedNode, common_root, scope_outputs, scopes_of
from onnxfi.converters.sources.tflite import TfliteGraph, read_tflite
from onnxfi.converters.tensorflow.traced_graph import ConvertedModel, TracedOutput, plain_model


class TfliteModel:
    """The main graph of a TFLite file."""

    def __init__(self, source: Path) -> None:
        """Read the file."""
        self._source = source
        self._graph = read_tflite(source)

    def predict(self, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Run the interpreter, with its plain kernels."""
        tf = importlib.import_module("tensorflow")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the successor of tf.lite.Interpreter
            interpreter = tf.lite.Interpreter(
                model_path=str(self._source),
                experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF,
            )
        for place, value in zip(self._graph.inputs, inputs, strict=True):
            interpreter.resize_tensor_input(place, value.shape)
        interpreter.allocate_tensors()
        for place, value in zip(self._graph.inputs, inputs, strict=True):
            interpreter.set_tensor(place, value)
        interpreter.invoke()
        return [np.array(interpreter.get_tensor(place)) for place in self._graph.outputs]

    def convert(self, opset: int) -> ConvertedModel:
        """Convert the graph with every layer's tensor as an output; return it and its layers."""
        tf2onnx = importlib.import_module("tf2onnx")
        logging.getLogger("tf2onnx").setLevel(logging.ERROR)
        names = self._graph.tensors
        outputs = [names[place] for place in self._graph.outputs]
        layers = list(_layers(self._graph))
        fetches = dict.fromkeys([*outputs, *(tensor for _, tensor in layers)])
        converted, _ = tf2onnx.convert.from_tflite(
            str(self._source),
            input_names=[names[place] for place in self._graph.inputs],
            output_names=list(fetches),
            opset=opset,
        )
        by_name = {value.name: value for value in converted.graph.output}
        del converted.graph.output[:]
        converted.graph.output.extend(by_name[name] for name in fetches)
        traced = [TracedOutput(tensor, path, "", None) for path, tensor in layers]
        return plain_model(converted, [x for x in traced if x.name not in outputs])


load = TfliteModel


def _layers(graph: TfliteGraph) -> Iterator[tuple[str, str]]:
    """Yield the path and the tensor of each scope's output."""
    names = graph.tensors
    varying = set(graph.inputs)
    nodes = []
    for operator in graph.operators:
        read = [place for place in operator.inputs if place in varying]
        if not read or not operator.outputs:
            continue
        varying.update(operator.outputs)
        nodes.append(
            ScopedNode(
                # A fused operator has the names of its parts, joined by semicolons, the last first.
                scopes_of(names[operator.outputs[0]].split(";")[0]),
                tuple(names[place] for place in read),
                tuple(names[place] for place in operator.outputs),
            )
        )
    root = common_root(x.scopes for x in nodes)
    outputs = {names[place] for place in graph.outputs}
    for output in scope_outputs(nodes, outputs, innermost_first=False):
        if output.path.startswith(root) and len(output.path) > len(root):
            yield output.path.removeprefix(root), output.tensor

"""Loads a Keras model in the child process, runs it eagerly, and converts its trace."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from onnxfi.converters.tensorflow.conversion import convert_function
from onnxfi.converters.tensorflow.layer_trace import LayerTrace, flat
from onnxfi.converters.tensorflow.traced_graph import ConvertedModel, TracedOutput, plain_model

_LAYER = "onnxfi::layer_"
_OPERATOR = "onnxfi::operator_"


class KerasModel:
    """A model that keras or tf_keras has loaded."""

    def __init__(self, source: Path, family: str, *, unsafe: bool) -> None:
        """Load a .h5 or .keras file, in safe mode unless `unsafe` is set."""
        self._keras = importlib.import_module(family)
        self._model = self._keras.models.load_model(source, compile=False, safe_mode=not unsafe)

    def predict(self, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Run the model eagerly: a traced Keras is not always right."""
        return [np.asarray(value) for value in self._run(inputs)]

    def convert(self, opset: int) -> ConvertedModel:
        """Trace the model with a free batch, with every layer's output; return it and its layers.

        The inputs are not among the layers.
        """
        tf = importlib.import_module("tensorflow")
        signature = [
            tf.TensorSpec([None, *tensor.shape[1:]], tensor.dtype, name=tensor.name.split(":")[0])
            for tensor in self._model.inputs
        ]
        graphs: list[Any] = []
        trace = LayerTrace(
            self._keras, lambda x: isinstance(x, tf.Tensor) and x.graph is graphs[-1]
        )

        def call(*tensors: Any) -> dict[str, Any]:
            graphs.append(tf.compat.v1.get_default_graph())
            with trace.recording():
                results = {f"output_{i}": value for i, value in enumerate(self._run(tensors))}
            for i, layer in enumerate(trace.calls):
                results[f"{_LAYER}{i}"] = layer.output
                if layer.operator is not None:
                    results[f"{_OPERATOR}{i}"] = layer.operator
            return {name: tf.identity(value) for name, value in results.items()}

        function = tf.function(call, input_signature=signature, autograph=False)
        converted = convert_function(function, signature, opset)
        # TensorFlow sorts the names: output_10 comes before output_2.
        outputs = sorted(converted.graph.output, key=_number)
        del converted.graph.output[:]
        converted.graph.output.extend(outputs)
        return plain_model(
            converted,
            [
                TracedOutput(
                    f"{_LAYER}{i}",
                    layer.path,
                    layer.layer_class,
                    layer.channel_axis,
                    None if layer.operator is None else f"{_OPERATOR}{i}",
                )
                for i, layer in enumerate(trace.calls)
            ],
        )

    def _run(self, tensors: Sequence[Any]) -> list[Any]:
        inputs = list(tensors) if len(tensors) > 1 else tensors[0]
        return list(flat(self._model(inputs, training=False)))


def _number(output: onnx.ValueInfoProto) -> int:
    return int(output.name.rpartition("_")[2])

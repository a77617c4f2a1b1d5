"""The native route: from a Keras .h5 to ONNX with h5py, numpy and onnx alone.

Nothing in the file is executed. Every layer call becomes operators whose last output is a tensor
named after the layer; which one that is, the layer map in the model's metadata says.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import onnx

from onnxfi.converters.graph_builder import GraphBuilder, Tensor
from onnxfi.converters.keras_file import KerasFile, open_keras_file
from onnxfi.converters.keras_graph import (
    KerasCall,
    KerasInput,
    KerasModel,
    TensorReference,
    parse_model,
)
from onnxfi.converters.layer_call import LayerCall, Options, unsupported
from onnxfi.converters.layer_map import Layer
from onnxfi.converters.layer_table import TRANSLATIONS
from onnxfi.converters.provenance import describe_source, finish_model
from onnxfi.converters.weight_assignment import assign_weights, weights_by_path
from onnxfi.errors import ModelFormatError


def convert_native(source: Path, *, opset: int, architecture: Path | None) -> onnx.ModelProto:
    """Convert a Keras .h5 without Keras.

    Args:
        source: a full-model .h5, or a weights-only one with `architecture`.
        opset: version of the default operator set.
        architecture: JSON text of ``model.to_json()``.

    Returns:
        A checked model; inputs and outputs have the names of Keras, its layout and its shapes,
        with the free batch dimension ``N``.

    Raises:
        ModelFormatError: the file is damaged, or not a Keras .h5.
        UnsupportedLayerError: a layer, or an option of it, has no translation.
    """
    with open_keras_file(source, architecture) as file:
        model = parse_model(file.configuration)
        walk = _Walk(model, file, opset)
        walk.run()
    built = walk.graph.build(model.name)
    return finish_model(
        built,
        walk.layers,
        describe_source(source, "native", opset, file.keras_version),
        advice="The configuration is damaged: save the model again.",
    )


class _Walk:
    """One conversion: the calls of a model, in order, each through its translation."""

    def __init__(self, model: KerasModel, file: KerasFile, opset: int) -> None:
        self.model = model
        self.file = file
        self.weights = weights_by_path(model, file.weights, file.keras_major)
        # How often each layer is called: a nested model that is called twice calls all of its
        # layers twice.
        self._sizes: Counter[str] = Counter(_paths(model))
        self._first_call: Counter[str] = Counter()
        self.graph = GraphBuilder(opset, reserved=_names(model, self._sizes))
        self.layers: list[Layer] = []

    def run(self) -> None:
        """Build the whole graph."""
        inputs = [self._add_input(entry) for entry in self.model.inputs]
        outputs = self._run_model(self.model, inputs, "")
        for tensor in outputs:
            self.graph.add_output(tensor)

    def _add_input(self, entry: KerasInput) -> Tensor:
        if entry.shape is None:
            raise ModelFormatError(
                f"The input {entry.name!r} must have a shape, but the file stores none. "
                "Build the model with an explicit Input(shape) and save it again."
            )
        options = Options(entry.name, "InputLayer", entry.options, self.file.keras_major)
        _require_float32(options)
        for flag in ("sparse", "ragged"):
            if options.get(flag):
                raise options.unsupported(f"is {flag}")
        tensor = self.graph.add_input(entry.name, entry.shape)
        self.layers.append(
            Layer(entry.name, "InputLayer", tensor.name, channel_axis=tensor.channel_axis)
        )
        return tensor

    def _run_model(self, model: KerasModel, inputs: Sequence[Tensor], prefix: str) -> list[Tensor]:
        if len(inputs) != len(model.inputs):
            raise ModelFormatError(
                f"Model {prefix or model.name!r} must be called on {len(model.inputs)} tensors, "
                f"got {len(inputs)}. The configuration is damaged: save the model again."
            )
        values: dict[tuple[str, int], list[Tensor]] = {
            (entry.name, 0): [tensor] for entry, tensor in zip(model.inputs, inputs, strict=True)
        }
        for call in model.calls:
            arguments = tuple(_value(values, reference, prefix) for reference in call.inputs)
            results = self._run_call(call, arguments, prefix)
            values[call.layer.name, call.number] = results
        for path, calls in Counter(_paths(model, prefix)).items():
            self._first_call[path] += calls
        return [_value(values, reference, prefix) for reference in model.outputs]

    def _run_call(
        self,
        call: KerasCall,
        inputs: tuple[Tensor, ...],
        prefix: str,
    ) -> list[Tensor]:
        layer = call.layer
        path = f"{prefix}/{layer.name}" if prefix else layer.name
        options = Options(path, layer.layer_class, layer.options, self.file.keras_major)
        if layer.model is not None:
            return self._run_model(layer.model, inputs, path)
        translate = TRANSLATIONS.get(layer.layer_class)
        if translate is None:
            raise unsupported(path, layer.layer_class, "has no translation")
        _require_float32(options)
        number = self._first_call[path] + call.number
        name = f"{path}@{number}" if number else path
        self.graph.enter(name)
        weights = assign_weights(options, self.weights.get(path, ()))
        result = translate(LayerCall(options, weights, path, inputs), self.graph)
        tensor = self.graph.finish(result.tensor)
        operator = None if result.operator is None else result.operator.name
        self.layers.append(
            Layer(name, layer.layer_class, tensor.name, operator, tensor.channel_axis)
        )
        return [tensor]


def _paths(model: KerasModel, prefix: str = "") -> Iterator[str]:
    """Yield the path of a layer as often as one run of the model calls it."""
    for call in model.calls:
        path = f"{prefix}/{call.layer.name}" if prefix else call.layer.name
        if call.layer.model is None:
            yield path
        else:
            yield from _paths(call.layer.model, path)


def _names(model: KerasModel, calls: Counter[str]) -> Iterator[str]:
    """Yield the names that the layers' outputs and the inputs of the graph will have."""
    yield from (entry.name for entry in model.inputs)
    for path, count in calls.items():
        yield path
        yield from (f"{path}@{number}" for number in range(1, count))


def _value(
    values: Mapping[tuple[str, int], list[Tensor]], reference: TensorReference, prefix: str
) -> Tensor:
    tensors = values.get((reference.layer, reference.call), [])
    if not 0 <= reference.index < len(tensors):
        raise ModelFormatError(
            f"The configuration must only use tensors that a layer returns, but "
            f"{prefix or 'the model'!r} uses output {reference.index} of call {reference.call} of "
            f"layer {reference.layer!r}. The file is damaged: save the model again."
        )
    return tensors[reference.index]


def _require_float32(options: Options) -> None:
    """Refuse a layer that computes in another type; Keras 3 and mixed precision write a policy."""
    dtype = options.get("dtype", "float32")
    if isinstance(dtype, dict):
        policy = dtype.get("config")
        dtype = policy.get("name") if isinstance(policy, dict) else dtype.get("class_name")
    if dtype != "float32":
        raise options.unsupported(f"has the dtype policy {dtype!r}, not 'float32'")

"""The native route: from a Keras file to ONNX with h5py, numpy and onnx alone.

Nothing in the file is executed. Every layer call becomes operators whose last output is a tensor
named after the layer; which one that is, the layer map in the model's metadata says.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx

from onnxfi.converters.keras_files.call_arguments import TensorReference
from onnxfi.converters.keras_files.file import open_keras_file
from onnxfi.converters.keras_files.graph import KerasInput, KerasLayer, KerasModel, parse_model
from onnxfi.converters.keras_files.hdf5 import StoredWeight
from onnxfi.converters.keras_files.values import leaves, map_leaves
from onnxfi.converters.keras_files.version import require_version
from onnxfi.converters.metadata.layer_map import AbsentLayer, Layer
from onnxfi.converters.metadata.provenance import describe_source, finish_model
from onnxfi.converters.native.argument_checks import INTEGER_TYPES, is_operation, require_arguments
from onnxfi.converters.native.keras_masks import Masks, masks_among, passed_masks
from onnxfi.converters.native.layer_names import names_of
from onnxfi.converters.native.layer_surroundings import LayerSurroundings
from onnxfi.converters.native.layer_table import TRANSLATIONS
from onnxfi.converters.native.understood import require_understood
from onnxfi.converters.native.weight_assignment import assign_weights, weights_by_path
from onnxfi.converters.options.refusals import no_translation
from onnxfi.converters.translation.data_format import has_channels_first
from onnxfi.converters.translation.dtype_policy import compute_type, is_float
from onnxfi.converters.translation.graph_builder import GraphBuilder, Tensor
from onnxfi.converters.translation.layer_call import LayerCall, Options
from onnxfi.converters.translation.operands import FLOATS, cast
from onnxfi.errors import ModelFormatError

_STATEFUL = "is stateful: here each run of the model begins from its initial state."
_NESTED_INPUT = "it stands for the tensor that the nested model is called on"


def convert_native(source: Path, *, opset: int, architecture: Path | None) -> onnx.ModelProto:
    """Convert a Keras file without Keras.

    Args:
        source: a full-model .h5, a .keras archive, or a weights-only file with `architecture`.
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
        require_version(file.keras_version, file.configuration, source)
        model = parse_model(file.configuration)
        require_understood(model, file.keras_major)
        weights = weights_by_path(model, file.weights, file.keras_major)
        walk = Walk(model, weights, file.keras_major, GraphBuilder(opset, names_of(model)))
        walk.run()
    built = walk.graph.build(model.name)
    return finish_model(
        built,
        walk.layers,
        describe_source(source, "native", opset, file.keras_version, architecture=architecture),
        advice="The configuration is damaged: save the model again.",
        absent=walk.absent,
        notes=walk.notes,
    )


class Walk:
    """One conversion: the calls of a model, in order, each through its translation.

    Attributes:
        graph: the graph that grows.
        layers: the layer map so far.
        absent: the layers so far that have no tensor of their own.
        notes: what the converted model does otherwise than the source, a sentence each.
        tensors: the output of each layer call so far, by its path in the layer map.
    """

    def __init__(
        self,
        model: KerasModel,
        weights: Mapping[str, tuple[StoredWeight, ...]],
        keras_major: int,
        graph: GraphBuilder,
    ) -> None:
        """Prepare to build the model, with the weights of each layer by its path."""
        self.graph = graph
        self.layers: list[Layer] = []
        self.absent: list[AbsentLayer] = []
        self.notes: list[str] = []
        self.tensors: dict[str, Tensor] = {}
        self._model = model
        self._weights = weights
        self._keras_major = keras_major
        self._masks = Masks()

    def run(self) -> None:
        """Build the whole graph."""
        inputs = [self._add_input(entry) for entry in self._model.inputs]
        for tensor in self._run_model(self._model, inputs, "", 0):
            self.graph.add_output(tensor)

    def _add_input(self, entry: KerasInput) -> Tensor:
        if entry.shape is None:
            raise ModelFormatError(
                f"The input {entry.name!r} must have a shape, but the file stores none. "
                "Build the model with an explicit Input(shape) and save it again."
            )
        options = Options(entry.name, "InputLayer", entry.options, self._keras_major)
        if 0 in entry.shape:
            raise options.unsupported(f"has the shape {entry.shape}, with an axis of size 0")
        dtype = _input_type(options)
        for flag in ("sparse", "ragged"):
            if options.flag(flag, False):
                raise options.unsupported(f"is {flag}")
        tensor = self.graph.add_input(entry.name, entry.shape, dtype)
        if has_channels_first(self._model.layers):
            tensor = replace(tensor, channels=1)
        self._list(entry.name, "InputLayer", [tensor])
        return tensor

    def _run_model(
        self, model: KerasModel, inputs: Sequence[Tensor], prefix: str, run: int
    ) -> tuple[Tensor, ...]:
        """Run the calls of a model that ran `run` times before; return its outputs."""
        if len(inputs) != len(model.inputs):
            raise ModelFormatError(
                f"Model {prefix or model.name!r} must be called on {len(model.inputs)} tensors, "
                f"got {len(inputs)}. The configuration is damaged: save the model again."
            )
        values: dict[tuple[str, int], tuple[Tensor, ...]] = {
            (entry.name, 0): (tensor,) for entry, tensor in zip(model.inputs, inputs, strict=True)
        }

        def value(reference: TensorReference) -> Tensor:
            return _value(values, reference, prefix)

        counts = Counter(call.layer.name for call in model.calls)
        for call in model.calls:
            path = f"{prefix}/{call.layer.name}" if prefix else call.layer.name
            values[call.layer.name, call.number] = self._run_layer(
                call.layer,
                path,
                run * counts[call.layer.name] + call.number,
                map_leaves(call.arguments, TensorReference, value),
                map_leaves(call.keywords, TensorReference, value),
            )
        return tuple(value(reference) for reference in model.outputs)

    def _run_layer(
        self,
        layer: KerasLayer,
        path: str,
        number: int,
        arguments: tuple[Any, ...],
        keywords: Mapping[str, Any],
    ) -> tuple[Tensor, ...]:
        """Run call `number` of a layer or of a nested model; return its outputs."""
        options = Options(path, layer.layer_class, layer.options, self._keras_major)
        inputs = tuple(leaves(arguments, Tensor))
        given_masks = masks_among(keywords, inputs, options)
        keywords = {key: value for key, value in keywords.items() if key != "mask"}
        if layer.model is not None:
            require_arguments(options, arguments, keywords)
            self._masks.give(given_masks)
            return self._run_nested(layer, layer.model, inputs, path, number)
        translate = TRANSLATIONS.get(layer.layer_class)
        if translate is None:
            raise no_translation(path, layer.layer_class)
        require_arguments(options, arguments, keywords)
        around = LayerSurroundings(options, arguments, self.graph)

        def run_inner(
            index: int, inputs: Sequence[Tensor], mask: Tensor | None = None
        ) -> tuple[Tensor, ...]:
            inner = layer.inner[index]
            return self._run_layer(
                inner, f"{path}/{inner.name}", number, tuple(inputs), {"mask": mask}
            )

        if not number and options.values.get("stateful"):
            self.notes.append(f"Layer {path!r} {_STATEFUL}")
        name = f"{path}@{number}" if number else path
        self.graph.enter(name, around.float_type)
        call = LayerCall(
            options,
            assign_weights(options, self._weights.get(path, ())),
            path,
            around.inside(arguments),
            around.inside(keywords),
            lambda tensor: given_masks.get(
                around.origin(tensor), self._masks.of(around.origin(tensor))
            ),
            bool(given_masks),
            run_inner,
        )
        result = translate(call, self.graph)
        masks = passed_masks(call, self.graph) if result.masks is None else result.masks
        result = around.outside(result)
        if not is_operation(layer.layer_class) and not any(x.batch for x in inputs):
            result = replace(result, tensor=replace(result.tensor, batch=False))
        outputs = self.graph.finish((result.tensor, *result.others))
        self._masks.record(call, outputs, masks)
        self._list(name, layer.layer_class, outputs, result.operator)
        return outputs

    def _run_nested(
        self, layer: KerasLayer, model: KerasModel, inputs: Sequence[Tensor], path: str, number: int
    ) -> tuple[Tensor, ...]:
        """Run call `number` of a nested model; its outputs are tensors of its own."""
        given = [
            self._nested_input(entry, tensor, path)
            for entry, tensor in zip(model.inputs, inputs, strict=False)
        ]
        if not number:
            self.absent += (
                AbsentLayer(f"{path}/{entry.name}", "InputLayer", _NESTED_INPUT)
                for entry in model.inputs
                if entry.options
            )
        inner = self._run_model(model, [*given, *inputs[len(given) :]], path, number)
        name = f"{path}@{number}" if number else path
        self.graph.enter(name)
        outputs = self.graph.finish(inner)
        for before, after in zip(inner, outputs, strict=True):
            mask = self._masks.of(before.name)
            if mask is not None:
                self._masks.give({after.name: mask})
        self._list(name, layer.layer_class, outputs)
        return outputs

    def _nested_input(self, entry: KerasInput, tensor: Tensor, path: str) -> Tensor:
        """Return what a nested model is called on, in the type of its input."""
        dtype = _input_type(Options(path, "InputLayer", entry.options, self._keras_major))
        if not (is_float(tensor) and dtype in FLOATS):
            return tensor
        self.graph.enter(f"{path}/{entry.name}")
        changed = cast(tensor, dtype, self.graph)
        self.graph.leave()
        mask = self._masks.of(tensor.name)
        if mask is not None:
            self._masks.give({changed.name: mask})
        return changed

    def _list(
        self,
        name: str,
        layer_class: str,
        outputs: Sequence[Tensor],
        operator: Tensor | None = None,
    ) -> None:
        """Add a layer call to the layer map, and each of its further outputs."""
        first, *others = outputs
        self.tensors[name] = first
        before = None if operator is None else operator.name
        self.layers.append(
            Layer(name, layer_class, first.name, before, first.channel_axis, first.layout)
        )
        for i, tensor in enumerate(others, 1):
            path = f"{name}:{i}"
            self.layers.append(
                Layer(path, layer_class, tensor.name, None, tensor.channel_axis, tensor.layout)
            )


def _value(
    values: Mapping[tuple[str, int], tuple[Tensor, ...]], reference: TensorReference, prefix: str
) -> Tensor:
    tensors = values.get((reference.layer, reference.call), ())
    if not 0 <= reference.index < len(tensors):
        raise ModelFormatError(
            f"The configuration must only use tensors that a layer returns, but "
            f"{prefix or 'the model'!r} uses output {reference.index} of call {reference.call} of "
            f"layer {reference.layer!r}. The file is damaged: save the model again."
        )
    return tensors[reference.index]


def _input_type(options: Options) -> str:
    dtype = options.get("dtype")
    return dtype if dtype in INTEGER_TYPES else compute_type(options)

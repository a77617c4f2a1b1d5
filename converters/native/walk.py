"""Builds the graph of a model: runs its layer calls in order, each through its translation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from onnxfi.converters.keras_files.call_arguments import TensorReference
from onnxfi.converters.keras_files.hdf5 import StoredWeight
from onnxfi.converters.keras_files.model import KerasInput, KerasLayer, KerasModel
from onnxfi.converters.keras_files.values import leaves, map_leaves
from onnxfi.converters.metadata.layer_map import AbsentLayer, Layer
from onnxfi.converters.native.argument_checks import require_arguments
from onnxfi.converters.native.keras_masks import KerasMasks, explicit_masks, output_masks
from onnxfi.converters.native.layer_adapter import LayerAdapter
from onnxfi.converters.native.layer_table import kind_of
from onnxfi.converters.native.weight_assignment import assign_weights
from onnxfi.converters.translation.data_format import has_channels_first
from onnxfi.converters.translation.dtype_policy import compute_type, is_float
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, Options
from onnxfi.converters.translation.layer_kind import LayerKind
from onnxfi.converters.translation.operands import FLOATS, cast
from onnxfi.converters.translation.tensor import Tensor
from onnxfi.errors import ModelFormatError

_STATEFUL = "is stateful: here each run of the model begins from its initial state."
_NESTED_INPUT = "it stands for the tensor that the nested model is called on"
_INTEGERS = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")


class Walk:
    """One conversion: the calls of a model, in order, each through its translation.

    Attributes:
        graph: the graph that grows.
        layers: the layer map so far.
        absent: the layers so far without a tensor of their own.
        notes: differences between the converted model and its source, one sentence each.
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
        self._masks = KerasMasks()

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
        masks = explicit_masks(keywords, inputs, options)
        keywords = {key: value for key, value in keywords.items() if key != "mask"}
        if layer.model is not None:
            require_arguments(options, arguments, keywords, allowed=(), any_type=True)
            self._masks.give(masks)
            return self._run_nested(layer, layer.model, inputs, path, number)
        kind = kind_of(options)
        if not kind.operation:
            require_arguments(
                options, arguments, keywords, allowed=kind.arguments, any_type=kind.any_type
            )
        if not number and options.values.get("stateful"):
            self.notes.append(f"Layer {path!r} {_STATEFUL}")
        adapter = LayerAdapter(options, kind, arguments, self.graph)
        self.graph.enter(_call_name(path, number), adapter.float_type)
        call = LayerCall(
            options=options,
            weights=assign_weights(options, self._weights.get(path, ())),
            weights_path=path,
            arguments=adapter.enter(arguments),
            keywords=adapter.enter(keywords),
            mask_of=partial(self._mask_of, masks, adapter),
            explicit_mask=bool(masks),
            run_inner=partial(self._run_inner, layer, path, number),
        )
        return self._translate(call, kind, adapter, number)

    def _translate(
        self, call: LayerCall, kind: LayerKind, adapter: LayerAdapter, number: int
    ) -> tuple[Tensor, ...]:
        """Add the operators of a layer call that the graph has entered; return its outputs."""
        rule = kind.mask_rule(self._keras_major)
        result = kind.translate(call, self.graph)
        masks = output_masks(call, rule, self.graph) if result.masks is None else result.masks
        outputs = self.graph.finish(adapter.leave(result))
        self._masks.record(call, rule, outputs, masks)
        name = _call_name(call.options.path, number)
        self._list(name, call.options.layer_class, outputs, result.operator)
        return outputs

    def _mask_of(
        self, explicit: Mapping[str, Tensor], adapter: LayerAdapter, tensor: Tensor
    ) -> Tensor | None:
        """Return the Keras mask of an adapted argument."""
        origin = adapter.origin(tensor)
        return explicit.get(origin, self._masks.of(origin))

    def _run_inner(
        self,
        layer: KerasLayer,
        path: str,
        number: int,
        index: int,
        inputs: Sequence[Tensor],
        mask: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """Run inner layer `index` in call `number` of a wrapper."""
        inner = layer.inner[index]
        return self._run_layer(inner, f"{path}/{inner.name}", number, tuple(inputs), {"mask": mask})

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
        name = _call_name(path, number)
        self.graph.enter(name)
        outputs = self.graph.finish(inner)
        for before, after in zip(inner, outputs, strict=True):
            self._masks.copy(before.name, after.name)
        self._list(name, layer.layer_class, outputs)
        return outputs

    def _nested_input(self, entry: KerasInput, tensor: Tensor, path: str) -> Tensor:
        """Return an argument of a nested model, cast to the type of the model's input."""
        dtype = _input_type(Options(path, "InputLayer", entry.options, self._keras_major))
        if not (is_float(tensor) and dtype in FLOATS):
            return tensor
        self.graph.enter(f"{path}/{entry.name}")
        changed = cast(tensor, dtype, self.graph)
        self.graph.leave()
        self._masks.copy(tensor.name, changed.name)
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


def _call_name(path: str, number: int) -> str:
    """Return the name of a layer's call, in the graph and in the layer map."""
    return f"{path}@{number}" if number else path


def _input_type(options: Options) -> str:
    dtype = options.get("dtype")
    return dtype if dtype in _INTEGERS else compute_type(options)

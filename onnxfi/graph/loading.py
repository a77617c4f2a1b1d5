"""Loads a model from an ONNX file, from a file that converts, or from memory."""

import os
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError

from onnxfi import converters
from onnxfi.errors import ModelFormatError
from onnxfi.graph.model import Model
from onnxfi.graph.preparation.checking import check_model
from onnxfi.graph.preparation.external_weights import take_in_small_tensors
from onnxfi.graph.preparation.function_calls import check_function_calls
from onnxfi.graph.preparation.inner_weights import lift_inner_weights
from onnxfi.graph.preparation.known_branches import inline_known_branches
from onnxfi.graph.preparation.long_lists import has_long_lists, put_back, take_long_lists
from onnxfi.graph.preparation.sparse_initializers import densified
from onnxfi.graph.preparation.tensor_data import check_tensor_data
from onnxfi.graph.preparation.texts import with_readable_texts
from onnxfi.graph.preparation.type_inference import infer_types
from onnxfi.graph.preparation.zip_maps import without_zip_maps
from onnxfi.onnx_ir import ir, passes

# From this version of the format on, an initializer need not be a graph input as well.
_FIRST_IR_VERSION_WITHOUT_INITIALIZER_INPUTS = 4

# Names that exporters give to unnamed axes. Axes with the same such name may differ in length.
_NO_NAMES = frozenset({"?", "None", "-1", ""})


def load(source: str | Path | onnx.ModelProto) -> Model:
    """Load a model.

    Initializers that are also graph inputs count as constants.

    Args:
        source: an .onnx file, a file that `onnxfi.converters.convert` reads (a Keras .h5, a
            SavedModel), or a model in memory.

    Raises:
        ModelFormatError: the file does not exist, or holds no valid model.
    """
    if isinstance(source, onnx.ModelProto):
        return _prepare(_check(source, "The model"))
    path = Path(source)
    if not os.path.exists(path):  # unlike Path.exists, False for a name that is too long
        raise ModelFormatError(f"A model must be an existing file, and {path} does not exist.")
    if not path.is_file() and not path.is_dir():
        raise ModelFormatError(
            f"A model must be a regular file, and {path} is a pipe or a device. Copy it to a file."
        )
    if converters.is_convertible(path):
        return _prepare(ir.serde.deserialize_model(converters.convert(path)), path)
    return _prepare(_read(path), path)


def _read(path: Path) -> ir.Model:
    if path.is_dir():
        advice = converters.foreign_advice(path)
        raise ModelFormatError(advice or f"A model must be a file, and {path} is a folder.")
    try:
        # Weights in external files are not read.
        proto = onnx.load(path, load_external_data=False)
        model = _deserialized(with_readable_texts(proto), path)
        ir.external_data.set_base_dir(model.graph, path.parent)
    except ModelFormatError:
        raise
    except (
        DecodeError,
        OSError,
        ValueError,
        onnx.checker.ValidationError,
        ir.serde.SerdeError,
    ) as error:
        if (advice := converters.foreign_advice(path)) is not None:
            raise ModelFormatError(advice) from error
        raise ModelFormatError(
            f"{path} must be an ONNX model or a Keras file, and reading it as ONNX failed: "
            f"{_first_line(error)}"
        ) from error
    return model


def _check(proto: onnx.ModelProto, what: str) -> ir.Model:
    try:
        proto = with_readable_texts(proto)
        if has_long_lists(proto):
            proto = _copied(proto)  # the caller's model must not change
        return _deserialized(proto, None)
    except ModelFormatError:
        raise
    except (ValueError, onnx.checker.ValidationError, ir.serde.SerdeError) as error:
        raise ModelFormatError(
            f"{what} must be valid ONNX, and the check failed: {_first_line(error)}"
        ) from error


def _deserialized(proto: onnx.ModelProto, path: Path | None) -> ir.Model:
    """Check and deserialise a model; this removes long lists from the message."""
    check_function_calls(proto)
    check_tensor_data(proto)
    taken = take_long_lists(proto) if has_long_lists(proto) else []
    check_model(proto, None if taken else path)
    folder = Path() if path is None else path.parent
    model = ir.serde.deserialize_model(densified(without_zip_maps(proto), folder))
    put_back(list(model.graph) if taken else [], taken)
    return model


def _copied(proto: onnx.ModelProto) -> onnx.ModelProto:
    copied = onnx.ModelProto()
    copied.CopyFrom(proto)
    return copied


def _first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or of its cause inside onnx_ir."""
    while isinstance(error, ir.serde.SerdeError) and error.__cause__ is not None:
        error = error.__cause__
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _prepare(model: ir.Model, *files: Path) -> Model:
    graph = model.graph
    graph.sort()
    constants = [value for value in graph.inputs if value.is_initializer()]
    for value in constants:
        graph.inputs.remove(value)
    if constants:
        model.ir_version = max(model.ir_version, _FIRST_IR_VERSION_WITHOUT_INITIALIZER_INPUTS)
    if model.functions:
        _inline_functions(model)
    _open_axes(graph)
    lift_inner_weights(model)
    deciding = inline_known_branches(model)
    weights_files = take_in_small_tensors(model)
    _hold_weights_once(model)
    infer_types(model)
    return Model(model, (*files, *weights_files), deciding=deciding)


def _open_axes(graph: ir.Graph) -> None:
    """Remove the sizes -1, 0 and ``?``, which exporters write for axes of any size.

    A true size of 0 is inferred again.
    """
    made = (value for node in graph for value in node.outputs)
    for value in (*graph.inputs, *made):
        if value.shape is not None and any(map(_means_any_size, value.shape)):
            value.shape = ir.Shape(None if _means_any_size(x) else x for x in value.shape)


def _means_any_size(axis: int | ir.SymbolicDim) -> bool:
    return axis < 1 if isinstance(axis, int) else axis.value in _NO_NAMES


def _hold_weights_once(model: ir.Model) -> None:
    """Turn weights and constants into arrays.

    A tensor of a protobuf message is copied on each read, and keeps the whole message in memory.
    """
    for graph in (model.graph, *model.graph.subgraphs()):
        for value in graph.initializers.values():
            if isinstance(value.const_value, ir.TensorProtoTensor):
                value.const_value = _as_array(value.const_value)
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        for name, attribute in node.attributes.items():
            # Do not read `value` of other attributes: a long list would be read in full.
            if attribute.type == ir.AttributeType.TENSOR and isinstance(
                attribute.value, ir.TensorProtoTensor
            ):
                node.attributes[name] = ir.AttrTensor(name, _as_array(attribute.value))


def _as_array(tensor: ir.TensorProtoTensor) -> ir.TensorProtocol:
    if tensor.dtype == ir.DataType.STRING:
        return tensor
    array = tensor.numpy()
    # The dtype may be explicitly little-endian, which is not equal to NumPy's native float32.
    array = array.view(np.dtype(array.dtype.type))
    return ir.Tensor(array, dtype=tensor.dtype, name=tensor.name)


def _inline_functions(model: ir.Model) -> None:
    for function in model.functions.values():
        # The check ensures that the function's operators are the same in differing versions.
        for domain in function.opset_imports:
            version = model.opset_imports.setdefault(domain, function.opset_imports[domain])
            function.opset_imports[domain] = version
    passes.InlinePass()(model)

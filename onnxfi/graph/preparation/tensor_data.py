"""Checks that the constants of a model hold as many values as their shapes say."""

import math
from collections.abc import Iterator, Sequence

import onnx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from onnx import TensorProto

from onnxfi.errors import ModelFormatError
from onnxfi.onnx_ir import ir

# Bytes: the size that a protobuf, and so a model without external weights, may have.
_LARGEST_DENSE = 2**31 - 1
# Entries of each field of values per element; complex numbers take two.
_COMPLEX: dict[int, str] = {
    TensorProto.COMPLEX64: "float_data",
    TensorProto.COMPLEX128: "double_data",
}
_FIELDS: dict[int, str] = {
    TensorProto.FLOAT: "float_data",
    TensorProto.DOUBLE: "double_data",
    TensorProto.INT64: "int64_data",
    TensorProto.UINT32: "uint64_data",
    TensorProto.UINT64: "uint64_data",
    **_COMPLEX,
}
# All other types, those of less than 8 bits packed in bytes, are in int32_data.
_OTHER = "int32_data"


def check_tensor_data(model: onnx.ModelProto) -> None:
    """Check the sizes of all constants of a model, dense and sparse, without reading their values.

    Raises:
        ModelFormatError: a constant has an undefined type, a negative size, or more or fewer
            values than its shape has, or a sparse one is too large to make dense.
    """
    for tensor in _tensors(model):
        if isinstance(tensor, onnx.SparseTensorProto):
            _check_sparse(tensor)
        else:
            _check_dense(tensor)


def _tensors(message: Message) -> Iterator[onnx.TensorProto | onnx.SparseTensorProto]:
    """Yield the tensors in a message; a sparse tensor before its values and indices."""
    if isinstance(message, onnx.TensorProto | onnx.SparseTensorProto):
        yield message
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for inner in [value] if isinstance(value, Message) else value:
                yield from _tensors(inner)


def _check_dense(tensor: onnx.TensorProto) -> None:
    elements, bits = _elements(tensor.dims, tensor.name), _bits(tensor)
    if tensor.data_type == TensorProto.STRING:
        if len(tensor.string_data) != elements:
            raise _mismatch(tensor, f"{len(tensor.string_data)} texts", elements)
    elif tensor.data_location == TensorProto.EXTERNAL:
        _check_external(tensor, elements, bits)
    elif tensor.HasField("raw_data"):
        if len(tensor.raw_data) != math.ceil(elements * bits / 8):
            raise _mismatch(tensor, f"{len(tensor.raw_data)} bytes", elements)
    else:
        field = _FIELDS.get(tensor.data_type, _OTHER)
        packed = 8 // bits if 0 < bits < 8 else 1
        each = 2 if tensor.data_type in _COMPLEX else 1
        found = len(getattr(tensor, field))
        if found != math.ceil(elements * each / packed):
            raise _mismatch(tensor, f"{found} entries in {field}", elements)


def _check_external(tensor: onnx.TensorProto, elements: int, bits: int) -> None:
    entries = {x.key: x.value for x in tensor.external_data}
    numbers = {}
    for key in ("offset", "length"):
        text = entries.get(key)
        if text is not None:
            if not (text.isascii() and text.isdecimal()):
                raise ModelFormatError(
                    f"The {key} of the external tensor {tensor.name!r} must be a number of bytes, "
                    f"and it is {text!r}. Export the model again."
                )
            numbers[key] = int(text)
    length = numbers.get("length")
    if length is not None and length != math.ceil(elements * bits / 8):
        raise _mismatch(tensor, f"{length} bytes in an external file", elements)


def _check_sparse(sparse: onnx.SparseTensorProto) -> None:
    name = sparse.values.name
    elements, bits = _elements(sparse.dims, name), _bits(sparse.values)
    if elements * bits / 8 > _LARGEST_DENSE:
        raise ModelFormatError(
            f"The sparse tensor {name!r} of shape {_shape(sparse.dims)} would take "
            f"{elements * bits / 8 / 2**30:.3g} GiB as a dense tensor, and at most 2 GiB are "
            "supported. Export the model with a smaller or a dense weight."
        )
    values, indices = list(sparse.values.dims), list(sparse.indices.dims)
    if len(values) != 1 or indices not in (values, [*values, len(sparse.dims)]):
        raise ModelFormatError(
            f"The sparse tensor {name!r} of shape {_shape(sparse.dims)} must have one index for "
            f"each value, and it has values of shape {_shape(values)} and indices of shape "
            f"{_shape(indices)}. Export the model again."
        )


def _elements(dims: Sequence[int], name: str) -> int:
    if any(x < 0 for x in dims):
        raise ModelFormatError(
            f"The sizes of a constant must be at least 0, and {name!r} has the shape "
            f"{_shape(dims)}. Export the model again."
        )
    return math.prod(dims)


def _bits(tensor: onnx.TensorProto) -> int:
    try:
        dtype = ir.DataType(tensor.data_type)
        return 0 if dtype == ir.DataType.STRING else int(dtype.itemsize * 8)
    except (TypeError, ValueError) as error:
        raise ModelFormatError(
            f"The constant {tensor.name!r} has the element type {tensor.data_type}, which ONNX "
            "does not define. Export the model again."
        ) from error


def _mismatch(tensor: onnx.TensorProto, found: str, elements: int) -> ModelFormatError:
    return ModelFormatError(
        f"The constant {tensor.name!r} holds {found}, and its shape {_shape(tensor.dims)} of "
        f"{ir.DataType(tensor.data_type).name} has {elements} elements. Export the model again: "
        "the file is damaged or incomplete."
    )


def _shape(dims: Sequence[int]) -> str:
    return f"({', '.join(map(str, dims))})"

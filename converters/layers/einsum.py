"""Translates EinsumDense: a product along any axes, as MatMul if possible, else as Einsum."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onnxfi.converters.keras_files.values import is_whole
from onnxfi.converters.layers.activation import activate
from onnxfi.converters.options.known import layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Options, WeightRole
from onnxfi.converters.translation.layer_kind import LayerKind
from onnxfi.converters.translation.tensor import Tensor

_EQUATION = re.compile(r"(\.\.\.)?([A-Za-z]+),([A-Za-z]+)->(\.\.\.)?([A-Za-z]+)")


@dataclass(frozen=True, slots=True)
class _Product:
    """An equation ``input,kernel->output``: a letter for each axis, after free leading axes.

    Attributes:
        text: the equation.
        free: number of leading axes of the input that the equation leaves to ``...``.
        source: letters of the input.
        kernel: letters of the kernel.
        result: letters of the output.
    """

    text: str
    free: int
    source: str
    kernel: str
    result: str

    def joined(self) -> int | None:
        """Return the number of axes that a MatMul sums over; None if it is not a MatMul."""
        most = len(self.source) if self.free else len(self.source) - 1
        for count in range(1, min(most + 1, len(self.kernel))):
            kept, summed = self.source[:-count], self.source[-count:]
            if self.kernel == summed + self.result[len(kept) :] and self.result.startswith(kept):
                return count if not set(summed) & set(self.result) else None
        return None


def einsum_weights(options: Options) -> tuple[WeightRole, ...]:
    """Return the weights of EinsumDense: kernel, and bias if axes for it are named."""
    if options.get("bias_axes"):
        return (WeightRole("kernel"), WeightRole("bias"))
    return (WeightRole("kernel"),)


def translate_einsum(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate EinsumDense, with its bias and its activation."""
    tensor = graph.channels_last(call.input)
    product = _parse(call, tensor)
    kernel = _kernel(call, product, tensor)
    sizes = dict(zip(product.source, tensor.shape[product.free :], strict=True))
    sizes |= dict(zip(product.kernel, kernel.shape, strict=True))
    shape = (*tensor.shape[: product.free], *(sizes[letter] for letter in product.result))
    count = product.joined()
    if count is None:
        weight = graph.weight(call.weights_path, "kernel", kernel)
        name = graph.operator("Einsum", [tensor.name, weight], equation=product.text)
    else:
        name = _matrix_product(call, tensor, kernel, count, graph)
    new = [letter for letter in product.result if letter not in product.source]
    # If the kernel adds two axes, as in the heads of an attention, neither holds the channels.
    result = Tensor(name, shape, channels=-1 if new == [product.result[-1]] else None)
    if "bias" in call.weights:
        bias = call.weight("bias", _bias_shape(call.options, product, sizes))
        result = graph.apply("Add", result, graph.weight(call.weights_path, "bias", bias))
    return activate(call.options, result, graph)


def _parse(call: LayerCall, tensor: Tensor) -> _Product:
    options = call.options
    equation = options.get("equation")
    if not isinstance(equation, str):
        raise options.wrong("equation", equation, "an equation such as 'abc,cd->abd'")
    text = equation.replace(" ", "")
    match = _EQUATION.fullmatch(text)
    if match is None or bool(match[1]) is not bool(match[4]):
        raise options.unsupported(f"has the equation {equation!r}")
    _, source, kernel, _, result = match.groups()
    free = tensor.rank - len(source)
    known = set(source) | set(kernel)
    if free < 0 or (free and not match[1]) or not set(result) <= known:
        raise options.wrong("equation", equation, f"one for an input of shape {tensor.shape}")
    return _Product(text, free, source, kernel, result)


def _kernel(call: LayerCall, product: _Product, tensor: Tensor) -> NDArray[np.float32]:
    """Return the kernel, whose sizes must match the input and the option output_shape."""
    stored = call.weights["kernel"].shape
    if len(stored) != len(product.kernel):
        raise call.options.wrong("equation", product.text, f"one for a kernel of shape {stored}")
    asked = call.options.get("output_shape")
    asked = asked if isinstance(asked, list) else [asked]
    if not all(size is None or is_whole(size) for size in asked):
        raise call.options.wrong("output_shape", asked, "whole numbers, or null for any")
    sizes = dict(zip(product.result[-len(asked) :], asked[-len(product.result) :], strict=True))
    sizes |= dict(zip(product.source, tensor.shape[product.free :], strict=True))
    expected = [sizes.get(letter) for letter in product.kernel]
    return call.weight(
        "kernel",
        tuple(size if size else real for size, real in zip(expected, stored, strict=True)),
    )


def _matrix_product(
    call: LayerCall, tensor: Tensor, kernel: NDArray[np.float32], count: int, graph: GraphBuilder
) -> str:
    """Return the product over the last `count` axes of the input, with one MatMul."""
    kept = [0] * (tensor.rank - count)  # a 0 copies the size
    summed, added = kernel.shape[:count], kernel.shape[count:]
    matrix = kernel.reshape(math.prod(summed), math.prod(added))
    name = tensor.name
    if count > 1:
        target = graph.integers("shape", [*kept, matrix.shape[0]])
        name = graph.operator("Reshape", [name, target])
    weight = graph.weight(call.weights_path, "kernel", matrix)
    name = graph.operator("MatMul", [name, weight])
    if len(added) > 1:
        name = graph.operator("Reshape", [name, graph.integers("shape", [*kept, *added])])
    return name


def _bias_shape(
    options: Options, product: _Product, sizes: dict[str, int | None]
) -> tuple[int, ...]:
    """Return the shape of the bias, from its first axis on, with 1 for missing axes."""
    axes = options.get("bias_axes")
    if not isinstance(axes, str) or not set(axes) <= set(product.result):
        raise options.wrong("bias_axes", axes, f"letters of the output of {product.text!r}")
    first = min(product.result.index(letter) for letter in axes)
    letters = [letter if letter in axes else None for letter in product.result[first:]]
    return tuple(1 if letter is None else sizes[letter] or 0 for letter in letters)


LAYERS: Mapping[str, LayerKind] = {
    "EinsumDense": LayerKind(
        translate=translate_einsum,
        options=layer_options("equation", "output_shape", "activation", "bias_axes"),
        weights=einsum_weights,
    ),
}
"""The layers of this module, by class."""

"""Translates LocallyConnected1D and 2D of Keras 2: convolutions with separate kernels per place.

Keras stores the kernels in one of three forms, by the option ``implementation``. All are converted
to the first: (places, window * channels, filters), the places and windows in row-major order.
The graph gathers the window of each place, and multiplies each with its own kernel.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onnxfi.converters.layers.activation import activate
from onnxfi.converters.options.known import layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult
from onnxfi.converters.translation.layer_kind import LayerKind, over_axes
from onnxfi.converters.translation.padding import window_size
from onnxfi.converters.translation.tensor import Tensor
from onnxfi.converters.translation.weight_roles import kernel_and_bias


@dataclass(frozen=True, slots=True)
class _Windows:
    """The windows of a layer on its input.

    Attributes:
        lengths: sizes of the axes of the input between batch and channels.
        channels: number of channels.
        size: sizes of the kernel.
        outer: sizes of the same axes of the output.
        filters: number of channels of the output.
        positions: for each axis, the position in the input of each element of each window, (place,
            element); positions in the padding lie outside the input.
    """

    lengths: tuple[int, ...]
    channels: int
    size: tuple[int, ...]
    outer: tuple[int, ...]
    filters: int
    positions: tuple[NDArray[np.int64], ...]


def translate_locally_connected(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate LocallyConnected1D and 2D."""
    windows = _windows(call)
    kernel = graph.weight(call.weights_path, "kernel", _kernel(call, windows))
    gathered = _gathered(call.image(), windows, graph)
    product = graph.operator("MatMul", [gathered, kernel])  # (places, batch, filters)
    turned = graph.operator("Transpose", [product], perm=[1, 0, 2])
    target = graph.integers("shape", [-1, *windows.outer, windows.filters])
    name = graph.operator("Reshape", [turned, target])
    result = Tensor(name, (None, *windows.outer, windows.filters))
    if "bias" in call.weights:
        bias = call.weight("bias", (*windows.outer, windows.filters))
        if _channels_first(call):  # Keras reshapes here; it does not transpose
            bias = np.moveaxis(bias.reshape(windows.filters, *windows.outer), 0, -1)
        result = graph.apply("Add", result, graph.weight(call.weights_path, "bias", bias))
    return activate(call.options, result, graph)


def _channels_first(call: LayerCall) -> bool:
    return bool(call.options.get("data_format") == "channels_first")


def _windows(call: LayerCall) -> _Windows:
    options, axes = call.options, call.axes
    lengths = tuple(length for length in call.image().shape[1:-1] if length is not None)
    if len(lengths) != axes:
        raise options.unsupported(f"gets an input of unknown size, {call.image().shape}")
    padding = options.choice("padding", "valid", "valid", "same")
    size = options.per_axis("kernel_size", axes)
    strides = options.per_axis("strides", axes, 1)
    outer = tuple(
        window_size(length, window, stride, 1, padding) or 0
        for length, window, stride in zip(lengths, size, strides, strict=True)
    )
    if min(outer) < 1:
        raise options.wrong("kernel_size", size, f"one that fits into {lengths}")
    options.require_small(max(map(math.prod, zip(outer, size, strict=True))), "positions")
    # With the padding same a window's middle lies at every stride-th element.
    positions = tuple(
        np.arange(places)[:, np.newaxis] * stride
        + np.arange(window)
        - (window // 2 if padding == "same" else 0)
        for places, window, stride in zip(outer, size, strides, strict=True)
    )
    channels, filters = call.channels(), options.size("filters")
    return _Windows(lengths, channels, size, outer, filters, positions)


def _gathered(image: Tensor, windows: _Windows, graph: GraphBuilder) -> str:
    """Return the windows of an image as (places, batch, elements of a window)."""
    name = graph.channels_last(image).name
    axes = range(1, image.rank - 1)
    before = [max(0, -int(x.min())) for x in windows.positions]
    after = [
        max(0, int(x.max()) - length + 1)
        for x, length in zip(windows.positions, windows.lengths, strict=True)
    ]
    if any((*before, *after)):
        pads = graph.integers("pads", [0, *before, 0, 0, *after, 0])
        name = graph.operator("Pad", [name, pads], mode="constant")
    # From the last axis on, because each axis becomes two: places and elements of a window.
    for axis in reversed(axes):
        indices = graph.integers("positions", windows.positions[axis - 1] + before[axis - 1])
        name = graph.operator("Gather", [name, indices], axis=axis)
    places = [2 * axis - 1 for axis in axes]
    elements = [2 * axis for axis in axes]
    order = [*places, 0, *elements, 2 * len(axes) + 1]
    name = graph.operator("Transpose", [name], perm=order)
    inside = math.prod(windows.size) * windows.channels
    target = graph.integers("windows", [math.prod(windows.outer), -1, inside])
    return graph.operator("Reshape", [name, target])


def _kernel(call: LayerCall, windows: _Windows) -> NDArray[np.float32]:
    """Return the kernel as (places, elements of a window, filters)."""
    places, window = math.prod(windows.outer), math.prod(windows.size)
    wanted = (places, window * windows.channels, windows.filters)
    implementation = call.options.integer("implementation", 1)
    if implementation == 1:
        if call.options.get("padding", "valid") != "valid":
            raise call.options.wrong("padding", "same", "'valid' where implementation is 1")
        kernel = call.weight("kernel", wanted)
        if _channels_first(call):
            parts = kernel.reshape(places, windows.channels, window, windows.filters)
            kernel = parts.transpose(0, 2, 1, 3).reshape(wanted)
        return kernel
    if implementation not in (2, 3):
        raise call.options.wrong("implementation", implementation, "1, 2 or 3")
    first = _channels_first(call)
    inside, source, target = _connections(windows, channels_first=first)
    if implementation == 2:
        shapes = [
            (channels, *sizes) if first else (*sizes, channels)
            for sizes, channels in (
                (windows.lengths, windows.channels),
                (windows.outer, windows.filters),
            )
        ]
        stored = call.weight("kernel", (*shapes[0], *shapes[1]))
        matrix = stored.reshape(math.prod(shapes[0]), math.prod(shapes[1]))
        values = matrix[source, target]
    else:
        # The elements of a sparse matrix in the order of their rows, which are the outputs'.
        order = np.lexsort((source, target))
        values = np.empty(len(order), np.float32)
        values[order] = call.weight("kernel", (len(order),))
    kernel = np.zeros(inside.shape, np.float32)
    kernel[inside] = values
    return kernel.reshape(wanted)


def _connections(
    windows: _Windows, *, channels_first: bool
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
    """Return the elements of the windows that lie inside the input, and the values they connect.

    Returns:
        bool, (places, elements of a window, channels, filters); and for each that is true the flat
        indices of the input and of the output, in the data format of the layer.
    """
    sides = []
    for sizes, channels, axes in (
        (windows.lengths, windows.channels, windows.positions),
        (windows.outer, windows.filters, tuple(np.arange(x)[:, np.newaxis] for x in windows.outer)),
    ):
        spatial, inside = _flat_positions(sizes, axes)
        offsets = np.arange(channels)
        factor = (1, math.prod(sizes)) if channels_first else (channels, 1)
        flat = spatial[..., np.newaxis] * factor[0] + offsets * factor[1]
        sides.append((flat, inside))
    (source, inside), (target, _) = sides
    shape = (*source.shape, windows.filters)
    inside = np.broadcast_to(inside[..., np.newaxis, np.newaxis], shape)
    source = np.broadcast_to(source[..., np.newaxis], shape)
    target = np.broadcast_to(target[:, :, np.newaxis, :], shape)
    return inside, source[inside], target[inside]


def _flat_positions(
    sizes: Sequence[int], axes: Sequence[NDArray[np.int64]]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return flat positions and whether they are inside, of (place, element) for each axis."""
    flat = np.zeros((1, 1), np.int64)
    inside = np.ones((1, 1), bool)
    for size, positions in zip(sizes, axes, strict=True):
        within = (positions >= 0) & (positions < size)
        shape = (flat.shape[0] * positions.shape[0], flat.shape[1] * positions.shape[1])
        mixed = flat[:, np.newaxis, :, np.newaxis] * size + positions[:, np.newaxis, :]
        flat = mixed.reshape(shape)
        joined = inside[:, np.newaxis, :, np.newaxis] & within[:, np.newaxis, :]
        inside = joined.reshape(shape)
    return flat, inside


LAYERS: Mapping[str, LayerKind] = over_axes(
    "LocallyConnected{}",
    LayerKind(
        translate=translate_locally_connected,
        options=layer_options(
            *("kernel_size", "strides", "padding", "data_format", "filters", "activation"),
            *("use_bias", "implementation"),
        ),
        weights=kernel_and_bias,
    ),
    axes=(1, 2),
)
"""The layers of this module, by class."""

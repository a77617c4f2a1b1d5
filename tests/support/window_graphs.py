"""Small graphs of images for windows to go through.

Weights and images are small whole numbers, so that every sum is exact in whatever order a kernel
takes it.
"""

from typing import Any

import numpy as np
import onnx

from tests.support.small_graphs import model, node, value

SHAPE = (1, 3, 13, 17)

Weights = dict[str, np.ndarray | np.generic]


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-2, 3, shape).astype(np.float32)


def convolution(
    read: str,
    made: str,
    weights: Weights,
    shape: tuple[int, ...],
    op: str = "Conv",
    **attributes: Any,
) -> onnx.NodeProto:
    weights[f"{made}_w"] = numbers(*shape, seed=len(weights))
    return node(op, f"{read} {made}_w", made, kernel_shape=list(shape[2:]), **attributes)


def chain() -> onnx.ModelProto:
    """Kernels, strides, paddings and dilations of many kinds, one after the other."""
    w: Weights = {}
    nodes = [
        convolution("x", "a", w, (4, 3, 3, 3), pads=[1, 1, 1, 1]),
        node("Relu", "a", "b"),
        convolution("b", "c", w, (4, 4, 3, 2), strides=[2, 1], pads=[0, 1, 2, 0]),
        convolution("c", "d", w, (16, 4, 1, 1)),
        node("MaxPool", "d", "e", kernel_shape=[3, 3], strides=[1, 2], pads=[1, 1, 1, 1]),
        convolution("e", "y", w, (2, 16, 2, 2), dilations=[1, 2]),
    ]
    return model(nodes, [value("x", list(SHAPE))], [value("y", None)], w)


def branches() -> onnx.ModelProto:
    """A residual block that halves the image, and a concatenation."""
    w: Weights = {"bias": numbers(1, 4, 1, 1, seed=9)}
    nodes = [
        convolution("x", "a", w, (4, 3, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", "a", "b"),
        convolution("b", "c", w, (4, 4, 3, 3), pads=[1, 1, 1, 1]),
        convolution("x", "s", w, (4, 3, 1, 1), strides=[2, 2]),
        node("Add", "c s", "d"),
        node("Relu", "d", "e"),
        convolution("e", "f", w, (2, 4, 3, 3), pads=[1, 1, 1, 1]),
        convolution("e", "g", w, (3, 4, 1, 1)),
        node("Concat", "f g", "h", axis=1),
        convolution("h", "i", w, (4, 5, 3, 3), pads=[1, 1, 1, 1]),
        node("Add", "i bias", "j"),
        node("AveragePool", "j", "y", kernel_shape=[2, 2], strides=[2, 2]),
    ]
    return model(nodes, [value("x", list(SHAPE))], [value("y", None)], w)


def beyond() -> onnx.ModelProto:
    """What follows the windows needs the whole image, and so does a second reader."""
    w: Weights = {}
    nodes = [
        convolution("x", "a", w, (16, 3, 3, 3), pads=[1, 1, 1, 1]),
        node("Relu", "a", "b"),
        node("MaxPool", "b", "c", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
        convolution("c", "d", w, (16, 16, 3, 3), pads=[1, 1, 1, 1]),
        node("GlobalMaxPool", "d", "e"),
        node("GlobalMaxPool", "b", "f"),
        node("Add", "e f", "y"),
    ]
    return model(nodes, [value("x", list(SHAPE))], [value("y", None)], w)


def decoder() -> onnx.ModelProto:
    """A U-Net of two levels: to the coarser grid and back, beside a skip, and finer."""
    w: Weights = {"twice": np.array([1, 1, 2, 2], np.float32)}
    nodes = [
        convolution("x", "a", w, (16, 3, 3, 3), pads=[1, 1, 1, 1]),
        node("Relu", "a", "b"),
        node("MaxPool", "b", "c", kernel_shape=[2, 2], strides=[2, 2]),
        convolution("c", "d", w, (4, 16, 3, 3), pads=[1, 1, 1, 1]),
        node("Resize", "d - twice", "e", mode="nearest"),
        node("Concat", "b e", "f", axis=1),
        convolution("f", "g", w, (3, 20, 3, 3), pads=[1, 1, 1, 1]),
        convolution("g", "h", w, (3, 2, 4, 4), "ConvTranspose", strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", "h", "y"),
    ]
    return model(nodes, [value("x", [1, 3, 12, 16])], [value("y", None)], w)


def upward() -> onnx.ModelProto:
    """Enlargements of all kinds, one after the other."""
    w: Weights = {
        "twice": np.array([1, 1, 2, 2], np.float32),
        "sizes": np.array([1, 3, 60, 56]),
        "once": np.array([1, 1, 1, 2], np.float32),
    }
    nodes = [
        convolution(
            *("x", "a", w, (3, 4, 3, 2), "ConvTranspose"),
            strides=[2, 2],
            pads=[1, 0, 1, 0],
            output_padding=[1, 0],
        ),
        node("Resize", "a - twice", "b", mode="linear"),
        convolution("b", "c", w, (3, 4, 3, 3), pads=[1, 1, 1, 1]),
        node(
            *("Resize", "c - - sizes", "d"),
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
        convolution("d", "e", w, (3, 2, 3, 3), "ConvTranspose", dilations=[2, 1]),
        node("Resize", "e - once", "f", mode="nearest"),
        convolution("f", "y", w, (2, 2, 1, 2), strides=[1, 2]),
    ]
    return model(nodes, [value("x", [1, 3, 5, 7])], [value("y", None)], w)


def quantised() -> onnx.ModelProto:
    """Convolutions of integers, in the form that ONNX Runtime makes integer operators of."""
    w: Weights = {"s": np.float32(1), "z": np.int8(0)}

    def integers(name: str) -> list[onnx.NodeProto]:
        return [
            node("QuantizeLinear", f"{name} s z", f"{name}_q"),
            node("DequantizeLinear", f"{name}_q s z", f"{name}_d"),
        ]

    nodes = [*integers("x")]
    for read, made, after in (("x", "a", 3), ("a", "b", 4)):
        w[f"{made}_w"] = numbers(4, after, 3, 3, seed=after).astype(np.int8)
        nodes += [
            node("DequantizeLinear", f"{made}_w s z", f"{made}_w_d"),
            node("Conv", f"{read}_d {made}_w_d", made, pads=[1, 1, 1, 1]),
            *integers(made),
        ]
    nodes += [
        node("MaxPool", "b_d", "p", kernel_shape=[2, 2], strides=[2, 2]),
        *integers("p"),
        node("Identity", "p_d", "y"),
    ]
    return model(nodes, [value("x", list(SHAPE))], [value("y", None)], w)

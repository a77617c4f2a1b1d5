"""Makes random small operators, as a geometry and as loops."""

from dataclasses import dataclass

import numpy as np

from onnxfi.error_models.hardware.geometry import (
    Geometry,
    convolution,
    product,
    transposed_convolution,
)
from tests.error_models.hardware import loops


@dataclass(frozen=True)
class Case:
    """A random operator.

    Attributes:
        x_shape: shape of the input.
        w_shape: shape of the weight.
        geometry: the geometry under test.
        looped: the same operator by loops.
    """

    x_shape: tuple[int, ...]
    w_shape: tuple[int, ...]
    geometry: Geometry
    looped: loops.Looped


KINDS = ("convolution", "depthwise", "transposed", "gemm", "matmul")


def random_case(kind: str, rng: np.random.Generator) -> Case:
    """Make an operator of a kind."""
    if kind in ("gemm", "matmul"):
        return _product(kind, rng)
    axes = int(rng.integers(1, 3))

    def some(low: int, high: int) -> tuple[int, ...]:
        return tuple(rng.integers(low, high + 1, axes).tolist())

    group = int(rng.integers(1, 4))
    inputs, outputs = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    if kind == "depthwise":
        group, inputs = int(rng.integers(2, 5)), 1
    strides, dilations, kernel = some(1, 3), some(1, 2), some(1, 3)
    reach = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True))
    begin, end = some(0, 2), some(0, 2)
    lengths = tuple(r + extra for r, extra in zip(reach, some(0, 4), strict=True))
    batch = int(rng.integers(1, 3))
    x = (batch, group * inputs, *lengths)
    if kind == "transposed":
        w = (group * inputs, outputs, *kernel)
        begin, end = (0,) * axes, tuple(min(e, r - 1) for e, r in zip(end, reach, strict=True))
        begin = tuple(int(rng.integers(0, max(1, r - e))) for r, e in zip(reach, end, strict=True))
        extra = tuple(int(rng.integers(0, s)) for s in strides)
        looped = loops.transposed_convolution(x, w, group, strides, dilations, begin + end, extra)
        geometry = transposed_convolution(
            x,
            w,
            looped.y_shape,
            group=group,
            strides=strides,
            dilations=dilations,
            pads=begin + end,
        )
        return Case(x, w, geometry, looped)
    w = (group * outputs, inputs, *kernel)
    looped = loops.convolution(x, w, group, strides, dilations, begin + end)
    geometry = convolution(
        x, w, group=group, strides=strides, dilations=dilations, pads=begin + end
    )
    return Case(x, w, geometry, looped)


def _product(kind: str, rng: np.random.Generator) -> Case:
    m, k, n = rng.integers(1, 7, 3).tolist()
    if kind == "gemm":
        tx, tw = bool(rng.integers(2)), bool(rng.integers(2))
        x, w = ((k, m) if tx else (m, k)), ((n, k) if tw else (k, n))
        return Case(
            x,
            w,
            product(x, w, transposed_x=tx, transposed_w=tw),
            loops.matrix_product(x, w, tx=tx, tw=tw),
        )
    shapes = [
        ((m, k), (k, n)),
        ((2, 3, m, k), (k, n)),
        ((2, 3, m, k), (2, 3, k, n)),
        ((2, 1, m, k), (3, k, n)),
        ((m, k), (2, k, n)),
        ((k,), (k, n)),
        ((m, k), (k,)),
        ((k,), (k,)),
    ]
    x, w = shapes[int(rng.integers(len(shapes)))]
    return Case(x, w, product(x, w), loops.matrix_product(x, w))

"""The operators of the random graphs: each takes a tensor, and draws its other operands."""

from collections.abc import Callable

import numpy as np

from tests.support.random_graphs.scope import LARGEST, Scope, Tensor, like, pattern
from tests.support.small_graphs import BOOL, FLOAT, INT64

MOST_ELEMENTS = 48
# What is larger is clipped before it is used, so that a few operators later it is still exact.
CALM = 2**16

#: Adds nodes to a scope and returns what they make of a tensor.
Operator = Callable[[Scope, Tensor], Tensor]


def is_number(x: Tensor) -> bool:
    return x.dtype != BOOL and x.role != "fixed"


def is_float(x: Tensor) -> bool:
    return x.dtype == FLOAT


def other(s: Scope, x: Tensor) -> Tensor:
    """Draw a second operand, possibly the same tensor again, that broadcasts to the first."""
    found = s.pick(
        lambda y: (
            y.dtype == x.dtype and y.role != "fixed" and y.largest <= CALM and y.fits_into(x.shape)
        )
    )
    return found or x


# Same shape and dtype out as in: these may stand in the branches of an If.


def unary(s: Scope, x: Tensor) -> Tensor:
    op = s.one_of("Neg", "Abs", *["Relu"] * is_float(x))
    return s.node(op, [x], like(x, role="data"))[0]


def identities(s: Scope, x: Tensor) -> Tensor:
    for _ in range(s.one_of(1, 2, 3)):
        (x,) = s.node("Identity", [x], like(x))
    return x


def binary(s: Scope, x: Tensor) -> Tensor:
    y = other(s, x)
    largest = {"Add": x.largest + y.largest, "Sub": x.largest + y.largest}
    largest |= {"Max": max(x.largest, y.largest), "Min": max(x.largest, y.largest)}
    if x.largest * y.largest < CALM:
        largest["Mul"] = x.largest * y.largest
    op = s.one_of(*largest)
    operands = s.one_of([x, y], [y, x])
    return s.node(op, operands, like(x, largest=largest[op], role="data"))[0]


def variadic(s: Scope, x: Tensor) -> Tensor:
    operands = [x, other(s, x), other(s, x)]
    largest = sum(y.largest for y in operands)
    return s.node(s.one_of("Sum", "Max"), operands, like(x, largest=largest, role="data"))[0]


def clip(s: Scope, x: Tensor) -> Tensor:
    """One of the limits may be left out; a tensor that is not calm gets both."""
    limits: list[Tensor | None] = [s.constant(np.array(z, np.float32)) for z in (-4, 4)]
    if x.largest <= CALM:
        limits[0] = s.one_of(limits[0], None)
    largest = max(y.largest if y else x.largest for y in limits)
    return s.node("Clip", [x, *limits], like(x, largest=largest))[0]


def dropout(s: Scope, x: Tensor) -> Tensor:
    """In inference it hands its input through; its second output is optional."""
    mask = s.one_of(None, like(x, dtype=BOOL))
    return s.node("Dropout", [x], like(x), mask)[0]


def where(s: Scope, x: Tensor) -> Tensor:
    y = other(s, x)
    condition = s.pick(lambda z: z.dtype == BOOL and z.fits_into(x.shape)) or compare(s, x)
    largest = max(x.largest, y.largest)
    return s.node("Where", [condition, x, y], like(x, largest=largest, role="data"))[0]


# Another shape or dtype.


def compare(s: Scope, x: Tensor) -> Tensor:
    op = s.one_of("Greater", "Equal")
    return s.node(op, [x, other(s, x)], like(x, dtype=BOOL, role="data"))[0]


def logic(s: Scope, x: Tensor) -> Tensor:
    op = s.one_of("Not", "And", "Or", "Xor")
    operands = [x] if op == "Not" else [x, other(s, x)]
    return s.node(op, operands, like(x))[0]


def cast(s: Scope, x: Tensor) -> Tensor:
    to = s.one_of(*({FLOAT, INT64, BOOL} - {x.dtype}))
    largest = 1 if BOOL in (x.dtype, to) else x.largest
    return s.node("Cast", [x], like(x, dtype=to, largest=largest, role="data"), to=to)[0]


def transpose(s: Scope, x: Tensor) -> Tensor:
    return s.node("Transpose", [x], like(x, shape=x.shape[::-1]))[0]


def reshape(s: Scope, x: Tensor) -> Tensor:
    """To one axis or two, or to a shape that is computed from another tensor."""
    source = s.pick(lambda y: y.size == x.size)
    if s.one_of(True, False) or source is None:
        shape = s.one_of([-1], [1, -1], [0, -1])
        to = s.fixed(shape)
        made = np.empty(x.shape).reshape([x.shape[0] if n == 0 else n for n in shape]).shape
    else:
        made = source.shape
        (to,) = s.node(
            "Shape", [source], like(source, shape=(len(made),), dtype=INT64, role="fixed")
        )
    return s.node("Reshape", [x, to], like(x, shape=made))[0]


def slice_last(s: Scope, x: Tensor) -> Tensor:
    """All but the first along the last axis, or every second one from the end."""
    start, end, step = s.one_of((1, LARGEST, 1), (-1, -LARGEST, -2))
    length = len(range(x.shape[-1])[start : end if step > 0 else None : step])
    limits = [s.fixed([z]) for z in (start, end, -1, step)]
    return s.node("Slice", [x, *limits], like(x, shape=(*x.shape[:-1], length)))[0]


def split(s: Scope, x: Tensor) -> Tensor:
    sizes = (1, x.shape[-1] - 1)
    outputs = [like(x, shape=(*x.shape[:-1], n)) for n in sizes]
    return s.node("Split", [x, s.fixed(sizes)], *outputs, axis=-1)[0]


def top_k(s: Scope, x: Tensor) -> Tensor:
    top = like(x, shape=(*x.shape[:-1], 2))
    which = like(top, dtype=INT64, role="index", largest=x.shape[-1] - 1)
    return s.node("TopK", [x, s.fixed([2])], top, which)[0]


def arg_max(s: Scope, x: Tensor) -> Tensor:
    keep = s.one_of(1, 0)
    shape = x.shape[:-1] + (1,) * keep
    best = like(x, shape=shape, dtype=INT64, role="index", largest=x.shape[-1] - 1)
    return s.node("ArgMax", [x], best, axis=-1, keepdims=keep)[0]


def gather(s: Scope, x: Tensor) -> Tensor:
    """Along the last axis, with indices that are constant or computed."""
    last = x.shape[-1] - 1
    most = MOST_ELEMENTS // max(1, int(np.prod(x.shape[:-1])))
    index = s.pick(lambda y: y.role == "index" and y.largest <= last and y.size <= most)
    index = index or s.constant(np.array([last, 0]), role="index", largest=last)
    return s.node("Gather", [x, index], like(x, shape=x.shape[:-1] + index.shape), axis=-1)[0]


def concat(s: Scope, x: Tensor) -> Tensor:
    y = s.pick(
        lambda y: (
            y.dtype == x.dtype
            and y.role != "fixed"
            and len(y.shape) == len(x.shape)
            and y.shape[:-1] == x.shape[:-1]
            and y.size + x.size <= MOST_ELEMENTS
        )
    )
    parts = [x, y or x]
    made = like(
        x,
        shape=(*x.shape[:-1], sum(z.shape[-1] for z in parts)),
        largest=max(z.largest for z in parts),
        role=x.role if {z.role for z in parts} == {"index"} else "data",
    )
    return s.node("Concat", parts, made, axis=-1)[0]


def reduce_sum(s: Scope, x: Tensor) -> Tensor:
    axis, keep = s.one_of(-1, 0), s.one_of(True, False)
    shape = np.zeros(x.shape).sum(axis, keepdims=keep).shape
    made = like(x, shape=shape, largest=x.shape[axis] * x.largest, role="data")
    return s.node("ReduceSum", [x, s.fixed([axis])], made, keepdims=keep)[0]


def cum_sum(s: Scope, x: Tensor) -> Tensor:
    """Along the last axis, or along the first: that mixes samples and keeps the shape."""
    axis = s.one_of(-1, 0)
    made = like(x, largest=x.shape[axis] * x.largest, role="data")
    return s.node("CumSum", [x, s.fixed(axis)], made, reverse=s.one_of(0, 1))[0]


def matmul(s: Scope, x: Tensor) -> Tensor:
    n = x.shape[-1]
    y = s.pick(
        lambda y: (
            y.dtype == FLOAT
            and len(y.shape) == 2
            and y.shape[0] == n
            and n * x.largest * y.largest < LARGEST // 2
            and x.size // n * y.shape[1] <= MOST_ELEMENTS
        )
    )
    y = y or s.constant(pattern((n, 2), 1).astype(np.float32))
    made = like(x, shape=(*x.shape[:-1], y.shape[1]), largest=n * x.largest * y.largest)
    return s.node("MatMul", [x, y], made)[0]

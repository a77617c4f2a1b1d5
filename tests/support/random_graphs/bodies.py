"""The operators with bodies: If, Loop and Scan, whose bodies capture tensors from outside."""

import numpy as np
from onnx.reference.ops.op_scan import Scan

from tests.support.random_graphs.operators import (
    CALM,
    Operator,
    binary,
    clip,
    compare,
    identities,
    is_float,
    other,
    unary,
    variadic,
    where,
)
from tests.support.random_graphs.scope import Scope, Tensor, like, pattern
from tests.support.small_graphs import BOOL, FLOAT, INT64

DEEPEST_IF = 2
# Since onnx 1.22.
REFERENCE_SCAN_CAPTURES = "need_context" in vars(Scan)


def if_node(s: Scope, x: Tensor) -> Tensor:
    """An If with one or two outputs; the branches capture, and may hold another If."""
    condition = s.pick(lambda y: y.dtype == BOOL and y.shape == ()) or _condition(s, x)
    count = s.one_of(1, 2)
    bodies, branches, largest = [], [], 0
    for _ in range(2):
        body = Scope(s.draw, outer=s)
        made = [x]
        for _ in range(count):
            made.append(s.one_of(*_steps(body, made[-1]))(body, made[-1]))
        bodies.append(body)
        branches.append(body.body([], made[1:]))
        largest = max(largest, *(y.largest for y in made))
    outputs = [like(x, largest=largest)] * count
    return s.node(
        "If",
        [condition],
        *outputs,
        bodies=bodies,
        then_branch=branches[0],
        else_branch=branches[1],
    )[0]


def _condition(s: Scope, x: Tensor) -> Tensor:
    (total,) = s.node("ReduceSum", [x], like(x, shape=(), largest=x.size * x.largest), keepdims=0)
    return compare(s, total)


def _steps(s: Scope, x: Tensor) -> list[Operator]:
    if x.largest > CALM:
        return [clip]
    steps: list[Operator] = [unary, identities, binary, variadic, clip, where]
    return steps + [if_node] * (s.depth < DEEPEST_IF)


def loop(s: Scope, x: Tensor) -> Tensor:
    """A Loop that adds a captured tensor up to three times and collects flat copies."""
    trips = s.one_of(1, 2, 3)
    body = Scope(s.draw, outer=s)
    number, go = body.tensor((), INT64, largest=trips), body.tensor((), BOOL, largest=1)
    state = body.tensor(x.shape, FLOAT, largest=x.largest)
    added = other(s, x)
    grown = like(x, largest=x.largest + trips * added.largest)
    (go_on,) = body.node("Identity", [go], go)
    (after,) = body.node("Add", [state, added], grown)
    (flat,) = body.node("Reshape", [after, body.fixed([-1])], like(grown, shape=(x.size,)))
    return s.node(
        "Loop",
        [s.fixed(trips), s.constant(np.array(True), role="fixed"), x],
        grown,
        like(grown, shape=(trips, x.size)),
        bodies=[body],
        body=body.body([number, go, state], [go_on, after, flat]),
    )[0]


def scan(s: Scope, x: Tensor) -> Tensor:
    """A Scan that adds up the rows of a tensor, and takes a captured tensor from each.

    Where the reference cannot run that, it takes the sum so far instead.
    """
    row_shape = x.shape[1:]
    start = s.pick(lambda y: is_float(y) and y.shape == row_shape and y.largest <= CALM)
    start = start or s.constant(pattern(row_shape, 2).astype(np.float32))
    body = Scope(s.draw, outer=s)
    total = body.tensor(row_shape, FLOAT, largest=start.largest + x.shape[0] * x.largest)
    row = body.tensor(row_shape, FLOAT, largest=x.largest)
    taken = other(s, start) if REFERENCE_SCAN_CAPTURES else total
    (after,) = body.node("Add", [total, row], total)
    (less,) = body.node("Sub", [row, taken], like(row, largest=x.largest + taken.largest))
    return s.node(
        "Scan",
        [start, x],
        like(total),
        like(x, largest=less.largest),
        bodies=[body],
        body=body.body([total, row], [after, less]),
        num_scan_inputs=1,
    )[0]

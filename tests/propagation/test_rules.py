"""Every rule gives, bit by bit, what ONNX Runtime gives for the dense tensor."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from small_graphs import model, node, value, weights

import onnxfi
from onnxfi.error_models import Corruption
from onnxfi.propagation import Propagator, find_region
from onnxfi.runtime import Session

SPECIAL = [np.nan, -0.0, 0.0, np.inf, -np.inf, 1e-40, -1e-40, 3.4e38, -3.4e38, 1.0, -1.0]
LANES = 6


@dataclass(frozen=True)
class Case:
    """One node: what it computes, and on what."""

    id: str
    op: str
    shape: tuple[int, ...]
    inputs: str = "x"
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    opset: int = 17


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


IMAGE = (1, 3, 6, 7)
PARAMETERS = {name: np.abs(weights(3, seed=seed)) for seed, name in enumerate("sbmv")}
CASES = [
    Case("relu", "Relu", IMAGE),
    Case("leaky relu", "LeakyRelu", IMAGE, attributes={"alpha": 0.1}),
    Case("neg", "Neg", IMAGE),
    Case("abs", "Abs", IMAGE),
    Case("clip", "Clip", IMAGE, "x low high", {"low": floats(0)[0], "high": floats(6)[0]}),
    Case("clip above only", "Clip", IMAGE, "x - high", {"high": floats(0.5)[0]}),
    Case("clip by attributes", "Clip", IMAGE, attributes={"min": -0.5, "max": 0.5}, opset=9),
    Case("add", "Add", IMAGE, "x c", {"c": weights(*IMAGE)}),
    Case("add one per channel", "Add", IMAGE, "c x", {"c": weights(3, 1, 1)}),
    Case("add itself", "Add", IMAGE, "x x"),
    Case("sum", "Sum", IMAGE, "x c", {"c": weights(*IMAGE)}),
    Case("sub", "Sub", IMAGE, "c x", {"c": weights(7)}),
    Case("mul", "Mul", IMAGE, "x c", {"c": floats(0.3)}),
    Case("div", "Div", IMAGE, "x c", {"c": weights(1, 3, 1, 1)}),
    Case("div by it", "Div", IMAGE, "c x", {"c": weights(*IMAGE)}),
    Case("batch normalization", "BatchNormalization", IMAGE, "x s b m v", PARAMETERS),
    Case("identity", "Identity", IMAGE),
    Case("dropout", "Dropout", IMAGE),
    Case("reshape", "Reshape", IMAGE, "x s", {"s": ints(0, -1)}),
    Case("flatten", "Flatten", IMAGE),
    Case("squeeze", "Squeeze", IMAGE, "x a", {"a": ints(0)}),
    Case("unsqueeze", "Unsqueeze", IMAGE, "x a", {"a": ints(2)}),
    Case("unsqueeze a scalar", "Unsqueeze", (), "x a", {"a": ints(0)}),
    Case("transpose", "Transpose", IMAGE, attributes={"perm": [0, 2, 3, 1]}),
    Case("concat", "Concat", IMAGE, "c x", {"c": weights(1, 2, 6, 7)}, {"axis": 1}),
    Case("concat twice", "Concat", IMAGE, "x x", attributes={"axis": 2}),
    Case("slice", "Slice", IMAGE, "x s e", {"s": ints(0, 1, 2), "e": ints(1, 3, 5)}),
    Case("pad", "Pad", IMAGE, "x p", {"p": ints(0, 0, 1, 2, 0, 0, 0, 1)}),
    Case(
        "pad with a number that looks like an index",
        "Pad",
        IMAGE,
        "x p c",
        {"p": ints(0, 0, 1, 1, 0, 0, 1, 1), "c": floats(5)[0]},
    ),
    Case("pad reflected", "Pad", IMAGE, "x p", {"p": ints(*[0, 0, 1, 2] * 2)}, {"mode": "reflect"}),
    Case("tile", "Tile", (1, 2, 3), "x r", {"r": ints(1, 2, 2)}),
    Case("expand", "Expand", (1, 3, 1), "x s", {"s": ints(1, 3, 4)}),
    Case("depth to space", "DepthToSpace", (1, 8, 2, 3), attributes={"blocksize": 2}),
    Case("space to depth", "SpaceToDepth", (1, 2, 4, 6), attributes={"blocksize": 2}),
    Case(
        "resize nearest", "Resize", IMAGE, "x - s", {"s": floats(1, 1, 2, 2)}, {"mode": "nearest"}
    ),
    Case("max pool", "MaxPool", IMAGE, attributes={"kernel_shape": [2, 2], "strides": [2, 2]}),
    Case(
        "max pool that overlaps and pads",
        "MaxPool",
        IMAGE,
        attributes={"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]},
    ),
    Case(
        "max pool with a ceiling",
        "MaxPool",
        IMAGE,
        attributes={"kernel_shape": [3, 2], "strides": [2, 3], "ceil_mode": 1},
    ),
    Case(
        "max pool dilated",
        "MaxPool",
        IMAGE,
        attributes={"kernel_shape": [2, 3], "dilations": [2, 1]},
    ),
    Case(
        "max pool of equal size",
        "MaxPool",
        IMAGE,
        attributes={"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
    ),
    Case("max pool along one axis", "MaxPool", (1, 2, 9), attributes={"kernel_shape": [3]}),
    Case("max pool of volumes", "MaxPool", (1, 2, 4, 3, 5), attributes={"kernel_shape": [2, 2, 2]}),
]


def model_of(case: Case) -> onnxfi.Model:
    proto = model(
        [node(case.op, case.inputs, "y", **case.attributes)],
        [value("x", list(case.shape))],
        [value("y", None)],
        case.weights,
    )
    proto.opset_import[0].CopyFrom(helper.make_opsetid("", case.opset))
    return onnxfi.load(onnx.shape_inference.infer_shapes(proto))


corruptions = st.lists(
    st.lists(
        st.tuples(
            st.integers(0, 10**6), st.one_of(st.sampled_from(SPECIAL), st.floats(-9, 9, width=32))
        ),
        min_size=1,
        max_size=5,
    ),
    min_size=LANES,
    max_size=LANES,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(case: Case) -> None:
    loaded = model_of(case)
    (stage,) = onnxfi.split(loaded, "x").stages
    region = find_region(stage)
    assert len(region.steps) == 1, "there is no rule"
    session = Session(loaded)
    propagator = Propagator(region)

    @settings(max_examples=15, deadline=None, derandomize=True, database=None)
    @given(corruptions, st.integers(0, 3))
    def check(drawn: list[list[tuple[int, float]]], seed: int) -> None:
        x = weights(*case.shape, seed=seed)
        if seed % 2:
            x = np.asarray(np.maximum(x, 0))  # as after a Relu, with its many zeros
        golden = {"x": x, **session.run({"x": x})}
        lanes = [corruption(sites, x.size) for sites in drawn]
        pushed = propagator.push({"x": lanes}, golden)
        for lane, one in enumerate(lanes):
            if lane in pushed.refused:
                continue
            (dense,) = session.run({"x": one.apply(x)}).values()
            sparse = golden["y"].copy()
            if "y" in pushed.patches:
                lane_of, index = np.divmod(pushed.patches["y"].keys, sparse.size)
                mine = lane_of == lane
                sparse.reshape(-1)[index[mine]] = pushed.patches["y"].values[mine]
            assert sparse.tobytes() == dense.tobytes()
            survives = lane in pushed.surviving(["y"], golden)
            assert survives == (dense.tobytes() != golden["y"].tobytes())

    check()


def corruption(sites: list[tuple[int, float]], size: int) -> Corruption:
    """Return the corruption of sites anywhere; of two at one place the last one counts."""
    by_index = {index % size: number for index, number in sites}
    indices = np.array(sorted(by_index), np.int64)
    values = np.array([by_index[int(x)] for x in indices], np.float32)
    return Corruption(indices, values)


def pushed_lanes(case: Case, x: np.ndarray, numbers: list[float]) -> tuple[int, frozenset[int]]:
    """Corrupt the first element in each lane; return how many survive, and who is refused."""
    loaded = model_of(case)
    (stage,) = onnxfi.split(loaded, "x").stages
    region = find_region(stage)
    golden = {"x": x, **Session(loaded).run({"x": x})}
    lanes = [corruption([(0, number)], x.size) for number in numbers]
    pushed = Propagator(region).push({"x": lanes}, golden)
    return len(pushed.surviving(["y"], golden)), pushed.refused


def test_what_relu_swallows_leaves_nothing() -> None:
    x = np.full((1, 4), -1, np.float32)
    survivors, refused = pushed_lanes(Case("", "Relu", (1, 4)), x, [-5.0, -0.5, 2.0])
    assert (survivors, refused) == (1, frozenset())


def test_max_pooling_refuses_what_the_order_of_comparisons_decides() -> None:
    case = Case("", "MaxPool", (1, 1, 4), attributes={"kernel_shape": [2]})
    x = np.zeros((1, 1, 4), np.float32)
    _, refused = pushed_lanes(case, x, [np.nan, -0.0, 1.0])
    assert refused == frozenset({0, 1})


@pytest.mark.parametrize(
    "case",
    [
        Case("average", "AveragePool", IMAGE, attributes={"kernel_shape": [2, 2]}),
        Case("softmax", "Softmax", IMAGE),
        Case("sigmoid", "Sigmoid", IMAGE),
        Case("matmul", "MatMul", (2, 3), "x w", {"w": weights(3, 2)}),
        Case(
            "linear resize", "Resize", IMAGE, "x - s", {"s": floats(1, 1, 2, 2)}, {"mode": "linear"}
        ),
    ],
    ids=lambda case: case.id,
)
def test_no_rule(case: Case) -> None:
    (stage,) = onnxfi.split(model_of(case), "x").stages
    region = find_region(stage)
    assert region.steps == ()
    assert region.frontier == ("x",)

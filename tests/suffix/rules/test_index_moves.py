"""Operators that only move elements, of every dtype."""

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto

import onnxfi
from onnxfi.error_models import Constant
from onnxfi.suffix.patches import Patches
from onnxfi.suffix.phases.region import find_push_region
from onnxfi.suffix.rules.index_moves import index_move_rule
from onnxfi.suffix.rules.rule import Operand
from tests.support.rule_checks import check_rules, of_nodes, one_node
from tests.support.small_graphs import model, node, value

IMAGE = (1, 3, 6, 7)
DTYPES = [np.float16, np.float32, np.float64, np.int8, np.uint8, np.int32, np.int64, bool]


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


PADS = ints(0, 0, 1, 2, 0, 0, 0, 1)
#: What is moved how: operator, shape, other inputs by name, attributes.
CASES: dict[str, tuple[str, str, tuple[int, ...], dict[str, np.ndarray], dict[str, Any]]] = {
    "identity": ("Identity", "x", IMAGE, {}, {}),
    "dropout": ("Dropout", "x", IMAGE, {}, {}),
    "reshape": ("Reshape", "x s", IMAGE, {"s": ints(0, -1)}, {}),
    "flatten": ("Flatten", "x", IMAGE, {}, {}),
    "squeeze": ("Squeeze", "x a", IMAGE, {"a": ints(0)}, {}),
    "unsqueeze": ("Unsqueeze", "x a", IMAGE, {"a": ints(2)}, {}),
    "unsqueeze a scalar": ("Unsqueeze", "x a", (), {"a": ints(0)}, {}),
    "transpose": ("Transpose", "x", IMAGE, {}, {"perm": [0, 2, 3, 1]}),
    "concat": ("Concat", "c x", IMAGE, {"c": np.ones((1, 2, 6, 7))}, {"axis": 1}),
    "concat twice": ("Concat", "x x", IMAGE, {}, {"axis": 2}),
    "slice": ("Slice", "x s e", IMAGE, {"s": ints(0, 1, 2), "e": ints(1, 3, 5)}, {}),
    "pad": ("Pad", "x p", IMAGE, {"p": PADS}, {}),
    # The number looks like that of an element.
    "pad with a number": ("Pad", "x p c", IMAGE, {"p": PADS, "c": np.array(1.0)}, {}),
    "pad reflected": ("Pad", "x p", IMAGE, {"p": ints(*[0, 0, 1, 2] * 2)}, {"mode": "reflect"}),
    "tile": ("Tile", "x r", (1, 2, 3), {"r": ints(1, 2, 2)}, {}),
    "expand": ("Expand", "x s", (1, 3, 1), {"s": ints(1, 3, 4)}, {}),
    "gather": ("Gather", "x i", IMAGE, {"i": ints(2, 0, 0)}, {"axis": 1}),
    "gather one": ("Gather", "x i", IMAGE, {"i": np.array(-1)}, {"axis": 3}),
    "gather elements": ("GatherElements", "x i", (3, 4), {"i": ints(2, 0, 1, 1)[None]}, {}),
    "gather nd": ("GatherND", "x i", (3, 4), {"i": ints(2, 0, 1, 1).reshape(2, 2)}, {}),
    "trilu": ("Trilu", "x", (1, 5, 5), {}, {"upper": 0}),
    "depth to space": ("DepthToSpace", "x", (1, 8, 2, 3), {}, {"blocksize": 2}),
    "space to depth": ("SpaceToDepth", "x", (1, 2, 4, 6), {}, {"blocksize": 2}),
    "resize": (
        "Resize",
        "x - s",
        IMAGE,
        {"s": np.array([1, 1, 2, 2], np.float32)},
        {"mode": "nearest"},
    ),
}
F2, F8, I1, U1, I4, I8 = np.float16, np.float64, np.int8, np.uint8, np.int32, np.int64
# What ONNX Runtime has no kernel for; of float16 it converts to float32 and back.
LACKING: dict[str, list[type]] = {
    **{name: [F2] for name in ("pad", "pad with a number", "pad reflected", "tile")},
    "dropout": [F2, I1, U1, I4, I8, bool],
    "trilu": [F2, I1, U1],
    "depth to space": [F2, I4, I8, bool],
    "space to depth": [F2, I4, I8, bool],
    "resize": [F2, F8, I8, bool],
}


def proto_of(name: str, dtype: type) -> onnx.ModelProto:
    op, inputs, shape, others, attributes = CASES[name]
    weights = {n: x.astype(dtype) if n == "c" else x for n, x in others.items()}
    return one_node(op, inputs, shape, weights, dtype=dtype, **attributes)


def marks_of(dtype: type) -> list[pytest.MarkDecorator]:
    return [] if dtype in (np.float32, F2, I1) else [pytest.mark.nightly]


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        pytest.param(name, dtype, id=f"{name} {np.dtype(dtype)}", marks=marks_of(dtype))
        for name in CASES
        for dtype in DTYPES
        if dtype not in LACKING.get(name, ())
    ],
)
def test_moves(name: str, dtype: type) -> None:
    proto = proto_of(name, dtype)
    assert check_rules(proto, 0) == 0


@pytest.mark.parametrize("name", [name for name, dtypes in LACKING.items() if F2 in dtypes])
def test_moves_by_way_of_float32_have_no_rule(name: str) -> None:
    (stage,) = onnxfi.split(onnxfi.load(proto_of(name, F2)), "x").stages
    assert find_push_region(stage).nodes == ()


def test_both_operands_of_a_concat() -> None:
    nodes = [node("Neg", "x", "a"), node("Concat", "a x", "y", axis=1)]
    check_rules(of_nodes(nodes, (1, 2, 3), made={"y": np.float32}), 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8])
def test_parts_of_a_split(dtype: type) -> None:
    nodes = [node("Split", "x s", "a b c", axis=1), node("Neg", "b", "d")]
    made = {"a": dtype, "d": dtype, "c": dtype}
    proto = of_nodes(nodes, (1, 6, 4), {"s": ints(1, 3, 2)}, dtype=dtype, made=made)
    check_rules(proto, 0)


@pytest.mark.parametrize("most_kept", [1 << 26, 0])
def test_destinations_follow_the_golden_inputs_that_direct_them(
    most_kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bounds of the slice come from the graph, and change with the input."""
    monkeypatch.setattr("onnxfi.suffix.rules.index_moves._MOST_KEPT", most_kept)
    proto = model(
        [node("Conv", "x w", "c"), node("Slice", "c s e a", "y")],
        [value("x", [1, 1, 1, 6]), *(value(n, [1], TensorProto.INT64) for n in "se")],
        [value("y", None)],
        {"w": np.ones((1, 1, 1, 1), np.float32), "a": ints(3)},
    )
    loaded = onnxfi.load(proto)
    with onnxfi.Injector(loaded, "c", provider="cpu") as injector:
        for start in (0, 1, 3, 0):
            feeds = {"x": np.arange(6, dtype=np.float32).reshape(1, 1, 1, 6)}
            golden = injector.golden({**feeds, "s": ints(start), "e": ints(start + 2)})
            injections = injector.inject(golden, Constant(99.0), count=20)
            for injection in injections:
                (site,) = injection.corruptions[0].indices
                hit = golden.outputs["y"].copy().reshape(-1)
                if start <= site < start + 2:
                    hit[site - start] = 99
                assert injection.outputs["y"].reshape(-1).tolist() == hit.tolist()


@pytest.mark.parametrize(("most_kept", "kept"), [(1 << 26, 3), (0, 1)])
def test_destinations_are_kept_up_to_a_limit(
    most_kept: int, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onnxfi.suffix.rules.index_moves._MOST_KEPT", most_kept)
    inputs = [value("x", [1, 6]), value("i", ["N"], TensorProto.INT64)]
    proto = model([node("Gather", "x i", "y", axis=1)], inputs, [value("y", None)])
    loaded = onnxfi.load(proto)
    (gather,) = loaded.graph
    rule = index_move_rule(loaded, gather, [0], gather.outputs[0])
    assert rule is not None
    golden = np.arange(6, dtype=np.float32).reshape(1, 6)
    operand = Operand(golden, Patches(np.array([2]), np.array([9], np.float32)))
    for indices in (ints(2), ints(5), ints(2, 1), ints(2)):
        made = rule([operand, Operand(indices, None)], golden[:, indices])
        assert made.keys.tolist() == np.flatnonzero(indices == 2).tolist()
    assert len(rule._known) == kept  # type: ignore[attr-defined]  # noqa: SLF001

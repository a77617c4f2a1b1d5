"""Windows give what whole images give.

Weights and images are small whole numbers, so that every sum is exact in whatever order a kernel
takes it: what differs is a window in the wrong place.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.error_models import Corruption
from onnxfi.runtime import Session
from onnxfi.suffix import Batch, GoldenTensors, Patches, Policy, RunSettings
from onnxfi.suffix.phases.dense import Dense
from onnxfi.suffix.phases.phase import Entry
from onnxfi.suffix.phases.windows import Windows
from onnxfi.suffix.windows import LaneChange, Windowed, choose_pieces, find_pieces, model_behind
from onnxfi.suffix.windows.effort import Effort, follow
from tests.support.small_graphs import model, node, shape_of, value
from tests.support.window_graphs import (
    SHAPE,
    Weights,
    beyond,
    branches,
    chain,
    convolution,
    decoder,
    numbers,
    quantised,
    upward,
)


def at(row: int, column: int, x: np.ndarray, seed: int) -> Corruption:
    """Return a corruption of a channel or two at a place."""
    rng = np.random.default_rng(seed)
    channels = np.unique(rng.integers(0, x.shape[1], 2))
    indices = (channels * x.shape[2] + row) * x.shape[3] + column
    return Corruption(indices, rng.integers(-9, 10, indices.size).astype(np.float32))


@pytest.mark.thorough
@pytest.mark.parametrize("graph", [chain, branches, beyond, decoder, upward, quantised])
@pytest.mark.parametrize("box", [(1, 1), (3, 3), (2, 99), None])
def test_every_place(graph: Callable[[], onnx.ModelProto], box: tuple[int, int] | None) -> None:
    """Changes begin at every place; those of one size, and those of any sizes beside each other."""
    loaded = onnxfi.load(onnx.shape_inference.infer_shapes(graph()))
    pieces = find_pieces(loaded, ["x"])
    assert len(pieces) >= 2
    shape = shape_of(loaded)
    x = numbers(*shape, seed=1)
    windowed = Windowed(pieces, threads=1)
    assert (windowed.cut == ("y",)) == (graph is not beyond)
    golden = {"x": x, **windowed.run_whole({"x": x})}
    places = [(row, column) for row in range(shape[2]) for column in range(shape[3])]
    corruptions = []
    for number, (row, column) in enumerate(places):
        first = at(row, column, x, number)
        rows, columns = box or np.random.default_rng(number).integers(1, shape[2:]).tolist()
        last = at(min(row + rows, shape[2]) - 1, min(column + columns, shape[3]) - 1, x, number)
        corruptions.append(first if box == (1, 1) else Corruption(*joined(first, last)))
    found = run_windows(windowed, golden, corruptions)
    remainder = model_behind(loaded, pieces)
    whole, rest = Session(loaded), Session(remainder) if remainder.graph.outputs else None
    changed = 0
    for lane, corruption in enumerate(corruptions):
        (expected,) = whole.run({"x": corruption.apply(x)}).values()
        cut = {name: golden[name] for name in windowed.cut}
        for name, patch in found.get(lane, {}).items():
            cut[name] = patch.applied(golden[name])
        got = cut["y"] if rest is None else rest.run(cut)["y"]
        assert got.tobytes() == expected.tobytes(), places[lane]
        changed += bool(lane in found)
    assert changed > len(places) / 2


def run_windows(
    windowed: Windowed, golden: dict[str, np.ndarray], corruptions: list[Corruption]
) -> dict[int, LaneChange]:
    """Return the patches behind the windows of corruptions of ``x``, by lane."""
    count = len(corruptions)
    found: dict[int, LaneChange] = {}
    patches = {"x": Patches.of(corruptions, golden["x"].size)}
    batch = Batch(range(count), [GoldenTensors(golden)] * count, by_tensor=patches)
    for positions in windowed.groups(batch.by_tensor, batch.goldens):
        part = batch.select(positions)
        changes = windowed.run([x.values for x in part.goldens], part.by_tensor)
        found |= {part.lanes[n]: change for n, change in changes.items()}
    return found


def test_windows_up_to_the_outputs() -> None:
    """Nothing runs behind them; golden has the inputs and outputs only."""
    w: Weights = {}
    nodes = [
        convolution("x", "a", w, (4, 3, 3, 3), pads=[1, 1, 1, 1]),
        convolution("a", "y", w, (4, 4, 3, 3), pads=[1, 1, 1, 1]),
    ]
    proto = model(nodes, [value("x", [1, 3, 12, 16])], [value("y", None)], w)
    loaded = onnxfi.load(onnx.shape_inference.infer_shapes(proto))
    x = numbers(1, 3, 12, 16, seed=1)
    session = Session(loaded)
    golden = {"x": x, **session.run({"x": x})}
    corruptions = [at(row, 3, x, row) for row in range(12)]
    batch = Batch(
        range(12),
        [GoldenTensors(golden)] * 12,
        by_tensor={"x": Patches.of(corruptions, x.size)},
    )
    settings = RunSettings(threads=1, policy=Policy.force("windows"))
    windows = Windows(loaded, ["x"], Dense(loaded, ["x"], settings), no_entry, settings)
    assert windows.wanted(batch).all()
    results: dict[int, Any] = {}
    for part in windows.parts(batch):
        results.update(windows.run(part).checked(part).done)
    for lane, corruption in enumerate(corruptions):
        expected = session.run({"x": corruption.apply(x)})["y"]
        outputs = results[lane].outputs
        assert outputs is not None
        assert outputs.get("y", golden["y"]).tobytes() == expected.tobytes()


def no_entry(model: onnxfi.Model, tensors: Sequence[str]) -> Entry:
    raise AssertionError("Nothing is behind the windows.")


@pytest.mark.parametrize("size", [(14, 14), (7, 9), (5, 5), (3, 30)])
def test_transposed_convolutions_of_many_channels(size: tuple[int, int]) -> None:
    """Their sums are rounded, in an order that depends on the size of the window."""
    rng = np.random.default_rng(0)
    proto = model(
        [node("ConvTranspose", "x w", "y", strides=[2, 2])],
        [value("x", [1, 400, *size])],
        [value("y", None)],
        {"w": rng.normal(0, 1, (400, 3, 2, 2)).astype(np.float32)},
    )
    loaded = onnxfi.load(onnx.shape_inference.infer_shapes(proto))
    windowed = Windowed(find_pieces(loaded, ["x"]), threads=1)
    x = rng.normal(0, 1, (1, 400, *size)).astype(np.float32)
    golden = {"x": x, **windowed.run_whole({"x": x})}
    corruptions = [at(row, row, x, row) for row in range(min(size))]
    found = run_windows(windowed, golden, corruptions)
    for lane, corruption in enumerate(corruptions):
        expected = windowed.run_whole({"x": corruption.apply(x)})["y"]
        assert found[lane]["y"].applied(golden["y"]).tobytes() == expected.tobytes()


def joined(one: Corruption, other: Corruption) -> tuple[np.ndarray, np.ndarray]:
    values = dict(zip([*one.indices, *other.indices], [*one.values, *other.values], strict=True))
    indices = np.array(sorted(values))
    return indices, np.array([values[x] for x in indices], np.float32)


def test_pieces_have_the_bits_of_the_whole_where_convolutions_add_their_sums() -> None:
    """As in MobileNetV2; a convolution of so many channels adds what it is given first of all."""
    rng = np.random.default_rng(0)
    weights: Weights = {}
    nodes, read = [convolution("x", "start", {}, (16, 16, 1, 1))], "start"
    for block in "abc":
        wide, narrow, added = (f"{block}_{part}" for part in ("wide", "narrow", "added"))
        nodes += [
            convolution(read, wide, weights, (192, 16, 1, 1)),
            node("Relu", wide, f"{wide}_relu"),
            convolution(f"{wide}_relu", narrow, weights, (16, 192, 3, 3), pads=[1, 1, 1, 1]),
            node("Add", f"{read} {narrow}", added),
        ]
        read = added
    nodes.append(convolution(read, "y", weights, (16, 16, 3, 3)))
    shapes = {name: x.shape for name, x in weights.items()} | {"start_w": (16, 16, 1, 1)}
    weights = {name: rng.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}
    proto = model(nodes, [value("x", [1, 16, 12, 12])], [value("y", None)], weights)
    loaded = onnxfi.load(onnx.shape_inference.infer_shapes(proto))
    x = rng.normal(0, 1, (1, 16, 12, 12)).astype(np.float32)
    pieces = find_pieces(loaded, ["x"])
    assert len(pieces) >= 2
    made = Windowed(pieces, threads=1).run_whole({"x": x})
    assert made["y"].tobytes() == Session(loaded, threads=1).run({"x": x})["y"].tobytes()


def test_small_windows_pay_behind_a_large_one() -> None:
    """In the middle of a network that makes images smaller and larger again."""
    w: Weights = {"scales": np.array([1, 1, 8, 8], np.float32)}
    nodes = [
        node("MaxPool", "x", "small", kernel_shape=[8, 8], strides=[8, 8]),
        convolution("small", "a", w, (4, 16, 3, 3), pads=[1, 1, 1, 1]),
        convolution("a", "b", w, (4, 4, 3, 3), pads=[1, 1, 1, 1]),
        convolution("b", "c", w, (4, 4, 3, 3), pads=[1, 1, 1, 1]),
        node("Resize", "c - scales", "large", mode="nearest"),
        convolution("large", "y", w, (32, 4, 1, 1)),
    ]
    proto = model(nodes, [value("x", [1, 16, 72, 72])], [value("y", None)], w)
    pieces = find_pieces(onnxfi.load(onnx.shape_inference.infer_shapes(proto)), ["x"])
    shares = [float(piece.shares(crops).prod()) for crops, piece in follow(pieces, 1)]
    assert max(shares) == 1 > 1.5 * shares[-1]
    assert choose_pieces(pieces) == pieces
    whole = shares.index(max(shares))
    assert len(choose_pieces(pieces[: whole + 1])) <= whole  # with nothing behind it


@pytest.mark.parametrize(
    "last",
    [
        node("Elu", "c", "y"),
        node("Softplus", "c", "y"),
        node("LRN", "c", "y", size=3),
        node("Max", "c zero", "y"),
        node("MaxPool", "c", "y", kernel_shape=[2, 2]),
        node("Conv", "c deep", "y", group=6),
    ],
    ids=lambda x: x.op_type,
)
def test_kernels_that_depend_on_the_place_end_windows(last: onnx.NodeProto) -> None:
    w: Weights = {"zero": np.array([0], np.float32), "deep": numbers(6, 1, 3, 3)}
    nodes = [convolution("x", "c", w, (6, 3, 3, 3)), last]
    proto = model(nodes, [value("x", [1, 3, 12, 16])], [value("y", None)], w)
    pieces = find_pieces(onnxfi.load(onnx.shape_inference.infer_shapes(proto)), ["x"])
    assert [x.ir_node.op_type for piece in pieces for x in piece.nodes] == ["Conv"]


def test_windows_are_small() -> None:
    loaded = onnxfi.load(onnx.shape_inference.infer_shapes(branches()))
    first = find_pieces(loaded, ["x"])[0]
    from onnxfi.suffix.windows import Boxes

    place = np.array([[6, 8]])
    crops = first.crops({"x": Boxes(place, place + 1)})
    assert crops.lengths["x"].max() <= 7


def test_a_band_is_less_work_than_a_square() -> None:
    loaded = onnxfi.load(onnx.shape_inference.infer_shapes(chain()))
    effort = Effort(find_pieces(loaded, ["x"]))
    place, band, square, whole = effort.work(np.array([[1, 1], [2, 9], [9, 9], SHAPE[2:]]))
    assert 0 < place < band < square < whole == 1


@pytest.mark.parametrize(
    ("attributes", "scale"),
    [
        ({"mode": "nearest", "coordinate_transformation_mode": "align_corners"}, 2),
        ({"mode": "nearest", "nearest_mode": "ceil"}, 2),
        ({"mode": "cubic"}, 2),
        ({"mode": "linear"}, 3),
        ({"mode": "nearest"}, 1.5),
        ({"mode": "nearest"}, 0.5),
        ({"mode": "nearest", "axes": [1, 2, 3, 0]}, 2),  # of the channels and rows
    ],
)
def test_resizings_without_windows(attributes: dict[str, Any], scale: float) -> None:
    proto = model(
        [node("Resize", "x - s", "y", **attributes)],
        [value("x", [1, 3, 8, 8])],
        [value("y", None)],
        {"s": np.array([1, 1, scale, scale], np.float32)},
    )
    proto.opset_import[0].version = 18
    loaded = onnxfi.load(onnx.shape_inference.infer_shapes(proto))
    assert not find_pieces(loaded, ["x"])


def test_no_image_no_windows() -> None:
    proto = model(
        [node("MatMul", "x w", "y")],
        [value("x", [1, 4])],
        [value("y", [1, 3])],
        {"w": numbers(4, 3)},
    )
    assert not find_pieces(onnxfi.load(proto), ["x"])

"""Windows give what whole images give.

Weights and images are small whole numbers, so that every sum is exact in whatever order a kernel
takes it: what differs is a window in the wrong place.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from small_graphs import model, node, value

import onnxfi
from onnxfi.error_models import Corruption
from onnxfi.injector.windowed_rest import WindowedRest
from onnxfi.propagation import Patches
from onnxfi.propagation.windows import Windowed, find_pieces
from onnxfi.propagation.windows.effort import Effort
from onnxfi.runtime import Session

SHAPE = (1, 3, 13, 17)


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-2, 3, shape).astype(np.float32)


def convolution(
    read: str,
    made: str,
    weights: dict[str, np.ndarray],
    shape: tuple[int, ...],
    op: str = "Conv",
    **attributes: object,
) -> onnx.NodeProto:
    weights[f"{made}_w"] = numbers(*shape, seed=len(weights))
    return node(op, f"{read} {made}_w", made, kernel_shape=list(shape[2:]), **attributes)


def chain() -> onnx.ModelProto:
    """Kernels, strides, paddings and dilations of many kinds, one after the other."""
    w: dict[str, np.ndarray] = {}
    nodes = [
        convolution("x", "a", w, (4, 3, 3, 3), pads=[1, 1, 1, 1]),
        node("Relu", "a", "b"),
        convolution("b", "c", w, (4, 4, 3, 2), strides=[2, 1], pads=[0, 1, 2, 0]),
        convolution("c", "d", w, (3, 4, 1, 1)),
        node("MaxPool", "d", "e", kernel_shape=[3, 3], strides=[1, 2], pads=[1, 1, 1, 1]),
        convolution("e", "y", w, (2, 3, 2, 2), dilations=[1, 2]),
    ]
    return model(nodes, [value("x", list(SHAPE))], [value("y", None)], w)


def branches() -> onnx.ModelProto:
    """A residual block that halves the image, and a concatenation."""
    w: dict[str, np.ndarray] = {"bias": numbers(1, 4, 1, 1, seed=9)}
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
    w: dict[str, np.ndarray] = {}
    nodes = [
        convolution("x", "a", w, (4, 3, 3, 3), pads=[1, 1, 1, 1]),
        node("Relu", "a", "b"),
        node("MaxPool", "b", "c", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
        convolution("c", "d", w, (4, 4, 3, 3), pads=[1, 1, 1, 1]),
        node("GlobalMaxPool", "d", "e"),
        node("GlobalMaxPool", "b", "f"),
        node("Add", "e f", "y"),
    ]
    return model(nodes, [value("x", list(SHAPE))], [value("y", None)], w)


def decoder() -> onnx.ModelProto:
    """A U-Net of two levels: to the coarser grid and back, beside a skip, and finer."""
    w: dict[str, np.ndarray] = {"twice": np.float32([1, 1, 2, 2])}
    nodes = [
        convolution("x", "a", w, (4, 3, 3, 3), pads=[1, 1, 1, 1]),
        node("Relu", "a", "b"),
        node("MaxPool", "b", "c", kernel_shape=[2, 2], strides=[2, 2]),
        convolution("c", "d", w, (4, 4, 3, 3), pads=[1, 1, 1, 1]),
        node("Resize", "d - twice", "e", mode="nearest"),
        node("Concat", "b e", "f", axis=1),
        convolution("f", "g", w, (3, 8, 3, 3), pads=[1, 1, 1, 1]),
        convolution("g", "h", w, (3, 2, 4, 4), "ConvTranspose", strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", "h", "y"),
    ]
    return model(nodes, [value("x", [1, 3, 12, 16])], [value("y", None)], w)


def upward() -> onnx.ModelProto:
    """Enlargements of all kinds, one after the other."""
    w: dict[str, np.ndarray] = {
        "twice": np.float32([1, 1, 2, 2]),
        "sizes": np.array([1, 3, 60, 56]),
        "once": np.float32([1, 1, 1, 2]),
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
    w: dict[str, np.ndarray] = {"s": np.float32(1), "z": np.int8(0)}

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


def at(row: int, column: int, x: np.ndarray, seed: int) -> Corruption:
    """Return a corruption of a channel or two at a place."""
    rng = np.random.default_rng(seed)
    channels = np.unique(rng.integers(0, x.shape[1], 2))
    indices = (channels * x.shape[2] + row) * x.shape[3] + column
    return Corruption(indices, rng.integers(-9, 10, indices.size).astype(np.float32))


@pytest.mark.parametrize("graph", [chain, branches, beyond, decoder, upward, quantised])
@pytest.mark.parametrize("box", [(1, 1), (3, 3), (2, 99), None])
def test_every_place(graph: Callable[[], onnx.ModelProto], box: tuple[int, int] | None) -> None:
    """Changes begin at every place; those of one size, and those of any sizes beside each other."""
    loaded = onnxfi.load(onnx.shape_inference.infer_shapes(graph()))
    pieces = find_pieces(loaded, ["x"])
    assert len(pieces.pieces) >= 2
    shape = tuple(loaded.graph.inputs[0].shape.numpy())
    x = numbers(*shape, seed=1)
    windowed = Windowed(pieces.pieces, threads=1)
    assert (windowed.cut == ("y",)) == (graph is not beyond)
    golden = {"x": x, **windowed.run_whole({"x": x})}
    places = [(row, column) for row in range(shape[2]) for column in range(shape[3])]
    corruptions = []
    for number, (row, column) in enumerate(places):
        first = at(row, column, x, number)
        rows, columns = box or np.random.default_rng(number).integers(1, shape[2:]).tolist()
        last = at(min(row + rows, shape[2]) - 1, min(column + columns, shape[3]) - 1, x, number)
        corruptions.append(first if box == (1, 1) else Corruption(*joined(first, last)))
    patches = {"x": Patches.of(corruptions, x.size)}
    assert windowed.run([golden], patches, []) == {}
    found = windowed.run([golden] * len(places), patches, range(len(places)))
    remainder = pieces.remainder(len(pieces.pieces))
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


def test_windows_up_to_the_outputs() -> None:
    """Nothing is left to run after them; golden has the inputs and outputs only."""
    w: dict[str, np.ndarray] = {}
    nodes = [
        convolution("x", "a", w, (4, 3, 3, 3), pads=[1, 1, 1, 1]),
        convolution("a", "y", w, (4, 4, 3, 3), pads=[1, 1, 1, 1]),
    ]
    proto = model(nodes, [value("x", [1, 3, 12, 16])], [value("y", None)], w)
    loaded = onnxfi.load(onnx.shape_inference.infer_shapes(proto))
    rest = WindowedRest(loaded, ["x"], threads=1, lanes=1)
    x = numbers(1, 3, 12, 16, seed=1)
    session = Session(loaded)
    golden = {"x": x, **session.run({"x": x})}
    corruptions = [at(row, 3, x, row) for row in range(12)]
    patches = {"x": Patches.of(corruptions, x.size)}
    found = rest.run([golden] * len(corruptions), patches, range(len(corruptions)))
    for lane, corruption in enumerate(corruptions):
        expected = session.run({"x": corruption.apply(x)})["y"]
        outputs = found[lane]
        assert outputs is not None
        assert outputs.get("y", golden["y"]).tobytes() == expected.tobytes()


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
    windowed = Windowed(find_pieces(loaded, ["x"]).pieces, threads=1)
    x = rng.normal(0, 1, (1, 400, *size)).astype(np.float32)
    golden = {"x": x, **windowed.run_whole({"x": x})}
    corruptions = [at(row, row, x, row) for row in range(min(size))]
    patches = {"x": Patches.of(corruptions, x.size)}
    found = windowed.run([golden] * len(corruptions), patches, range(len(corruptions)))
    for lane, corruption in enumerate(corruptions):
        expected = windowed.run_whole({"x": corruption.apply(x)})["y"]
        assert found[lane]["y"].applied(golden["y"]).tobytes() == expected.tobytes()


def joined(one: Corruption, other: Corruption) -> tuple[np.ndarray, np.ndarray]:
    values = dict(zip([*one.indices, *other.indices], [*one.values, *other.values], strict=True))
    indices = np.array(sorted(values))
    return indices, np.array([values[x] for x in indices], np.float32)


def test_windows_are_small() -> None:
    loaded = onnxfi.load(onnx.shape_inference.infer_shapes(branches()))
    first = find_pieces(loaded, ["x"]).pieces[0]
    from onnxfi.propagation.windows import Boxes

    place = np.array([[6, 8]])
    crops = first.crops({"x": Boxes(place, place + 1)})
    assert crops.lengths["x"].max() <= 7


def test_a_band_is_less_work_than_a_square() -> None:
    loaded = onnxfi.load(onnx.shape_inference.infer_shapes(chain()))
    effort = Effort(find_pieces(loaded, ["x"]).pieces)
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
        {"s": np.float32([1, 1, scale, scale])},
    )
    proto.opset_import[0].version = 18
    loaded = onnxfi.load(onnx.shape_inference.infer_shapes(proto))
    assert not find_pieces(loaded, ["x"]).pieces


def test_no_image_no_windows() -> None:
    proto = model(
        [node("MatMul", "x w", "y")],
        [value("x", [1, 4])],
        [value("y", [1, 3])],
        {"w": numbers(4, 3)},
    )
    assert not find_pieces(onnxfi.load(proto), ["x"]).pieces

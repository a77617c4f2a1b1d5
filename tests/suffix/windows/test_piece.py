"""Windows of a piece, against whole images.

All weights are one and images are positive, so a place of the output differs from zero if any place
that it reads does.
"""

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.runtime import Session
from onnxfi.suffix.windows import Boxes, NoWindowsError, Piece, find_pieces
from tests.support.small_graphs import model, node, value

SIZE = (12, 16)
#: What makes one image of two branches: the kernel and the attributes of each.
BRANCHES: dict[str, list[tuple[str, int, dict[str, object]]]] = {
    "plain": [("Conv", 3, {}), ("Conv", 3, {})],
    "kernels": [("Conv", 1, {}), ("Conv", 5, {"pads": [2, 2, 2, 2]})],
    "uneven pads": [("Conv", 3, {"pads": [2, 0, 0, 2]}), ("Conv", 3, {"pads": [1, 1, 1, 1]})],
    "strides": [
        ("Conv", 2, {"strides": [2, 2]}),
        ("Conv", 4, {"strides": [2, 2], "pads": [1] * 4}),
    ],
    "dilations": [
        ("Conv", 3, {"dilations": [2, 1], "pads": [1, 0, 1, 0]}),
        ("Conv", 3, {}),
    ],
    "upward": [
        ("ConvTranspose", 2, {"strides": [2, 2]}),
        ("ConvTranspose", 4, {"strides": [2, 2], "pads": [1] * 4}),
    ],
}
NAMES = sorted(BRANCHES)


def piece_of(name: str) -> Piece:
    weights, nodes = {}, []
    for made, (op, kernel, attributes) in zip("ab", BRANCHES[name], strict=True):
        weights[f"{made}_w"] = np.ones((1, 1, kernel, kernel), np.float32)
        nodes.append(node(op, f"x {made}_w", made, **attributes))
    nodes.append(node("Add", "a b", "y"))
    proto = model(nodes, [value("x", [1, 1, *SIZE])], [value("y", None)], weights)
    (piece,) = find_pieces(onnxfi.load(onnx.shape_inference.infer_shapes(proto)), ["x"])
    return piece


def boxes() -> Boxes:
    """Return corners, the whole image, and any other boxes."""
    rng = np.random.default_rng(0)
    size = np.array(SIZE)
    low = rng.integers(0, size, (15, 2))
    high = low + 1 + rng.integers(0, size - low)
    low[:3] = np.stack([0 * size, size - 1, 0 * size])
    high[:3] = np.stack([0 * size + 1, size, size])
    return Boxes(low, high)


def lane(some: Boxes, number: int) -> Boxes:
    return Boxes(some.low[number : number + 1], some.high[number : number + 1])


@pytest.mark.parametrize("name", NAMES)
def test_changed_places(name: str) -> None:
    """They are where an image of zeros, but for ones in the box, becomes other than zero."""
    piece, changed = piece_of(name), boxes()
    session = Session(piece.model)
    made = piece.crops({"x": Boxes(changed.low[2:3], changed.high[2:3])}).changed["y"]
    assert made.high[0].tolist() == piece.sizes["y"].tolist()
    for number, (low, high) in enumerate(zip(changed.low, changed.high, strict=True)):
        image = np.zeros((1, 1, *SIZE), np.float32)
        image[:, :, low[0] : high[0], low[1] : high[1]] = 1
        rows, columns = np.nonzero(session.run({"x": image})["y"][0, 0])
        try:
            made = piece.crops({"x": lane(changed, number)}).changed["y"]
        except NoWindowsError:
            continue
        assert made.low[0].tolist() == [rows.min(), columns.min()]
        assert made.high[0].tolist() == [rows.max() + 1, columns.max() + 1]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("together", [1, 5])
def test_windows_have_all_that_the_changed_places_read(name: str, together: int) -> None:
    piece, changed = piece_of(name), boxes()
    session = Session(piece.model)
    image = np.random.default_rng(1).integers(1, 9, (1, 1, *SIZE)).astype(np.float32)
    whole = session.run({"x": image})["y"]
    for first in range(0, len(changed.low), together):
        some = Boxes(changed.low[first : first + together], changed.high[first : first + together])
        crops = piece.crops({"x": some})
        rows, columns = crops.lengths["x"].tolist()
        assert crops.origins["x"].min() >= 0
        assert ((crops.origins["x"] + crops.lengths["x"]) <= SIZE).all()
        windows = np.concatenate(
            [image[:, :, x : x + rows, y : y + columns] for x, y in crops.origins["x"].tolist()]
        )
        made = session.run({"x": windows})["y"]
        assert made.shape[2:] == tuple(crops.lengths["y"])
        for number in range(len(some.low)):
            low, high = crops.changed["y"].low[number], crops.changed["y"].high[number]
            (top, left), (bottom, right) = low - crops.origins["y"][number], high - low
            got = made[number, :, top : top + bottom, left : left + right]
            assert got.tobytes() == whole[0, :, low[0] : high[0], low[1] : high[1]].tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_windows_of_a_place_are_small(name: str) -> None:
    piece = piece_of(name)
    place = np.array([[6, 8]])
    crops = piece.crops({"x": Boxes(place, place + 1)})
    assert (piece.shares(crops) < 0.8).all()
    assert (piece.shares(crops) * SIZE == crops.lengths["x"]).all()
    whole = piece.crops({"x": Boxes(np.array([[0, 0]]), np.array([SIZE]))})
    assert piece.shares(whole).tolist() == [1, 1]

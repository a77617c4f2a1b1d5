"""The work of windows, estimated from tables, against the windows themselves."""

import itertools

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.suffix.windows import Boxes, Piece, find_pieces
from onnxfi.suffix.windows.effort import Effort, follow
from tests.support.window_graphs import beyond, branches, chain, upward

GRAPHS = [chain, branches, beyond, upward]
SIDES = range(1, 18)


def pieces_of(proto: onnx.ModelProto) -> list[Piece]:
    return find_pieces(onnxfi.load(onnx.shape_inference.infer_shapes(proto)), ["x"])


def windows_work(pieces: list[Piece], lengths: tuple[int, int]) -> tuple[float, int]:
    """Return the work and the most places of a window, of changes in the middle of the image."""
    size = pieces[0].sizes["x"]
    low = np.maximum(size // 2 - np.array(lengths) // 2, 0)
    changed = {"x": Boxes(low[None], np.minimum(low + lengths, size)[None])}
    work, places = 0.0, 0
    for piece in pieces:
        crops = piece.crops(changed)
        work += piece.work * float(np.prod(piece.shares(crops)))
        places = max(places, *(int(np.prod(x)) for x in crops.lengths.values()))
        changed = {x: crops.changed[x] for x in (*piece.outputs, *piece.passed)}
    return work / sum(piece.work for piece in pieces), places


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda x: x.__name__)
def test_work_of_any_lengths(graph: type) -> None:
    pieces = pieces_of(graph())
    effort = Effort(pieces)
    rows, columns = pieces[0].sizes["x"].tolist()
    known = [
        x
        for x in itertools.product(range(1, rows + 1), range(1, columns + 1))
        if effort.rounded(np.array([x])).tolist() == [list(x)]
    ]
    assert len(known) > 20
    work, places = effort.work(np.array(known)), effort.places(np.array(known))
    for lengths, one, most in zip(known, work.tolist(), places.tolist(), strict=True):
        expected, expected_places = windows_work(pieces, lengths)
        assert one == pytest.approx(expected)
        assert most == expected_places


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda x: x.__name__)
def test_lengths_are_rounded_up(graph: type) -> None:
    effort = Effort(pieces_of(graph()))
    longest = int(pieces_of(graph())[0].sizes["x"].max())
    lengths = np.array([[x, longest + 1 - x] for x in range(1, longest + 1)])
    rounded = effort.rounded(lengths)
    assert (rounded >= lengths).all()
    assert (rounded <= np.maximum(lengths + 1, lengths * 1.3)).all()
    assert (effort.rounded(rounded) == rounded).all()
    assert (effort.work(rounded) == effort.work(lengths)).all()


def test_work_beyond_the_image_is_unknown() -> None:
    assert Effort(pieces_of(chain())).work(np.array([[1, 99]])).tolist() == [np.inf]


def test_following_no_pieces() -> None:
    assert list(follow([], 3)) == []

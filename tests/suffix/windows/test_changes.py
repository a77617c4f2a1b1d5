"""Changes of images, against dense copies of the images."""

import numpy as np
import pytest

from onnxfi.suffix.patches import Patches
from onnxfi.suffix.windows.boxes import Boxes
from onnxfi.suffix.windows.changes import SparseChange, WindowChange

SHAPE = (1, 3, 6, 7)
SIZE = int(np.prod(SHAPE))


def golden() -> np.ndarray:
    return np.arange(SIZE, dtype=np.float32).reshape(SHAPE)


def sparse(seed: int, lanes: int) -> tuple[Patches, np.ndarray]:
    """Return patches of some lanes, and the whole images that they make."""
    rng = np.random.default_rng(seed)
    keys = np.flatnonzero(rng.random(lanes * SIZE) < 0.04)
    values = -1 - rng.random(keys.size).astype(np.float32)
    images = np.repeat(golden(), lanes, axis=0)
    images.reshape(-1)[keys] = values
    return Patches(keys, values), images


def boxes_of(images: np.ndarray) -> list[tuple[list[int], list[int]]]:
    """Return the first and last changed row and column of each image."""
    found = []
    for image in images:
        _, rows, columns = np.nonzero(image != golden()[0])
        low = [int(rows.min()), int(columns.min())]
        found.append((low, [int(rows.max()) + 1, int(columns.max()) + 1]))
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lanes", [[0, 1, 2, 3], [3, 1], [2], [1, 3, 0]])
def test_sparse_changes(seed: int, lanes: list[int]) -> None:
    patches, images = sparse(seed, 4)
    change = SparseChange(patches, lanes, SHAPE)
    boxes = list(zip(change.boxes.low.tolist(), change.boxes.high.tolist(), strict=True))
    assert boxes == boxes_of(images[lanes])
    windows = np.repeat(golden(), len(lanes), axis=0)
    change.write(windows, np.zeros((len(lanes), 2), np.int64))
    assert windows.tobytes() == images[lanes].tobytes()
    for position, lane in enumerate(lanes):
        patch = change.lane(position, golden())
        assert patch is not None
        assert patch.applied(golden()).tobytes() == images[lane : lane + 1].tobytes()


def test_sparse_changes_in_windows() -> None:
    patches = Patches(np.array([2 * 7 + 3, SIZE + 4 * 7 + 5]), np.array([-1, -2], np.float32))
    change = SparseChange(patches, [0, 1], SHAPE)
    windows = np.zeros((2, 3, 3, 3), np.float32)
    change.write(windows, np.array([[1, 2], [2, 4]]))
    assert np.argwhere(windows).tolist() == [[0, 0, 1, 1], [1, 0, 2, 1]]
    assert windows[windows != 0].tolist() == [-1, -2]


def test_a_lane_without_patches_has_an_empty_box() -> None:
    change = SparseChange(Patches(np.array([5]), np.array([-1], np.float32)), [0, 1], SHAPE)
    assert (change.boxes.lengths[1] <= 0).all()
    assert change.lane(1, golden()) is None


def window_change(seed: int, lanes: int) -> tuple[WindowChange, np.ndarray]:
    """Return random windows, of which only boxes count, and the whole images that they make."""
    rng = np.random.default_rng(seed)
    windows = -1 - rng.random((lanes, 3, 4, 5)).astype(np.float32)
    origins = rng.integers(0, (3, 3), (lanes, 2))
    low = origins + rng.integers(0, (3, 3), (lanes, 2))
    high = np.minimum(low + rng.integers(1, 3, (lanes, 2)), origins + np.array([4, 5]))
    images = np.repeat(golden(), lanes, axis=0)
    for lane in range(lanes):
        (top, left), (bottom, right) = low[lane], high[lane]
        row, column = origins[lane]
        part = windows[lane, :, top - row : bottom - row, left - column : right - column]
        images[lane, :, top:bottom, left:right] = part
    return WindowChange(windows, origins, Boxes(low, high)), images


@pytest.mark.parametrize("seed", range(5))
def test_windows(seed: int) -> None:
    change, images = window_change(seed, 4)
    written = np.repeat(golden(), 4, axis=0)
    change.write(written, np.zeros((4, 2), np.int64))
    assert written.tobytes() == images.tobytes()
    for lane in range(4):
        patch = change.lane(lane, golden())
        assert patch is not None
        assert patch.applied(golden()).tobytes() == images[lane : lane + 1].tobytes()


def test_windows_that_equal_golden_are_no_change() -> None:
    windows = golden()[:, :, 1:4, 2:5].copy()
    change = WindowChange(
        windows, np.array([[1, 2]]), Boxes(np.array([[1, 2]]), np.array([[3, 4]]))
    )
    assert change.lane(0, golden()) is None
    windows[0, 0, 0, 0] = -1
    assert change.lane(0, golden()) is not None


def test_an_empty_box_is_no_change() -> None:
    windows = np.full((1, 3, 2, 2), -1, np.float32)
    change = WindowChange(windows, np.array([[0, 0]]), Boxes.empty(1))
    assert change.lane(0, golden()) is None
    written = golden()
    change.write(written, np.array([[0, 0]]))
    assert written.tobytes() == golden().tobytes()

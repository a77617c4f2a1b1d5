"""Inputs of which each is a file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.campaign.inputs import read_inputs
from onnxfi.configuration import Inputs
from onnxfi.configuration.input_paths import sample_files
from onnxfi.configuration.inputs import InputTensor
from onnxfi.errors import InputError
from onnxfi.graph import Model, load
from tests.support.small_graphs import model, node, value


@pytest.fixture
def words() -> Model:
    return load(
        model(
            [node("Mul", "x gain", "y")],
            [value("x", ["N", 3, "W"]), value("gain", [1])],
            [value("y", ["N", 3, "W"])],
        )
    )


def save(folder: Path, **arrays: Any) -> None:
    """Write in[1]/NAME.npz with x and gain; the folder's name looks like a pattern."""
    (folder / "in[1]").mkdir(exist_ok=True)
    for name, x in arrays.items():
        np.savez(folder / "in[1]" / f"{name}.npz", x=x, gain=np.ones(1, np.float32))


def image(width: int) -> np.ndarray:
    return np.full((1, 3, width), width, np.float32)


def test_files_come_in_the_order_of_their_names(tmp_path: Path, words: Model) -> None:
    save(tmp_path, b=image(4), a=image(7), c=image(2))
    (tmp_path / "in[1]" / "d.txt").write_text("no input")
    source = read_inputs(words, Inputs(file=tmp_path / "in[1]" / "*.npz"))
    assert [source.at(k)["x"].shape[2] for k in range(len(source))] == [7, 4, 2]
    assert not source.alike
    assert len(read_inputs(words, Inputs(file=tmp_path / "in[1]" / "*.npz", limit=2))) == 2


def test_listed_files_keep_their_order(tmp_path: Path, words: Model) -> None:
    save(tmp_path, b=image(4), a=image(4))
    files = [tmp_path / "in[1]" / name for name in ("b.npz", "a.npz", "b.npz")]
    source = read_inputs(words, Inputs(file=tuple(files)))
    assert len(source) == 3
    assert source.alike


def test_a_file_may_be_named_like_a_pattern(tmp_path: Path, words: Model) -> None:
    np.savez(tmp_path / "x[1]*.npz", x=np.ones((2, 3, 5), np.float32))
    inputs = Inputs(file=tmp_path / "x[1]*.npz", tensors={"gain": InputTensor(value=2)})
    assert sample_files(inputs) == (inputs.file,)
    source = read_inputs(words, inputs)
    assert len(source) == 2  # rows
    np.testing.assert_array_equal(source.at(1)["gain"], np.full(1, 2, np.float32))


def test_the_first_file_has_the_constant(tmp_path: Path, words: Model) -> None:
    files: dict[str, dict[str, Any]] = {
        "a": {"x": image(3), "gain": np.full(1, 5, np.float32)},
        "b": {"x": image(2)},
    }
    for name, arrays in files.items():
        np.savez(tmp_path / f"{name}.npz", **arrays)
    inputs = Inputs(file=tmp_path / "?.npz", tensors={"gain": InputTensor(constant=True)})
    source = read_inputs(words, inputs)
    assert [source.at(k)["gain"].item() for k in (0, 1)] == [5, 5]


@pytest.mark.parametrize(
    ("arrays", "said", "expected"),
    [
        ({"x": image(2)[0]}, {}, r"\(N, 3, W\), got \(3, 2\).*b\.npz.* as it is"),
        ({"x": image(2).astype(np.float64)}, {}, "float32, got float64.*b.npz"),
        ({"z": image(2)}, {}, "must hold an array 'x', and .*b.npz holds 'gain', 'z'"),
        ({"x": image(2), "y": np.arange(2)}, {"labels": "y"}, r"one whole number.*\(2,\)"),
        ({"x": image(2)}, {"labels": "y"}, "b.npz, which holds 'gain', 'x', got 'y'"),
        ({"x": image(2)}, {"tensors": {"x": {"axis": 0}}}, "axis and repeat of 'x'"),
    ],
)
def test_a_file_that_does_not_fit_is_named(
    tmp_path: Path, words: Model, arrays: Any, said: Any, expected: str
) -> None:
    gain = np.ones(1, np.float32)
    np.savez(tmp_path / "a.npz", x=image(4), gain=gain, y=np.array(1))
    np.savez(tmp_path / "b.npz", gain=gain, **arrays)
    with pytest.raises(InputError, match=expected):
        read_inputs(words, Inputs(file=tmp_path / "*.npz", **said))


def test_a_label_for_each_file(tmp_path: Path, words: Model) -> None:
    save(tmp_path, a=image(4), b=image(2))
    inputs: dict[str, Any] = {
        "file": tmp_path / "in[1]" / "*.npz",
        "labels": {"file": tmp_path / "y.npy"},
    }
    np.save(tmp_path / "y.npy", np.array([3, 4]))
    np.testing.assert_array_equal(read_inputs(words, Inputs(**inputs, limit=1)).labels, [3])
    np.save(tmp_path / "y.npy", np.array([3]))
    with pytest.raises(InputError, match=r"holds 1 labels, and must hold 2"):
        read_inputs(words, Inputs(**inputs))


def test_a_pattern_must_match(tmp_path: Path, words: Model) -> None:
    with pytest.raises(InputError, match=r"matches the pattern .*in/\*\.npz"):
        read_inputs(words, Inputs(file=tmp_path / "in" / "*.npz"))

"""Tests the arrays that a campaign feeds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.campaign.campaign import Campaign
from onnxfi.campaign.inputs import InputSource, read_inputs
from onnxfi.configuration import Inputs
from onnxfi.configuration.inputs import Labels
from onnxfi.errors import InputError
from onnxfi.graph import Model, load

IMAGES = np.arange(12 * 64, dtype=np.float32).reshape(12, 1, 8, 8)


@pytest.fixture
def model(work: Path) -> Model:
    return load(work / "model.onnx")


def save(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "x.npz", **arrays)
    return folder / "x.npz"


def joined(source: InputSource, name: str = "image") -> np.ndarray:
    return np.concatenate([source.at(k)[name] for k in range(len(source))])


def test_a_model_with_one_input_takes_the_only_array(model: Model, tmp_path: Path) -> None:
    inputs = read_inputs(model, Inputs(file=save(tmp_path, whatever=IMAGES)))
    assert list(inputs.at(0)) == ["image"]
    assert inputs.labels is None
    assert len(inputs) == 12
    np.testing.assert_array_equal(inputs.at(3)["image"], IMAGES[3:4])


def test_a_model_with_one_input_takes_the_only_array_that_fits(
    model: Model, tmp_path: Path
) -> None:
    file = save(tmp_path, pictures=IMAGES, answers=np.arange(12), small=IMAGES[:, :, :2])
    np.testing.assert_array_equal(joined(read_inputs(model, Inputs(file=file))), IMAGES)
    both = save(tmp_path, pictures=IMAGES, others=IMAGES)
    with pytest.raises(InputError, match="needs an array"):
        read_inputs(model, Inputs(file=both))


def test_labels_do_not_count_as_an_input(model: Model, tmp_path: Path) -> None:
    file = save(tmp_path, whatever=IMAGES, y=np.arange(12))
    inputs = read_inputs(model, Inputs(file=file, labels=Labels(array="y"), limit=5))
    assert len(inputs) == 5
    np.testing.assert_array_equal(joined(inputs), IMAGES[:5])
    np.testing.assert_array_equal(inputs.labels, np.arange(5))


def test_an_npy_file_holds_one_array(model: Model, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    inputs = read_inputs(model, Inputs(file=tmp_path / "a.npy"))
    np.testing.assert_array_equal(joined(inputs), IMAGES)


@pytest.mark.parametrize(
    ("arrays", "source", "expected"),
    [
        ({"a": IMAGES, "b": IMAGES}, {}, "'image' needs an array.*'a' .*'b' .*several of"),
        ({"a": IMAGES}, {"tensors": {"image": "images"}}, "no 'images'.*holds 'a'"),
        ({"a": IMAGES}, {"tensors": {"imge": "a"}}, "'imge' is not an input.*'image'"),
        ({"a": IMAGES}, {"labels": "y"}, "labels must be an array.*'a'.*got 'y'"),
        (
            {"a": IMAGES, "y": np.arange(11)},
            {"labels": "y"},
            r"'image' \(array 'a', axis 0\) holds 12, the labels hold 11",
        ),
        (
            {"a": IMAGES, "y": np.arange(11)},
            {"labels": "y", "limit": 5},  # the first five may be the wrong ones
            r"'image' \(array 'a', axis 0\) holds 12, the labels hold 11",
        ),
        ({"a": IMAGES[:0]}, {}, "at least 1"),
        ({"a": np.float32(3)}, {}, "'a' is a single number"),
        ({"a": IMAGES, "y": np.eye(12)}, {"labels": "y"}, r"'y'.*float64 of shape \(12, 12\)"),
        ({"a": IMAGES, "y": np.array(["x"] * 12)}, {"labels": "y"}, "one whole number per input"),
    ],
)
def test_arrays_that_do_not_fit(
    model: Model, tmp_path: Path, arrays: Any, source: Any, expected: str
) -> None:
    with pytest.raises(InputError, match=expected):
        read_inputs(model, Inputs(file=save(tmp_path, **arrays), **source))


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (np.zeros((12, 8, 8), np.float32), r"'image' must have the shape \(N, 1, 8, 8\)"),
        (np.zeros((12, 1, 8, 8), np.float64), "'image' must be float32, got float64"),
    ],
)
def test_a_campaign_checks_shape_and_dtype_before_it_writes(
    work: Path, images: np.ndarray, expected: str
) -> None:
    np.savez(work / "inputs.npz", images=images, labels=np.zeros(12, np.int64))
    with pytest.raises(InputError, match=expected):
        Campaign.from_yaml(work / "campaign.yaml", out=work / "run").begin()
    assert not (work / "run").exists()


def test_files_that_hold_no_plain_arrays(model: Model, tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "cut.npz").write_bytes(save(tmp_path, a=IMAGES).read_bytes()[:500])
    np.savez(tmp_path / "pickled.npz", a=np.array([{"x": 1}], dtype=object))
    np.save(tmp_path / "pickled.npy", np.array([{"x": 1}], dtype=object))
    for name in ("text.npz", "empty.npz", "cut.npz", "pickled.npz", "pickled.npy", "none.npz", "."):
        with pytest.raises(InputError, match=r"must be an \.npz or \.npy file") as caught:
            read_inputs(model, Inputs(file=tmp_path / name))
        assert str(tmp_path / name) in str(caught.value)


def test_a_wrong_shape_is_not_a_missing_name(model: Model, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=IMAGES[:, 0], labels=np.arange(12))
    for labels in (None, "labels", "auto"):
        given = Inputs.model_validate({"file": tmp_path / "x.npz", "labels": labels})
        with pytest.raises(InputError) as caught:
            read_inputs(model, given)
        message = str(caught.value)
        assert "'image' must have the shape (N, 1, 8, 8), got (1, 8, 8)" in message
        assert "from the array 'images' of shape (12, 8, 8)" in message


def test_a_wrong_dtype_is_not_a_missing_name(model: Model, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=IMAGES.astype(np.uint8), y_test=np.arange(12))
    with pytest.raises(InputError, match="'image' must be float32, got uint8"):
        read_inputs(model, Inputs(file=tmp_path / "x.npz"))


@pytest.mark.parametrize(
    ("arrays", "found"),
    [
        ({"labels": np.arange(12)}, True),
        ({"y_test": np.arange(12, dtype=np.uint8)}, True),
        ({"ids": np.arange(12)}, False),
        ({"labels": np.arange(12), "y": np.arange(12)}, False),
        ({"labels": np.arange(12), "y": np.eye(12)}, True),
        ({"labels": np.arange(12.0)}, False),
        ({"labels": np.arange(11)}, False),
        ({"labels": np.int64(3)}, False),
        ({}, False),
    ],
)
def test_labels_are_found_if_there_is_only_one_choice(
    model: Model, tmp_path: Path, arrays: Any, found: bool
) -> None:
    np.savez(tmp_path / "x.npz", images=IMAGES, **arrays)
    read = read_inputs(model, Inputs.model_validate(str(tmp_path / "x.npz")))
    assert (read.labels is not None) == found
    if found:
        np.testing.assert_array_equal(read.labels, np.arange(12))
    # Only where the user wants it.
    assert read_inputs(model, Inputs(file=tmp_path / "x.npz")).labels is None


def test_labels_are_found_in_files_of_one_input_each(model: Model, tmp_path: Path) -> None:
    for index in range(3):
        np.savez(tmp_path / f"part{index}.npz", image=IMAGES[:1], label=index, size=8)
    read = read_inputs(model, Inputs.model_validate(str(tmp_path / "part*.npz")))
    np.testing.assert_array_equal(read.labels, np.arange(3))

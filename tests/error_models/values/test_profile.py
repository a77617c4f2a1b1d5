"""Profiles: what is written is read again, and other files are refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from onnxfi.error_models.values.profile import SCHEMA, Profile, TensorProfile, read_profile
from onnxfi.errors import ErrorModelError, InputError

FINITE = TensorProfile(10, 1, 2, -3.0, 5.5, 0.25, 1.5, {"99.9": 5.25})
PROFILE = Profile(4, {"conv": FINITE, "gone": TensorProfile(3, 3, 0, None, None, None, None)})


def test_a_profile_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    PROFILE.save(path)
    assert Profile.load(path) == PROFILE
    assert read_profile("random_value", str(path), given=False) == PROFILE
    assert read_profile("random_value", None, given=True) is None


def test_the_values_of_a_tensor() -> None:
    assert PROFILE.of("conv") is FINITE
    with pytest.raises(ErrorModelError, match="'gone' has none"):
        PROFILE.of("gone")
    with pytest.raises(ErrorModelError, match=r"'convv', which it lacks.*conv.*onnxfi profile"):
        PROFILE.of("convv")


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "onnxfi.profile/2"},
        {"tensors": {"conv": {"count": 3}}},
        {"tensors": {"conv": {"unknown": 1}}},
        {"tensors": [1, 2]},
        {"tensors": None},
    ],
)
def test_other_documents_are_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "profile.json"
    PROFILE.save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ErrorModelError, match=SCHEMA):
        Profile.load(path)


def test_a_range_of_texts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    PROFILE.save(path)
    path.write_text(path.read_text().replace('"min": -3.0', '"min": "low"'))
    with pytest.raises(ErrorModelError, match="make it again"):
        Profile.load(path)


@pytest.mark.parametrize("text", ["", "{", "\xff", "[" * 100_000])
def test_files_without_json_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "profile.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ErrorModelError, match="must be a readable JSON file"):
        Profile.load(path)
    with pytest.raises(ErrorModelError, match="must be a readable JSON file"):
        Profile.load(tmp_path / "missing.json")


def test_a_profile_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="could not be written"):
        PROFILE.save(tmp_path / "missing" / "profile.json")


@pytest.mark.parametrize("path", ["", 3])
def test_the_path_of_a_profile_is_a_text(path: Any) -> None:
    with pytest.raises(ErrorModelError, match="random_value: profile must be the path of a file"):
        read_profile("random_value", path, given=False)


def test_numbers_beside_a_profile_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ErrorModelError, match="got both"):
        read_profile("random_value", tmp_path / "profile.json", given=True)

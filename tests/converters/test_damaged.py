"""Tests that randomly damaged files of every kind give a result or one clear error."""

import json
import random
import zipfile
from pathlib import Path
from typing import Any

import h5py
import pytest

from onnxfi.converters import convert, is_keras_file
from onnxfi.converters.description import describe
from onnxfi.converters.safety.source_dangers import dangers_of
from onnxfi.errors import OnnxfiError
from tests.support.tiers import rest_by_night

SOURCES = (
    *("lenet_k2.h5", "siamese_k3.h5", "lenet_k3.keras", "siamese_k2.keras"),
    *("lenet_k2.weights.h5", "siamese_k3.weights.h5"),
)
# Replacements for any value of a configuration.
JUNK: tuple[Any, ...] = (
    *(None, True, 0, -1, 3, 2**31, 10**30, 1.5, float("nan"), float("inf")),
    *("", "valid", "conv2d", "\ud800", "Lambda", "Functional", "Dense"),
    *([], {}, [0], [None], [[1, 2], [3, 4]], [["first", 0, 0, {}]], {"class_name": "Dense"}),
)


def damage(content: bytes, rng: random.Random) -> bytes:
    """Cut, overwrite or shift bytes."""
    damaged = bytearray(content)
    place = rng.randrange(len(damaged))
    match rng.randrange(5):
        case 0:
            del damaged[place:]
        case 1:  # the metadata of HDF5 lie in front
            for _ in range(20):
                damaged[rng.randrange(2048)] = rng.randrange(256)
        case 2:
            for _ in range(rng.choice([1, 10, 200])):
                damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        case 3:
            damaged[place : place + 300] = bytes(300)
        case _:
            damaged[place:place] = rng.randbytes(rng.randrange(1, 9))
    return bytes(damaged)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every (list or object, index or key) inside a JSON value."""
    if not isinstance(value, dict | list):
        return []
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [(value, key) for key in keys] + [x for key in keys for x in places(value[key])]


def mutate(text: str | bytes, rng: random.Random) -> str:
    """Replace, remove or exchange values of a configuration."""
    document = json.loads(text)
    for _ in range(rng.choice([1, 1, 2, 4])):
        everywhere = places(document)
        owner, key = rng.choice(everywhere)
        match rng.randrange(4):
            case 0:
                del owner[key]
            case 1:
                other, at = rng.choice(everywhere)
                owner[key] = json.loads(json.dumps(other[at])) if at in other else None
            case _:
                owner[key] = rng.choice(JUNK)
    return json.dumps(document)


def mutated_archive(source: Path, target: Path, rng: random.Random) -> None:
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(target, "w") as archive:
        for name in whole.namelist():
            content = whole.read(name)
            archive.writestr(name, mutate(content, rng) if name == "config.json" else content)


def assert_result_or_one_error(path: Path, architecture: Path | None) -> None:
    for action in (
        lambda: is_keras_file(path),
        lambda: convert(path, architecture=architecture),
        lambda: describe(path),
        lambda: dangers_of(path),
    ):
        try:
            action()
        except OnnxfiError as error:
            assert 40 < len(str(error)) < 1500  # noqa: PT017


def beside(path: Path) -> Path | None:
    """Return the architecture of a file that holds weights only."""
    name = path.name.removesuffix(".weights.h5")
    return None if name == path.name else path.with_name(f"{name}.json")


@pytest.mark.parametrize("seed", rest_by_night(range(40), range(20)))
def test_damaged_bytes(references: Path, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    source = references / rng.choice(SOURCES)
    path = tmp_path / source.name
    path.write_bytes(damage(source.read_bytes(), rng))
    assert_result_or_one_error(path, beside(source))


@pytest.mark.parametrize("seed", rest_by_night(range(80), range(40)))
def test_mutated_configurations(references: Path, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    source = references / rng.choice(SOURCES)
    path = tmp_path / source.name
    architecture = beside(source)
    if architecture is not None:
        path.write_bytes(source.read_bytes())
        changed = tmp_path / "model.json"
        changed.write_text(mutate(architecture.read_text(), rng))
        architecture = changed
    elif source.suffix == ".keras":
        mutated_archive(source, path, rng)
    else:
        path.write_bytes(source.read_bytes())
        with h5py.File(path, "r+") as file:
            file.attrs["model_config"] = mutate(file.attrs["model_config"], rng)
    assert_result_or_one_error(path, architecture)

"""Fixtures of the converters' tests: the reference files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def references() -> Path:
    """Return the folder that tools/make_references.py writes."""
    return DATA


@pytest.fixture
def edit(references: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that copies a reference .h5 and changes it: the file or its layers."""

    def editor(
        change_file: Any = None, change_layers: Any = None, source: str = "lenet_k2.h5"
    ) -> Path:
        path = tmp_path / "edited.h5"
        path.write_bytes((references / source).read_bytes())
        with h5py.File(path, "r+") as file:
            if change_layers is not None:
                configuration = json.loads(file.attrs["model_config"])
                layers = configuration["config"]["layers"]
                change_layers({layer["config"]["name"]: layer for layer in layers})
                file.attrs["model_config"] = json.dumps(configuration)
            if change_file is not None:
                change_file(file)
        return path

    return editor

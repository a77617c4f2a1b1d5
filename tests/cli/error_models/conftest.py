"""A package that declares error models."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

DOUBLED = '''
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from onnxfi.error_models import Corruption, SitewiseErrorModel, values_at

@dataclass(frozen=True, slots=True)
class Doubled(SitewiseErrorModel):
    """Doubles values.

    Only for small ones.

    Attributes:
        most: the largest value
            to double.
    """

    name: ClassVar[str] = "doubled"
    most: float = 8.0

    def corrupt(self, golden, sites, *, rng):
        return Corruption(sites, 2 * values_at(golden, sites))
'''


@pytest.fixture
def doubled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a package that declares two error models, one of which is not there."""
    (tmp_path / "doubling.py").write_text(DOUBLED)
    info = tmp_path / "doubling-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: doubling\n")
    (info / "entry_points.txt").write_text(
        "[onnxfi.error_models]\ndoubled = doubling:Doubled\ntripled = doubling:Tripled\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("doubling", None)

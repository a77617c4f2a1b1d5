"""Tests error models with a rate, a region, or from another package."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from onnxfi.campaign import Campaign
from onnxfi.configuration import Configuration
from onnxfi.error_models import SiteList, Zero
from onnxfi.errors import ConfigurationError
from onnxfi.run_directory import read_records

Write = Callable[..., Path]

STUCK = """
from dataclasses import dataclass
from typing import ClassVar
from onnxfi.error_models import Corruption, SitewiseErrorModel
import numpy as np

@dataclass(frozen=True, slots=True)
class Sevens(SitewiseErrorModel):
    name: ClassVar[str] = "sevens:Sevens"

    def corrupt(self, golden, sites, *, rng):
        return Corruption(sites, np.full(sites.size, 7, golden.dtype))
"""


def test_a_rate_and_a_region(work: Path, write: Write) -> None:
    entry = {
        "name": "bitflip",
        "configuration": {"rate": 0.01, "region": {"channels": [0, "2-3"], "rows": "1-2"}},
    }
    path = write(targets={"tensors": ["conv"]}, error_models=[entry])
    rows = read_records(Campaign.from_yaml(path, out=work / "run").run().path).to_pylist()
    assert {x["error_model"] for x in rows} == {
        "bitflip:rate=0.01,region.channels=[0,2-3],region.rows=1-2"
    }
    # The output of conv is (1, 4, 6, 6).
    own = np.arange(144).reshape(4, 6, 6)
    allowed = set(own[[0, 2, 3], 1:3].ravel().tolist())
    sites = [set(row["indices"]) for row in rows]
    assert all(each <= allowed for each in sites)
    # 36 elements of which one in a hundred is hit: about 0.7 of the injections hit none.
    empty = [row for row in rows if not row["indices"]]
    assert 6 <= len(empty) <= 19
    assert {row["outcome"] for row in empty} == {"masked"}
    assert any(row["indices"] for row in rows)


def test_a_file_of_sites_is_relative_to_the_configuration(
    work: Path,
    write: Write,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    golden = np.ones((1, 4, 6, 6), np.float32)
    drawn = Zero(count=3).sample(golden, channel_axis=1, rng=np.random.default_rng(0))
    SiteList(golden.shape, (drawn,)).save(work / "critical.npz")
    entry = {"name": "zero", "configuration": {"region": {"sites": "critical.npz"}}}
    path = write(targets={"tensors": ["conv"]}, error_models=[entry], out=str(work / "run"))
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    begun = Campaign.from_yaml(path).begin()
    rows = read_records(begun.run().path).to_pylist()
    assert {site for row in rows for site in row["indices"]} == set(drawn.indices.tolist())
    assert {row["error_model"] for row in rows} == {"zero:region.sites=critical.npz"}
    np.savez(work / "critical.npz", other=1)
    with pytest.raises(ConfigurationError, match=r"error_models\.0: region\.sites: .*critical"):
        Campaign.open(begun.directory.path)


def test_a_changed_file_of_sites_is_refused(work: Path, write: Write) -> None:
    np.save(work / "sites.npy", [1, 2])
    entry = {"name": "zero", "configuration": {"region": {"sites": "sites.npy"}}}
    path = write(targets={"tensors": ["conv"]}, error_models=[entry], out=str(work / "run"))
    begun = Campaign.from_yaml(path).begin().directory.path
    np.save(work / "sites.npy", [1, 3])
    with pytest.raises(ConfigurationError, match="The error models changed"):
        Campaign.open(begun)


def test_a_class_of_another_package(
    work: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "sevens.py").write_text(STUCK)
    entry = {"name": "sevens:Sevens", "configuration": {"count": 2}}
    path = write(targets={"tensors": ["relu"]}, error_models=[entry], out=str(work / "run"))
    with pytest.raises(ConfigurationError, match=r"error_models\.0: .*No module named 'sevens'"):
        Campaign.from_yaml(path).begin()
    monkeypatch.syspath_prepend(work)
    rows = read_records(Campaign.from_yaml(path).run().path).to_pylist()
    del sys.modules["sevens"]
    assert {row["error_model"] for row in rows} == {"sevens:Sevens:count=2"}
    assert {value for row in rows for value in row["values"]} == {7.0}


@pytest.mark.parametrize("rate", ["1e-9", "1.0e-9", "1E-9", "+1.e-9"])
def test_numbers_with_an_exponent_only(write: Write, rate: str) -> None:
    path = write(error_models=[{"name": "zero", "configuration": {"rate": "RATE"}}])
    path.write_text(path.read_text().replace("RATE", rate))
    (entry,) = Configuration.from_yaml(path).error_models
    assert entry.error_model == Zero(rate=1e-9)

"""Tests how injections shrink."""

import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.campaign import Campaign, replay, shrink
from onnxfi.campaign.replaying.replay import Exactly, Replayer
from onnxfi.error_models import Corruption, SiteList
from onnxfi.errors import InputError
from onnxfi.run_directory import read_records


def wrong_ids(run: Path, error_model: str, *, sites: int) -> list[int]:
    """Return injections that are sdc, with at most so many sites, the largest first."""
    rows = [
        x
        for x in read_records(run).to_pylist()
        if x["outcome"] == "sdc" and x["error_model"] == error_model and len(x["indices"]) <= sites
    ]
    return [x["injection_id"] for x in sorted(rows, key=lambda x: -len(x["indices"]))]


def test_no_site_and_no_bit_can_be_left_out(finished: Path) -> None:
    """Every subset of the sites, and of the bits, that is one smaller is tried."""
    (injection_id, *_) = wrong_ids(finished, "random", sites=1)
    found = shrink(finished, injection_id)
    assert (found.outcome, found.minimal, found.runs <= 2000) == ("sdc", True, True)
    replayer = Replayer.open(finished, injection_id)
    assert replayer.inject(Exactly(found.corruption)).outcome == "sdc"
    (site,) = found.corruption.indices.tolist()
    golden = found.golden.reshape(-1)[[site]].view(np.uint32)
    ((_, before, after, bits, smallest),) = found.sites()
    assert len(bits) == found.bits
    for fewer in combinations(bits, len(bits) - 1):
        values = (golden ^ np.uint32(sum(1 << x for x in fewer))).view(np.float32)
        weaker = Corruption(found.corruption.indices, values)
        if fewer:
            assert replayer.inject(Exactly(weaker)).outcome != "sdc"
    assert smallest is not None
    assert min(before, after) <= smallest <= max(before, after)
    values = np.array([smallest], np.float32)
    scaled = replayer.inject(Exactly(Corruption(found.corruption.indices, values)))
    assert scaled.outcome == "sdc"


def test_many_sites_shrink_to_few(work: Path, write: Any) -> None:
    model = {"name": "random", "configuration": {"low": -9, "high": 9, "count": 12}}
    path = write(error_models=[model], targets={"tensors": ["conv"]})
    run = Path(Campaign.from_yaml(path, out=work / "run").run().path)
    label = read_records(run)["error_model"][0].as_py()
    (injection_id, *_) = wrong_ids(run, label, sites=12)
    found = shrink(run, injection_id)
    assert 1 <= found.corruption.indices.size < found.original.indices.size == 12
    assert {*found.corruption.indices.tolist()} <= {*found.original.indices.tolist()}
    cut = shrink(run, injection_id, budget=3)
    assert (cut.minimal, cut.runs, cut.scale) == (False, 3, None)


def test_the_files_run_it_again(finished: Path, tmp_path: Path) -> None:
    (injection_id, *_) = wrong_ids(finished, "random", sites=1)
    found = shrink(finished, injection_id)
    sites, test = found.save(tmp_path / "kept")
    (corruption,) = SiteList.load(sites).corruptions
    assert corruption.values.tobytes() == found.corruption.values.tobytes()
    assert replay(finished, injection_id, sites=sites).injection.outcome == "sdc"
    scope: dict[str, Any] = {"__file__": str(test)}
    exec(compile(test.read_text(), test, "exec"), scope)
    scope[f"test_injection_{injection_id}"]()


@pytest.mark.thorough
def test_pytest_runs_the_file(finished: Path, tmp_path: Path) -> None:
    (injection_id, *_) = wrong_ids(finished, "random", sites=1)
    _, test = shrink(finished, injection_id).save(tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", str(test)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_is_right_cannot_shrink(finished: Path) -> None:
    rows = read_records(finished).to_pylist()
    masked = next(x["injection_id"] for x in rows if x["outcome"] == "masked")
    with pytest.raises(InputError, match="is masked, and only what is sdc or due"):
        shrink(finished, masked)

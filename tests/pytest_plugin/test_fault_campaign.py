"""The fixture fault_campaign, in test sessions of their own."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxfi.pytest_plugin.cached_campaigns import CampaignCache, fingerprint
from tests.support.small_campaign import fill, make_classifier

TESTS = """\
def test_resilience(fault_campaign):
    rates = fault_campaign(
        "model.onnx", inputs={"file": "inputs.npz", "tensors": {"image": "images"}},
        error_models="bitflip", targets="conv", injections=40,
        execution={"provider": "cpu", "workers": 1},
    )
    assert rates.due.lower <= rates.due.share <= rates.due.upper
    assert rates.sdc.upper < LIMIT
"""


def session(folder: Path, *options: str) -> tuple[int, str]:
    """Run pytest in a folder, and return its status and what it printed."""
    command = [sys.executable, "-m", "pytest", "-q", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path)


@pytest.mark.thorough
def test_a_gate_in_a_test(folder: Path) -> None:
    (folder / "test_it.py").write_text(TESTS.replace("LIMIT", "0.99"))
    assert session(folder)[0] == 0
    (kept,) = (folder / ".pytest_cache" / "d" / "onnxfi").iterdir()
    before = (kept / "manifest.json").read_text()
    assert session(folder)[0] == 0
    assert (kept / "manifest.json").read_text() == before  # taken from the cache
    assert session(folder, "--onnxfi-update")[0] == 0
    assert (kept / "manifest.json").read_text() != before
    (folder / "test_it.py").write_text(TESTS.replace("LIMIT", "1e-9"))
    status, printed = session(folder, "--onnxfi-cache", str(folder / "kept"))
    assert status == 1
    assert "rates of 40 injections: sdc" in printed
    assert len([*(folder / "kept").iterdir()]) == 1


@pytest.mark.thorough
def test_an_error_is_one_message(folder: Path) -> None:
    (folder / "test_it.py").write_text(TESTS.replace("model.onnx", "other.onnx"))
    status, printed = session(folder)
    assert status == 1
    assert "fault_campaign: " in printed
    assert "other.onnx" in printed
    assert "Traceback" not in printed


@pytest.mark.thorough
def test_the_plugin_costs_nothing_where_it_is_not_used(folder: Path) -> None:
    (folder / "test_it.py").write_text(
        "import sys\n\n"
        "def test_it():\n"
        "    assert not {'numpy', 'onnx', 'onnxruntime', 'onnxfi.campaign'} & {*sys.modules}\n"
    )
    status, printed = session(folder)
    assert status == 0, printed


def test_campaigns_are_kept_by_what_they_depend_on(folder: Path) -> None:
    images = np.load(folder / "inputs.npz")["images"]
    arguments = {
        "model": str(folder / "model.onnx"),
        "inputs": {"image": images},
        "error_models": ["bitflip:bit=30"],
        "targets": ["conv"],
        "injections": 20,
        "execution": {"provider": "cpu", "workers": 1},
    }
    first = fingerprint(arguments)
    assert fingerprint({**arguments}) == first
    assert fingerprint({**arguments, "inputs": {"image": images + 1}}) != first
    assert fingerprint({**arguments, "injections": 21}) != first
    assert fingerprint({**arguments, "error_models": ["bitflip:bit=29"]}) != first
    cache = CampaignCache(folder / "kept", update=False)
    rates = cache.run(**arguments)
    assert rates.sdc.lower <= rates.sdc.share <= rates.sdc.upper
    assert {*rates.of} == {"bitflip:bit=30"}
    again = CampaignCache(folder / "kept", update=False).run(**arguments)
    assert (again.sdc, again.due) == (rates.sdc, rates.due)
    assert [x.name for x in (folder / "kept").iterdir()] == [first]
    onnx.save(make_classifier(seed=1), folder / "model.onnx")
    assert fingerprint(arguments) != first


def test_an_interrupted_campaign_goes_on(folder: Path) -> None:
    arguments = {
        "model": str(folder / "model.onnx"),
        "inputs": {"file": str(folder / "inputs.npz"), "tensors": {"image": "images"}},
        "error_models": "bitflip",
        "targets": "conv",
        "injections": 40,
        "execution": {"provider": "cpu", "workers": 1, "shard": 10},
    }
    cache = CampaignCache(folder / "kept", update=False)
    whole = cache.run(**arguments)
    records = folder / "kept" / fingerprint(arguments) / "records"
    sorted(records.iterdir())[0].unlink()
    again = cache.run(**arguments)
    assert again.sdc == whole.sdc
    assert len(again.results) == 40

"""The document for a safety case."""

import re
from pathlib import Path

import pytest
import yaml

from onnxfi.campaign import Campaign
from onnxfi.errors import ConfigurationError
from onnxfi.failure_rates import fit, write_safety_document
from onnxfi.run_directory import read_records
from tests.support.small_campaign import fill, fill_hardened, make_document

RATES = """\
memories: [{name: SRAM, rate: "20 FIT/Mbit (10^6)", targets: activations, residency: 1}]
budget: 10
"""
SECTIONS = [
    "Assumptions",
    "Fault space",
    "Exposure and failure rates",
    "Results",
    "Protections",
    "Not covered",
    "How to reproduce",
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a campaign on a hardened model, with fit.yaml beside it; do not write to it."""
    folder = fill_hardened(tmp_path_factory.mktemp("run"))
    document = make_document(
        targets={"tensors": ["conv", "relu"]},
        error_models=["bitflip"],
        injections={"per_target": 100},
    )
    (folder / "campaign.yaml").write_text(yaml.safe_dump(document))
    (folder / "fit.yaml").write_text(RATES)
    Campaign.from_yaml(folder / "campaign.yaml", out=folder / "run").run()
    return folder / "run"


def test_all_sections_with_the_numbers_of_the_campaign(run: Path, tmp_path: Path) -> None:
    rates = run.parent / "fit.yaml"
    text = write_safety_document(run, tmp_path / "s.md", rates=rates).read_text("utf-8")
    assert re.findall("^## (.*)$", text, re.MULTILINE) == SECTIONS
    rows = read_records(run).to_pylist()
    for target in ("conv", "relu"):
        outcomes = [x["outcome"] for x in rows if x["target"] == target]
        share = 100 * outcomes.count("sdc") / len(outcomes)
        assert f"| `{target}` | `bitflip` | {share:.2f} [" in text
    report = fit(run, rates)
    assert str(report.residual) in text
    assert f"{100 * report.single_point_share:.2f} %" in text
    assert "- **abft** at `conv`" in text
    assert "False alarms:" in text
    assert "diagnostic coverage" in text
    for command in ("summary", "verify", "replay", "run"):
        assert f"onnxfi campaign {command} " in text
    assert "ASIL" not in text


def test_without_rates_and_protections(tmp_path: Path) -> None:
    folder = fill(tmp_path)
    Campaign.from_yaml(folder / "campaign.yaml", out=folder / "run").run()
    text = write_safety_document(folder / "run", tmp_path / "s.md").read_text("utf-8")
    assert "No raw failure rates were given" in text
    assert "The model has none that onnxfi added." in text


def test_a_file_that_cannot_be_written_is_named(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_safety_document(run, tmp_path / "no" / "folder" / "s.md")

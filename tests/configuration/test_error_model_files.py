"""Tests campaigns whose error model is read from a file."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from onnxfi.campaign import Campaign
from onnxfi.errors import ConfigurationError, ErrorModelError
from onnxfi.run_directory import read_records

OBSERVED = Path(__file__).parents[1] / "error_models" / "data" / "every_pattern.json"


@pytest.fixture
def configuration(work: Path, write: Callable[..., Path]) -> Path:
    (work / "observed").mkdir()
    shutil.copy(OBSERVED, work / "observed" / "conv.json")
    entry = {"name": "spatial", "configuration": {"model": "observed/conv.json"}}
    targets = {"tensors": ["conv", "relu"]}
    return write(targets=targets, error_models=[entry], out=str(work / "run"))


def test_its_path_is_relative_to_the_configuration(
    configuration: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    rows = read_records(Campaign.from_yaml(configuration).run().path).to_pylist()
    assert len(rows) == 40
    # The records do not depend on the folder.
    assert {row["error_model"] for row in rows} == {"spatial:model=conv.json"}
    assert len({row["pattern"] for row in rows}) > 1
    assert all(len(row["indices"]) == len(row["value_classes"]) for row in rows)


def test_a_changed_file_is_refused(configuration: Path, work: Path) -> None:
    begun = Campaign.from_yaml(configuration).begin().directory.path
    file = work / "observed" / "conv.json"
    file.write_text(file.read_text() + "\n")
    with pytest.raises(ConfigurationError, match="The error models changed"):
        Campaign.open(begun)


def test_a_missing_file_is_a_mistake_with_its_place(configuration: Path, work: Path) -> None:
    (work / "observed" / "conv.json").unlink()
    with pytest.raises(ConfigurationError, match=r"error_models\.0: .*conv\.json"):
        Campaign.from_yaml(configuration).begin()


def test_built_in_models_are_chosen_by_the_operator(work: Path, write: Callable[..., Path]) -> None:
    auto = {"name": "spatial", "configuration": {"model": "auto"}}
    named = {"name": "spatial", "configuration": {"model": "relu"}}
    path = write(targets={"tensors": ["conv", "relu"]}, error_models=[auto, named])
    rows = read_records(Campaign.from_yaml(path, out=work / "run").run().path).to_pylist()
    assert {row["error_model"] for row in rows} == {"spatial:model=auto", "spatial:model=relu"}
    by_operator = [row for row in rows if row["error_model"].endswith("auto")]
    conv, relu = (
        {row["pattern"] for row in by_operator if row["target"] == name}
        for name in ("conv", "relu")
    )
    assert "skip_4" in conv
    assert relu <= {"bullet_wake", "quasi_shattered_channel", "shattered_channel"}
    refused = write(targets={"tensors": ["conv", "probabilities"]}, error_models=[auto])
    with pytest.raises(ErrorModelError, match=r"got one made by Softmax"):
        Campaign.from_yaml(refused, out=work / "refused").run()
    assert not (work / "refused" / "manifest.json").exists()

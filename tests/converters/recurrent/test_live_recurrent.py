"""Tests random recurrent layers and attention against live Keras; needs the extra ``keras``."""

import subprocess
import sys
from pathlib import Path

import pytest

from onnxfi.converters import convert
from tests.support.keras_references import check_faults, check_layers, check_outputs

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("live")]

PROGRAM = "tests.support.models.random_sequence_models"
ROOT = Path(__file__).resolve().parents[3]
COUNT = 8


@pytest.fixture(scope="module", params=["k2", "k3"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of random models of one Keras, with its results."""
    path = tmp_path_factory.mktemp(request.param)
    subprocess.run(
        [sys.executable, "-m", PROGRAM, request.param, path, str(COUNT)],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )
    return path


@pytest.mark.parametrize("number", range(COUNT))
def test_random_layers_and_faults_in_them_are_those_of_live_keras(
    folder: Path, number: int
) -> None:
    path = folder / f"{number}.h5"
    check_layers(path)
    check_outputs(path, 17)
    check_faults(path)


@pytest.mark.parametrize("number", range(COUNT))
def test_an_archive_has_the_weights_of_the_h5(folder: Path, number: int) -> None:
    whole, archive = (convert(folder / f"{number}{suffix}") for suffix in (".h5", ".keras"))
    assert whole.graph == archive.graph

"""Tests the layers of the reference files with other weights; needs the extra ``keras``."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.keras_references import check_faults, check_layers, check_outputs

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("live")]

PROGRAM = "tools.make_layer_references"
ROOT = Path(__file__).resolve().parents[3]
MODELS = (
    *("series", "volume", "normalisations", "channels_first", "mixed", "nested", "resizing"),
    *("bidirectional_images", "inner_axes", "locally_connected"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of models with random weights, of both Keras versions."""
    path = tmp_path_factory.mktemp("layers")
    command = [sys.executable, "-m", PROGRAM, "--folder", str(path), "--seed", "11", *MODELS]
    # TensorFlow needs oneDNN to convolve channels_first on the CPU, and uses it by default only
    # on processors that have AVX-512 with VNNI.
    environment = os.environ | {"TF_ENABLE_ONEDNN_OPTS": "1"}
    subprocess.run(command, check=True, capture_output=True, env=environment, cwd=ROOT)
    return path


@pytest.mark.parametrize("name", MODELS)
def test_layers_and_faults_in_them_are_those_of_live_keras(folder: Path, name: str) -> None:
    for path in sorted(folder.glob(f"{name}_*.h5")):
        check_layers(path)
        check_outputs(path, 17)
        check_faults(path)

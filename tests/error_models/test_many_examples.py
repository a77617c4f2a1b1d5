"""The tests of this folder that draw examples, with many more of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.nightly
def test_with_many_examples() -> None:
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "not nightly", str(Path(__file__).parent)],
        env=os.environ | {"ONNXFI_EXAMPLES": "1000"},
        check=True,
    )

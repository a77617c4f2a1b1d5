"""Running commands, and what they run on."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from onnxfi.cli.main import main

ROOT = Path(__file__).parents[2]
KERAS_FILE = Path(str(resources.files("onnxfi.demo") / "assets" / "lenet_digits.h5"))
# As the installed script does, and Ctrl-C works even where the shell that started it ignores it.
PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from onnxfi.cli.main import main; main()"
)

CONFIGURATION = """\
model: lenet.onnx
inputs: {file: x.npz}
targets: {ops: [Conv, Relu]}
error_models: [{name: bitflip, configuration: {bit: any}}]
injections: {per_target: 40}
execution: {provider: cpu, workers: 1, shard: 20}
"""


class Result(NamedTuple):
    """What a command did."""

    status: int
    stdout: str
    stderr: str


@pytest.fixture
def onnxfi(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Result]:
    """Give a function that runs a command in this process, as the script would."""
    monkeypatch.delenv("COLUMNS", raising=False)  # pytest-xdist sets it

    def run(*arguments: Any) -> Result:
        monkeypatch.setattr(sys, "argv", ["onnxfi", *map(str, arguments)])
        capsys.readouterr()
        before = {x: signal.getsignal(x) for x in (signal.SIGINT, signal.SIGTERM)}
        # A shell that runs the tests in the background has them ignore interrupts.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            main()
        except SystemExit as done:
            status = 0 if done.code is None else int(done.code)
        else:
            status = 0
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)  # an interrupted program ignores them to its end
        return Result(status, *capsys.readouterr())

    return run


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[str]]:
    """Give a function that starts a command in a process of its own."""

    def run(*arguments: Any, **options: Any) -> subprocess.Popen[str]:
        environment = os.environ | {"PYTHONPATH": str(ROOT)} | options.pop("environment", {})
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            **options,
        )

    return run


@pytest.fixture(scope="session")
def lenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the bundled network as an ONNX file; do not write to it."""
    import onnx

    from onnxfi import converters

    path = tmp_path_factory.mktemp("lenet") / "lenet.onnx"
    onnx.save(converters.convert(KERAS_FILE), path)
    return path


@pytest.fixture
def work(tmp_path: Path, lenet: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the current folder, with lenet.onnx, x.npz and campaign.yaml."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lenet.onnx").write_bytes(lenet.read_bytes())
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "x.npz", image=rng.random((8, 8, 8, 1)).astype(np.float32))
    (tmp_path / "campaign.yaml").write_text(CONFIGURATION)
    return tmp_path


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, lenet: Path) -> Path:
    """Give a run directory whose campaign is done; do not write to it."""
    from onnxfi.campaign import Campaign

    folder = tmp_path_factory.mktemp("finished")
    (folder / "lenet.onnx").write_bytes(lenet.read_bytes())
    rng = np.random.default_rng(0)
    np.savez(folder / "x.npz", image=rng.random((8, 8, 8, 1)).astype(np.float32))
    (folder / "campaign.yaml").write_text(CONFIGURATION)
    Campaign.from_yaml(folder / "campaign.yaml", out=folder / "run").run()
    return folder / "run"

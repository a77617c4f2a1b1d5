"""Tests the limits of the child process, with a child that needs no TensorFlow."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onnxfi.converters.tensorflow import limits, process
from onnxfi.converters.tensorflow.limits import Limits
from onnxfi.errors import MissingExtraError, ModelFormatError

GIB = 2**30


@pytest.fixture
def run(references: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """Return a function that runs a program as the child."""

    def run(program: Any, given: Any = None) -> None:
        (tmp_path / "stand_in.py").write_text(program)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setattr(process, "_CHILD", "stand_in")
        monkeypatch.setattr(process, "require_packages", lambda *_: None)
        process.run_child("predict", references / "lenet_k3.h5", [], limits=given or Limits())

    return run


def test_a_child_that_takes_too_long_is_stopped(run: Callable[..., object]) -> None:
    start = time.monotonic()
    with pytest.raises(ModelFormatError, match=r"within 0\.5 seconds, but .*lenet_k3.* --time-l"):
        run("import time; time.sleep(60)", Limits(seconds=0.5))
    assert time.monotonic() - start < 30


@pytest.mark.thorough
@pytest.mark.skipif(limits.resident_memory(1) == 0, reason="memory is watched on Linux only")
def test_a_child_that_takes_too_much_memory_is_stopped(run: Callable[..., object]) -> None:
    with pytest.raises(ModelFormatError, match=r"within 0\.25 GiB of memory, .* --memory-limit"):
        run("import time; x = bytearray(2**29); time.sleep(60)", Limits(memory=GIB // 4))


def test_a_child_within_its_limits_is_left_alone(run: Callable[..., object]) -> None:
    run("x = bytearray(2**26)", Limits(seconds=60, memory=GIB))


def test_the_last_line_of_a_failure_is_told(run: Callable[..., object]) -> None:
    with pytest.raises(
        ModelFormatError, match=r"keras failed on .*lenet_k3\.h5: OSError: gone\. C"
    ):
        run("import sys; print('noise', file=sys.stderr); raise OSError('gone.')")
    with pytest.raises(ModelFormatError, match="ended with status 3"):
        run("raise SystemExit(3)")
    with pytest.raises(ModelFormatError, match="most likely for want of memory"):
        run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")


def test_a_refusal_of_our_own_is_passed_on(run: Callable[..., object]) -> None:
    program = "import sys; sys.exit('ModelFormatError: A folder must be one.')"
    with pytest.raises(ModelFormatError, match=r"^A folder must be one\.$"):
        run(program)


def test_the_loader_follows_the_version_of_keras(references: Path) -> None:
    loaders = [process.loader_of(references / f"lenet_{x}.h5") for x in ("k2", "k3")]
    assert loaders == ["tf_keras", "keras"]
    assert process.loader_of(references / "lenet_k2.keras") == "tf_keras"


def test_a_keras_that_executes_code_in_its_safe_mode_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: True)
    monkeypatch.setattr(process, "version", lambda _name: "3.11.2")
    with pytest.raises(MissingExtraError, match=r"must be 3\.11\.3 or newer.*got 3\.11\.2"):
        process.require_packages("tensorflow", "keras")
    for sound in ("3.11.3", "3.15.1", "4.0.0"):
        monkeypatch.setattr(process, "version", lambda _name, sound=sound: sound)
        process.require_packages("tensorflow", "keras")

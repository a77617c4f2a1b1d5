"""Starts the child process that runs TensorFlow, enforces limits, and reports its errors."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

from onnxfi.converters.keras_files.file import keras_version_of
from onnxfi.converters.sources.kind import SourceKind, kind_of
from onnxfi.converters.tensorflow.limits import Limits, resident_memory
from onnxfi.errors import MissingExtraError, ModelFormatError

_CHILD = "onnxfi.converters.tensorflow.child"
_OLDEST_KERAS = (3, 11, 3)  # an older Keras 3 executes Lambda layers in its safe mode, too
_KERAS = {"keras", "tf_keras"}
_NATIVE = ", or use --route native, which takes a tenth"
_PAUSE = 0.05  # seconds between two checks of the child
_ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "",
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
}


def loader_of(source: Path) -> str:
    """Return the loader of a source: keras, tf_keras, saved_model or tflite.

    Raises:
        ModelFormatError: the file cannot be read.
    """
    kind = kind_of(source)
    if kind in (SourceKind.SAVED_MODEL, SourceKind.TFLITE):
        return kind.value
    return "keras" if keras_version_of(source).startswith("3") else "tf_keras"


def require_packages(*names: str) -> None:
    """Require the packages of the extra ``keras``.

    Raises:
        MissingExtraError: one of them is not installed, or Keras is too old to be safe.
    """
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise MissingExtraError(
                f"Running TensorFlow needs the extra 'keras', but the package {name!r} is not "
                "installed. Install it with: pip install 'onnxfi[keras]'"
            )
    if "keras" in names:
        installed = version("keras")
        if tuple(int(x) for x in installed.split(".")[:3] if x.isdigit()) < _OLDEST_KERAS:
            raise MissingExtraError(
                f"Keras must be 3.11.3 or newer, as older ones execute code in files, got "
                f"{installed}. Install it with: pip install 'onnxfi[keras]'"
            )


def run_child(
    command: str,
    source: Path,
    paths: Sequence[Path],
    options: Sequence[str] = (),
    *,
    limits: Limits,
) -> None:
    """Run a command of the child with the loader that the source needs.

    Args:
        command: ``predict`` or ``convert``.
        source: a .h5, .keras or .tflite file, or a SavedModel folder.
        paths: the files that the command reads and writes.
        options: further options of the command.
        limits: limits beyond which the child is killed.

    Raises:
        MissingExtraError: the extra ``keras`` is not installed.
        ModelFormatError: loading or running the source fails, or exceeds a limit.
    """
    loader = loader_of(source)
    require_packages("tensorflow", *({loader} & _KERAS))
    root = str(Path(__file__).resolve().parents[2])
    if Path(root).name == "onnxfi":
        root = str(Path(root).parent)
    search = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    with (
        tempfile.TemporaryFile() as messages,
        subprocess.Popen(
            [sys.executable, "-m", _CHILD, command, loader, source, *paths, *options],
            env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": search},
            stdin=subprocess.PIPE,  # it ends with this process, and the child with it
            stdout=subprocess.DEVNULL,
            stderr=messages,
        ) as child,
    ):
        try:
            _watch(child, source, limits, _NATIVE if loader in _KERAS else "")
        finally:
            child.kill()
        if child.wait() != 0:
            raise _failure(loader, source, child.returncode, messages)


def _watch(child: "subprocess.Popen[bytes]", source: Path, limits: Limits, other_way: str) -> None:
    """Wait for the child to end, within limits."""
    end = time.monotonic() + limits.seconds
    while True:
        try:
            child.wait(_PAUSE)
        except subprocess.TimeoutExpired:
            pass
        else:
            return
        if time.monotonic() > end:
            raise ModelFormatError(
                f"TensorFlow must load and run a model within {limits.seconds:g} seconds, but "
                f"{source} took longer. Raise it with --time-limit; or the file is damaged, and "
                "was never going to end: save the model again."
            )
        if resident_memory(child.pid) > limits.memory:
            raise ModelFormatError(
                f"TensorFlow must load and run a model within {limits.memory / 2**30:.3g} GiB of "
                f"memory, but {source} took more. Raise it with --memory-limit{other_way}."
            )


def _failure(loader: str, source: Path, status: int, messages: BinaryIO) -> ModelFormatError:
    messages.seek(0)
    lines = messages.read().decode(errors="replace").strip().splitlines()
    reason = lines[-1] if lines else f"it ended with status {status}"
    if status == -9:
        reason = "the system killed it, most likely for want of memory"
    kind, _, text = reason.partition(": ")
    if kind == ModelFormatError.__name__:
        return ModelFormatError(text)
    what = f"{loader} failed on {source}: {reason.rstrip('.')}"
    if loader in _KERAS:
        return ModelFormatError(
            f"Keras must be able to load and run the model, but {what}. "
            "Check that this Keras loads the file, with the custom classes that it needs."
        )
    return ModelFormatError(
        f"TensorFlow must be able to load and run the model, but {what}. "
        "Check that this TensorFlow loads it."
    )

"""Starting the child process that runs Keras, with a time limit, and telling what went wrong."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from onnxfi.converters.keras_file import keras_version_of
from onnxfi.errors import MissingExtraError, ModelFormatError

TIME_LIMIT = 900.0
"""Seconds that a child may take; tf_keras loops for ever on some damaged models."""

_CHILD = "onnxfi.converters.keras_child"
_ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "",
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
}


def keras_version(source: Path) -> str:
    """Return the version of the Keras that wrote a .h5 or .keras file; ``""`` if it is not said.

    Raises:
        ModelFormatError: the file cannot be read.
    """
    return "" if source.is_dir() else keras_version_of(source)


def require_packages(*names: str) -> None:
    """Refuse to go on without the packages of the extra ``keras``.

    Raises:
        MissingExtraError: one of them is not installed.
    """
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise MissingExtraError(
                f"Running Keras needs the extra 'keras', but the package {name!r} is not installed."
                " Install it with: pip install 'onnxfi[keras]'"
            )


def run_keras(
    command: str,
    source: Path,
    paths: Sequence[Path],
    options: Sequence[str] = (),
    *,
    time_limit: float = TIME_LIMIT,
) -> None:
    """Run a command of `keras_child` with the Keras family that wrote the source.

    Args:
        command: ``predict`` or ``convert``.
        source: a .h5 or .keras file, or a SavedModel folder.
        paths: the files that the command reads and writes.
        options: further options of the command.
        time_limit: seconds after which the child is killed.

    Raises:
        MissingExtraError: the extra ``keras`` is not installed.
        ModelFormatError: Keras fails on the source, or takes too long.
    """
    family = "keras" if keras_version(source).startswith("3") else "tf_keras"
    require_packages("tensorflow", family)
    root = str(Path(__file__).resolve().parents[1])
    if Path(root).name == "onnxfi":
        root = str(Path(root).parent)
    search = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    try:
        child = subprocess.run(
            [sys.executable, "-m", _CHILD, command, family, source, *paths, *options],
            env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": search},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=time_limit,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelFormatError(
            f"Keras must load and run a model within {time_limit:.0f} seconds, but {source} took "
            "longer. The file may be damaged: save the model again."
        ) from error
    if child.returncode == 0:
        return
    lines = child.stderr.decode(errors="replace").strip().splitlines()
    reason = lines[-1] if lines else f"it ended with status {child.returncode}"
    raise ModelFormatError(
        f"Keras must be able to load and run the model, but {family} failed on {source}: {reason}. "
        "Check that this Keras loads the file, with the custom classes that it needs."
    )

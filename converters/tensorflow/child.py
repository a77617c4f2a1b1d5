"""Runs TensorFlow in a child process: ``python -m onnxfi.converters.tensorflow.child``.

    predict LOADER SOURCE INPUTS.npz OUTPUTS.npz [--unsafe]
    convert LOADER SOURCE OUTPUT.onnx --opset N [--unsafe]

LOADER loads the source: keras, tf_keras, saved_model or tflite.

`process` starts it; nothing else imports this module. TensorFlow is heavy, keeps its memory, and
can hang on a damaged file, so it runs in a process that can be killed. A failure ends in one line,
which the parent shows. The child ends when its standard input closes, so it never outlives its
parent.
"""

import argparse
import importlib
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from onnxfi.converters.metadata.layer_map import METADATA_KEY, dump_layers
from onnxfi.converters.safety.source_dangers import require_safe
from onnxfi.converters.tensorflow.traced_graph import ConvertedModel


class LoadedModel(Protocol):
    """A model that a loader has loaded."""

    def predict(self, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Run the model on a batch of each input, in order; return its outputs."""

    def convert(self, opset: int) -> ConvertedModel:
        """Return the model as ONNX, and its layers without the inputs."""


def main() -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="child")
    parser.add_argument("command", choices=["predict", "convert"])
    parser.add_argument("loader", choices=["keras", "tf_keras", "saved_model", "tflite"])
    parser.add_argument("source", type=Path)
    parser.add_argument("paths", type=Path, nargs="+")
    parser.add_argument("--opset", type=int, default=17)
    parser.add_argument("--unsafe", action="store_true")
    arguments = parser.parse_args()
    sys.excepthook = _say_in_one_line
    threading.Thread(target=_end_with_parent, daemon=True).start()
    require_safe(arguments.source, unsafe=arguments.unsafe)
    model = _load(arguments.source, arguments.loader, arguments.unsafe)
    if arguments.command == "predict":
        _predict(model, *arguments.paths)
    else:
        converted, layers, absent = model.convert(arguments.opset)
        helper.set_model_props(converted, {METADATA_KEY: dump_layers(layers, absent)})
        onnx.save(converted, arguments.paths[0])


def _load(source: Path, loader: str, unsafe: bool) -> LoadedModel:
    package = "onnxfi.converters.tensorflow"
    if loader in ("saved_model", "tflite"):
        module = importlib.import_module(f"{package}.{loader}")
        model: LoadedModel = module.load(source)
    else:
        module = importlib.import_module(f"{package}.keras_model")
        model = module.KerasModel(source, loader, unsafe=unsafe)
    return model


def _predict(model: LoadedModel, inputs: Path, outputs: Path) -> None:
    """Run the model on each ``BATCH/INPUT`` of a .npz; write each ``BATCH/OUTPUT``."""
    results: dict[str, Any] = {}
    with np.load(inputs) as stored:
        for batch in sorted({key.split("/")[0] for key in stored}):
            count = sum(key.startswith(f"{batch}/") for key in stored)
            arrays = [stored[f"{batch}/{i}"] for i in range(count)]
            for i, value in enumerate(model.predict(arrays)):
                results[f"{batch}/{i}"] = value
    np.savez(outputs, **results)


def _say_in_one_line(
    kind: type[BaseException], error: BaseException, _traceback: TracebackType | None
) -> None:
    lines = str(error).strip().splitlines() or [""]
    sys.stderr.write(f"\n{kind.__name__}: {lines[0]}\n")


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # not sys.stdin.read, whose lock would be held on exit
    os._exit(1)


if __name__ == "__main__":
    main()

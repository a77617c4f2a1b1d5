"""Writes the models that the benchmarks run, by name, on demand.

The light models come with the onnx package and get random weights. The others are built in PyTorch
with random weights, so that a peer can run the same ones, and need it to be installed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import onnx

import onnxfi
from tests.support.models.light_models import densified

LIGHT = ("resnet50", "squeezenet", "densenet121", "vgg19")
FROM_TORCH = ("mobilenet_v2", "vgg16", "unet", "torch_resnet50", "torch_squeezenet")
MODELS = ("lenet", *LIGHT, *FROM_TORCH)
#: What brings all that the benchmarks need.
INSTALL = "Install it with: pip install 'onnxfi[bench]'"


@dataclass(frozen=True, eq=False, slots=True)
class Benchmarked:
    """A model to measure.

    Attributes:
        name: what the table calls it.
        path: its file.
        model: the model.
        feeds: one input, by name.
        source: the PyTorch module that it was exported from; None where there is none.
    """

    name: str
    path: Path
    model: onnxfi.Model
    feeds: dict[str, np.ndarray]
    source: Any = None


def make(name: str, folder: Path) -> Benchmarked:
    """Write a model of `MODELS` to a folder and load it."""
    path, source = folder / f"{name}.onnx", None
    if name == "lenet":
        path = folder / "lenet.h5"
        asset = resources.files("onnxfi.demo") / "assets" / "lenet_digits.h5"
        path.write_bytes(asset.read_bytes())
    elif name in LIGHT:
        light = densified(f"light_{name}")
        weights = {x.name for x in light.graph.initializer}
        inputs = [x for x in light.graph.input if x.name not in weights]
        del light.graph.input[:]  # or ONNX Runtime takes no weight for constant
        light.graph.input.extend(inputs)
        onnx.save(light, path)
    else:
        from tools.benchmark.torch_models import export

        source = export(name.removeprefix("torch_"), path)
    return open_model(name, path, source)


def open_model(name: str, path: Path, source: Any = None) -> Benchmarked:
    """Load a model file with one input, and draw an image for it."""
    model = onnxfi.load(path)
    (graph_input,) = model.graph.inputs
    shape = [x if isinstance(x, int) else 1 for x in graph_input.shape or ()]
    image = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    return Benchmarked(name, path, model, {graph_input.name or "": image}, source)


def make_each(names: Iterable[str], folder: Path) -> Iterator[Benchmarked]:
    """Yield models, and say which ones need what is not installed."""
    for name in names:
        try:
            made = make(name, folder)
        except ModuleNotFoundError as error:
            print(f"{name} is skipped: {error}. {INSTALL}", flush=True)
        else:
            yield made


def spread_targets(model: onnxfi.Model, count: int | None) -> list[onnxfi.Target]:
    """Return the convolutions in the middle of as many equal parts; all of them for None."""
    targets = model.targets(kind="activation", op="Conv")
    if count is None or count >= len(targets):
        return targets
    return [targets[int((x + 0.5) * len(targets) / count)] for x in range(count)]

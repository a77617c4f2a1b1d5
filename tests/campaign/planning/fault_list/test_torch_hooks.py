"""Fault lists with results from PyTorch, in the form of published lists."""

import csv
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.campaign import Campaign, agree
from onnxfi.configuration import Configuration

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("live"), pytest.mark.thorough]
HEADER = (
    *("Injection", "Layer", "TensorIndex", "Bit"),
    *("n_injections", "masked", "non_critical", "critical"),
)
INPUTS = 24


def make_model() -> Any:
    import torch

    torch.manual_seed(0)
    layers = {
        "conv": torch.nn.Conv2d(2, 6, 3),
        "relu": torch.nn.ReLU(),
        "flat": torch.nn.Flatten(),
        "fc": torch.nn.Linear(6 * 36, 5),
    }
    model = torch.nn.Sequential()
    for name, layer in layers.items():
        model.add_module(name, layer)
    return model.eval()


def flip(value: np.ndarray, index: tuple[int, ...], bit: int) -> np.ndarray:
    changed = value.copy()
    changed.view(np.uint32)[index] ^= np.uint32(1 << bit)
    return changed


def outputs_with_weight(model: Any, images: Any, layer: str, index: Any, bit: int) -> Any:
    import torch

    weight = getattr(model, layer).weight
    before = weight.detach().clone()
    with torch.no_grad():
        weight.copy_(torch.from_numpy(flip(before.numpy(), index, bit)))
        found = [model(x).numpy() for x in images]
        weight.copy_(before)
    return found


def outputs_with_activation(model: Any, images: Any, layer: str, index: Any, bit: int) -> Any:
    import torch

    def hook(module: Any, inputs: Any, output: Any) -> Any:
        return torch.from_numpy(flip(output.detach().numpy(), index, bit))

    handle = getattr(model, layer).register_forward_hook(hook)
    with torch.no_grad():
        found = [model(x).numpy() for x in images]
    handle.remove()
    return found


@pytest.mark.parametrize(
    ("kind", "shapes", "run"),
    [
        ("weight", {"conv": (6, 2, 3, 3), "fc": (5, 216)}, outputs_with_weight),
        ("activation", {"conv": (1, 6, 6, 6), "relu": (1, 6, 6, 6)}, outputs_with_activation),
    ],
)
def test_counts_equal_those_of_pytorch(
    kind: str, shapes: dict[str, tuple[int, ...]], run: Callable[..., Any], tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    model, rng = make_model(), np.random.default_rng(0)
    x = rng.normal(size=(INPUTS, 1, 2, 8, 8)).astype(np.float32)
    images = [torch.from_numpy(one) for one in x]
    with torch.no_grad():
        golden = [model(one).numpy() for one in images]
    rows = []
    for number in range(120):
        layer = str(rng.choice(list(shapes)))
        index = tuple(int(rng.integers(n)) for n in shapes[layer])
        bit = int(rng.choice([0, 20, 23, 26, 29, 30, 31]))
        faulty = run(model, images, layer, index, bit)
        pairs = list(zip(faulty, golden, strict=True))
        masked = sum(np.array_equal(a, b) for a, b in pairs)
        critical = sum(not np.isfinite(a).all() or a.argmax() != b.argmax() for a, b in pairs)
        counts = (INPUTS, masked, INPUTS - masked - critical, critical)
        rows.append((number, layer, index, bit, *counts))
    with (tmp_path / "published.csv").open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        program = torch.onnx.export(
            model, (images[0],), dynamo=True, optimize=False, verbose=False, input_names=["image"]
        )
    program.save(tmp_path / "model.onnx")
    np.savez(tmp_path / "inputs.npz", image=x[:, 0])
    document = {
        "model": "model.onnx",
        "inputs": {"file": "inputs.npz"},
        "targets": {"kind": kind},
        "injections": {"list": "published.csv", "inputs_per_fault": "all"},
        "metric": "classification",
    }
    planned = Configuration.from_document(document, "test", folder=tmp_path)
    Campaign(planned, out=tmp_path / "run").run()
    found = agree(tmp_path / "run", tmp_path / "published.csv", tolerance=1)
    assert found.only_here == found.only_published == 0
    assert found.share == 1, found.worst()
    # Rounding decides whether a flip of the lowest bit is masked.
    assert [x for x in found.faults if x.bit and x.difference > 1] == []
    here, published = found.total("critical")
    assert published > 100
    assert abs(here - published) <= 3

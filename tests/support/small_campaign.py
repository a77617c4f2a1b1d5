"""A small classifier, its inputs and campaigns on it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper

import onnxfi
from onnxfi.campaign import Campaign

INPUTS = 12


def make_classifier(seed: int = 0) -> onnx.ModelProto:
    """Make Conv, Relu, MaxPool, Flatten, Gemm, Softmax with random weights; 8x8 images in."""
    rng = np.random.default_rng(seed)

    def weights(name: str, *shape: int) -> TensorProto:
        return numpy_helper.from_array(rng.normal(0, 0.5, shape).astype(np.float32), name)

    nodes = [
        helper.make_node("Conv", ["image", "conv/w", "conv/b"], ["conv"], name="conv"),
        helper.make_node("Relu", ["conv"], ["relu"], name="relu"),
        helper.make_node(
            "MaxPool", ["relu"], ["pool"], name="pool", kernel_shape=[2, 2], strides=[2, 2]
        ),
        helper.make_node("Flatten", ["pool"], ["flat"], name="flat"),
        helper.make_node("Gemm", ["flat", "fc/w", "fc/b"], ["scores"], name="fc"),
        helper.make_node("Softmax", ["scores"], ["probabilities"], name="softmax", axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 8, 8])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 5])],
        [
            weights("conv/w", 4, 1, 3, 3),
            weights("conv/b", 4),
            weights("fc/w", 36, 5),
            weights("fc/b", 5),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def fill(folder: Path) -> Path:
    """Write model.onnx, inputs.npz (images, labels) and campaign.yaml; always the same."""
    rng = np.random.default_rng(1)
    onnx.save(make_classifier(), folder / "model.onnx")
    np.savez(
        folder / "inputs.npz",
        images=rng.normal(size=(INPUTS, 1, 8, 8)).astype(np.float32),
        labels=rng.integers(0, 5, INPUTS),
    )
    (folder / "campaign.yaml").write_text(yaml.safe_dump(make_document()))
    return folder


def fill_hardened(folder: Path) -> Path:
    """Write the same, with a checksum of the convolution in model.onnx."""
    images = np.load(fill(folder) / "inputs.npz")["images"]
    hardened = onnxfi.harden(
        onnxfi.load(folder / "model.onnx"),
        abft=["conv"],
        inputs=[{"image": x[np.newaxis]} for x in images],
        false_alarms=0.1,
    )
    hardened.model.save(folder / "model.onnx")
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Give a folder with model.onnx, inputs.npz (images, labels) and campaign.yaml."""
    return fill(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the run directory of that campaign, done, elsewhere; do not write to it."""
    folder = fill(tmp_path_factory.mktemp("finished"))
    Campaign.from_yaml(folder / "campaign.yaml", out=folder / "run").run()
    return folder / "run"


def make_document(**changes: Any) -> dict[str, Any]:
    """Make the document of a configuration: 4 targets, 3 error models, 20 injections each."""
    return {
        "model": "model.onnx",
        "inputs": {"file": "inputs.npz", "tensors": {"image": "images"}, "labels": "labels"},
        "targets": {"ops": ["Conv", "Relu", "MaxPool", "Gemm"]},
        "error_models": [
            {"name": "bitflip", "configuration": {"bit": "any"}},
            {"name": "zero"},
            {"name": "random"},
        ],
        "injections": {"per_target": 20},
        "seed": 3,
        "execution": {"provider": "cpu", "workers": 1, "shard": 7},
    } | changes


@pytest.fixture
def write(work: Path) -> Callable[..., Path]:
    """Give a function that writes campaign.yaml anew, some sections changed."""

    def write_changed(**changes: Any) -> Path:
        path = work / "campaign.yaml"
        path.write_text(yaml.safe_dump(make_document(**changes)))
        return path

    return write_changed

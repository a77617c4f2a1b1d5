"""Make the recorded models of other exporters, and what PyTorch computes in each module.

Needs the extra ``oracles`` and skl2onnx. Run it from the root of the repository:

    python tools/make_exported_models.py

It writes into tests/frameworks/data/

- ``torch_modules.onnx``   a small network by ``torch.onnx.export``;
- ``torch_script.onnx``    the same by the exporter before that, ``dynamo=False``;
- ``torch_modules.npz``    ``input``, and ``layer:PATH`` for the output of every call of a module;
- ``classifier.onnx``      a random forest by skl2onnx, with its defaults: labels, and a sequence of
                           maps of probabilities;
- ``classifier_tensor.onnx``  the same with the probabilities as a tensor (``zipmap=False``).
"""

import logging
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from torch import Tensor, nn

DATA = Path(__file__).resolve().parent.parent / "tests" / "frameworks" / "data"
KEPT = ("pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy")
OPSET = 20


class Block(nn.Module):
    """A residual block, which calls its activation twice."""

    def __init__(self, channels: int) -> None:
        """Build the block."""
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Run the block."""
        y = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.conv2(y) + x)


class Network(nn.Module):
    """Nested modules, a shared layer, and a recurrent layer with states."""

    def __init__(self) -> None:
        """Build the network."""
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3)
        self.layer1 = nn.Sequential(Block(4), Block(4))
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(4 * 6 * 6, 4)
        self.shared = nn.Linear(4, 4)
        self.lstm = nn.LSTM(4, 3, batch_first=True)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Run the network."""
        x = self.fc(self.flatten(self.layer1(self.stem(image))))
        y = self.shared(x) * self.shared(torch.tanh(x))
        steps, (hidden, _) = self.lstm(y.unsqueeze(1))
        return steps, hidden


def make_torch_models() -> None:
    """Write the models of PyTorch and the outputs of their modules."""
    torch.manual_seed(0)
    model = Network().eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    image = torch.randn(2, 3, 8, 8)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch about its older exporter
        for name, dynamo in (("torch_modules", True), ("torch_script", False)):
            path = DATA / f"{name}.onnx"
            options: dict[str, Any] = {"external_data": False, "verbose": False} if dynamo else {}
            torch.onnx.export(
                model,
                (image,),
                path,
                input_names=["image"],
                opset_version=OPSET,
                dynamo=dynamo,
                **options,
            )
            _strip(path)
    np.savez_compressed(
        DATA / "torch_modules.npz",
        input=image.numpy(),
        **{f"layer:{name}": value for name, value in _module_outputs(model, image).items()},
    )


def make_classifiers() -> None:
    """Write the models of scikit-learn."""
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(60, 4)).astype(np.float32)
    labels = (samples[:, 0] + samples[:, 1] > 0).astype(int) + (samples[:, 2] > 1)
    forest = RandomForestClassifier(3, max_depth=3, random_state=0).fit(samples, labels)
    for name, options in (("classifier", {}), ("classifier_tensor", {"zipmap": False})):
        model = to_onnx(forest, samples[:1], options={id(forest): options}, target_opset=OPSET)
        onnx.save(model, DATA / f"{name}.onnx")


def _module_outputs(model: nn.Module, image: Tensor) -> dict[str, np.ndarray]:
    """Return the output of every call of every module; the second call of ``m`` is ``m@1``."""
    outputs: dict[str, np.ndarray] = {}
    calls: Counter[str] = Counter()

    def record(path: str, output: Any) -> None:
        number = calls[path]
        calls[path] += 1
        first = output[0] if isinstance(output, tuple) else output
        outputs[f"{path}@{number}" if number else path] = first.numpy().copy()

    for path, module in model.named_modules():
        if path:
            module.register_forward_hook(lambda _m, _i, output, path=path: record(path, output))
    with torch.no_grad():
        model(image)
    return outputs


def _strip(path: Path) -> None:
    """Keep of a node's metadata the modules: the rest tells of the machine."""
    model = onnx.load(path)
    for node in model.graph.node:
        kept = [entry for entry in node.metadata_props if entry.key in KEPT]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
        node.doc_string = ""
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    for weight in model.graph.initializer:
        del weight.metadata_props[:]
    del model.graph.metadata_props[:]
    onnx.save(model, path)


if __name__ == "__main__":
    DATA.mkdir(exist_ok=True)
    make_torch_models()
    make_classifiers()

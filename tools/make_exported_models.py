"""Make the recorded models of other exporters, and PyTorch's results for each module.

Needs the extra ``oracles`` and skl2onnx. Run it from the root of the repository:

    python -m tools.make_exported_models

It writes into tests/frameworks/data/

- ``torch_modules.onnx``   a small network by ``torch.onnx.export``;
- ``torch_script.onnx``    the same by the exporter before that, ``dynamo=False``;
- ``torch_modules.npz``    ``input``, and ``layer:PATH`` for the output of every call of a module;
- ``transformer.onnx``     a small transformer by ``torch.onnx.export``, and ``transformer.npz``;
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


class Transformer(nn.Module):
    """Words to an embedding, an encoder of two layers, and a classifier."""

    def __init__(self) -> None:
        """Build the network."""
        super().__init__()
        self.embedding = nn.Embedding(20, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, activation="gelu")
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.classifier = nn.Linear(8, 3)

    def forward(self, words: Tensor) -> Tensor:
        """Run the network."""
        scores: Tensor = self.classifier(self.encoder(self.embedding(words))[:, 0])
        return scores


def make_torch_models() -> None:
    """Write the models of PyTorch and the outputs of their modules."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    torch.backends.mha.set_fastpath_enabled(False)  # it calls no modules
    torch.manual_seed(0)
    transformer = Transformer().eval()
    words = torch.randint(0, 20, (2, 5))
    _export(transformer, words, "words", DATA / "transformer.onnx", dynamo=True)
    _save_outputs(transformer, words, DATA / "transformer.npz")
    torch.manual_seed(0)
    model = Network().eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    image = torch.randn(2, 3, 8, 8)
    for name, dynamo in (("torch_modules", True), ("torch_script", False)):
        _export(model, image, "image", DATA / f"{name}.onnx", dynamo=dynamo)
    _save_outputs(model, image, DATA / "torch_modules.npz")


def _export(model: nn.Module, given: Tensor, name: str, path: Path, *, dynamo: bool) -> None:
    options: dict[str, Any] = {"external_data": False, "verbose": False} if dynamo else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch about its older exporter
        torch.onnx.export(
            model,
            (given,),
            path,
            input_names=[name],
            opset_version=OPSET,
            dynamo=dynamo,
            **options,
        )
    _strip(path)


def _save_outputs(model: nn.Module, given: Tensor, path: Path) -> None:
    outputs: dict[str, Any] = {
        f"layer:{name}": x for name, x in _module_outputs(model, given).items()
    }
    np.savez_compressed(path, input=given.numpy(), **outputs)


def make_classifiers() -> None:
    """Write the models of scikit-learn."""
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(60, 4)).astype(np.float32)
    labels = (samples[:, 0] + samples[:, 1] > 0).astype(int) + (samples[:, 2] > 1)
    forest = RandomForestClassifier(3, max_depth=3, random_state=0).fit(samples, labels)
    for name, options in (("classifier", {}), ("classifier_tensor", {"zipmap": False})):
        model = to_onnx(forest, samples[:1], options={id(forest): options}, target_opset=OPSET)
        onnx.save(model, DATA / f"{name}.onnx")


def _module_outputs(model: nn.Module, given: Tensor) -> dict[str, np.ndarray]:
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
        model(given)
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

"""A transformer encoder of PyTorch: the same fault in a module there and in its tensor here."""

import io
import logging
import warnings
from typing import Any

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.error_models import RandomValue

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")  # torch.onnx.export needs it
pytestmark = pytest.mark.live

FEATURES, HEADS = 8, 2


class MatMul(torch.nn.Module):  # type: ignore[misc, name-defined]
    """A product of activations as a module, so that a hook can reach it."""

    def forward(self, one: Any, other: Any) -> Any:
        """Multiply."""
        return one @ other


class Encoder(torch.nn.Module):  # type: ignore[misc, name-defined]
    """One encoder layer with a classifier on the mean of the positions."""

    def __init__(self) -> None:
        """Make the modules, each used once."""
        super().__init__()
        self.q, self.k, self.v, self.o = (torch.nn.Linear(FEATURES, FEATURES) for _ in range(4))
        self.scores, self.context = MatMul(), MatMul()
        self.softmax = torch.nn.Softmax(-1)
        self.norm1, self.norm2 = torch.nn.LayerNorm(FEATURES), torch.nn.LayerNorm(FEATURES)
        self.up, self.down = torch.nn.Linear(FEATURES, 12), torch.nn.Linear(12, FEATURES)
        self.gelu = torch.nn.GELU()
        self.classes = torch.nn.Linear(FEATURES, 3)

    def forward(self, x: Any) -> Any:
        """Map (N, positions, features) to (N, classes)."""
        samples, positions, _ = x.shape

        def split(y: Any) -> Any:
            return y.reshape(samples, positions, HEADS, -1).transpose(1, 2)

        scores = self.scores(split(self.q(x)), split(self.k(x)).transpose(2, 3))
        weights = self.softmax(scores * (FEATURES / HEADS) ** -0.5)
        context = self.context(weights, split(self.v(x)))
        x = self.norm1(x + self.o(context.transpose(1, 2).reshape(x.shape)))
        x = self.norm2(x + self.down(self.gelu(self.up(x))))
        return self.classes(x.mean(1))


def export(encoder: Any, x: np.ndarray) -> onnx.ModelProto:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch about itself
        program = torch.onnx.export(
            encoder, (torch.from_numpy(x),), dynamo=True, optimize=False, verbose=False
        )
    file = io.BytesIO()
    program.save(file)
    return onnx.load_from_string(file.getvalue())


def test_faults_equal_those_in_pytorch() -> None:
    torch.manual_seed(0)
    encoder = Encoder().eval()
    x = np.random.default_rng(0).standard_normal((2, 5, FEATURES)).astype(np.float32)
    loaded = onnxfi.load(export(encoder, x))
    modules = {name: module for name, module in encoder.named_modules() if name}

    def run(name: str, replace: onnxfi.error_models.Corruption | None) -> list[np.ndarray]:
        """Return a module's output and the encoder's, the former replaced if asked for."""
        seen = []

        def hook(_module: object, _inputs: object, output: Any) -> Any:
            seen.append(output.numpy().copy())
            if replace is None:
                return output
            return torch.from_numpy(replace.apply(output.numpy()))

        handle = modules[name].register_forward_hook(hook)
        with torch.no_grad():
            y = encoder(torch.from_numpy(x)).numpy()
        handle.remove()
        return [*seen, y]

    activations = loaded.targets(kind="activation")
    with onnxfi.Injector(onnxfi.expose(loaded, activations), "x", provider="cpu") as injector:
        values = injector.golden({"x": x}).outputs
    for name in modules:
        output, y = run(name, None)
        # A module's tensor is the one that holds its output.
        tensors = [
            tensor
            for tensor, array in values.items()
            if array.shape == output.shape and np.allclose(array, output, atol=1e-6)
        ]
        assert tensors, name
        with onnxfi.Injector(loaded, tensors[0], provider="cpu") as injector:
            golden = injector.golden({"x": x})
            (golden_y,) = golden.outputs.values()
            np.testing.assert_allclose(golden_y, y, atol=1e-5)
            for injection in injector.inject(golden, RandomValue(-4.0, 4.0), count=5):
                _, faulty = run(name, injection.corruption)
                (got,) = injection.outputs.values()
                np.testing.assert_allclose(got, faulty, rtol=1e-4, atol=1e-5, err_msg=name)
                assert np.abs(faulty - y).max() > 1e-4

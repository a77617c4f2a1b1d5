"""Times PyTorchFI 0.6.0, with one thread."""

import copy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from pytorchfi.core import fault_injection
from torch import nn

from onnxfi.error_models import BitFlip
from tools.benchmark.models import make, spread_targets
from tools.benchmark.peers.peer import Peer
from tools.benchmark.timing import Repeated
from tools.benchmark.torch_models import IMAGE

_BATCH = 16
MODELS: tuple[str, ...] = (
    "torch_squeezenet",
    "mobilenet_v2",
    "torch_resnet50",
    "unet",
    "vgg16",
)  # light ones first
#: The ways to inject, and the bars.
BARS: dict[str, float | None] = {"PyTorchFI": 15.0, f"PyTorchFI, a batch of {_BATCH}": 15.0}


def peers_of(name: str, folder: Path, count: int) -> Iterator[Peer]:
    """Yield what to run at some convolutions of a model."""
    benchmarked = make(name, folder)
    injector = PyTorchFI(benchmarked.source)
    layers = benchmarked.model.targets(kind="activation", op="Conv")
    for target in spread_targets(benchmarked.model, count):
        things = injector.at_layer(layers.index(target))
        yield Peer(benchmarked, target, things, (1, _BATCH))


class PyTorchFI:
    """Injections into the convolutions of a model."""

    def __init__(self, model: nn.Module) -> None:
        """Profile the model, as PyTorchFI does first."""
        torch.set_num_threads(1)
        self._model = model
        with torch.no_grad():
            self._sizes = fault_injection(model, 1, input_shape=list(IMAGE[1:])).output_size

    def at_layer(self, layer: int) -> list[Repeated]:
        """Return injections into a convolution: one at a time, and a batch at a time."""
        return [self._thing(layer, 1), self._thing(layer, _BATCH)]

    def _thing(self, layer: int, batch: int) -> Repeated:
        rng = np.random.default_rng(0)
        images = torch.randn(IMAGE).expand(batch, -1, -1, -1).contiguous()
        _, *shape = self._sizes[layer]
        model = copy.deepcopy(self._model)
        with torch.no_grad():
            injector = fault_injection(model, batch, input_shape=list(IMAGE[1:]))
            golden = self._golden(model, layer, images[:1])
            injector.declare_neuron_fi(
                batch=[0], layer_num=[layer], dim1=[0], dim2=[0], dim3=[0], value=[0.0]
            )

        def inject() -> None:
            drawn = [BitFlip().sample(golden, channel_axis=None, rng=rng) for _ in range(batch)]
            sites = [np.unravel_index(int(x.indices[0]), shape) for x in drawn]
            injector.corrupt_batch = list(range(batch))
            injector.corrupt_layer = [layer] * batch
            injector.corrupt_dim1, injector.corrupt_dim2, injector.corrupt_dim3 = (
                [int(x) for x in axis] for axis in zip(*sites, strict=True)
            )
            injector.corrupt_value = [float(x.values[0]) for x in drawn]
            injector.reset_current_layer()
            with torch.no_grad():
                injector.get_corrupted_model()(images).argmax(dim=1)

        def run(count: int) -> None:
            for _ in range(count):
                inject()

        return run

    @staticmethod
    def _golden(model: nn.Module, layer: int, image: torch.Tensor) -> np.ndarray:
        convolutions = [x for x in model.modules() if isinstance(x, nn.Conv2d)]
        kept: list[torch.Tensor] = []
        handle = convolutions[layer].register_forward_hook(lambda *x: kept.append(x[2]))
        model(image)
        handle.remove()
        return kept[0].numpy()

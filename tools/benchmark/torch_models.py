"""Exports PyTorch models with random weights for the benchmarks."""

import logging
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from tests.frameworks.torch_large_models import mobilenet_v2, resnet50

IMAGE = (1, 3, 224, 224)


def vgg16(classes: int = 1000) -> nn.Sequential:
    """VGG-16."""
    layers: list[nn.Module] = []
    channels = 3
    for width, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    layers += [nn.Flatten(), nn.Linear(channels * 7 * 7, 4096), nn.ReLU(), nn.Dropout()]
    return nn.Sequential(*layers, nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, classes))


class Fire(nn.Module):
    """Squeeze, then expand by two convolutions side by side."""

    def __init__(self, before: int, squeezed: int, after: int) -> None:
        """Make the convolutions."""
        super().__init__()
        self.squeeze = nn.Sequential(nn.Conv2d(before, squeezed, 1), nn.ReLU())
        self.one = nn.Sequential(nn.Conv2d(squeezed, after, 1), nn.ReLU())
        self.three = nn.Sequential(nn.Conv2d(squeezed, after, 3, padding=1), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Return both, one after the other along the channels."""
        x = self.squeeze(x)
        return torch.cat([self.one(x), self.three(x)], dim=1)


def squeezenet(classes: int = 1000) -> nn.Sequential:
    """SqueezeNet 1.1."""
    layers: list[nn.Module] = [nn.Conv2d(3, 64, 3, 2), nn.ReLU(), nn.MaxPool2d(3, 2)]
    fires: tuple[tuple[int, int, int] | None, ...]
    fires = ((64, 16, 64), (128, 16, 64), None, (128, 32, 128), (256, 32, 128), None)
    fires += ((256, 48, 192), (384, 48, 192), (384, 64, 256), (512, 64, 256))
    layers += [nn.MaxPool2d(3, 2) if x is None else Fire(*x) for x in fires]
    layers += [nn.Conv2d(512, classes, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """U-Net with padding, for images whose sides are multiples of 16."""

    def __init__(self, classes: int = 2, width: int = 32) -> None:
        """Make the blocks."""
        super().__init__()
        widths = [width << level for level in range(5)]
        self.down = nn.ModuleList(
            _two(before, after) for before, after in zip([3, *widths], widths, strict=False)
        )
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(2 * x, x, 2, stride=2) for x in reversed(widths[:-1])
        )
        self.join = nn.ModuleList(_two(2 * x, x) for x in reversed(widths[:-1]))
        self.pool = nn.MaxPool2d(2)
        self.last = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores of every pixel."""
        skips = []
        for block in self.down[:-1]:
            x = block(x)
            skips.append(x)
            x = self.pool(x)
        x = self.down[-1](x)
        for up, join in zip(self.up, self.join, strict=True):
            x = join(torch.cat([skips.pop(), up(x)], dim=1))
        scores: Tensor = self.last(x)
        return scores


def _two(before: int, after: int) -> nn.Sequential:
    layers = (nn.Conv2d(before, after, 3, padding=1), nn.Conv2d(after, after, 3, padding=1))
    return nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU())


_MAKERS: dict[str, Callable[[], nn.Module]] = {
    "mobilenet_v2": mobilenet_v2,
    "resnet50": resnet50,
    "squeezenet": squeezenet,
    "unet": UNet,
    "vgg16": vgg16,
}


def export(name: str, path: Path) -> nn.Module:
    """Write a model with random weights to an ONNX file, and return it in evaluation mode.

    The exporter makes a BatchNorm that follows a convolution a part of it, as it does by default.
    """
    torch.manual_seed(0)
    model: nn.Module = _MAKERS[name]()
    image = torch.randn(IMAGE)
    _randomise(model, torch.cat([image, torch.randn(IMAGE)]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(model, (image,), dynamo=True, verbose=False)
        assert program is not None
        program.save(path)
    return model


def _randomise(model: nn.Module, batch: Tensor) -> None:
    """Let signals keep their size, and give normalisations the statistics of a batch."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
            module.momentum = 1.0
    model.train()
    with torch.no_grad():
        model(batch)
    model.eval()

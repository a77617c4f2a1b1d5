"""Builds ResNet-50, DenseNet-121, Inception v3 and MobileNet v2 in PyTorch.

They are the architectures of the papers in the variants that torchvision has; the numbers of their
parameters are tested.
"""

from typing import Any

from torch import Tensor, nn

from tests.frameworks.torch_layers import Add, Concat, GlobalPool


class Residual(nn.Module):
    """The sum of a body and a shortcut."""

    def __init__(self, body: nn.Module, shortcut: nn.Module | None = None) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut
        self.add = Add()

    def forward(self, x: Tensor) -> Tensor:
        return self.add(self.body(x), x if self.shortcut is None else self.shortcut(x))


class Branches(nn.Module):
    """The concatenated outputs of several bodies on one input; with `keep`, and the input."""

    def __init__(self, *bodies: nn.Module, keep: bool = False) -> None:
        super().__init__()
        self.bodies = nn.ModuleList(bodies)
        self.keep = keep
        self.concat = Concat()

    def forward(self, x: Tensor) -> Tensor:
        return self.concat(*[x] * self.keep, *(body(x) for body in self.bodies))


class Sequence(nn.Sequential):
    """A whole model, whose input is called ``image``."""

    def forward(self, image: Tensor) -> Tensor:
        return super().forward(image)


def convolution(
    channels: int,
    filters: int,
    size: int | tuple[int, int] = 1,
    stride: int = 1,
    padding: int | tuple[int, int] = 0,
    groups: int = 1,
    activation: type[nn.Module] | None = nn.ReLU,
    epsilon: float = 1e-5,
) -> nn.Sequential:
    """Convolution, normalisation, activation."""
    layers: list[nn.Module] = [
        nn.Conv2d(channels, filters, size, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(filters, epsilon),
    ]
    return nn.Sequential(*layers, *([] if activation is None else [activation()]))


def resnet50(classes: int = 10) -> Sequence:
    """ResNet-50; the stride is in the 3 x 3 convolution."""
    blocks: list[nn.Module] = []
    channels = 64
    for width, count, first_stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for number in range(count):
            stride = first_stride if number == 0 else 1
            body = nn.Sequential(
                convolution(channels, width),
                convolution(width, width, 3, stride, 1),
                convolution(width, 4 * width, activation=None),
            )
            projection = convolution(channels, 4 * width, stride=stride, activation=None)
            blocks += [Residual(body, projection if number == 0 else None), nn.ReLU()]
            channels = 4 * width
    stem = (convolution(3, 64, 7, 2, 3), nn.MaxPool2d(3, 2, 1))
    return Sequence(*stem, *blocks, GlobalPool(), nn.Linear(channels, classes))


def densenet121(classes: int = 10) -> Sequence:
    """DenseNet-121: normalisation and activation come before the convolution."""
    layers: list[nn.Module] = [convolution(3, 64, 7, 2, 3), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for count in (6, 12, 24, 16):
        if channels > 64:
            layers += [*_before(channels, channels // 2, 1), nn.AvgPool2d(2)]
            channels //= 2
        for _ in range(count):
            body = nn.Sequential(*_before(channels, 128, 1), *_before(128, 32, 3))
            layers.append(Branches(body, keep=True))
            channels += 32
    layers += [nn.BatchNorm2d(channels), nn.ReLU(), GlobalPool(), nn.Linear(channels, classes)]
    return Sequence(*layers)


def _before(channels: int, filters: int, size: int) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(channels, filters, size, padding=size // 2, bias=False)
    return nn.BatchNorm2d(channels), nn.ReLU(), convolution


def mobilenet_v2(classes: int = 10) -> Sequence:
    """MobileNet v2: inverted residuals around depthwise convolutions."""
    layers: list[nn.Module] = [convolution(3, 32, 3, 2, 1, activation=nn.ReLU6)]
    channels = 32
    table = (
        *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
        *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
    )
    for expansion, filters, count, first_stride in table:
        for number in range(count):
            stride = first_stride if number == 0 else 1
            wide = expansion * channels
            expand = [convolution(channels, wide, activation=nn.ReLU6)] if expansion > 1 else []
            body = nn.Sequential(
                *expand,
                convolution(wide, wide, 3, stride, 1, groups=wide, activation=nn.ReLU6),
                convolution(wide, filters, activation=None),
            )
            layers.append(Residual(body) if stride == 1 and channels == filters else body)
            channels = filters
    layers += [convolution(channels, 1280, activation=nn.ReLU6), GlobalPool()]
    return Sequence(*layers, nn.Dropout(0.2), nn.Linear(1280, classes))


def inception_v3(classes: int = 10) -> Sequence:
    """Inception v3 without its auxiliary classifier."""
    stem = _chain(3, (32, 3, 2), (32, 3), (64, 3, 1, 1))
    layers: list[nn.Module] = [stem, nn.MaxPool2d(3, 2), _chain(64, (80,), (192, 3))]
    layers.append(nn.MaxPool2d(3, 2))
    layers += [
        Branches(
            _chain(channels, (64,)),
            _chain(channels, (48,), (64, 5, 1, 2)),
            _chain(channels, (64,), (96, 3, 1, 1), (96, 3, 1, 1)),
            _pooled(channels, pooled),
        )
        for channels, pooled in ((192, 32), (256, 64), (288, 64))
    ]
    layers.append(
        Branches(
            _chain(288, (384, 3, 2)),
            _chain(288, (64,), (96, 3, 1, 1), (96, 3, 2)),
            nn.MaxPool2d(3, 2),
        )
    )
    row, column = ((1, 7), 1, (0, 3)), ((7, 1), 1, (3, 0))
    for width in (128, 160, 160, 192):
        twice = ((width, *column), (width, *row), (width, *column), (192, *row))
        layers.append(
            Branches(
                _chain(768, (192,)),
                _chain(768, (width,), (width, *row), (192, *column)),
                _chain(768, (width,), *twice),
                _pooled(768, 192),
            )
        )
    layers.append(
        Branches(
            _chain(768, (192,), (320, 3, 2)),
            _chain(768, (192,), (192, *row), (192, *column), (192, 3, 2)),
            nn.MaxPool2d(3, 2),
        )
    )
    layers += [
        Branches(
            _chain(channels, (320,)),
            nn.Sequential(_chain(channels, (384,)), _fork()),
            nn.Sequential(_chain(channels, (448,), (384, 3, 1, 1)), _fork()),
            _pooled(channels, 192),
        )
        for channels in (1280, 2048)
    ]
    return Sequence(*layers, GlobalPool(), nn.Dropout(), nn.Linear(2048, classes))


def _chain(channels: int, *convolutions: tuple[Any, ...]) -> nn.Sequential:
    """Convolutions one after the other: (filters, size, stride, padding) each."""
    layers = []
    for filters, *options in convolutions:
        named = dict(zip(("size", "stride", "padding"), options, strict=False))
        layers.append(convolution(channels, filters, **named, epsilon=1e-3))
        channels = filters
    return nn.Sequential(*layers)


def _pooled(channels: int, filters: int) -> nn.Sequential:
    return nn.Sequential(nn.AvgPool2d(3, 1, 1), _chain(channels, (filters,)))


def _fork() -> Branches:
    return Branches(_chain(384, (384, (1, 3), 1, (0, 1))), _chain(384, (384, (3, 1), 1, (1, 0))))

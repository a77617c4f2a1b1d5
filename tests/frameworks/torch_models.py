"""Builds the models of these tests in PyTorch, with a module for every operation.

Modules have the names of the layers in `frameworks.keras_models`. All models return logits: a final
softmax would hide the effect of a fault.
"""

from collections.abc import Callable

from torch import Tensor, nn

from tests.frameworks.torch_large_models import densenet121, inception_v3, mobilenet_v2, resnet50
from tests.frameworks.torch_layers import Add, Concat, GlobalPool


class LeNet(nn.Module):
    """LeNet-5 for 28 x 28 images."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.AvgPool2d(2)
        self.flatten = nn.Flatten()
        self.dense1 = nn.Linear(400, 120)
        self.tanh = nn.Tanh()
        self.dense2 = nn.Linear(120, 84)
        self.sigmoid = nn.Sigmoid()
        self.dense3 = nn.Linear(84, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = self.pool1(self.relu1(self.conv1(image)))
        x = self.pool2(self.relu2(self.conv2(x)))
        x = self.tanh(self.dense1(self.flatten(x)))
        return self.dense3(self.sigmoid(self.dense2(x)))


class Fire(nn.Module):
    """Squeeze to few channels, expand them in two ways, join both."""

    def __init__(self, channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.squeeze_relu = nn.ReLU()
        self.expand1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand1_relu = nn.ReLU()
        self.expand3 = nn.Conv2d(squeezed, expanded, 3, padding=1)
        self.expand3_relu = nn.ReLU()
        self.concat = Concat()

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze_relu(self.squeeze(x))
        return self.concat(self.expand1_relu(self.expand1(x)), self.expand3_relu(self.expand3(x)))


class SqueezeNet(nn.Module):
    """SqueezeNet 1.1: 1 235 496 parameters with 1000 classes."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, stride=2)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(3, 2)
        self.fire2 = Fire(64, 16, 64)
        self.fire3 = Fire(128, 16, 64)
        self.pool3 = nn.MaxPool2d(3, 2)
        self.fire4 = Fire(128, 32, 128)
        self.fire5 = Fire(256, 32, 128)
        self.pool5 = nn.MaxPool2d(3, 2)
        self.fire6 = Fire(256, 48, 192)
        self.fire7 = Fire(384, 48, 192)
        self.fire8 = Fire(384, 64, 256)
        self.fire9 = Fire(512, 64, 256)
        self.conv10 = nn.Conv2d(512, classes, 1)
        self.relu10 = nn.ReLU()
        self.average = GlobalPool()

    def forward(self, image: Tensor) -> Tensor:
        x = self.pool1(self.relu1(self.conv1(image)))
        x = self.pool3(self.fire3(self.fire2(x)))
        x = self.pool5(self.fire5(self.fire4(x)))
        x = self.fire9(self.fire8(self.fire7(self.fire6(x))))
        return self.average(self.relu10(self.conv10(x)))


class Residual(nn.Module):
    """Two convolutions around a shortcut; the shortcut is projected where the shape changes."""

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(filters)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(filters)
        self.project = None if stride == 1 else nn.Conv2d(channels, filters, 1, stride, bias=False)
        self.project_norm = None if stride == 1 else nn.BatchNorm2d(filters)
        self.add = Add()
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm2(self.conv2(self.relu1(self.norm1(self.conv1(x)))))
        if self.project is not None and self.project_norm is not None:
            x = self.project_norm(self.project(x))
        return self.relu2(self.add(y, x))


class ResNet(nn.Module):
    """A residual network for 32 x 32 images: three stages of two blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.relu = nn.ReLU()
        self.block1 = Residual(16, 16, 1)
        self.block2 = Residual(16, 16, 1)
        self.block3 = Residual(16, 32, 2)
        self.block4 = Residual(32, 32, 1)
        self.block5 = Residual(32, 64, 2)
        self.block6 = Residual(64, 64, 1)
        self.average = GlobalPool()
        self.dense = nn.Linear(64, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = self.relu(self.norm(self.conv(image)))
        x = self.block3(self.block2(self.block1(x)))
        x = self.block6(self.block5(self.block4(x)))
        return self.dense(self.average(x))


class TwoConvolutions(nn.Module):
    """The two convolutions on each level of a U-Net."""

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(filters)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(filters, filters, 3, padding=1)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu2(self.conv2(self.relu1(self.norm1(self.conv1(x)))))


class Up(nn.Module):
    """Double the size, join the skip, convolve."""

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        self.transposed = nn.ConvTranspose2d(channels, filters, 2, stride=2)
        self.concat = Concat()
        self.convs = TwoConvolutions(2 * filters, filters)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return self.convs(self.concat(self.transposed(x), skip))


class UNet(nn.Module):
    """A U-Net with four skips."""

    def __init__(self, classes: int = 3, width: int = 4) -> None:
        super().__init__()
        self.down1 = TwoConvolutions(3, width)
        self.pool1 = nn.MaxPool2d(2)
        self.down2 = TwoConvolutions(width, 2 * width)
        self.pool2 = nn.MaxPool2d(2)
        self.down3 = TwoConvolutions(2 * width, 4 * width)
        self.pool3 = nn.MaxPool2d(2)
        self.down4 = TwoConvolutions(4 * width, 8 * width)
        self.pool4 = nn.MaxPool2d(2)
        self.bottom = TwoConvolutions(8 * width, 16 * width)
        self.up4 = Up(16 * width, 8 * width)
        self.up3 = Up(8 * width, 4 * width)
        self.up2 = Up(4 * width, 2 * width)
        self.up1 = Up(2 * width, width)
        self.mask = nn.Conv2d(width, classes, 1)

    def forward(self, image: Tensor) -> Tensor:
        skip1 = self.down1(image)
        skip2 = self.down2(self.pool1(skip1))
        skip3 = self.down3(self.pool2(skip2))
        skip4 = self.down4(self.pool3(skip3))
        x = self.bottom(self.pool4(skip4))
        x = self.up2(self.up3(self.up4(x, skip4), skip3), skip2)
        return self.mask(self.up1(x, skip1))


class Encoder(nn.Module):
    """The branch of the Siamese model, used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2, 6, 3)
        self.norm = nn.BatchNorm2d(6)
        self.relu1 = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(6, 8, 3)
        self.relu2 = nn.ReLU()
        self.average = GlobalPool()
        self.dense = nn.Linear(8, 8)

    def forward(self, patch: Tensor) -> Tensor:
        x = self.pool(self.relu1(self.norm(self.conv1(patch))))
        return self.dense(self.average(self.relu2(self.conv2(x))))


class Siamese(nn.Module):
    """Two branches with shared weights."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.join = Concat()
        self.same = nn.Linear(16, 2)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return self.same(self.join(self.encoder(first), self.encoder(second)))


class MultiInputOutput(nn.Module):
    """Two inputs; three outputs, one of which is used inside as well."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv2d(3, 4, 3)
        self.average = GlobalPool()
        self.dense = nn.Linear(7, 4)
        self.elu = nn.ELU()
        self.add = Add()
        self.label = nn.Linear(4, 3)
        self.upsample = nn.Upsample(scale_factor=2)
        self.leaky = nn.LeakyReLU(0.2)
        self.mask = nn.Conv2d(4, 2, 3, padding=1)

    def forward(self, image: Tensor, extra: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.features(image)
        x = self.add(self.average(features), self.elu(self.dense(extra)))
        return self.label(x), features, self.mask(self.leaky(self.upsample(features)))


MODELS: dict[str, Callable[[], nn.Module]] = {
    "lenet": LeNet,
    "resnet": ResNet,
    "unet": UNet,
    "squeezenet": SqueezeNet,
    "siamese": Siamese,
    "multi_input_output": MultiInputOutput,
    "ResNet50": resnet50,
    "DenseNet121": densenet121,
    "InceptionV3": inception_v3,
    "MobileNetV2": mobilenet_v2,
}

"""Builds the models of these tests in Keras; `k` is keras or tf_keras.

The layers have the names of the modules in `frameworks.torch_models`, and one more kind: padding,
which is an option of a convolution in PyTorch. All models give logits.
"""

from collections.abc import Callable
from typing import Any


def lenet(k: Any) -> Any:
    """LeNet-5 for 28 x 28 images."""
    layers = k.layers
    image = layers.Input((28, 28, 1), name="image")
    x = layers.Conv2D(6, 5, padding="same", name="conv1")(image)
    x = layers.ReLU(name="relu1")(x)
    x = layers.MaxPooling2D(2, name="pool1")(x)
    x = layers.Conv2D(16, 5, name="conv2")(x)
    x = layers.ReLU(name="relu2")(x)
    x = layers.AveragePooling2D(2, name="pool2")(x)
    x = layers.Permute((3, 1, 2), name="channels_first")(x)  # the order in which PyTorch flattens
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(120, name="dense1")(x)
    x = layers.Activation("tanh", name="tanh")(x)
    x = layers.Dense(84, name="dense2")(x)
    x = layers.Activation("sigmoid", name="sigmoid")(x)
    return k.Model(image, layers.Dense(10, name="dense3")(x), name="lenet")


def squeezenet(k: Any, size: int = 64) -> Any:
    """SqueezeNet 1.1."""
    layers = k.layers

    def fire(x: Any, name: str, squeezed: int, expanded: int) -> Any:
        x = layers.Conv2D(squeezed, 1, name=f"{name}.squeeze")(x)
        x = layers.ReLU(name=f"{name}.squeeze_relu")(x)
        one = layers.Conv2D(expanded, 1, name=f"{name}.expand1")(x)
        one = layers.ReLU(name=f"{name}.expand1_relu")(one)
        three = layers.Conv2D(expanded, 3, padding="same", name=f"{name}.expand3")(x)
        three = layers.ReLU(name=f"{name}.expand3_relu")(three)
        return layers.Concatenate(name=f"{name}.concat")([one, three])

    image = layers.Input((size, size, 3), name="image")
    x = layers.Conv2D(64, 3, strides=2, name="conv1")(image)
    x = layers.ReLU(name="relu1")(x)
    x = layers.MaxPooling2D(3, 2, name="pool1")(x)
    x = fire(fire(x, "fire2", 16, 64), "fire3", 16, 64)
    x = layers.MaxPooling2D(3, 2, name="pool3")(x)
    x = fire(fire(x, "fire4", 32, 128), "fire5", 32, 128)
    x = layers.MaxPooling2D(3, 2, name="pool5")(x)
    x = fire(fire(x, "fire6", 48, 192), "fire7", 48, 192)
    x = fire(fire(x, "fire8", 64, 256), "fire9", 64, 256)
    x = layers.Conv2D(10, 1, name="conv10")(x)
    x = layers.ReLU(name="relu10")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return k.Model(image, x, name="squeezenet")


def resnet(k: Any) -> Any:
    """A residual network for 32 x 32 images: three stages of two blocks."""
    layers = k.layers

    def convolve(x: Any, name: str, filters: int, size: int, stride: int = 1) -> Any:
        # With a stride, "same" is not the padding of PyTorch.
        if size == 3:
            x = layers.ZeroPadding2D(1, name=f"{name}_padding")(x)
        return layers.Conv2D(filters, size, stride, use_bias=False, name=name)(x)

    def normalise(x: Any, name: str) -> Any:
        return layers.BatchNormalization(epsilon=1e-5, name=name)(x)

    def block(x: Any, name: str, filters: int, stride: int) -> Any:
        y = normalise(convolve(x, f"{name}.conv1", filters, 3, stride), f"{name}.norm1")
        y = layers.ReLU(name=f"{name}.relu1")(y)
        y = normalise(convolve(y, f"{name}.conv2", filters, 3), f"{name}.norm2")
        if stride > 1:
            x = convolve(x, f"{name}.project", filters, 1, stride)
            x = normalise(x, f"{name}.project_norm")
        return layers.ReLU(name=f"{name}.relu2")(layers.Add(name=f"{name}.add")([y, x]))

    image = layers.Input((32, 32, 3), name="image")
    x = layers.ReLU(name="relu")(normalise(convolve(image, "conv", 16, 3), "norm"))
    x = block(block(x, "block1", 16, 1), "block2", 16, 1)
    x = block(block(x, "block3", 32, 2), "block4", 32, 1)
    x = block(block(x, "block5", 64, 2), "block6", 64, 1)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return k.Model(image, layers.Dense(10, name="dense")(x), name="resnet")


def unet(k: Any, width: int = 4, size: int = 32) -> Any:
    """A U-Net with four skips."""
    layers = k.layers

    def convolve(x: Any, name: str, filters: int) -> Any:
        x = layers.Conv2D(filters, 3, padding="same", name=f"{name}.conv1")(x)
        x = layers.BatchNormalization(epsilon=1e-5, name=f"{name}.norm1")(x)
        x = layers.ReLU(name=f"{name}.relu1")(x)
        x = layers.Conv2D(filters, 3, padding="same", name=f"{name}.conv2")(x)
        return layers.ReLU(name=f"{name}.relu2")(x)

    image = layers.Input((size, size, 3), name="image")
    x, skips = image, []
    for level in (1, 2, 3, 4):
        skips.append(convolve(x, f"down{level}", width << (level - 1)))
        x = layers.MaxPooling2D(2, name=f"pool{level}")(skips[-1])
    x = convolve(x, "bottom", width << 4)
    for level in (4, 3, 2, 1):
        filters = width << (level - 1)
        x = layers.Conv2DTranspose(filters, 2, strides=2, name=f"up{level}.transposed")(x)
        x = layers.Concatenate(name=f"up{level}.concat")([x, skips[level - 1]])
        x = convolve(x, f"up{level}.convs", filters)
    return k.Model(image, layers.Conv2D(3, 1, name="mask")(x), name="unet")


def siamese(k: Any) -> Any:
    """Two branches with shared weights: a nested model that is called twice."""
    layers = k.layers
    patch = layers.Input((12, 12, 2), name="patch")
    x = layers.Conv2D(6, 3, name="conv1")(patch)
    x = layers.BatchNormalization(epsilon=1e-5, name="norm")(x)
    x = layers.ReLU(name="relu1")(x)
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = layers.Conv2D(8, 3, name="conv2")(x)
    x = layers.ReLU(name="relu2")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    encoder = k.Model(patch, layers.Dense(8, name="dense")(x), name="encoder")
    first = layers.Input((12, 12, 2), name="first")
    second = layers.Input((12, 12, 2), name="second")
    x = layers.Concatenate(name="join")([encoder(first), encoder(second)])
    return k.Model([first, second], layers.Dense(2, name="same")(x), name="siamese")


def multi_input_output(k: Any) -> Any:
    """Two inputs; three outputs, one of which is used inside as well."""
    layers = k.layers
    image = layers.Input((8, 6, 3), name="image")
    extra = layers.Input((7,), name="extra")
    features = layers.Conv2D(4, 3, name="features")(image)
    x = layers.GlobalAveragePooling2D(name="average")(features)
    y = layers.Dense(4, name="dense")(extra)
    x = layers.Add(name="add")([x, layers.ELU(name="elu")(y)])
    label = layers.Dense(3, name="label")(x)
    x = layers.UpSampling2D(2, name="upsample")(features)
    x = layers.LeakyReLU(0.2, name="leaky")(x)
    mask = layers.Conv2D(2, 3, padding="same", name="mask")(x)
    return k.Model([image, extra], [label, features, mask], name="multi_input_output")


def application(name: str, size: int) -> Callable[[Any], Any]:
    """Return a function that builds an architecture of ``keras.applications``."""

    def build(k: Any) -> Any:
        return getattr(k.applications, name)(
            input_tensor=k.layers.Input((size, size, 3), name="image"),
            weights=None,
            classes=10,
            classifier_activation=None,
        )

    return build


MODELS: dict[str, Callable[[Any], Any]] = {
    "lenet": lenet,
    "resnet": resnet,
    "unet": unet,
    "squeezenet": squeezenet,
    "siamese": siamese,
    "multi_input_output": multi_input_output,
    "ResNet50": application("ResNet50", 64),
    "DenseNet121": application("DenseNet121", 64),
    "InceptionV3": application("InceptionV3", 75),
    "MobileNetV2": application("MobileNetV2", 64),
}

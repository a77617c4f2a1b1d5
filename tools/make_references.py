"""Make the reference files of the converter tests: small Keras models and Keras's results.

Needs the extra ``keras``. Run it from the root of the repository:

    python -m tools.make_references

For each model ``M`` of Keras 2 (``_k2``, tf_keras) and Keras 3 (``_k3``) it writes into
tests/converters/data/ the file ``M.h5`` and ``M.npz`` with the arrays

- ``input:NAME``    a batch of two for each input of the model;
- ``output:I``      output I of the model on them;
- ``layer:PATH``    output of each call of each layer on them, in the layout of Keras; the path is
                    that of the layer map (``backbone/c1``, second call of a shared layer ``c@1``).

The models of OTHER_KINDS are written as ``M.keras``, and as ``M.weights.h5`` with the architecture
``M.json``, too: from the model loaded from ``M.h5``, so the same arrays belong to them.

``unet_corruptions.npz`` holds, for ``unet_k2.h5``, the effect of corrupting each layer:

- ``input``         one image, a batch of one; ``golden`` the model's output on it;
- ``PATH:indices``  int64 flat indices into the layer's output, in the layout of Keras;
- ``PATH:values``   the values written there;
- ``PATH:output``   the model's output when the rest of the model gets the corrupted tensor.

All values come from Keras run eagerly on the model that was loaded from the file again.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tf_keras

DATA = Path(__file__).resolve().parent.parent / "tests" / "converters" / "data"
OTHER_KINDS = ("lenet", "siamese")
FAMILIES = {"k2": tf_keras, "k3": keras}
ACTIVATIONS = (
    "linear",
    "relu",
    "relu6",
    "sigmoid",
    "tanh",
    "softmax",
    "softplus",
    "softsign",
    "elu",
    "selu",
    "exponential",
    "gelu",
    "swish",
    "silu",
    "leaky_relu",
    "hard_sigmoid",
)


def lenet(k: Any) -> Any:
    """Return a Sequential classifier; Keras 2 stores its input shape in the first layer."""
    layers = k.layers
    first = {"input_shape": (12, 12, 1)} if k is tf_keras else {}
    start = [] if k is tf_keras else [layers.Input((12, 12, 1))]
    return k.Sequential(
        [
            *start,
            layers.Conv2D(4, 3, activation="relu", name="conv2d", **first),
            layers.AveragePooling2D(2, name="pool"),
            layers.Conv2D(6, 3, activation="tanh", name="conv2d_1"),
            layers.MaxPooling2D(2, strides=1, padding="same", name="pool_1"),
            layers.Flatten(name="flatten"),
            layers.Dense(12, activation="relu", name="dense"),
            layers.Dropout(0.5, name="dropout"),
            layers.Dense(5, activation="softmax", name="dense_1"),
        ],
        name="lenet",
    )


def unet(k: Any) -> Any:
    """Return a U-Net with two skip connections."""
    layers = k.layers
    image = layers.Input((8, 8, 2), name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="down1")(image)
    skip1 = layers.BatchNormalization(name="down1_norm")(x)
    x = layers.MaxPooling2D(2, name="pool1")(skip1)
    x = layers.Dropout(0.3, name="drop1")(x)
    skip2 = layers.Conv2D(6, 3, padding="same", activation="relu", name="down2")(x)
    x = layers.MaxPooling2D(2, name="pool2")(skip2)
    x = layers.Conv2D(8, 3, padding="same", use_bias=False, name="bottom")(x)
    x = layers.BatchNormalization(name="bottom_norm")(x)
    x = layers.Activation("relu", name="bottom_relu")(x)
    x = layers.Conv2DTranspose(6, 3, strides=2, padding="same", name="up2")(x)
    x = layers.Concatenate(name="join2")([x, skip2])
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="up2_conv")(x)
    x = layers.UpSampling2D(2, name="up1")(x)
    x = layers.Concatenate(name="join1")([x, skip1])
    x = layers.Dropout(0.3, name="drop2")(x)
    return k.Model(image, layers.Conv2D(3, 1, activation="softmax", name="mask")(x), name="unet")


def every_layer(k: Any) -> Any:
    """Return a model with the layers and options that the other models do not have."""
    layers = k.layers
    image = layers.Input((5, 7, 4), name="image")
    x = layers.ZeroPadding2D(((1, 2), (0, 3)), name="pad")(image)
    x = layers.Conv2D(6, (3, 2), strides=2, padding="same", groups=2, name="grouped")(x)
    x = layers.LeakyReLU(0.1, name="leaky")(x)
    x = layers.Conv2D(4, 3, dilation_rate=2, padding="same", activation="elu", name="dilated")(x)
    x = layers.BatchNormalization(scale=False, name="norm_without_gamma")(x)
    x = layers.BatchNormalization(center=False, epsilon=0.01, name="norm_without_beta")(x)
    x = layers.SpatialDropout2D(0.2, name="spatial_dropout")(x)
    x = layers.ReLU(max_value=1.5, negative_slope=0.1, name="relu_options")(x)
    a = layers.Conv2DTranspose(3, 2, strides=3, name="transposed_valid")(x)
    b = layers.Conv2DTranspose(
        3, (3, 4), strides=(2, 3), padding="same", output_padding=(1, 2), name="transposed_output"
    )(x)
    a = layers.AveragePooling2D(3, strides=2, padding="same", name="average_same")(a)
    a = layers.Cropping2D(((1, 0), (2, 1)), name="crop")(a)
    b = layers.UpSampling2D((2, 1), interpolation="bilinear", name="bilinear")(b)
    gap = layers.GlobalAveragePooling2D(name="global_average")(a)
    gmp = layers.GlobalMaxPooling2D(name="global_max")(b)
    gate = layers.GlobalAveragePooling2D(keepdims=True, name="global_keepdims")(x)
    gated = layers.Multiply(name="gate")([x, gate])
    y = layers.Subtract(name="subtract")([gated, x])
    y = layers.Average(name="average")([y, x, gated])
    y = layers.Maximum(name="maximum")([y, x])
    y = layers.Minimum(name="minimum")([y, gated])
    y = layers.Add(name="add")([y, x, gated])
    y = layers.MaxPooling2D((2, 3), padding="same", name="max_same")(y)
    y = layers.Dense(5, activation="tanh", name="dense_on_image")(y)
    y = layers.Softmax(axis=1, name="softmax_rows")(y)
    y = layers.Permute((3, 1, 2), name="permute")(y)
    y = layers.Reshape((-1, 5), name="reshape")(y)
    y = layers.Dense(3, use_bias=False, name="dense_on_rows")(y)
    y = layers.ELU(0.7, name="elu")(y)
    y = layers.Flatten(name="flatten")(y)
    y = layers.Concatenate(axis=1, name="join")([y, gap, gmp])
    y = layers.BatchNormalization(name="norm_of_vector")(y)
    return k.Model(image, layers.Dense(2, name="out")(y), name="every_layer")


def depthwise(k: Any) -> Any:
    """Return a model with a convolution of each channel alone, in its options."""
    layers = k.layers
    image = layers.Input((9, 8, 3), name="image")
    x = layers.DepthwiseConv2D(3, padding="same", name="one_filter")(image)
    x = layers.DepthwiseConv2D(
        (2, 3), strides=2, depth_multiplier=2, use_bias=False, activation="relu", name="two_filters"
    )(x)
    y = layers.DepthwiseConv2D(2, padding="same", dilation_rate=2, name="dilated")(x)
    return k.Model(image, layers.Add(name="add")([x, y]), name="depthwise")


def activations(k: Any) -> Any:
    """Return a model with one output per activation, half of them on channels first in ONNX."""
    layers = k.layers
    image = layers.Input((3, 4, 2), name="image")
    pooled = layers.MaxPooling2D((2, 1), name="pool")(image)
    outputs = []
    for i, name in enumerate(ACTIVATIONS):
        outputs.append(layers.Activation(name, name=name)((image, pooled)[i % 2]))
    thresholded = layers.ReLU(threshold=0.3, name="relu_threshold")(image)
    outputs.append(layers.ReLU(max_value=6.0, name="relu_6")(thresholded))
    return k.Model(image, outputs, name="activations")


def siamese(k: Any) -> Any:
    """Return a model that calls a nested model, a layer of its own, and a head, twice each."""
    layers = k.layers
    patch = layers.Input((10, 10, 2), name="patch")
    x = layers.Conv2D(4, 3, name="conv")(patch)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Conv2D(3, 3, activation="relu", name="conv_1")(x)
    x = layers.BatchNormalization(name="norm_1", trainable=False)(x)
    encoder = k.Model(patch, x, name="encoder")
    head = k.Sequential(
        [layers.Input((3,)), layers.Dense(4, activation="tanh", name="conv")], name="head"
    )
    first = layers.Input((10, 10, 2), name="first")
    second = layers.Input((10, 10, 2), name="second")
    shared = layers.Conv2D(2, 3, padding="same", activation="relu", name="shared")
    pool = layers.GlobalMaxPooling2D(name="pool")
    x = head(pool(encoder(shared(first))))
    y = head(pool(encoder(shared(second))))
    z = layers.Subtract(name="difference")([x, y])
    return k.Model(
        [first, second], layers.Dense(1, activation="sigmoid", name="same")(z), name="siamese"
    )


def multi_output(k: Any) -> Any:
    """Return a model with two inputs and three outputs, one of them used inside as well."""
    layers = k.layers
    image = layers.Input((8, 6, 3), name="image")
    extra = layers.Input((7,), name="extra")
    features = layers.Conv2D(4, 3, strides=2, padding="same", name="features")(image)
    x = layers.GlobalAveragePooling2D(name="pool")(features)
    x = layers.Add(name="add")([x, layers.Dense(4, activation="elu", name="dense")(extra)])
    scaled = layers.Multiply(name="scale")([features, x])
    label = layers.Dense(3, activation="softmax", name="label")(x)
    return k.Model([image, extra], [label, features, scaled], name="multi_output")


MODELS: tuple[Callable[[Any], Any], ...] = (
    lenet,
    unet,
    every_layer,
    depthwise,
    activations,
    siamese,
    multi_output,
)


def randomise(model: Any, rng: np.random.Generator) -> None:
    """Replace biases, scales and statistics, whose initial values would hide a mistake."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            randomise(layer, rng)
            continue
        values = [
            rng.uniform(0.5, 1.5, value.shape).astype(np.float32) if value.ndim == 1 else value
            for value in layer.get_weights()
        ]
        layer.set_weights(values)


def save_as_other_kinds(model: Any, path: Path) -> None:
    """Write the archive, and the weights and the architecture as two files, beside a .h5."""
    model.save(path.with_suffix(".keras"))
    model.save_weights(path.with_suffix(".weights.h5"))
    path.with_suffix(".json").write_text(model.to_json())


def layer_outputs(k: Any, model: Any, inputs: list[Any], prefix: str = "", run: int = 0) -> Any:
    """Yield (path, value) for every call of every layer, also inside of nested models.

    Args:
        k: the Keras that made the model.
        model: the model.
        inputs: its inputs.
        prefix: path of the model.
        run: how often the model ran before.
    """
    functional = getattr(model, "_functional", None) or model  # inside a Sequential of Keras 3
    by_depth = functional._nodes_by_depth  # noqa: SLF001
    nodes = {id(node) for group in by_depth.values() for node in group}
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        path = f"{prefix}/{layer.name}" if prefix else layer.name
        own = [node for node in layer._inbound_nodes if id(node) in nodes]  # noqa: SLF001
        for number, node in enumerate(own):
            if hasattr(layer, "layers"):
                arguments = k.Model(model.inputs, k_list(node.input_tensors))
                values = k_list(arguments(inputs, training=False))
                yield from layer_outputs(k, layer, values, path, number)
                continue
            tensor = k_list(node.output_tensors)[0]
            value = k_list(k.Model(model.inputs, tensor)(inputs, training=False))[0]
            call = run * len(own) + number
            yield f"{path}@{call}" if call else path, np.asarray(value)


def k_list(value: Any) -> list[Any]:
    """Return what Keras gives as one tensor or as several, as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]


def corruptions(model: Any, rng: np.random.Generator) -> dict[str, Any]:
    """Return the arrays of unet_corruptions.npz: each layer's call is patched in turn."""
    image = rng.normal(size=(1, *model.inputs[0].shape[1:])).astype(np.float32)
    arrays: dict[str, Any] = {"input": image, "golden": np.asarray(model(image, training=False))}
    for layer in model.layers:
        original = layer.call
        size = int(np.prod(layer.output.shape[1:]))
        indices = rng.choice(size, 3, replace=False).astype(np.int64)
        values = rng.normal(0, 20, 3).astype(np.float32)

        def corrupted(
            *arguments: Any,
            original: Any = original,
            indices: Any = indices,
            values: Any = values,
            **options: Any,
        ) -> Any:
            tensor = np.array(original(*arguments, **options))
            tensor.reshape(-1)[indices] = values
            return tf_keras.backend.constant(tensor)

        if type(layer).__name__ == "InputLayer":
            patched = image.copy()
            patched.reshape(-1)[indices] = values
            output = model(patched, training=False)
        else:
            layer.call = corrupted
            output = model(image, training=False)
            layer.call = original
        arrays |= {
            f"{layer.name}:indices": indices,
            f"{layer.name}:values": values,
            f"{layer.name}:output": np.asarray(output),
        }
    return arrays


def main() -> None:
    """Write all files."""
    DATA.mkdir(parents=True, exist_ok=True)
    for family, k in FAMILIES.items():
        for build in MODELS:
            k.backend.clear_session()
            k.utils.set_random_seed(7)
            rng = np.random.default_rng(7)
            model = build(k)
            randomise(model, rng)
            path = DATA / f"{build.__name__}_{family}.h5"
            model.save(path)
            model = k.models.load_model(path, compile=False)
            if build.__name__ in OTHER_KINDS:
                save_as_other_kinds(model, path)
            inputs = [
                rng.normal(size=(2, *tensor.shape[1:])).astype(np.float32)
                for tensor in model.inputs
            ]
            # Keras 3 may rename the input tensor of a Sequential: the layer has the name.
            names = [tensor.name.split(":")[0] for tensor in model.inputs]
            outputs = k_list(model(inputs if len(inputs) > 1 else inputs[0], training=False))
            arrays: dict[str, Any] = {
                f"input:{name}": x for name, x in zip(names, inputs, strict=True)
            }
            arrays |= {f"output:{i}": np.asarray(y) for i, y in enumerate(outputs)}
            arrays |= {f"layer:{name}": y for name, y in layer_outputs(k, model, inputs)}
            np.savez_compressed(path.with_suffix(".npz"), **arrays)
            print(path.name, path.stat().st_size, path.with_suffix(".npz").stat().st_size)
            if path.stem == "unet_k2":
                np.savez_compressed(DATA / "unet_corruptions.npz", **corruptions(model, rng))


if __name__ == "__main__":
    main()

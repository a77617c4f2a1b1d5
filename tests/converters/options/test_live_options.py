"""Tests other values of every option against live Keras; needs the extra ``keras``.

A layer that Keras accepts must convert to the same function, or be refused by a message that does
not call the intact file damaged.
"""

import importlib
import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.converters import convert
from onnxfi.converters.native.layer_table import LAYERS
from onnxfi.converters.operations.table import OPERATIONS
from onnxfi.converters.options.known import IDLE_ENDINGS
from onnxfi.errors import ModelFormatError
from tests.support.keras_options import OTHER_VALUES, other_values
from tests.support.keras_references import run

pytestmark = [
    pytest.mark.live,
    pytest.mark.usefixtures("live"),
    pytest.mark.filterwarnings("ignore"),  # Keras warns about its older format
]

ROW, SERIES, IMAGE, VOLUME = (6,), (7, 4), (8, 9, 4), (5, 6, 4, 2)
OVER_AXES = {"1D": SERIES, "2D": IMAGE, "3D": VOLUME}
FRAMES = {"1D": (3, 6, 2), "2D": (3, 5, 6, 2), "3D": (2, 4, 4, 4, 1)}


def over_axes(name: str, shapes: dict[str, Any] = OVER_AXES, /, **options: Any) -> dict[str, Any]:
    """Return a case for a class over one, two and three axes."""
    return {name.format(axes): (options, shape) for axes, shape in shapes.items()}


# Class: options, and the shape of its input.
CASES: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "Activation": ({"activation": "elu"}, IMAGE),
    "ActivityRegularization": ({"l2": 0.5}, ROW),
    "AdditiveAttention": ({}, SERIES),
    "AlphaDropout": ({"rate": 0.5}, ROW),
    "Attention": ({"use_scale": True}, SERIES),
    "BatchNormalization": ({}, IMAGE),
    "CenterCrop": ({"height": 3, "width": 4}, IMAGE),
    "Concatenate": ({}, IMAGE),
    "Dense": ({"units": 3}, SERIES),
    "Dot": ({"axes": 2}, (4, 4)),
    "Dropout": ({"rate": 0.5}, IMAGE),
    "ELU": ({"alpha": 0.5}, ROW),
    "EinsumDense": ({"equation": "abc,cd->abd", "output_shape": (None, 5)}, SERIES),
    "Flatten": ({}, IMAGE),
    "GRU": ({"units": 3}, SERIES),
    "GaussianDropout": ({"rate": 0.5}, ROW),
    "GaussianNoise": ({"stddev": 0.5}, ROW),
    "GroupNormalization": ({"groups": 2}, IMAGE),
    "Identity": ({}, ROW),
    "LSTM": ({"units": 3}, SERIES),
    "LayerNormalization": ({}, IMAGE),
    "LeakyReLU": ({}, ROW),
    "Masking": ({"mask_value": 0.5}, SERIES),
    "Maximum": ({}, IMAGE),
    "MultiHeadAttention": ({"num_heads": 2, "key_dim": 3}, SERIES),
    "Normalization": ({"mean": 0.5, "variance": 2.0}, IMAGE),
    "PReLU": ({}, SERIES),
    "Permute": ({"dims": (2, 1)}, SERIES),
    "RMSNormalization": ({}, IMAGE),
    "RandomContrast": ({"factor": 0.5}, IMAGE),
    "RandomFlip": ({}, IMAGE),
    "RandomZoom": ({"height_factor": 0.5}, IMAGE),
    "ReLU": ({}, ROW),
    "RepeatVector": ({"n": 3}, ROW),
    "Rescaling": ({"scale": 2.0, "offset": 0.5}, IMAGE),
    "Reshape": ({"target_shape": (2, -1)}, IMAGE),
    "Resizing": ({"height": 4, "width": 12}, IMAGE),
    "SimpleRNN": ({"units": 3}, SERIES),
    "Softmax": ({}, IMAGE),
    "Subtract": ({}, IMAGE),
    "ThresholdedReLU": ({}, ROW),
    "UnitNormalization": ({}, IMAGE),
    **over_axes("AdaptiveAveragePooling{}", output_size=2),
    **over_axes("AveragePooling{}", pool_size=2),
    **over_axes("Conv{}", filters=4, kernel_size=3),
    # With as many filters as steps on the last axis, Keras 3.15 adds the bias along that axis in
    # channels_first: keras.src.backend.tensorflow.numpy.add takes it for the channels.
    **over_axes("Conv{}Transpose", filters=3, kernel_size=2, strides=2),
    **over_axes("ConvLSTM{}", FRAMES, filters=2, kernel_size=3),
    **over_axes("Cropping{}", cropping=1),
    **over_axes("DepthwiseConv{}", {"1D": SERIES, "2D": IMAGE}, kernel_size=3),
    **over_axes("GlobalAveragePooling{}"),
    **over_axes("GlobalMaxPooling{}"),
    **over_axes("MaxPooling{}", pool_size=2),
    **over_axes("SeparableConv{}", {"1D": SERIES, "2D": IMAGE}, filters=4, kernel_size=3),
    **over_axes("SpatialDropout{}", rate=0.5),
    **over_axes("UpSampling{}", size=2),
    **over_axes("ZeroPadding{}", padding=1),
}
REFUSALS = (
    *(AssertionError, AttributeError, IndexError, NotImplementedError, TypeError, ValueError),
)
TWO_INPUTS = ("AdditiveAttention", "Attention", "Concatenate", "Dot", "Maximum", "Subtract")
MASKED = ("GRU", "LSTM", "SimpleRNN")


def build(keras: Any, layer: Any, shape: tuple[int, ...]) -> Any:
    """Return a model of one layer, of random weights."""
    inputs = keras.Input(shape)
    tensor: Any = inputs
    name = type(layer).__name__
    if name in MASKED:
        tensor = keras.layers.Masking(0.0)(inputs)
    if name in TWO_INPUTS:
        outputs = layer([tensor, keras.layers.Activation("tanh")(inputs)])
    elif name == "MultiHeadAttention":
        outputs = layer(tensor, tensor)
    else:
        outputs = layer(tensor)
    model = keras.Model(inputs, outputs)
    rng = np.random.default_rng(3)
    model.set_weights([rng.uniform(0.1, 0.9, x.shape).astype(x.dtype) for x in model.get_weights()])
    return model


def numbers(shape: tuple[int, ...]) -> Any:
    """Return an input with zeros at some steps, which the Keras mask leaves out."""
    values = np.random.default_rng(4).standard_normal((2, *shape)).astype(np.float32)
    values[0, -1] = 0
    return values


def outcome(model: Any, wanted: list[Any], shape: tuple[int, ...], path: Any) -> str:
    """Return the outcome of a conversion: right, refused, or a description of the fault."""
    model.save(path)
    try:
        converted = convert(path)
    except ModelFormatError as error:
        said = str(error)
        misleading = any(word in said for word in ("damaged", "another architecture", " object at"))
        return f"misleading: {said}" if misleading else "refused"
    got = run(converted, {converted.graph.input[0].name: numbers(shape)})
    for actual, expected in zip(got, wanted, strict=True):
        if actual.shape != expected.shape:
            return f"the shape {actual.shape}, not {expected.shape}"
        if not np.allclose(actual, expected, rtol=1e-4, atol=1e-4):
            return "other numbers than Keras"
    return "right"


def computed(model: Any, shape: tuple[int, ...]) -> list[Any]:
    """Return the outputs of Keras."""
    outputs = model(numbers(shape), training=False)
    return [x.numpy() for x in (outputs if isinstance(outputs, list | tuple) else [outputs])]


def mutations(layer: Any, name: str) -> Any:
    """Yield the configurations of a layer that differ in one option, with that option."""
    config = layer.get_config()
    known = LAYERS[name].options
    for option, value in config.items():
        if option in ("name", "dtype") or option.endswith(tuple(IDLE_ENDINGS)):
            continue
        values = [x for x in other_values(option, value) if not isinstance(x, dict | str)]
        values += [x for x in OTHER_VALUES.get(option, ()) if isinstance(x, str)]
        if option in known.idle:
            values = values[:1]
        yield from ((option, other, {**config, option: other}) for other in values)


@pytest.mark.parametrize("family", ["keras", "tf_keras"])
@pytest.mark.parametrize("name", CASES)
def test_each_option_is_heeded_or_refused(family: str, name: str, tmp_path: Path) -> None:
    keras = importlib.import_module(family)
    options, shape = CASES[name]
    layer_class = getattr(keras.layers, name, None)
    if layer_class is None:
        return
    layer = layer_class(**options)
    changes = [("nothing", None, layer.get_config()), *mutations(layer, name)]
    wrong, right = [], 0
    for option, value, config in changes:
        try:
            model = build(keras, layer_class.from_config(config), shape)
            wanted = computed(model, shape)
        except Exception as error:
            if not isinstance(error, REFUSALS) and "tensorflow" not in type(error).__module__:
                raise
            continue  # Keras refuses it
        found = outcome(model, wanted, shape, tmp_path / "model.h5")
        right += found == "right"
        if found not in ("right", "refused"):
            wrong.append(f"{option}={value!r}: {found}")
    assert not wrong, "\n".join(wrong)
    assert right


def test_every_option_of_an_operation_of_keras_is_known() -> None:
    ops = importlib.import_module("keras.src.ops")
    modules = [getattr(ops, name) for name in ("numpy", "nn", "core", "math", "linalg")]
    checked = 0
    for name in OPERATIONS:
        operation = name.removeprefix("ops.")
        classes = [found for x in modules if (found := getattr(x, operation, None)) is not None]
        for found in classes[:1]:
            known = LAYERS[name].options
            for key, option in list(inspect.signature(found.__init__).parameters.items())[1:]:
                # Another value of an option that is null by default is refused by name.
                assert key in (*known.read, *known.fixed) or option.default is None, (name, key)
                checked += 1
    assert checked > 50

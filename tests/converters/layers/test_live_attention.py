"""Tests attention along several axes, and with masks of any rank, against live Keras."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.converters import convert
from tests.support.keras_references import run

# TensorFlow and Keras warn of files and of arrays of their own.
pytestmark = [
    pytest.mark.live,
    pytest.mark.usefixtures("live"),
    pytest.mark.filterwarnings("ignore"),
]

CASES: dict[str, tuple[dict[str, Any], tuple[int, ...] | None]] = {
    "all": ({}, None),
    "two": ({"attention_axes": (2, 1)}, None),
    "apart": ({"attention_axes": (1, 3)}, None),
    "mask": ({"attention_axes": (2,)}, (4, 4)),
    "mask of each row": ({"attention_axes": (2,)}, (3, 4, 4)),
}


@pytest.mark.parametrize("family", ["keras", "tf_keras"])
@pytest.mark.parametrize("name", CASES)
def test_attention_along_several_axes(tmp_path: Path, family: str, name: str) -> None:
    k = importlib.import_module(family)
    options, mask_shape = CASES[name]
    rng = np.random.default_rng(3)
    image = k.Input((3, 4, 2, 5) if mask_shape is None else (3, 4, 5))
    inputs, given = [image], {}
    if mask_shape is not None:
        given["attention_mask"] = k.Input(mask_shape, dtype="bool")
        inputs.append(given["attention_mask"])
    layer = k.layers.MultiHeadAttention(2, 3, **options)
    outputs = layer(image, image, return_attention_scores=True, **given)
    model = k.Model(inputs, outputs)
    model.set_weights([rng.normal(size=x.shape) for x in model.get_weights()])
    model.save(tmp_path / "model.h5")
    converted = convert(tmp_path / "model.h5")
    values: list[np.ndarray] = [rng.normal(size=(2, *image.shape[1:])).astype(np.float32)]
    if mask_shape is not None:
        values.append(rng.random((2, *mask_shape)) < 0.6)
    names = [value.name for value in converted.graph.input]
    actual = run(converted, dict(zip(names, values, strict=True)))
    wanted = model(values if len(values) > 1 else values[0])
    for one, other in zip(actual, wanted, strict=True):
        np.testing.assert_allclose(one, np.asarray(other), rtol=1e-4, atol=1e-5)

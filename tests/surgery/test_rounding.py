"""Weights that are rounded to a number format."""

import ml_dtypes
import numpy as np
import pytest

import onnxfi
from onnxfi.errors import ErrorModelError, InputError
from onnxfi.surgery import round_weights
from tests.support.small_campaign import make_classifier
from tests.support.small_graphs import model, node, value


def weight(of: onnxfi.Model, name: str) -> np.ndarray:
    tensor = of.graph.initializers[name].const_value
    assert tensor is not None
    return tensor.numpy()


def test_weights_are_what_the_format_holds() -> None:
    plain = onnxfi.load(make_classifier())
    rounded = round_weights(plain, "bf16")
    assert rounded.weights == ("conv/w", "conv/b", "fc/w", "fc/b")
    for name in rounded.weights:
        before = weight(plain, name)
        expected = before.astype(ml_dtypes.bfloat16).astype(np.float32)
        np.testing.assert_array_equal(weight(rounded.model, name), expected)
        assert (weight(plain, name) == before).all()
    assert 0 < rounded.largest_change < 2**-8
    again = round_weights(rounded.model, "bf16")
    assert again.largest_change == 0


def test_int4_has_few_values() -> None:
    rounded = round_weights(onnxfi.load(make_classifier()), "int4")
    assert np.unique(weight(rounded.model, "fc/w")).size <= 15
    assert 0.01 < rounded.largest_change < 1 / 13


def test_an_upset_of_a_rounded_weight_is_another_code() -> None:
    rounded = round_weights(onnxfi.load(make_classifier()), "e4m3fn")
    image = np.ones((1, 1, 8, 8), np.float32)
    with onnxfi.Injector(rounded.model, "fc/w", provider="cpu") as injector:
        golden = injector.golden({"image": image})
        found = list(injector.inject(golden, "upset:format=e4m3fn", count=50))
        corrected = list(injector.inject(golden, "upset:format=e4m3fn,code=secded72", count=50))
    for x in found:
        (changed,) = x.corruption.values
        assert np.isnan(changed) or changed == np.float32(ml_dtypes.float8_e4m3fn(changed))
    assert {x.outcome for x in corrected} == {"masked"}


def test_what_cannot_be_rounded_is_refused() -> None:
    with pytest.raises(ErrorModelError, match="a number format is one of"):
        round_weights(onnxfi.load(make_classifier()), "fp12")
    empty = model([node("Relu", "x", "y")], [value("x", ["N", 4])], [value("y", ["N", 4])], {})

    with pytest.raises(InputError, match="has none"):
        round_weights(onnxfi.load(empty), "bf16")

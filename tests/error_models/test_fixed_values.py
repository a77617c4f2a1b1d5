"""Constant, NaN and Infinity: the values that they write, and what they refuse."""

import json
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from onnxfi.error_models import Constant, ErrorModel, Infinity, NaN, from_dict, load
from onnxfi.error_models.contract import FLOATS, INTEGERS
from onnxfi.errors import ErrorModelError

# The greatest value of each format, by its definition.
WITHOUT_INFINITY = {
    "float8_e4m3b11fnuz": 30.0,
    "float8_e4m3fn": 448.0,
    "float8_e4m3fnuz": 240.0,
    "float8_e5m2fnuz": 57344.0,
}
LIMITS = {"int4": (-8, 7), "uint4": (0, 15), "int2": (-2, 1), "uint2": (0, 3)}


def values(model: ErrorModel, dtype: Any, count: int = 3) -> np.ndarray:
    """Draw the values of one corruption of a tensor of ones."""
    golden = np.ones(count, dtype)
    rng = np.random.default_rng(0)
    return model.sample(golden, channel_axis=None, rng=rng).values


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_nan(dtype: np.dtype) -> None:
    assert np.isnan(values(NaN(count=3), dtype)).all()


def test_nan_is_quiet() -> None:
    assert values(NaN(), np.float32).view(np.uint32)[0] & 0x7FC00000 == 0x7FC00000


@pytest.mark.parametrize("dtype", [*INTEGERS, np.dtype(bool)], ids=str)
@pytest.mark.parametrize("spec", ["nan", "nan:rate=0"])
def test_nan_refuses_what_has_none(spec: str, dtype: np.dtype) -> None:
    with pytest.raises(ErrorModelError, match=f"nan: .* got {dtype}, which has no NaN"):
        values(load(spec), dtype)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_infinity_of_floats(dtype: np.dtype) -> None:
    largest = WITHOUT_INFINITY.get(dtype.name, np.inf)
    assert values(Infinity(count=3), dtype).astype(float).tolist() == [largest] * 3
    negative = values(Infinity("negative", count=3), dtype)
    assert negative.astype(float).tolist() == [-largest] * 3


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_integers_saturate(dtype: np.dtype) -> None:
    if dtype.name in LIMITS:
        least, greatest = LIMITS[dtype.name]
    else:
        least, greatest = np.iinfo(dtype).min, np.iinfo(dtype).max
    assert int(values(Infinity(), dtype)[0]) == greatest
    assert int(values(Infinity("negative"), dtype)[0]) == least


def test_infinity_of_bool_and_of_both_signs() -> None:
    assert values(Infinity(), bool).tolist() == [True]
    assert values(Infinity("negative"), bool).tolist() == [False]
    drawn = values(Infinity("any", count=2000), np.float32, 2000)
    assert 900 < int((drawn == np.inf).sum()) < 1100
    assert np.isinf(drawn).all()


def test_other_byte_order() -> None:
    assert values(Infinity("negative"), ">f4").tolist() == [-np.inf]
    assert values(Infinity(), ">i2").tolist() == [32767]
    assert values(Constant(258), ">i2").tobytes() == b"\x01\x02"


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_constants_are_rounded_to_the_nearest(dtype: np.dtype) -> None:
    written = Fraction(float(values(Constant(1.3), dtype)[0]))
    asked = Fraction(1.3)
    info = ml_dtypes.finfo(dtype)
    assert abs(written - asked) <= Fraction(float(info.eps)) / 2
    assert values(Constant(-2, count=3), dtype).astype(float).tolist() == [-2.0] * 3


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_constants_of_integers_are_exact(dtype: np.dtype) -> None:
    limits = ml_dtypes.iinfo(dtype)
    for value in (int(limits.min), int(limits.max), 1, 1.0):
        assert int(values(Constant(value), dtype)[0]) == value


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1.5, "int8"),
        (128, "int8"),
        (-1, "uint64"),
        (2**64, "uint64"),
        (2, "bool"),
        (0.5, "bool"),
        (70000, "float16"),
        (1e39, "float32"),
        (449 + 32, ml_dtypes.float8_e4m3fn),
        (8, ml_dtypes.int4),
    ],
)
@pytest.mark.parametrize("rate", [None, 0])
def test_constants_that_do_not_fit(value: float, dtype: Any, rate: float | None) -> None:
    with pytest.raises(ErrorModelError, match="must be able to hold the value, got value="):
        values(Constant(value, rate=rate), dtype)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("constant", "constant: value must be given"),
        ("constant:value=nan", "value must be a finite number, got nan"),
        ("constant:value=inf", "value must be a finite number, got inf"),
        ("constant:value=true", "value must be a finite number, got True"),
        ({"name": "constant", "configuration": {"value": 10**400}}, "must be a finite number"),
        ("inf:sign=plus", "sign must be one of positive, negative, any, got 'plus'"),
        ("inf:sign=positve", "did you mean 'positive'"),
        ("nan:sign=any", "nan: the configuration has the keys count, fraction, rate, region"),
    ],
)
def test_wrong_configurations(spec: Any, message: str) -> None:
    with pytest.raises(ErrorModelError, match=message):
        load(spec)


@pytest.mark.parametrize(
    "model", [Constant(2**64 - 1), Constant(0.1, rate=0.5), NaN(count=2), Infinity("any")]
)
def test_round_trip(model: ErrorModel) -> None:
    assert from_dict(json.loads(json.dumps(model.to_dict()))) == model

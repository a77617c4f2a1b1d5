"""Tests that many injections at once give the results of one by one."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnxfi.error_models import BatchSampler, BitFlip, SpatialModel
from onnxfi.error_models.contract import ContractTarget
from onnxfi.error_models.spatial.library import MODELS
from onnxfi.errors import ErrorModelError
from onnxfi.injector.metrics import Classification, Outputs
from onnxfi.injector.metrics.many import are_wrong, columns_of_all
from onnxfi.injector.outcome import decide_outcome, decide_outcomes
from onnxfi.injector.randomness import InjectionGenerators, injection_rng

EVERY_PATTERN = Path(__file__).parents[1] / "error_models" / "data" / "every_pattern.json"
# Making one reads the file.
made = cache(SpatialModel)
_WORDS = [0, 1, 2**32 - 2, 2**32, 2**33 - 2, 2**64 - 2, 2**64, 2**100]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.sampled_from([*_WORDS, 2**128, 2**200]) | st.integers(0, 2**140),
    first=st.sampled_from(_WORDS) | st.integers(0, 2**70),
    steps=st.lists(st.sampled_from([1, 1, 1, 2, 255, -3]), max_size=8),
)
def test_generators_are_those_of_numpy(seed: int, first: int, steps: Sequence[int]) -> None:
    generators = InjectionGenerators(seed)
    number = first
    for step in [0, *steps]:
        number = max(0, number + step)
        mine, expected = generators.at(number), injection_rng(seed, number)
        assert mine.bit_generator.state == expected.bit_generator.state
        assert mine.integers(7, dtype=np.int16) == expected.integers(7, dtype=np.int16)
        assert mine.random() == expected.random()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**70),
    first=st.sampled_from([*_WORDS, 2**32 - 9]) | st.integers(0, 2**33),
    count=st.integers(1, 20),
    shape=st.sampled_from([(1,), (2,), (3, 5), (1, 7, 9, 9), (70_000,)]),
    dtype=st.sampled_from([np.float32, np.float16, np.float64, np.int8, np.bool_]),
    bit=st.sampled_from(["any", 0, "mantissa", "exponent", "sign"]),
)
def test_bit_flips_drawn_together_are_those_drawn_alone(
    seed: int, first: int, count: int, shape: tuple[int, ...], dtype: Any, bit: Any
) -> None:
    golden = np.random.default_rng(0).normal(0, 3, shape).astype(dtype)
    if isinstance(bit, str) and bit != "any" and golden.dtype.kind != "f":
        bit = "any"
    model = BitFlip(bit=bit)
    many = model.prepare(ContractTarget(), golden)
    assert isinstance(many, BatchSampler)
    ids = range(first, first + count)
    together = many.sample_many(
        golden, channel_axis=None, generators=InjectionGenerators(seed), ids=ids
    )
    for injection_id, corruption in zip(ids, together, strict=True):
        rng = injection_rng(seed, injection_id)
        assert corruption == model.sample(golden, channel_axis=None, rng=rng)


def test_bit_flips_that_are_drawn_again() -> None:
    """Of some numbers of sites NumPy rejects a part of its random bits, and draws new ones."""
    size, ids = 3 << 22, range(15_000)
    golden = np.zeros(size, np.int8)
    many = BitFlip().prepare(ContractTarget(), golden)
    assert isinstance(many, BatchSampler)
    generators = InjectionGenerators(1)
    lower = [int(x) % 2**32 * size % 2**32 for x in generators.first_words(ids)]
    again = [number for number, x in zip(ids, lower, strict=True) if x < 2**32 % size]
    assert len(again) > 5
    together = many.sample_many(golden, channel_axis=None, generators=generators, ids=ids)
    for number in again:
        rng = injection_rng(1, number)
        assert together.indices[number] == rng.integers(size)
        assert together.bits[number] == rng.integers(0, 8, dtype=np.int16)


@pytest.mark.thorough
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**70),
    first=st.sampled_from([*_WORDS, 2**32 - 9]) | st.integers(0, 2**33),
    count=st.integers(1, 40),
    layout=st.sampled_from(
        [
            ((1, 6, 28, 28), 1),
            ((1, 16, 10, 10), 1),
            ((3, 8, 4, 6, 6), 1),
            ((2, 9, 11, 16), 3),
            ((12, 40, 2), 0),
            ((1, 1, 1, 60), 1),
            ((2, 100), None),
            ((7,), None),
        ]
    ),
    dtype=st.sampled_from(
        [np.float32, np.float16, np.float64, ml_dtypes.bfloat16, np.int8, np.uint64, np.bool_]
    ),
    model=st.sampled_from([*MODELS, str(EVERY_PATTERN)]),
    ends=st.sampled_from([None, (-1.0, 2.0)]),
)
def test_spatial_patterns_drawn_together_are_those_drawn_alone(
    seed: int,
    first: int,
    count: int,
    layout: tuple[tuple[int, ...], int | None],
    dtype: Any,
    model: str,
    ends: tuple[float, float] | None,
) -> None:
    shape, channel_axis = layout
    golden = np.abs(np.random.default_rng(0).normal(0, 3, shape)).astype(dtype)
    alone = made(model, *(ends or ()))
    ids = range(first, first + count)
    for together in (alone, alone.prepare(ContractTarget(), golden)):
        drawn = together.sample_many(
            golden, channel_axis=channel_axis, generators=InjectionGenerators(seed), ids=ids
        )
        for injection_id, corruption in zip(ids, drawn, strict=True):
            rng = injection_rng(seed, injection_id)
            assert corruption == alone.sample(golden, channel_axis=channel_axis, rng=rng)


def test_spatial_patterns_of_many_sites() -> None:
    """They are put together a part at a time."""
    golden = np.random.default_rng(0).normal(0, 3, (1, 64, 56, 56)).astype(np.float32)
    model = SpatialModel("conv", pattern="full_channels").prepare(ContractTarget(), golden)
    drawn = model.sample_many(
        golden, channel_axis=1, generators=InjectionGenerators(5), ids=range(30)
    )
    assert drawn.indices.size > 1 << 17
    assert drawn.patterns == ["full_channels"] * 30
    for injection_id, corruption in enumerate(drawn):
        rng = injection_rng(5, injection_id)
        assert corruption == model.sample(golden, channel_axis=1, rng=rng)


@pytest.mark.parametrize(
    ("golden", "configuration"),
    [
        (np.full((1, 2, 8, 8), np.nan, np.float32), {}),
        (np.ones((1, 1, 8, 8), np.float32), {"pattern": "bullet_wake"}),
        (np.ones((1, 2, 8, 8), np.complex64), {}),
    ],
)
def test_spatial_patterns_refused_together_as_alone(
    golden: np.ndarray, configuration: dict[str, Any]
) -> None:
    model = SpatialModel("conv", **configuration)
    with pytest.raises(ErrorModelError) as alone:
        model.sample(golden, channel_axis=1, rng=injection_rng(0, 4))
    with pytest.raises(ErrorModelError) as together:
        model.sample_many(
            golden, channel_axis=1, generators=InjectionGenerators(0), ids=range(4, 9)
        )
    assert str(together.value) == str(alone.value)


_SCORES = st.sampled_from([0.0, -0.0, 0.2, 0.5, 0.7, 1.0, -1.0, np.inf, -np.inf, np.nan])


@st.composite
def outputs(draw: st.DrawFn) -> tuple[Outputs, list[Outputs]]:
    """Draw golden outputs and some faulty ones, of which one may have another shape."""
    shape = draw(st.sampled_from([(1, 1), (1, 3), (2, 7), (4,), (2, 0), ()]))
    dtype = draw(st.sampled_from([np.float32, np.int64, np.float64]))

    def tensor(shape: tuple[int, ...]) -> np.ndarray:
        values = draw(st.lists(_SCORES, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
        array = np.array(values, np.float64).reshape(shape)
        return (np.nan_to_num(array, posinf=9, neginf=-9) if dtype is np.int64 else array).astype(
            dtype
        )

    golden = {"scores": tensor(shape), "other": np.arange(3.0)}
    faulty: list[Outputs] = []
    for _ in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["same", "equal", "drawn", "drawn", "shape", "failed"]))
        changed: dict[str, dict[str, np.ndarray]] = {
            "same": {},
            "equal": {"scores": golden["scores"].copy()},
            "drawn": {"scores": tensor(shape)},
            "shape": {"scores": tensor((2, 2))},
        }
        faulty.append({} if kind == "failed" else {**golden, **changed[kind]})
    return golden, faulty


@settings(max_examples=60, deadline=None)
@given(outputs())
@pytest.mark.filterwarnings("error")
def test_outcomes_and_columns(drawn: tuple[Outputs, list[Outputs]]) -> None:
    golden, faulty = drawn
    metric = Classification()
    each = [decide_outcome(golden, x, metric) for x in faulty]
    assert decide_outcomes(golden, faulty, metric) == each
    ran = [x for x in faulty if x]
    assert are_wrong(metric, golden, ran) == [metric.is_wrong(golden, x) for x in ran]
    # As texts, in which a NaN equals a NaN.
    one_by_one = [metric.columns(golden, x) for x in ran]
    expected = {name: [row[name] for row in one_by_one] for name in metric.column_types}
    assert repr(columns_of_all(metric, golden, ran)) == repr(expected)

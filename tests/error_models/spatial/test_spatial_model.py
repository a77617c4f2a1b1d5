"""SpatialModel: drawing from a whole file."""

import copy
import json
import pickle
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.error_models import ERROR_MODELS, Corruption, SpatialModel, load
from onnxfi.error_models.contract import ContractTarget
from onnxfi.error_models.spatial.patterns import PATTERNS
from onnxfi.error_models.values.value_class import to_float64
from onnxfi.errors import ErrorModelError

EVERY_PATTERN = Path(__file__).parents[1] / "data" / "every_pattern.json"
FREQUENCIES = {
    name: content["frequency"]
    for name, content in json.loads(EVERY_PATTERN.read_text()).items()
    if name in PATTERNS
}


def golden_of(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(shape).astype(np.float32)


# Making one reads the file.
made = cache(SpatialModel)


def draw(golden: np.ndarray, axis: int | None, seed: int = 0, **configuration: Any) -> Corruption:
    model = made(EVERY_PATTERN, **configuration)
    return model.sample(golden, channel_axis=axis, rng=np.random.default_rng(seed))


def draw_many(
    model: SpatialModel, golden: np.ndarray, count: int, axis: int | None = 1
) -> list[Corruption]:
    rng = np.random.default_rng(5)
    model = model.prepare(ContractTarget(), golden)
    return [model.sample(golden, channel_axis=axis, rng=rng) for _ in range(count)]


def assert_frequencies(drawn: Counter[str | None], expected: dict[str, float]) -> None:
    """Compare by chi-square: at most four standard deviations above the mean."""
    assert drawn.keys() <= expected.keys()
    total = drawn.total() / sum(expected.values())
    chi_square = sum(
        (drawn[name] - share * total) ** 2 / (share * total) for name, share in expected.items()
    )
    freedom = len(expected) - 1
    assert chi_square < freedom + 4 * (2 * freedom) ** 0.5


def test_patterns_are_as_frequent_as_the_file_says() -> None:
    corruptions = draw_many(SpatialModel(EVERY_PATTERN), golden_of(1, 32, 14, 14), 2000)
    assert_frequencies(Counter(each.pattern for each in corruptions), FREQUENCIES)


def test_patterns_without_room_give_way_to_the_others() -> None:
    # One channel, one row.
    corruptions = draw_many(SpatialModel(EVERY_PATTERN), golden_of(1, 1, 1, 60), 1000)
    fitting = ("single", "same_row", "skip_2", "skip_4", "single_block", "full_channels")
    assert_frequencies(
        Counter(each.pattern for each in corruptions), {name: FREQUENCIES[name] for name in fitting}
    )


def test_value_classes_are_as_frequent_as_the_file_says() -> None:
    golden = golden_of(1, 32, 14, 14)
    rows = draw_many(SpatialModel(EVERY_PATTERN, pattern="same_row"), golden, 1000)
    zeros = sum(not each.values.view(np.uint32).any() for each in rows)
    assert abs(zeros - 750) < 4 * (1000 * 0.75 * 0.25) ** 0.5
    blocks = draw_many(SpatialModel(EVERY_PATTERN, pattern="single_block"), golden, 500)
    values = to_float64(np.concatenate([each.values for each in blocks]))
    inside = (values != 0) & (values >= golden.min()) & (values <= golden.max())
    # Flips of low bits stay in range.
    assert 0.5 < inside.mean() < 0.5 + 0.0625
    assert abs((values == 0).mean() - 0.125) < 0.02
    assert 0.05 < np.isnan(values).mean() < 0.08


def test_sites_have_the_pattern() -> None:
    model = SpatialModel(EVERY_PATTERN)
    for shape, axis in [
        ((1, 4, 4, 4), 1),
        ((1, 32, 7, 7), 1),
        ((1, 9, 11, 16), 3),
        ((1, 6, 40), 1),
        ((1, 4, 3, 6, 6), 1),
        ((1, 100), 1),
        ((1, 100), None),
        ((1, 3), 1),
    ]:
        golden = golden_of(*shape)
        for corruption in draw_many(model, golden, 60, axis):
            channel = 1 if axis is None else axis
            hit = np.zeros(golden.size, dtype=bool)
            hit[corruption.indices] = True
            moved = np.moveaxis(hit.reshape(shape)[0], channel - 1, 0)
            channels = len(moved)
            columns = moved.shape[-1] if moved.ndim > 1 else 1
            pattern = PATTERNS[corruption.pattern or ""]
            assert pattern.belongs(
                np.flatnonzero(moved), (channels, moved.size // channels // columns, columns)
            )


@pytest.mark.parametrize("axis", [1, 2, 3, 4])
def test_layout_of_the_axes_makes_no_difference(axis: int) -> None:
    golden = golden_of(3, 8, 4, 6, 6)
    moved = np.moveaxis(golden, 1, axis)
    for seed in range(40):
        expected = np.moveaxis(draw(golden, 1, seed).apply(golden), 1, axis)
        assert np.array_equal(draw(moved, axis, seed).apply(moved), expected, equal_nan=True)


def test_one_sample_of_a_batch_is_corrupted() -> None:
    golden = golden_of(5, 8, 6, 6)
    model = SpatialModel(EVERY_PATTERN)
    samples = Counter[int]()
    for corruption in draw_many(model, golden, 500):
        (sample,) = set((corruption.indices // (8 * 36)).tolist())
        samples[sample] += 1
    assert samples.keys() == set(range(5))
    assert min(samples.values()) > 60


def only_wakes(folder: Path) -> Path:
    document = json.loads(EVERY_PATTERN.read_text())
    path = folder / "wakes.json"
    path.write_text(json.dumps({"bullet_wake": document["bullet_wake"]}))
    return path


def test_a_single_value_where_no_pattern_fits(tmp_path: Path) -> None:
    model = SpatialModel(only_wakes(tmp_path))
    for corruption in draw_many(model, golden_of(1, 1, 8, 8), 20):
        assert (corruption.pattern, corruption.indices.size) == ("single", 1)


def test_pattern_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ErrorModelError, match=r"bullet_wake needs a larger target.*\(1, 8, 8\)"):
        draw(golden_of(1, 1, 8, 8), 1, pattern="bullet_wake")


def test_only_one_pattern() -> None:
    model = SpatialModel(EVERY_PATTERN, pattern="rectangles")
    drawn = draw_many(model, golden_of(1, 8, 8, 8), 30)
    assert {each.pattern for each in drawn} == {"rectangles"}


def test_unknown_channels() -> None:
    golden = golden_of(2, 6, 7, 8)
    with pytest.raises(ErrorModelError, match=r"same_row needs a target whose channel axis"):
        draw(golden, None)
    corruption = draw(golden, None, pattern="single_block")
    assert np.ptp(corruption.indices) < 64
    assert draw(golden, None, pattern="single").indices.size == 1


def test_range_of_the_golden_tensor_or_a_fixed_one() -> None:
    golden = np.linspace(10, 20, 512, dtype=np.float32).reshape(1, 8, 8, 8)
    for seed in range(20):
        values = draw(golden, 1, seed, pattern="rectangles").values
        assert ((values >= 10) & (values <= 20)).all()
        values = draw(golden, 1, seed, pattern="rectangles", low=-2, high=-1).values
        assert ((values >= -2) & (values <= -1)).all()
        # Nothing to take a range from, and no need to.
        assert draw(golden * np.float32(np.nan), 1, seed, pattern="same_column").indices.size
    with pytest.raises(ErrorModelError, match="a tensor without any: give low and high"):
        draw(golden * np.float32(np.nan), 1, pattern="rectangles")


@pytest.mark.parametrize("pattern", [name for name in PATTERNS if name != "full_channels"])
def test_cost_does_not_grow_with_the_tensor(pattern: str) -> None:
    if pattern == "single_channel_random":
        pattern = "single"
    # 2**40 elements, of which only one is in memory: a copy would not fit.
    golden = np.broadcast_to(np.float32(1), (1, 2**10, 2**15, 2**15))
    corruption = draw(golden, 1, pattern=pattern, low=0, high=1)
    assert corruption.pattern == pattern
    assert corruption.indices.size < 1000


def test_configuration() -> None:
    assert ERROR_MODELS["spatial"] is SpatialModel
    model = load(f"spatial:model={EVERY_PATTERN},low=-1,high=2.5,pattern=single")
    assert model == SpatialModel(EVERY_PATTERN, -1, 2.5, "single")
    configuration = {"model": str(EVERY_PATTERN), "low": -1, "high": 2.5, "pattern": "single"}
    assert model.to_dict() == {
        "name": "spatial",
        "configuration": {**configuration, "profile": None},
    }
    for same in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert same == model
        golden = golden_of(1, 8, 8, 8)
        one, other = (
            each.sample(golden, channel_axis=1, rng=np.random.default_rng(2))
            for each in (model, same)
        )
        assert one == other
    assert "distribution" not in repr(model)
    assert {model: 1}[SpatialModel(EVERY_PATTERN, -1, 2.5, "single")] == 1


def test_file_is_read_once(tmp_path: Path) -> None:
    path = only_wakes(tmp_path)
    model = SpatialModel(path)
    path.unlink()
    assert draw_many(model, golden_of(1, 8, 8, 8), 1)[0].pattern == "bullet_wake"


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({"model": ""}, "model must be auto, a built-in model .conv, .* of a file, got ''"),
        ({"model": 3}, "model must be auto, .*got 3"),
        ({"model": "relux"}, "relux is neither a file nor a built-in model.*did you mean 'relu'"),
        ({"model": "auto", "pattern": 3}, "pattern must be a text, got 3"),
        ({"model": "missing.json"}, r"missing\.json: .*must be readable.*No such file"),
        ({"model": __file__}, "must be JSON"),
        ({"model": EVERY_PATTERN, "pattern": "bulet_wake"}, "did you mean 'bullet_wake'"),
        (
            {"model": EVERY_PATTERN, "pattern": 7},
            "pattern must be a text, got 7",
        ),
        ({"model": EVERY_PATTERN, "low": 1}, "spatial: low and high must be given together"),
        ({"model": EVERY_PATTERN, "low": 2, "high": 1}, "spatial: low must not be above high"),
        (
            {"model": EVERY_PATTERN, "range": 1},
            "keys model, low, high, pattern, profile, got 'range'",
        ),
    ],
)
def test_wrong_configuration(configuration: dict[str, Any], message: str) -> None:
    with pytest.raises(ErrorModelError, match=message):
        load({"name": "spatial", "configuration": configuration})

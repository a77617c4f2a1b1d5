"""Reading CLASSES v2 files: what is read, and what is said of files that are wrong."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.error_models.spatial.distribution import ParameterCandidates, SpatialDistribution
from onnxfi.error_models.spatial.files.spatial_file import read_spatial_file
from onnxfi.error_models.spatial.patterns import PATTERNS, Parameters
from onnxfi.error_models.spatial.value_mix import ValueMix
from onnxfi.errors import ErrorModelError

EVERY_PATTERN = Path(__file__).parents[2] / "data" / "every_pattern.json"


def wake(**changes: Any) -> dict[str, Any]:
    """Give the object of a bullet wake; a change of ... leaves the key out."""
    whole = {
        "frequency": 0.5,
        "domain_classes": [{"zero": [100.0, 100.0], "frequency": 1.0}],
        "parameters": [
            {
                "keys": {"affected_channels_pct": [0.0, 10.0]},
                "stats": {
                    "max_corrupted_channels": 4,
                    "min_channel_skip": 1,
                    "max_channel_skip": 2,
                },
                "conditional_frequency": 1.0,
            }
        ],
    } | changes
    return {key: value for key, value in whole.items() if value is not ...}


def with_stats(**changes: Any) -> dict[str, Any]:
    document = wake()
    stats = document["parameters"][0]["stats"] | changes
    document["parameters"][0]["stats"] = {k: v for k, v in stats.items() if v is not ...}
    return document


def with_mix(**mix: Any) -> dict[str, Any]:
    return wake(domain_classes=[mix])


def read(folder: Path, document: object) -> SpatialDistribution:
    path = folder / "model.json"
    path.write_text(json.dumps(document))
    return read_spatial_file(str(path)).distribution


def test_every_pattern_is_read(caplog: pytest.LogCaptureFixture) -> None:
    distribution = read_spatial_file(str(EVERY_PATTERN)).distribution
    assert {each.pattern for each in distribution.items} == set(PATTERNS)
    said = json.loads(EVERY_PATTERN.read_text())
    for each, frequency in zip(distribution.items, distribution.frequencies, strict=True):
        assert frequency == said[each.pattern]["frequency"]
    assert not caplog.records
    row = distribution.items[1]
    assert row.value_mixes.items == (ValueMix(("zero",)), ValueMix(("flip",)))
    assert row.value_mixes.frequencies == (0.75, 0.25)
    assert row.parameters.frequencies == (0.6, 0.4)
    rectangle = next(each for each in distribution.items if each.pattern == "rectangles")
    assert rectangle.parameters.items[0].numbers["rectangle_width"] == (4,)  # 3 in the file
    assert rectangle.parameters.items[0].numbers["rectangle_height"] == (3,)
    assert row.parameters.items[1] == ParameterCandidates(
        {"max_cardinality": (3, 6), "min_value_skip": (1, 4), "max_value_skip": (2, 9)},
        {"row_corruption_pct": ((20.0, 30.0), (90.0, 100.0))},
    )
    block = next(each for each in distribution.items if each.pattern == "single_block")
    (mix,) = block.value_mixes.items
    assert dict(zip(mix.classes, mix.shares or (), strict=True)) == {
        "in_range": 0.5,
        "out_of_range": 0.25,
        "zero": 0.125,
        "nan": 0.0625,
        "flip": 0.0625,
    }


def test_frequencies_count_and_counts_do_not(tmp_path: Path) -> None:
    distribution = read(
        tmp_path,
        {
            "_tensor_count": 100,
            "bullet_wake": wake(frequency=0.25, count=99),
            "single": wake(
                frequency=0.5,
                count=1,
                parameters=[
                    {
                        "keys": {},
                        "stats": {},
                        "conditional_frequency": 0.5,
                        "overall_frequency": 0.1,
                        "count": 7,
                    }
                ],
            ),
        },
    )
    # They need not add up to 1 either.
    assert distribution.frequencies == (0.25, 0.5)
    rng = np.random.default_rng(0)
    drawn = [distribution.draw(rng=rng).pattern for _ in range(3000)]
    assert abs(drawn.count("single") - 2000) < 110


@pytest.mark.parametrize(
    ("said", "repaired"),
    [
        ({"in_range": [75.0, 87.5], "out_of_range": [0.0, 12.5]}, (75.0, 87.5)),
        ({"out_of_range": [87.5, 100.0], "zero": [0.0, 100]}, (87.5, 100.0)),
        ({"zero": [37.5, 50.0], "flip": [37.5, 50.0]}, (37.5, 50.0)),
    ],
)
def test_ranges_that_do_not_complement_each_other_are_repaired(
    said: dict[str, Any],
    repaired: tuple[float, float],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    right = {"zero": [12.5, 25.0], "in_range": [75.0, 87.5], "frequency": 0.5}
    mixes = wake(domain_classes=[right, said | {"frequency": 0.5}])
    with caplog.at_level(logging.WARNING, logger="onnxfi"):
        distribution = read(tmp_path, {"bullet_wake": mixes})
    (message,) = caplog.messages
    assert "model.json" in message
    assert "do not in 1 entries (first in bullet_wake.domain_classes[1])" in message
    mix = distribution.items[0].value_mixes.items[1]
    assert mix == ValueMix(tuple(said), repaired)  # type: ignore[arg-type]
    counts: list[dict[str, int]] = [
        {name: int(mask.sum()) for name, mask in mix.draw(800, rng=np.random.default_rng(seed))}
        for seed in range(50)
    ]
    first, second = said
    for count in counts:
        assert repaired[0] <= count[first] / 8 <= repaired[1]
        assert count[first] + count.get(second, 0) == 800


def test_shares_may_be_percentages(tmp_path: Path) -> None:
    document = with_mix(random=[100.0, 100.0], values={"zero": 75, "nan": 25}, frequency=1)
    mix = read(tmp_path, {"bullet_wake": document}).items[0].value_mixes.items[0]
    assert mix == ValueMix(("zero", "nan"), shares=(0.75, 0.25))


def drawn_skips(candidates: ParameterCandidates) -> list[tuple[int, int]]:
    rng = np.random.default_rng(1)
    drawn: list[Parameters] = [candidates.draw(rng=rng) for _ in range(1200)]
    return [(each.numbers["min_channel_skip"], each.numbers["max_channel_skip"]) for each in drawn]


def test_random_candidates_are_equally_likely(tmp_path: Path) -> None:
    document = with_stats(max_corrupted_channels={"RANDOM": [2, 3, 9]})
    candidates = read(tmp_path, {"bullet_wake": document}).items[0].parameters.items[0]
    rng = np.random.default_rng(2)
    drawn = [candidates.draw(rng=rng).numbers["max_corrupted_channels"] for _ in range(1200)]
    assert {each for each in drawn if abs(drawn.count(each) - 400) < 70} == {2, 3, 9}


def test_max_is_not_below_min(tmp_path: Path) -> None:
    document = with_stats(
        min_channel_skip={"RANDOM": [1, 3]}, max_channel_skip={"RANDOM": [1, 2, 3, 8]}
    )
    candidates = read(tmp_path, {"bullet_wake": document}).items[0].parameters.items[0]
    drawn = drawn_skips(candidates)
    assert set(drawn) == {(1, 1), (1, 2), (1, 3), (1, 8), (3, 3), (3, 8)}
    assert abs(drawn.count((3, 8)) - 300) < 70
    document = with_stats(min_channel_skip={"RANDOM": [2, 5]}, max_channel_skip=3)
    candidates = read(tmp_path, {"bullet_wake": document}).items[0].parameters.items[0]
    assert set(drawn_skips(candidates)) == {(2, 3), (5, 5)}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([1], "the document must be an object, got [1]"),
        ({}, "the document must have a spatial pattern: one of single, same_row"),
        ({"_tensor_count": 3}, "must have a spatial pattern"),
        ({"bulet_wake": {}}, "bulet_wake is not a known key (did you mean 'bullet_wake'?)"),
        ({"_comment": "x"}, "_comment is not a known key"),
        ({"bullet_wake": 3}, "bullet_wake must be an object, got 3"),
        (
            {"bullet_wake": wake(frequncy=1)},
            "bullet_wake.frequncy is not a known key (did",
        ),
        ({"bullet_wake": wake(frequency=...)}, "bullet_wake must have the key frequency"),
        ({"bullet_wake": wake(frequency=-1)}, "bullet_wake.frequency must be a number of at least"),
        ({"bullet_wake": wake(frequency=float("nan"))}, "bullet_wake.frequency must be a number"),
        ({"bullet_wake": wake(frequency=10**400)}, "bullet_wake.frequency must be a number"),
        ({"bullet_wake": wake(frequency="1")}, 'frequency must be a number of at least 0, got "1"'),
        ({"bullet_wake": wake(frequency=True)}, "bullet_wake.frequency must be a number"),
        ({"bullet_wake": wake(frequency=0)}, "the document must have an entry whose frequency is"),
        ({"bullet_wake": wake(parameters=[])}, "bullet_wake.parameters must be a list of one"),
        ({"bullet_wake": wake(parameters={})}, "bullet_wake.parameters must be a list of one"),
        (
            {"bullet_wake": wake(domain_classes=[{"zero": [100, 100], "frequency": 0}])},
            "bullet_wake.domain_classes must have an entry whose frequency is above 0",
        ),
        (
            {"bullet_wake": with_stats(max_chanel_skip=1)},
            "bullet_wake.parameters[0].stats.max_chanel_skip is not a known key (did you mean "
            "'max_channel_skip'?)",
        ),
        (
            {"bullet_wake": with_stats(max_channel_skip=...)},
            "bullet_wake.parameters[0] must have the parameter max_channel_skip, in keys or in",
        ),
        (
            {"bullet_wake": with_stats(max_channel_skip=0)},
            "stats.max_channel_skip must be an integer of at least 1, got 0",
        ),
        (
            {"bullet_wake": with_stats(max_channel_skip=1.5)},
            "stats.max_channel_skip must be an integer of at least 1, got 1.5",
        ),
        (
            {"bullet_wake": with_stats(max_channel_skip=10**30)},
            "stats.max_channel_skip must be an integer of at least 1, got 1000",
        ),
        (
            {"bullet_wake": with_stats(max_channel_skip={"RANDOM": [1, "a"]})},
            'stats.max_channel_skip.RANDOM[1] must be an integer of at least 1, got "a"',
        ),
        (
            {"bullet_wake": with_stats(max_channel_skip={"RANDOM": []})},
            "stats.max_channel_skip.RANDOM must be a list of one item or more, got []",
        ),
        (
            {"bullet_wake": with_stats(max_channel_skip={"random": [1]})},
            "stats.max_channel_skip.random is not a known key",
        ),
        (
            {
                "single_block": wake(
                    parameters=[
                        {
                            "keys": {"block_size": 24, "block_corruption_pct": [90, 100]},
                            "stats": {},
                            "conditional_frequency": 1,
                        }
                    ]
                )
            },
            "single_block.parameters[0].keys.block_size must be 16 or 32 or 64, got 24",
        ),
        (
            {"bullet_wake": with_mix(zero=[90, 100], frequency=1)},
            "domain_classes[0].zero is the only value class, and must be [100, 100], got [90, 100]",
        ),
        (
            {"bullet_wake": with_mix(zero=[100, 100], nan=[0, 1], flip=[0, 1], frequency=1)},
            "domain_classes[0] must have one value class, two, or random with values",
        ),
        ({"bullet_wake": with_mix(frequency=1)}, "must have one value class, two, or random"),
        (
            {"bullet_wake": with_mix(zeros=[100, 100], frequency=1)},
            "domain_classes[0].zeros is not a known key (did you mean 'zero'?)",
        ),
        (
            {"bullet_wake": with_mix(zero=[60, 50], flip=[40, 50], frequency=1)},
            "domain_classes[0].zero must be two percentages, the lower one first, got [60, 50]",
        ),
        (
            {"bullet_wake": with_mix(zero=[60, 110], flip=[40, 50], frequency=1)},
            "domain_classes[0].zero must be two percentages",
        ),
        (
            {"bullet_wake": with_mix(zero=100, frequency=1)},
            "domain_classes[0].zero must be two percentages",
        ),
        (
            {"bullet_wake": with_mix(random=[100, 100], frequency=1)},
            "domain_classes[0] must have the key values",
        ),
        (
            {"bullet_wake": with_mix(random=[100, 100], values={"zero": 0}, frequency=1)},
            "domain_classes[0].values must have a share above 0",
        ),
        (
            {"bullet_wake": with_mix(random=[100, 100], values={"none": 1}, frequency=1)},
            "domain_classes[0].values.none is not a known key",
        ),
    ],
)
def test_what_is_wrong_and_where(document: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(ErrorModelError) as caught:
        read(tmp_path, document)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'model.json'}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must be JSON"),
        (b"{", "must be JSON"),
        (b"\xff\xfe", "must be JSON"),
        (b"[" * 100_000, "must be JSON"),
    ],
)
def test_no_json(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(content)
    with pytest.raises(ErrorModelError, match=message):
        read_spatial_file(str(path))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ErrorModelError, match=r"missing\.json: .*No such file"):
        read_spatial_file(str(tmp_path / "missing.json"))
    with pytest.raises(ErrorModelError, match="directory"):
        read_spatial_file(str(tmp_path))


def test_repairs_are_told_once_for_a_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    document = with_mix(zero=[75.0, 87.5], flip=[0.0, 12.5], frequency=1.0)
    for _ in range(3):
        read(tmp_path, {"bullet_wake": document})
    assert len(caplog.records) == 1

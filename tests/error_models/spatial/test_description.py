"""Spatial models as text: their patterns, the most frequent first."""

from onnxfi.error_models.spatial.choices import Weighted
from onnxfi.error_models.spatial.display.description import describe, summarise
from onnxfi.error_models.spatial.distribution import (
    NO_PARAMETERS,
    ParameterCandidates,
    PatternDistribution,
    SpatialDistribution,
)
from onnxfi.error_models.spatial.value_mix import ValueMix

MIXES = Weighted(
    (
        ValueMix(("zero",)),
        ValueMix(("nan", "in_range"), (10.0, 25.5)),
        ValueMix(("flip", "zero", "nan"), shares=(0.5, 0.25, 0.25)),
    ),
    (1.0, 6.0, 3.0),
)
BLOCKS = ParameterCandidates({"block_size": (16, 32)}, {"block_corruption_pct": ((50.0, 60.0),)})
DISTRIBUTION: SpatialDistribution = Weighted(
    (
        PatternDistribution("single", Weighted((ValueMix(("flip",)),), (1.0,)), NO_PARAMETERS),
        PatternDistribution("single_block", MIXES, Weighted((BLOCKS, BLOCKS), (1.0, 1.0))),
    ),
    (1.0, 2.0),
)


def test_patterns_on_one_line() -> None:
    assert summarise(DISTRIBUTION) == "single_block 66.7 %, single 33.3 %"


def test_values_and_parameters_of_each_pattern() -> None:
    assert describe(DISTRIBUTION) == [
        "single_block, 66.7 %: A run of block_size canonical sites, block_corruption_pct of them "
        "corrupted.",
        "  values: 10 to 25.5 % nan, the rest in_range (60 %); 50 % flip + 25 % zero + 25 % nan "
        "(30 %); all zero (10 %)",
        "  parameters: 2 sets",
        "single, 33.3 %: One value, anywhere.",
        "  values: all flip (100 %)",
    ]


def test_rare_mixes_are_counted_together() -> None:
    mixes = tuple(ValueMix(("nan", "zero"), (float(x), 50.0)) for x in range(8))
    pattern = PatternDistribution("single", Weighted(mixes, (1.0,) * 8), NO_PARAMETERS)
    assert describe(Weighted((pattern,), (1.0,)))[1].endswith("; 3 other mixes (37.5 %)")

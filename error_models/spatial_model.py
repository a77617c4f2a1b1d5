"""SpatialModel: patterns and values as they were observed on real hardware."""

import os
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from onnxfi.error_models.bit_layout import bit_layout
from onnxfi.error_models.canonical_layout import CanonicalLayout
from onnxfi.error_models.classes_file import read_classes_file
from onnxfi.error_models.configuration import checked_range, closest, to_dict
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.drawing import Weighted
from onnxfi.error_models.drawn_values import draw_values, needs_range
from onnxfi.error_models.patterns import PATTERNS
from onnxfi.error_models.sites import values_at
from onnxfi.error_models.spatial_distribution import (
    ParameterCandidates,
    PatternDistribution,
    SpatialDistribution,
)
from onnxfi.error_models.value_class import ValueClass
from onnxfi.error_models.value_range import value_range
from onnxfi.errors import ErrorModelError


@dataclass(frozen=True, slots=True)
class SpatialModel:
    """Draws a spatial pattern and values as often as a file of observed corruptions says.

    For one corruption the pattern is drawn first, then its parameters, then the injection sites,
    then the value classes, then the values (``draw_values`` tells how). ``CanonicalLayout`` tells
    what the channels, rows and columns of a tensor are. Of a batch, one sample is corrupted.

    What does not suit the tensor's shape is replaced. Parameters are clamped. A pattern for which
    the shape has no room at all (several channels where there is one, say) gives way to another
    pattern of the file, drawn among those that have room by their frequencies; if there is none, to
    a single value. The corruption's ``pattern`` is the one that it really has.

    The file is read once, when the error model is made.

    Attributes:
        model: path of a CLASSES v2 JSON file, relative to the current directory.
        low: the least value in range; None, together with ``high``, for the range of the golden
            tensor's finite values. That range is taken anew for each corruption that needs it,
            which reads the whole golden tensor: on large tensors a fixed range is faster.
        high: the greatest value in range.
        pattern: the only spatial pattern to draw; None for all those of the file.

    Raises:
        ErrorModelError: the file cannot be read or is no such file, it lacks the pattern, or the
            range is wrong.
    """

    name: ClassVar[str] = "spatial"
    paths: ClassVar[tuple[str, ...]] = ("model",)  # the keys that hold a path

    model: str | os.PathLike[str] = ""
    low: float | None = None
    high: float | None = None
    pattern: str | None = None
    _distribution: SpatialDistribution = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the values and read the file."""
        low, high = checked_range(self.name, self.low, self.high)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        model: object = self.model
        if not isinstance(model, str | os.PathLike) or not os.fspath(model):
            raise ErrorModelError(
                "spatial: model must be the path of a CLASSES v2 JSON file, "
                f"got {model!r}: write model=conv_gemm.json, say"
            )
        path = os.fspath(model)
        object.__setattr__(self, "model", path)
        distribution = read_classes_file(path)
        if self.pattern is not None:
            distribution = self._only(self.pattern, distribution)
        object.__setattr__(self, "_distribution", distribution)

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw a pattern, its sites and their values.

        Args:
            golden: the golden tensor, of any rank with at least one element.
            channel_axis: its channel axis. None is enough for tensors of rank 2 or less, and for
                patterns that need no channels: single and single_block.
            rng: the source of randomness.

        Returns:
            A corruption with its ``pattern``.

        Raises:
            ErrorModelError: the tensor is empty, or of no numeric dtype, or lacks the channels that
                a pattern of the file needs; or ``pattern`` is given and does not fit; or there is
                no value in the range.
        """
        bit_layout(golden.dtype)  # raises for a dtype that has no values to draw
        if not golden.size:
            raise ErrorModelError(
                "spatial: the target must have an element at least, "
                f"got one of shape {golden.shape}, which has 0: choose another target"
            )
        layout = CanonicalLayout.of(golden.shape, channel_axis)
        if not layout.has_channels:
            self._check_channels_not_needed(golden)
        drawn = self._draw_pattern(layout, rng=rng)
        parameters = drawn.parameters.draw(rng=rng).draw(rng=rng)
        canonical = PATTERNS[drawn.pattern].draw(layout.shape, parameters, rng=rng)
        sample = int(rng.integers(layout.samples)) if layout.samples > 1 else 0
        sites = layout.injection_sites(canonical, sample=sample)
        values = values_at(golden, sites)
        classes = drawn.value_mixes.draw(rng=rng).draw(sites.size, rng=rng)
        low, high = self._range(golden, [value_class for value_class, _ in classes])
        for value_class, mask in classes:
            values[mask] = draw_values(value_class, values[mask], low=low, high=high, rng=rng)
        order = np.argsort(sites)
        return Corruption(sites[order], values[order], pattern=drawn.pattern)

    def to_dict(self) -> dict[str, Any]:
        """Give ``{"name": "spatial", "configuration": {"model": ..., "low": ..., ...}}``."""
        return to_dict(self)

    def _only(self, pattern: str, distribution: SpatialDistribution) -> SpatialDistribution:
        """Give the distribution with one pattern only."""
        only = distribution.only(lambda each: each.pattern == pattern)
        if only is None:
            there = [each.pattern for each in distribution.items]
            raise ErrorModelError(
                f"spatial: pattern must be one that {self.model} has, {', '.join(there)}, "
                f"got {pattern!r}{closest(str(pattern), there)}"
            )
        return only

    def _check_channels_not_needed(self, golden: np.ndarray) -> None:
        for each in self._distribution.items:
            if PATTERNS[each.pattern].needs_channels:
                raise ErrorModelError(
                    f"spatial: {each.pattern} needs a target whose channel axis is known, got one "
                    f"of shape {golden.shape} without: choose another target, or a pattern that "
                    "needs none (pattern=single, pattern=single_block)"
                )

    def _draw_pattern(
        self, layout: CanonicalLayout, *, rng: np.random.Generator
    ) -> PatternDistribution:
        """Draw a pattern that fits the shape."""
        drawn = self._distribution.draw(rng=rng)
        if PATTERNS[drawn.pattern].fits(layout.shape):
            return drawn
        if self.pattern is not None:
            raise ErrorModelError(
                f"spatial: {self.pattern} needs a larger target, got channels, rows and columns "
                f"{layout.shape}: choose another target or pattern"
            )
        fitting = self._distribution.only(lambda each: PATTERNS[each.pattern].fits(layout.shape))
        if fitting is not None:
            return fitting.draw(rng=rng)
        no_parameters = Weighted((ParameterCandidates({}, {}),), (1.0,))
        return PatternDistribution("single", drawn.value_mixes, no_parameters)

    def _range(self, golden: np.ndarray, classes: list[ValueClass]) -> tuple[float, float]:
        """Give the ends of the range, or anything where no value class needs them."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        if not any(needs_range(each, golden.dtype) for each in classes):
            return 0.0, 0.0
        golden_range = value_range(golden)
        if golden_range is None:
            raise ErrorModelError(
                "spatial: the range is taken from the golden tensor's finite values, "
                "got a tensor without any: give low and high"
            )
        return golden_range

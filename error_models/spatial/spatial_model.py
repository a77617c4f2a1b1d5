"""SpatialModel: draws patterns and values as observed on real hardware."""

import copy
import os
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, ClassVar, Final

import numpy as np

from onnxfi.error_models.checks import checked_range
from onnxfi.error_models.configuration_keys import to_dict
from onnxfi.error_models.converted_fields import convert_fields
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.corruptions import Corruptions
from onnxfi.error_models.error_model import Generators, TargetInfo
from onnxfi.error_models.sites.canonical_layout import CanonicalLayout
from onnxfi.error_models.sites.uniform import values_at
from onnxfi.error_models.spatial.batch_sampling import draw_corruptions
from onnxfi.error_models.spatial.distribution import SpatialDistribution
from onnxfi.error_models.spatial.library import MODEL_OF_OPERATOR, MODELS, read_model
from onnxfi.error_models.spatial.patterns import PATTERNS
from onnxfi.error_models.spatial.placement import Placement, draw_placement
from onnxfi.error_models.spatial.value_sources import (
    ValueSource,
    draw_values,
    needs_range,
    value_source,
)
from onnxfi.error_models.values.bit_layout import bit_layout
from onnxfi.error_models.values.profile import Profile, read_profile, tensor_unknown
from onnxfi.error_models.values.value_class import ValueClass
from onnxfi.error_models.values.value_range import value_range
from onnxfi.errors import ErrorModelError
from onnxfi.suggestions import did_you_mean

_AUTO: Final = "auto"


@dataclass(frozen=True, slots=True)
class SpatialModel:
    """Draws spatial patterns and values with the frequencies of a model of observed corruptions.

    Each draw selects the pattern first, then its parameters, the injection sites, the value classes
    and the values (see ``draw_values``). ``CanonicalLayout`` defines the channels, rows and columns
    of a tensor. One sample of a batch is corrupted.

    Parameters that do not fit the tensor's shape are clamped. A pattern for which the shape has no
    room, such as several channels in a tensor with one, is replaced by another pattern of the model
    that fits, drawn by frequency, or by a single value if none fits. The corruption's ``pattern``
    is the one that was drawn in the end.

    The file is read once, when the error model is made.

    Attributes:
        model: name of a built-in model, such as ``conv``; ``auto`` for the built-in model of the
            operator that makes the target; or path of a file, in onnxfi's schema or CLASSES v2,
            relative to the current directory.
        low: the lowest value in range; None, together with ``high``, for the range of the golden
            tensor's finite values: ``sample`` then reads the whole golden tensor, unless
            ``prepare`` already has.
        high: the highest value in range.
        pattern: the only spatial pattern to draw; None for all patterns of the model.
        profile: path of a profile written by `onnxfi profile`, instead of ``low`` and ``high``: the
            range is that of the target over a data set.

    Raises:
        ErrorModelError: the file cannot be read or is not valid, the model lacks the pattern, or
            the range is wrong.
    """

    name: ClassVar[str] = "spatial"
    paths: ClassVar[tuple[str, ...]] = ("model", "profile")  # keys that hold a path
    not_paths: ClassVar[tuple[str, ...]] = (_AUTO, *MODELS)  # except these words

    model: str | os.PathLike[str] = _AUTO
    low: float | None = None
    high: float | None = None
    pattern: str | None = None
    profile: str | os.PathLike[str] | None = None
    _profile: Profile | None = field(init=False, repr=False, compare=False)
    _distribution: SpatialDistribution | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check and convert the values, and read the file."""
        low, high = checked_range(self.name, self.low, self.high)
        convert_fields(self, low=low, high=high)
        profile = read_profile(self.name, self.profile, given=low is not None)
        convert_fields(self, _profile=profile)
        if self.profile is not None:
            convert_fields(self, profile=os.fspath(self.profile))
        model: object = self.model
        if not isinstance(model, str | os.PathLike) or not os.fspath(model):
            raise ErrorModelError(
                f"spatial: model must be {_AUTO}, a built-in model ({', '.join(MODELS)}) or the "
                f"path of a file, got {model!r}: write for example model={_AUTO}"
            )
        pattern: object = self.pattern
        if pattern is not None and not isinstance(pattern, str):
            raise ErrorModelError(
                f"spatial: pattern must be a text, got {pattern!r}: "
                "write for example pattern=single"
            )
        path = os.fspath(model)
        convert_fields(self, model=path, _distribution=None if path == _AUTO else self._read(path))

    @property
    def distribution(self) -> SpatialDistribution | None:
        """The distribution of patterns and values; None for ``auto``."""
        return self._distribution

    def prepare(self, target: TargetInfo, golden: np.ndarray | None) -> "SpatialModel":
        """Return the error model for a target: with the model of its operator, and with the range.

        With ``model=auto`` the model is the built-in one of the operator that computes the target.
        The range comes from the profile, if there is one, and otherwise from the golden tensor.

        Raises:
            ErrorModelError: the operator has no built-in model, the model lacks the pattern, the
                profile lacks the target, or the golden tensor's dtype has no values to draw.
        """
        prepared = self._of_operator(target) if self.model == _AUTO else self
        if self._profile is not None:
            found = self._profile.of(target.tensor)
            prepared = replace(prepared, profile=None, low=found.min, high=found.max)
        if golden is None:
            return prepared
        bit_layout(golden.dtype)  # raises for a dtype that has no values to draw
        golden_range = None if prepared.low is not None else value_range(golden)
        if golden_range is None:
            return prepared
        ranged = copy.copy(prepared)  # without reading the file again
        convert_fields(ranged, low=golden_range[0], high=golden_range[1])
        return ranged

    def _of_operator(self, target: TargetInfo) -> "SpatialModel":
        op_type = target.op_type if target.kind == "activation" else ""
        if op_type not in MODEL_OF_OPERATOR:
            raise ErrorModelError(
                f"spatial: model={_AUTO} needs a target made by an operator that has a built-in "
                f"model ({', '.join(MODEL_OF_OPERATOR)}), got one made by {op_type or 'none'}: "
                "choose other targets, or name a model"
            )
        return replace(self, model=MODEL_OF_OPERATOR[op_type])

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw a pattern, its sites and their values.

        Args:
            golden: the golden tensor, of any rank with at least one element.
            channel_axis: its channel axis. It may be None for tensors of rank 2 or less, and for
                patterns that need no channels: single and single_block.
            rng: the source of randomness.

        Returns:
            A corruption with its ``pattern``.

        Raises:
            ErrorModelError: the tensor is empty, has no numeric dtype, or lacks the channels that a
                pattern of the model needs; or ``pattern`` is given and does not fit; or the range
                contains no value; or the model is ``auto``.
        """
        distribution, layout = self._ready(golden, channel_axis)
        drawn = draw_placement(distribution, layout, replace=self.pattern is None, rng=rng)
        sites = layout.injection_sites(drawn.canonical, sample=drawn.sample)
        values = values_at(golden, sites)
        pairs = zip(drawn.classes, drawn.counts, strict=True)
        low, high = self._range(golden, [value_class for value_class, count in pairs if count])
        for place, value_class in enumerate(drawn.classes):
            if drawn.counts[place]:
                chosen = drawn.places == place
                values[chosen] = draw_values(
                    value_class, values[chosen], low=low, high=high, rng=rng
                )
        if not layout.keeps_order:
            order = np.argsort(sites)
            sites, values = sites[order], values[order]
        return Corruption(sites, values, pattern=drawn.pattern)

    def sample_many(
        self,
        golden: np.ndarray,
        *,
        channel_axis: int | None,
        generators: Generators,
        ids: range,
    ) -> Corruptions:
        """Draw what ``sample`` draws from the generator of each id, several times faster.

        Args:
            golden: the golden tensor, of any rank with at least one element.
            channel_axis: its channel axis, or None.
            generators: the generators of the injections.
            ids: the injections, at least one.

        Raises:
            ErrorModelError: where ``sample`` raises it.
        """
        distribution, layout = self._ready(golden, channel_axis)

        def draw(rng: np.random.Generator) -> Placement:
            return draw_placement(distribution, layout, replace=self.pattern is None, rng=rng)

        @cache
        def source(value_class: ValueClass) -> ValueSource:
            low, high = self._range(golden, [value_class])
            return value_source(value_class, golden.dtype, low, high)

        return draw_corruptions(golden, layout, draw, source, (generators.at(x) for x in ids))

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"name": "spatial", "configuration": {"model": ..., "low": ..., ...}}``."""
        return to_dict(self)

    def _read(self, model: str) -> SpatialDistribution:
        """Read a model, restricted to the configured pattern if there is one."""
        distribution = read_model(model).distribution
        if self.pattern is None:
            return distribution
        only = distribution.only(lambda each: each.pattern == self.pattern)
        if only is None:
            known = [each.pattern for each in distribution.items]
            raise ErrorModelError(
                f"spatial: pattern must be one that {model} has, {', '.join(known)}, "
                f"got {self.pattern!r}{did_you_mean(self.pattern, known)}"
            )
        return only

    def _ready(
        self, golden: np.ndarray, channel_axis: int | None
    ) -> tuple[SpatialDistribution, CanonicalLayout]:
        """Check that a tensor can be corrupted; return the distribution and the layout."""
        if self._profile is not None:
            raise tensor_unknown(self.name)
        distribution = self._distribution
        if distribution is None:
            raise ErrorModelError(
                f"spatial: model={_AUTO} needs the operator that makes the target: "
                "name a model, or call prepare with the target first"
            )
        bit_layout(golden.dtype)  # raises for a dtype that has no values to draw
        if not golden.size:
            raise ErrorModelError(
                "spatial: the target must have at least one element, "
                f"got one of shape {golden.shape}, which has none: choose another target"
            )
        layout = CanonicalLayout.of(golden.shape, channel_axis)
        if not layout.has_channels:
            _check_channels_not_needed(distribution, golden)
        return distribution, layout

    def _range(self, golden: np.ndarray, classes: list[ValueClass]) -> tuple[float, float]:
        """Return the range, or any numbers if no value class needs it."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        if not any(needs_range(each, golden.dtype) for each in classes):
            return 0.0, 0.0
        golden_range = value_range(golden)
        if golden_range is None:
            raise ErrorModelError(
                "spatial: the golden tensor must have finite values to take the range from, "
                "got a tensor without any: give low and high"
            )
        return golden_range


def _check_channels_not_needed(distribution: SpatialDistribution, golden: np.ndarray) -> None:
    for each in distribution.items:
        if PATTERNS[each.pattern].needs_channels:
            raise ErrorModelError(
                f"spatial: {each.pattern} needs a target whose channel axis is known, got one "
                f"of shape {golden.shape} without: choose another target, or a pattern that "
                "needs none (pattern=single, pattern=single_block)"
            )

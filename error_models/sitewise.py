"""Defines the base class of error models that draw sites, and then a value for each."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from onnxfi.error_models.configuration_keys import to_dict
from onnxfi.error_models.converted_fields import convert_fields
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.sites.extent import Extent
from onnxfi.error_models.sites.region import Region
from onnxfi.error_models.sites.uniform import draw_sites
from onnxfi.error_models.values.bit_layout import bit_layout


@dataclass(frozen=True, slots=True, kw_only=True)
class SitewiseErrorModel(ABC):
    """Draws injection sites uniformly, without replacement, and then a value for each.

    A subclass defines the values. It is a frozen dataclass with a ``name``, a method ``corrupt``
    and, if it has fields of its own, a method ``check``.

    Attributes:
        count: number of sites, all different; 1 if none of count, fraction and rate is given.
        fraction: share of the elements that are sites, above 0 and at most 1; rounded to the
            nearest number of sites, at least 1.
        rate: probability from 0 to 1 that an element is a site, independently for each element;
            the number of sites varies, and may be 0.
        region: the part of the target in which the sites lie; by default the whole target. A
            fraction or a rate then counts the region's elements.

    Raises:
        ErrorModelError: a value is wrong, or more than one of ``count``, ``fraction`` and ``rate``
            is given.
    """

    name: ClassVar[str]
    paths: ClassVar[tuple[str, ...]] = ("region.sites",)  # keys that may hold a path

    count: int | None = None
    fraction: float | None = None
    rate: float | None = None
    region: Region | Mapping[str, Any] | None = None
    _extent: Extent = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check and convert the values."""
        extent = Extent.of(self.name, count=self.count, fraction=self.fraction, rate=self.rate)
        number = {"count": extent.count, "fraction": extent.fraction, "rate": extent.rate}
        convert_fields(self, _extent=extent, **number)
        if self.region is not None:
            convert_fields(self, region=Region.of(self.region))
        self.check()

    def check(self) -> None:  # noqa: B027  # not every subclass has fields
        """Check the fields of a subclass when it is made.

        Raises:
            ErrorModelError: one is wrong.
        """

    @abstractmethod
    def corrupt(
        self, golden: np.ndarray, sites: np.ndarray, *, rng: np.random.Generator
    ) -> Corruption:
        """Draw the values of given sites.

        Args:
            golden: the golden tensor, of a dtype with a bit layout; see ``values_at``.
            sites: int64, shape ``(K,)``; unique, ascending. K may be 0.
            rng: the source of randomness.

        Returns:
            A corruption of these sites.

        Raises:
            ErrorModelError: the error model does not support the golden tensor's dtype.
        """

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw sites, and a value for each.

        Args:
            golden: the golden tensor, of any shape, with enough elements.
            channel_axis: its channel axis; only used by a region.
            rng: the source of randomness.

        Returns:
            A corruption of as many sites as configured.

        Raises:
            ErrorModelError: the tensor has too few elements, the region does not lie in it, or the
                error model does not support its dtype.
        """
        bit_layout(golden.dtype)  # raises for a dtype that has no values to draw
        region = self.region if isinstance(self.region, Region) else None
        sites = draw_sites(golden, self._extent, region, channel_axis=channel_axis, rng=rng)
        return self.corrupt(golden, sites, rng=rng)

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"name": ..., "configuration": {...}}``, from which ``load`` rebuilds it."""
        return to_dict(self)

"""Corrupts a target as the rows of a fault list say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from onnxfi.campaign.planning.fault_list.reading import ListedFault
from onnxfi.error_models import Corruption, Corruptions, Generators, values_at
from onnxfi.error_models.values import flip_bits


@dataclass(frozen=True, slots=True)
class Listed:
    """Flips the listed bits of one target; fault ``first + k`` is row k.

    Attributes:
        rows: the rows of the list that hit the target.
        sites: int64, shape ``(K,)``: flat indices in the target.
        first: number of the fault of the first row.
    """

    name: ClassVar[str] = "bitflip"

    rows: Sequence[ListedFault]
    sites: np.ndarray
    first: int

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw one of the corruptions."""
        return self._corruption(golden, int(rng.integers(len(self.rows))))

    def sample_many(
        self,
        golden: np.ndarray,
        *,
        channel_axis: int | None,
        generators: Generators,
        ids: range,
    ) -> Corruptions:
        """Return the corruptions of the faults with these numbers; nothing is drawn."""
        places = [(x - self.first) % len(self.rows) for x in ids]
        return Corruptions.of([self._corruption(golden, x) for x in places])

    def columns(self, faults: range) -> dict[str, list[Any]]:
        """Return the records' columns of some faults: the list's row, and all of its columns."""
        rows = [self.rows[x - self.first] for x in faults]
        return {"list_row": [x.row for x in rows], "listed": [x.text for x in rows]}

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration of a bit flip."""
        return {"name": self.name, "configuration": {}}

    def _corruption(self, golden: np.ndarray, place: int) -> Corruption:
        sites = self.sites[place : place + 1]
        bits = np.array([self.rows[place].bit], dtype=np.int16)
        return Corruption(sites, flip_bits(values_at(golden, sites), bits), bits)

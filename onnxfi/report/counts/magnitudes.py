"""Counts how far the outputs moved, on a logarithmic scale."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_COLUMN = "max_absolute_error"
#: Bins in a decade.
PER_DECADE = 10


@dataclass(slots=True)
class Magnitudes:
    """The largest absolute errors of some injections' outputs.

    Attributes:
        bins: number of injections by the logarithm of their error: bin k holds the errors from
            10^(k / 10) to 10^((k + 1) / 10).
        zero: number of injections without an error.
        infinite: number of injections with an infinite error.
        nan: number of injections whose error is not a number.
    """

    bins: Counter[int] = field(default_factory=Counter)
    zero: int = 0
    infinite: int = 0
    nan: int = 0

    @property
    def total(self) -> int:
        """Number of injections."""
        return self.bins.total() + self.zero + self.infinite + self.nan


class MagnitudeTally:
    """Counts errors by error model and outcome."""

    def __init__(self) -> None:
        """Begin without a record."""
        self._found: dict[tuple[str, str], Magnitudes] = {}

    def add(self, records: pa.Table) -> None:
        """Add records; those without an error are left out."""
        if _COLUMN not in records.column_names:
            return
        known = records.filter(pc.is_valid(records[_COLUMN]))
        errors = known[_COLUMN].to_numpy()
        models, outcomes = (_encoded(known[x]) for x in ("error_model", "outcome"))
        for model in range(len(models.dictionary)):
            of_model = models.indices.to_numpy() == model
            for outcome in range(len(outcomes.dictionary)):
                chosen = errors[of_model & (outcomes.indices.to_numpy() == outcome)]
                key = (models.dictionary[model].as_py(), outcomes.dictionary[outcome].as_py())
                if chosen.size:
                    _add(self._found.setdefault(key, Magnitudes()), chosen)

    def found(self) -> Mapping[tuple[str, str], Magnitudes]:
        """Return the errors by error model and outcome."""
        return self._found


def _add(found: Magnitudes, errors: np.ndarray) -> None:
    found.nan += int(np.isnan(errors).sum())
    found.infinite += int(np.isinf(errors).sum())
    found.zero += int((errors == 0).sum())
    positive = errors[np.isfinite(errors) & (errors > 0)]
    bins, counts = np.unique(np.floor(PER_DECADE * np.log10(positive)), return_counts=True)
    found.bins.update(dict(zip(bins.astype(int).tolist(), counts.tolist(), strict=True)))


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    return column.combine_chunks().dictionary_encode()

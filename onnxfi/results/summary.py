"""Summarises a campaign: rates within each error model."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import pyarrow as pa

from onnxfi.configuration import Configuration
from onnxfi.display import counted, html_table, list_names, text_table
from onnxfi.errors import InputError
from onnxfi.statistics import GroupStatistics, Rate, WeightedRate, break_down
from onnxfi.suggestions import did_you_mean

# In the order of interest.
_OUTCOMES = ("sdc", "due", "benign", "masked")
#: What a summary can be by, and the column of the records.
COLUMNS: Mapping[str, str] = {
    "target": "target",
    "layer": "layer",
    "op": "op_type",
    "operator": "op_type",
    "kind": "kind",
    "bit": "bit",
    "bit_field": "bit_field",
    "pattern": "pattern",
    "value_class": "value_class",
    "input": "input_index",
    "input_class": "input_class",
    "error_model": "error_model",
}
_ERROR_MODEL = "error_model"
# Rows at a prompt; print shows all.
_MOST_ROWS = 60


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """The rates of a group of injections under one error model.

    Attributes:
        error_model: the error model.
        key: what the injections share, by the names that the summary is by.
        injections: number of inferences with a fault.
        faults: number of different faults.
        rates: the share of inferences with each outcome and each flag of the metric.
    """

    error_model: str
    key: Mapping[str, Any]
    injections: int
    faults: int
    rates: Mapping[str, Rate | WeightedRate]

    def __repr__(self) -> str:
        """Return one line: the error model, the key and the sdc rate."""
        key = list_names([self.error_model, *(f"{k} {x}" for k, x in self.key.items())])
        injections = counted(self.injections, "injection")
        return f"<{key}: sdc {self.sdc} of {injections}>"

    @property
    def sdc(self) -> Rate | WeightedRate:
        """The share of silent data corruptions, with its interval."""
        return self.rates["sdc"]

    @property
    def due(self) -> Rate | WeightedRate:
        """The share of detected unrecoverable errors, with its interval."""
        return self.rates["due"]


class Summary(Sequence[SummaryRow]):
    """The rates of a campaign, as a sequence of rows and as a table.

    Example::

        >>> for row in results.summary("layer"):
        ...     print(row.error_model, row.key["layer"], row.sdc.share, row.sdc.low, row.sdc.high)

    Attributes:
        by: what the rows are by, within each error model.
    """

    def __init__(self, by: Sequence[str], rows: Sequence[SummaryRow]) -> None:
        """Keep the rows."""
        self.by = tuple(by)
        self._rows = tuple(rows)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> SummaryRow: ...
    @overload
    def __getitem__(self, place: slice) -> "Summary": ...
    def __getitem__(self, place: int | slice) -> "SummaryRow | Summary":
        """Return one row, or a summary of several."""
        if isinstance(place, slice):
            return Summary(self.by, self._rows[place])
        return self._rows[place]

    def __iter__(self) -> Iterator[SummaryRow]:
        """Yield the rows."""
        return iter(self._rows)

    def to_arrow(self) -> pa.Table:
        """Return a table with the columns of each rate: ``sdc``, ``sdc_low``, ``sdc_high``."""
        columns: dict[str, list[Any]] = {_ERROR_MODEL: [x.error_model for x in self]}
        for name in self.by:
            columns[name] = [x.key[name] for x in self]
        columns["injections"] = [x.injections for x in self]
        columns["faults"] = [x.faults for x in self]
        for name in self._rows[0].rates if self._rows else _OUTCOMES:
            columns[name] = [x.rates[name].share for x in self]
            columns[f"{name}_low"] = [x.rates[name].low for x in self]
            columns[f"{name}_high"] = [x.rates[name].high for x in self]
        return pa.table(columns)

    def __str__(self) -> str:
        """Return the table as text: shares with their 95 % intervals."""
        return text_table(*self._table(), left=1 + len(self.by))

    def __repr__(self) -> str:
        """Return the first rows of the table as text, and the number of the others."""
        left_out = len(self) - _MOST_ROWS
        return f"{self[:_MOST_ROWS]}\nand {left_out} more rows" if left_out > 0 else str(self)

    def _repr_html_(self) -> str:
        caption = "Share of the inferences with a fault, with its 95 % interval"
        return html_table(*self._table(), caption=caption)

    def _table(self) -> tuple[list[str], list[list[object]]]:
        header = ["error model", *self.by, "injections", *_OUTCOMES]
        rows = [
            [x.error_model, *x.key.values(), x.injections, *(x.rates[y] for y in _OUTCOMES)]
            for x in self
        ]
        return header, rows


def summarise_by(
    place: str | Path, configuration: Configuration, by: str | Sequence[str] | None
) -> Summary:
    """Return the summary of a run directory.

    Args:
        place: the run directory, or its address.
        configuration: configuration of the campaign.
        by: what to group by, within each error model; None for the whole network.

    Raises:
        InputError: a name is unknown, or nothing is recorded under it.
        ConfigurationError: there are no records, or they cannot be read.
    """
    names = [by] if isinstance(by, str) else [] if by is None else list(by)
    for name in names:
        if name not in COLUMNS:
            raise InputError(
                f"A summary is by {', '.join(COLUMNS)}, got {name!r}{did_you_mean(name, COLUMNS)}."
            )
    # Every summary is by error model; `op` and `operator` are one column.
    names = list({COLUMNS[x]: x for x in names if x != _ERROR_MODEL}.values())
    if not names:
        return Summary((), _of_network(place, configuration))
    keys = (_ERROR_MODEL, *(COLUMNS[x] for x in names))
    found = break_down(place, configuration, {"by": keys}).groups.get("by", ())
    rows = [
        SummaryRow(
            x.key[_ERROR_MODEL],
            {name: x.key[COLUMNS[name]] for name in names},
            x.injections,
            x.faults,
            x.per_inference,
        )
        for x in found
        if all(x.key[key] is not None for key in keys)
    ]
    if not rows:
        raise InputError(
            f"No injection in {place} is recorded with {' and '.join(names)}. Summarise it by "
            "target."
        )
    return Summary(names, _sorted(rows, names))


def _of_network(place: str | Path, configuration: Configuration) -> list[SummaryRow]:
    """Return a row for each error model, with the targets weighted by their bits."""
    columns = ("target", "target_bits", _ERROR_MODEL)
    found = break_down(place, configuration, {"target": columns})
    rows = []
    for network in found.network:
        targets = _under(found.groups["target"], network.error_model)
        injections, faults = sum(x.injections for x in targets), sum(x.faults for x in targets)
        rates = network.per_inference
        rows.append(SummaryRow(network.error_model, {}, injections, faults, rates))
    return rows


def _under(groups: Sequence[GroupStatistics], error_model: str) -> list[GroupStatistics]:
    return [x for x in groups if x.key[_ERROR_MODEL] == error_model]


def _sorted(rows: Sequence[SummaryRow], names: Sequence[str]) -> list[SummaryRow]:
    """Return the rows by error model, then in the order of the campaign, or of numbers."""
    models = {x: place for place, x in enumerate(dict.fromkeys(y.error_model for y in rows))}
    orders = {}
    for name in names:
        values = list(dict.fromkeys(x.key[name] for x in rows))
        numbers = all(isinstance(x, int) for x in values)
        orders[name] = {x: place for place, x in enumerate(sorted(values) if numbers else values)}
    return sorted(
        rows, key=lambda x: (models[x.error_model], *(orders[y][x.key[y]] for y in names))
    )

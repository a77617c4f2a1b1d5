"""Counts the locations where injections were masked, from the metadata of records files."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from onnxfi.errors import ConfigurationError, OnnxfiError
from onnxfi.graph import load
from onnxfi.run_directory import about

_KEY = "masked_at"


@dataclass(frozen=True, slots=True)
class MaskedAt:
    """The number of injections that were masked at one tensor.

    Attributes:
        tensor: the tensor that the corruption no longer changed; None for injections that were
            found to be masked only at the outputs.
        op_type: the operator that makes the tensor; None if unknown.
        count: number of injections.
        share: the number as a fraction of all injections with a known location.
    """

    tensor: str | None
    op_type: str | None
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class TargetMasking:
    """The masked locations of the injections at one target.

    Attributes:
        target: the target.
        error_model: the error model.
        injections: number of injections in files with locations.
        not_known: number of injections in files without locations.
        masked_at: the locations, by falling number of injections; the outputs come last.
    """

    target: str
    error_model: str
    injections: int
    not_known: int
    masked_at: Sequence[MaskedAt]


class MaskingTally:
    """Adds up the masked locations of records files.

    All injections count, including those whose input is wrong without a fault.
    """

    def __init__(self) -> None:
        """Begin without a file."""
        self._sums: dict[tuple[str, str], _Sum] = {}

    def add(self, shard: pa.Table) -> None:
        """Add a records file with its metadata; it has one target and one error model.

        Raises:
            ConfigurationError: the entry of the metadata is not a JSON object of counts.
        """
        if not shard.num_rows:
            return
        key = (shard["target"][0].as_py(), shard["error_model"][0].as_py())
        of_target = self._sums.setdefault(key, _Sum())
        said = about(shard.schema)
        if _KEY not in said:
            of_target.not_known += shard.num_rows
            return
        of_target.injections += shard.num_rows
        of_target.counts.update(_counts(said[_KEY], said.get("shard")))

    def found(self, model: Path) -> list[TargetMasking]:
        """Return the locations by target and error model, in the order of the first files.

        Args:
            model: the model of the campaign, from which the operators are read if it exists.
        """
        tensors = {name for x in self._sums.values() for name in x.counts if name}
        op_types = _op_types(model, tensors) if tensors else {}
        return [
            TargetMasking(
                target,
                error_model,
                x.injections,
                x.not_known,
                [
                    MaskedAt(name or None, op_types.get(name), count, count / x.injections)
                    for name, count in sorted(x.counts.items(), key=_rank)
                ],
            )
            for (target, error_model), x in self._sums.items()
        ]


@dataclass(slots=True)
class _Sum:
    injections: int = 0
    not_known: int = 0
    counts: Counter[str] = field(default_factory=Counter)


def _rank(counted: tuple[str, int]) -> tuple[bool, int, str]:
    name, count = counted
    return not name, -count, name


def _counts(said: str, shard: str | None) -> dict[str, int]:
    try:
        counts = json.loads(said)
    except ValueError:
        counts = None
    if not isinstance(counts, dict) or not all(type(x) is int for x in counts.values()):
        raise ConfigurationError(
            f"The records file of the injections {shard} is damaged: its entry onnxfi.{_KEY} must "
            f"be a JSON object of counts, got {said!r}. Delete that file and run "
            "`onnxfi campaign resume`."
        )
    return counts


def _op_types(model: Path, tensors: set[str]) -> dict[str, str]:
    try:
        values = load(model).values
    except OnnxfiError:  # statistics need no model
        return {}
    producers = {name: values[name].producer() for name in tensors if name in values}
    return {name: node.op_type for name, node in producers.items() if node is not None}

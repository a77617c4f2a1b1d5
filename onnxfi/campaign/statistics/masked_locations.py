"""Where injections were masked, as the records files say of themselves."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from onnxfi.campaign.records.record_files import about
from onnxfi.errors import ConfigurationError, OnnxfiError
from onnxfi.graph import load

_KEY = "masked_at"


@dataclass(frozen=True, slots=True)
class MaskedAt:
    """The injections that were masked at one tensor.

    Attributes:
        tensor: the tensor in which nothing was left of the corruption when it was pushed there;
            None for those that were carried to the outputs, and only there showed to be masked.
        op_type: the operator that makes the tensor; None where it is not known.
        count: number of injections.
        share: the same, as a fraction of the injections that the files tell of.
    """

    tensor: str | None
    op_type: str | None
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class TargetMasking:
    """Where the injections at one target were masked.

    Attributes:
        target: the target.
        error_model: the error model.
        injections: number of injections whose files tell where they were masked.
        not_known: number of injections whose files do not.
        masked_at: for each tensor; that with the most injections first, the outputs last.
    """

    target: str
    error_model: str
    injections: int
    not_known: int
    masked_at: Sequence[MaskedAt]


class MaskingTally:
    """Adds up what records files say of where their injections were masked.

    All injections count, also those that met an input that is wrong without a fault.
    """

    def __init__(self) -> None:
        """Begin at nothing."""
        self._sums: dict[tuple[str, str], _Sum] = {}

    def add(self, shard: pa.Table) -> None:
        """Add a records file, with its metadata; all of it is of one target and error model.

        Raises:
            ConfigurationError: what it says is no JSON object of counts.
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
        """Return what was added up, by target and error model, in the order of the first files.

        Args:
            model: the campaign's model, which tells the operators; without it they are not known.
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
            f"A records file must say where its injections were masked as a JSON object of counts, "
            f"and that of the injections {shard} says {said!r}. Delete that file and run "
            "`onnxfi campaign resume`."
        )
    return counts


def _op_types(model: Path, tensors: set[str]) -> dict[str, str]:
    try:
        values = load(model).values
    except OnnxfiError:  # results can be told where the model is not
        return {}
    producers = {name: values[name].producer() for name in tensors if name in values}
    return {name: node.op_type for name, node in producers.items() if node is not None}

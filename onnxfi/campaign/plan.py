"""Which injection is which: from an id to its target, error model and input."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from onnxfi.campaign.configuration import Targets
from onnxfi.error_models import ErrorModel
from onnxfi.errors import ConfigurationError
from onnxfi.graph import Model, Target


@dataclass(frozen=True, slots=True)
class Shard:
    """Consecutive injections of one target and error model; they share a records file.

    Attributes:
        first: id of the first injection.
        count: number of injections.
        target: index of the target in the plan.
        error_model: index of the error model in the plan.
    """

    first: int
    count: int
    target: int
    error_model: int

    @property
    def file_name(self) -> str:
        """Name of the records file; files sort in the order of the injections."""
        return f"{self.first:012d}-{self.first + self.count - 1:012d}.parquet"


@dataclass(frozen=True, slots=True)
class Plan:
    """Every injection of a campaign, without listing them.

    Injection ids count through the targets, for each through the error models, and for each of
    these through `per_target` injections, which are spread evenly over the inputs in their order.

    Attributes:
        targets: the targets.
        error_models: the error models.
        inputs: number of inputs.
        per_target: injections for each pair of target and error model.
    """

    targets: Sequence[Target]
    error_models: Sequence[ErrorModel]
    inputs: int
    per_target: int

    def __len__(self) -> int:
        """Return the number of injections."""
        return len(self.targets) * len(self.error_models) * self.per_target

    def input_index(self, injection_id: int) -> int:
        """Return the index of the input that an injection meets."""
        return injection_id % self.per_target * self.inputs // self.per_target

    def by_input(self, shard: Shard) -> Iterator[tuple[int, range]]:
        """Yield the inputs that a shard's injections meet, each with the ids that meet it."""
        first, end = shard.first, shard.first + shard.count
        for index, ids in itertools.groupby(range(first, end), self.input_index):
            *_, last = first, *ids
            yield index, range(first, last + 1)
            first = last + 1

    def shards(self, size: int) -> Iterator[Shard]:
        """Yield the shards of at most `size` injections, in order."""
        first = 0
        for target in range(len(self.targets)):
            for error_model in range(len(self.error_models)):
                for start in range(0, self.per_target, size):
                    count = min(size, self.per_target - start)
                    yield Shard(first + start, count, target, error_model)
                first += self.per_target


def choose_targets(model: Model, wanted: Targets) -> list[Target]:
    """Return the targets that a configuration asks for, in the graph's order.

    Raises:
        TargetNotFoundError: a single target does not exist.
        ConfigurationError: no target satisfies what is asked for.
    """
    named = None
    if wanted.tensors is not None:
        named = {model.target(name).tensor for name in wanted.tensors}
    chosen = [
        target
        for target in model.targets(kind=wanted.kind)
        if (wanted.ops is None or target.op_type in wanted.ops)
        and (
            wanted.layers is None
            or any(fnmatchcase(target.layer or "", pattern) for pattern in wanted.layers)
        )
        and (named is None or target.tensor in named)
    ]
    if not chosen:
        ops = sorted({target.op_type for target in model.targets()})
        raise ConfigurationError(
            f"targets must choose at least one tensor of the model, and {_said(wanted)} chooses "
            f"none. The operators of the model are {', '.join(ops)}; list its targets with "
            "`onnxfi inspect`."
        )
    return chosen


def _said(wanted: Targets) -> str:
    """Write the targets section as the user would: ``{kind: activation, ops: [Conv]}``."""
    parts = [
        f"{key}: [{', '.join(value)}]" if isinstance(value, tuple) else f"{key}: {value}"
        for key, value in wanted.model_dump(exclude_none=True).items()
    ]
    return f"{{{', '.join(parts)}}}"

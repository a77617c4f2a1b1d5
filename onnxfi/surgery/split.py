"""Splitting a model at its targets, by data dependency."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx_ir as ir

from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Model, Target
from onnxfi.graph.dependencies import (
    constant_values,
    consumed_values,
    required_nodes,
    working_nodes,
)
from onnxfi.graph.noise import draws_noise
from onnxfi.surgery.extract import extract
from onnxfi.surgery.noise.dropout_masks import with_masks_apart
from onnxfi.surgery.noise.replay import check_replayable
from onnxfi.surgery.weights_file import save_sharing_weights


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the suffix, which runs once its targets are corrupted.

    Attributes:
        targets: the targets that are corrupted before the stage runs.
        model: takes these targets and what it needs of the prefix and of earlier stages; gives the
            targets of the next stage, what later stages need, and faulty outputs.
    """

    targets: tuple[Target, ...]
    model: Model


@dataclass(frozen=True, slots=True)
class Split:
    """A model cut at its targets.

    The prefix takes the model's inputs and gives the targets, the boundary and the golden outputs.
    The suffix takes the targets and the boundary and gives the faulty outputs. It is one stage,
    except where a target lies downstream of another: what is between them is then a stage of its
    own, since the second corruption hits the value that the first has already changed.

    Attributes:
        targets: the tensors that faults hit, in the order in which they are corrupted.
        prefix: what the stages and the golden outputs need, and that depends on no target.
        stages: every node that depends on a target and that an output needs, and the constants
            that these nodes use; in the order in which they run.
        boundary: names of the tensors besides the targets that cross from prefix to suffix.
        faulty_outputs: names of the model's outputs that depend on a target (or are one).
        golden_outputs: names of the model's outputs that depend on no target.
        suffix_share: nodes of the suffix as a fraction of the nodes that the outputs need. Those
            that compute constants only do not count.
    """

    targets: tuple[Target, ...]
    prefix: Model
    stages: tuple[Stage, ...]
    boundary: tuple[str, ...]
    faulty_outputs: tuple[str, ...]
    golden_outputs: tuple[str, ...]
    suffix_share: float

    @property
    def target(self) -> Target:
        """The target of a split at one.

        Raises:
            InputError: the split has several.
        """
        if len(self.targets) > 1:
            raise InputError(
                f"`target` is for a split at one target, and this one has {len(self.targets)}. "
                "Use `targets`."
            )
        return self.targets[0]

    @property
    def suffix(self) -> Model:
        """The suffix of a split with one stage.

        Raises:
            InputError: the split has several stages.
        """
        if len(self.stages) > 1:
            raise InputError(
                f"`suffix` is for a split of one stage, and this one has {len(self.stages)}, "
                "since a target lies downstream of another. Use `stages`."
            )
        return self.stages[0].model

    def save(self, folder: str | Path) -> None:
        """Write the models, their one weights file and ``split.json``, which describes them.

        The models are ``prefix.onnx`` and ``suffix.onnx``; with several stages, ``stage_1.onnx``,
        ``stage_2.onnx`` and so on in place of the suffix.

        Args:
            folder: made if it does not exist.

        Raises:
            InputError: no output depends on the targets of a stage, so it would be empty.
            ModelFormatError: the folder cannot be written.
        """
        for stage in self.stages:
            if not stage.model.graph.outputs:
                names = " or ".join(repr(x.tensor) for x in stage.targets)
                raise InputError(
                    f"A suffix must compute an output of the model, and none depends on {names}: "
                    "every fault there is masked. Choose other targets with `onnxfi inspect`."
                )
        folder = Path(folder)
        alone = len(self.stages) == 1
        stages = {
            "suffix" if alone else f"stage_{number}": stage
            for number, stage in enumerate(self.stages, 1)
        }
        description = {
            "targets": [target.tensor for target in self.targets],
            "stages": [
                {"model": f"{name}.onnx", "targets": [x.tensor for x in stage.targets]}
                for name, stage in stages.items()
            ],
            "boundary": self.boundary,
            "faulty_outputs": self.faulty_outputs,
            "golden_outputs": self.golden_outputs,
        }
        models = {"prefix": self.prefix} | {name: stage.model for name, stage in stages.items()}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            save_sharing_weights(models, folder)
            (folder / "split.json").write_text(json.dumps(description, indent=2) + "\n")
        except OSError as error:
            raise ModelFormatError(
                f"The split must go into a folder that can be written, and {folder} cannot: "
                f"{error}."
            ) from error


def split(model: Model, target: Target | str | Sequence[Target | str]) -> Split:
    """Split a model at one target or at several.

    Random numbers that the model draws are part of the boundary, also those drawn downstream of a
    target; so the suffix draws none. Of a Dropout in training mode this holds for the mask.

    Args:
        model: any directed acyclic graph; it is left as it is.
        target: the target, or its tensor, layer or node name; or a sequence of these, in any order.

    Raises:
        TargetNotFoundError: the model has no such target.
        InputError: no target is given, or one is given twice; or a fault there would change which
            random numbers the model draws.
        ModelFormatError: the type of a tensor that would cross the split is not known.
    """
    targets = resolve_targets(model, target)
    check_replayable(model, [targets])
    model = with_masks_apart(model)
    graph, cut = model.graph, _Cut(model, targets)

    def part(level: int, inputs: Iterable[ir.Value]) -> Model:
        return extract(model, list(inputs), cut.made(level))

    stages = tuple(
        Stage(
            targets=tuple(cut.targets[value] for value in cut.own_targets(level)),
            model=part(level, [*cut.own_targets(level), *cut.crossing[level]]),
        )
        for level in range(1, len(cut.parts))
    )
    working = working_nodes(graph, model.constants)
    return Split(
        targets=tuple(x for stage in stages for x in stage.targets),
        prefix=part(0, graph.inputs),
        stages=stages,
        boundary=_names(cut.handed_on(0)),
        faulty_outputs=_names(x for x in dict.fromkeys(graph.outputs) if x in cut.levels),
        golden_outputs=_names(cut.outputs(0)),
        suffix_share=sum(x in working for nodes in cut.parts[1:] for x in nodes)
        / max(1, len(working)),
    )


def prefix_outputs(model: Model, targets: Sequence[Target]) -> list[ir.Value]:
    """Return what the prefix of a split at some targets gives, as values of the model.

    The masks of its Dropouts must be apart (see `with_masks_apart`).
    """
    return _Cut(model, targets).made(0)


class _Cut:
    """Which nodes run before and after targets of a model, and what crosses from one to another.

    Level 0 is the prefix, the others are the stages.

    Attributes:
        targets: the targets by their values.
        levels: how many targets lie on the way to each value; those without any are left out.
        parts: the nodes of each level.
        crossing: the values that each level takes from those before it.
    """

    def __init__(self, model: Model, targets: Sequence[Target]) -> None:
        self._graph = graph = model.graph
        self.targets = {model.values[x.tensor]: x for x in targets}
        self.levels = _levels(graph, self.targets)
        last = max(self.levels[value] for value in self.targets)
        # A target that reaches no output is still computed: a corruption is drawn from its value.
        required = required_nodes(graph, [*graph.outputs, *self.targets])
        self.parts: list[list[ir.Node]] = [[] for _ in range(last + 1)]
        for node in graph:
            if node in required:
                self.parts[_node_level(node, self.levels)].append(node)
        constants = constant_values(graph, given=self.targets)
        # Keyed by value, so that a tensor that many nodes read counts once, in the graph's order.
        self.crossing = [
            [
                value
                for value in dict.fromkeys(x for node in nodes for x in consumed_values(node))
                if self.levels.get(value, 0) < level and value not in constants
            ]
            for level, nodes in enumerate(self.parts)
        ]

    def own_targets(self, level: int) -> list[ir.Value]:
        return [value for value in self.targets if self.levels[value] == level]

    def handed_on(self, level: int) -> list[ir.Value]:
        later = dict.fromkeys(value for values in self.crossing[level + 1 :] for value in values)
        return [x for x in later if self.levels.get(x, 0) == level and x not in self.targets]

    def outputs(self, level: int) -> list[ir.Value]:
        return [x for x in dict.fromkeys(self._graph.outputs) if self.levels.get(x, 0) == level]

    def made(self, level: int) -> list[ir.Value]:
        made = [*self.own_targets(level + 1), *self.handed_on(level), *self.outputs(level)]
        return list(dict.fromkeys(made))


def resolve_targets(
    model: Model, target: Target | str | Sequence[Target | str]
) -> tuple[Target, ...]:
    """Return the targets that a target, a name or a sequence of these means, in the order given.

    Raises:
        TargetNotFoundError: the model has no such target.
        InputError: no target is given, or one is given twice.
    """
    given = [target] if isinstance(target, Target | str) else target
    targets = [model.target(x) if isinstance(x, str) else x for x in given]
    if not targets:
        raise InputError("At least one target must be given, got none.")
    for place, one in enumerate(targets):
        if one in targets[:place]:
            raise InputError(
                f"Each target must be given once, and {one.tensor!r} is given twice. To hit it at "
                "several sites, give the error model a `count`."
            )
    return tuple(targets)


def _levels(graph: ir.Graph, targets: Collection[ir.Value]) -> dict[ir.Value, int]:
    """Return how many targets, one downstream of the other, lie on the way to each value.

    A target counts itself. Values that depend on no target are left out.
    """
    levels = dict.fromkeys((x for x in targets if x.producer() is None), 1)
    for node in graph:
        level = _node_level(node, levels)
        for value in node.outputs:
            if level or value in targets:
                levels[value] = level + (value in targets)
    return levels


def _node_level(node: ir.Node, levels: Mapping[ir.Value, int]) -> int:
    if draws_noise(node):  # a fault has no part in it
        return 0
    return max((levels.get(value, 0) for value in consumed_values(node)), default=0)


def _names(values: Iterable[ir.Value]) -> tuple[str, ...]:
    return tuple(value.name or "" for value in values)

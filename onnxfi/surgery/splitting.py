"""Splits a model at its targets, by data dependency."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from onnxfi.display import counted, list_names
from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Model, Target, Targets, check_distinct, resolve_targets, working_nodes
from onnxfi.onnx_ir import ir
from onnxfi.surgery.cut import Cut
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

    def __repr__(self) -> str:
        """Return one line: the targets and the number of nodes."""
        nodes = counted(len(self.model.graph), "node")
        return f"<onnxfi.Stage behind {_list(self.targets)}: {nodes}>"


@dataclass(frozen=True, slots=True)
class Split:
    """A model cut at its targets.

    The prefix takes the model's inputs and gives the targets, the boundary and the golden outputs.
    The suffix takes the targets and the boundary and gives the faulty outputs. It is one stage,
    unless a target lies downstream of another: then the nodes between them form a stage of their
    own, because the second corruption hits a value that the first has already changed.

    Attributes:
        targets: the tensors that faults hit, in the order in which they are corrupted.
        prefix: the nodes that the stages and the golden outputs need and that depend on no target.
        stages: every node that depends on a target and that an output needs, and the constants
            that these nodes use; in the order in which they run.
        boundary: names of the tensors besides the targets that cross from prefix to suffix.
        faulty_outputs: names of the model's outputs that depend on a target (or are one).
        golden_outputs: names of the model's outputs that depend on no target.
        suffix_share: nodes of the suffix as a fraction of the nodes that the outputs need. Nodes
            that compute constants only do not count.
    """

    targets: tuple[Target, ...]
    prefix: Model
    stages: tuple[Stage, ...]
    boundary: tuple[str, ...]
    faulty_outputs: tuple[str, ...]
    golden_outputs: tuple[str, ...]
    suffix_share: float

    def __repr__(self) -> str:
        """Return one line: the targets, and the nodes on both sides."""
        before = counted(len(self.prefix.graph), "node")
        behind = counted(sum(len(x.model.graph) for x in self.stages), "node")
        crossing = counted(len(self.boundary), "boundary tensor")
        stages = f" in {len(self.stages)} stages" if len(self.stages) > 1 else ""
        return (
            f"<onnxfi.Split at {_list(self.targets)}: prefix of {before}, suffix of {behind}"
            f"{stages}, {crossing}>"
        )

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
                "because a target lies downstream of another. Use `stages`."
            )
        return self.stages[0].model

    def save(self, folder: str | Path) -> None:
        """Write the models, their shared weights file and ``split.json``, which describes them.

        The models are ``prefix.onnx`` and ``suffix.onnx``; with several stages, ``stage_1.onnx``,
        ``stage_2.onnx`` and so on in place of the suffix.

        Args:
            folder: created if it does not exist.

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
        one_stage = len(self.stages) == 1
        stages = {
            "suffix" if one_stage else f"stage_{number}": stage
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


def split(model: Model, targets: Targets) -> Split:
    """Split a model at one target or at several.

    Random numbers that the model draws are part of the boundary, even if they are drawn downstream
    of a target, so the suffix draws none. Of a Dropout in training mode this holds for the mask.

    Args:
        model: any directed acyclic graph; it is not changed.
        targets: a target, or its tensor, layer or node name; or several of these, in any order.

    Raises:
        TargetNotFoundError: the model has no such target.
        InputError: no target is given, or one is given twice; or a fault there would change which
            random numbers the model draws.
        ModelFormatError: the type of a tensor that would cross the split is unknown.
    """
    return split_at(model, resolve_targets(model, targets))


def split_at(model: Model, targets: Sequence[Target], *, kept: Sequence[str] = ()) -> Split:
    """Split a model at targets that are resolved already; see `split`.

    Args:
        model: the model.
        targets: the targets.
        kept: names of further tensors that the targets depend on. The prefix and the stages give
            them too.
    """
    check_distinct(targets)
    check_replayable(model, [targets])
    model = with_masks_apart(model)
    graph, cut = model.graph, Cut(model, targets, kept=kept)

    def part(level: int, inputs: Iterable[ir.Value]) -> Model:
        return extract(model, list(inputs), cut.outputs(level))

    stages = tuple(
        Stage(
            targets=tuple(cut.targets[value] for value in cut.targets_at(level)),
            model=part(level, [*cut.targets_at(level), *cut.crossing[level]]),
        )
        for level in range(1, len(cut.parts))
    )
    working = working_nodes(graph, model.constants)
    return Split(
        targets=tuple(x for stage in stages for x in stage.targets),
        prefix=part(0, graph.inputs),
        stages=stages,
        boundary=_names(cut.boundary(0)),
        faulty_outputs=_names(x for x in dict.fromkeys(graph.outputs) if x in cut.levels),
        golden_outputs=_names(cut.graph_outputs(0)),
        suffix_share=sum(x in working for nodes in cut.parts[1:] for x in nodes)
        / max(1, len(working)),
    )


def _list(targets: Iterable[Target]) -> str:
    return list_names(x.tensor for x in targets)


def _names(values: Iterable[ir.Value]) -> tuple[str, ...]:
    return tuple(value.name or "" for value in values)

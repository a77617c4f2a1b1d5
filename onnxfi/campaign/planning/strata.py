"""Pairs targets with error models."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from onnxfi.campaign.planning.suitability import suited
from onnxfi.configuration import Configuration, ErrorModelEntry, Targets
from onnxfi.display import list_names
from onnxfi.error_models import ErrorModel
from onnxfi.errors import ConfigurationError, ErrorModelError, InputError
from onnxfi.graph import LeftOut, Model, Selected, Target, select


@dataclass(frozen=True, slots=True)
class Stratum:
    """The injections that hit the same targets with the same error models.

    Attributes:
        targets: the target of each injection, or several that are hit together.
        error_models: the error model of each target.
        label: name of the error models in the records.
        score_stratum: the stratum of scored faults that they are, counted from the mildest; None
            where faults are drawn uniformly.
    """

    targets: tuple[Target, ...]
    error_models: tuple[ErrorModel, ...]
    label: str
    score_stratum: int | None = None


def make_strata(model: Model, configuration: Configuration) -> list[Stratum]:
    """Return the strata of a configuration.

    A configuration that chooses no targets leaves out those that an error model does not cover.

    Raises:
        TargetNotFoundError: a single target does not exist.
        ConfigurationError: no target satisfies the selection, or two entries of a list of targets
            choose the same target.
        ErrorModelError: an error model does not cover the operator that makes a target.
    """
    said = configuration.targets
    entries = configuration.error_models
    if isinstance(said, Targets):
        return _pair(choose_targets(model, said).targets, entries, may_leave_out=said == Targets())
    own = {}
    for wanted in said:
        for target in choose_targets(model, wanted).targets:
            if target in own:
                raise ConfigurationError(
                    f"{target.tensor!r} is chosen by two entries of targets. Each target must be "
                    "chosen by one entry: narrow one of the two."
                )
            own[target] = wanted.error_model
    strata = []
    # Where every target has its own error model, the campaign needs none.
    for entry in entries or (None,):
        chosen = [x for model_entry in own.values() if (x := model_entry or entry) is not None]
        labels = dict.fromkeys(x.label for x in chosen)
        pairs = zip(chosen, own, strict=True)
        error_models = tuple(suited(x.error_model, target) for x, target in pairs)
        strata.append(Stratum(tuple(own), error_models, " + ".join(labels)))
    return strata


def _pair(
    targets: Sequence[Target], entries: Sequence[ErrorModelEntry], *, may_leave_out: bool
) -> list[Stratum]:
    strata, refused = [], None
    for target, entry in product(targets, entries):
        try:
            error_models = (suited(entry.error_model, target),)
        except ErrorModelError as error:
            if not may_leave_out:
                raise
            refused = refused or error
        else:
            strata.append(Stratum((target,), error_models, entry.label))
    if refused is not None and not strata:
        raise refused
    return strata


def uncovered_note(
    model: Model, configuration: Configuration, strata: Sequence[Stratum]
) -> str | None:
    """Return a sentence about the targets that an error model does not cover; None without any.

    Args:
        model: the model.
        configuration: the configuration.
        strata: the strata that `make_strata` made of them.
    """
    if not isinstance(configuration.targets, Targets):
        return None
    targets, notes = choose_targets(model, configuration.targets).targets, []
    for label in dict.fromkeys(x.label for x in configuration.error_models):
        covered = {x.targets[0] for x in strata if x.label == label}
        if left_out := [x for x in targets if x not in covered]:
            ops = list_names(dict.fromkeys(x.op_type for x in left_out))
            notes.append(
                f"{label} does not cover {ops}: {len(left_out)} of {len(targets)} targets are left "
                f"out of it ({list_names(x.tensor for x in left_out)})."
            )
    return " ".join(notes) or None


def choose_targets(model: Model, wanted: Targets) -> Selected:
    """Return the targets that a selection chooses, in the graph's order.

    Raises:
        TargetNotFoundError: a single target does not exist.
        ConfigurationError: no target satisfies the selection.
    """
    try:
        return select(model, wanted.selection)
    except InputError as error:
        raise ConfigurationError(str(error)) from error


def chosen_targets(model: Model, configuration: Configuration) -> list[Target]:
    """Return all targets of a configuration.

    Raises:
        OnnxfiError: as `make_strata` does.
    """
    chosen = (choose_targets(model, x).targets for x in _entries(configuration))
    return [target for targets in chosen for target in targets]


def count_left_out(model: Model, configuration: Configuration) -> LeftOut:
    """Return the number of activations that the configuration leaves out by default.

    Raises:
        OnnxfiError: as `make_strata` does.
    """
    return sum((choose_targets(model, x).left_out for x in _entries(configuration)), LeftOut())


def _entries(configuration: Configuration) -> Sequence[Targets]:
    said = configuration.targets
    return (said,) if isinstance(said, Targets) else said

"""Which targets are hit with which error models."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from onnxfi.campaign.configuration import Configuration, Targets
from onnxfi.error_models import ErrorModel
from onnxfi.errors import ConfigurationError
from onnxfi.graph import Model, Target
from onnxfi.injector import suit


@dataclass(frozen=True, slots=True)
class Stratum:
    """The injections that hit the same targets with the same error models.

    Attributes:
        targets: what each injection hits: one target, or several together.
        error_models: the error model of each target.
        label: what the records call the error models.
    """

    targets: tuple[Target, ...]
    error_models: tuple[ErrorModel, ...]
    label: str


def make_strata(model: Model, configuration: Configuration) -> list[Stratum]:
    """Return the strata that a configuration asks for.

    Raises:
        TargetNotFoundError: a single target does not exist.
        ConfigurationError: no target satisfies what is asked for, or two entries of a list of
            targets choose the same one.
        ErrorModelError: an error model has nothing for the operator that makes a target.
    """
    said = configuration.targets
    entries = configuration.error_models
    if isinstance(said, Targets):
        return [
            Stratum((target,), (suit(entry.error_model, target),), entry.label)
            for target in choose_targets(model, said)
            for entry in entries
        ]
    own = {}
    for wanted in said:
        for target in choose_targets(model, wanted):
            if target in own:
                raise ConfigurationError(
                    f"A target must be chosen by one entry of targets, and {target.tensor!r} is "
                    "chosen by two. Narrow one of them."
                )
            own[target] = wanted.error_model
    strata = []
    # Where every target has its own error model, the campaign needs none.
    for entry in entries or (None,):
        chosen = [x for model_entry in own.values() if (x := model_entry or entry) is not None]
        labels = dict.fromkeys(x.label for x in chosen)
        pairs = zip(chosen, own, strict=True)
        error_models = tuple(suit(x.error_model, target) for x, target in pairs)
        strata.append(Stratum(tuple(own), error_models, " + ".join(labels)))
    return strata


def choose_targets(model: Model, wanted: Targets) -> list[Target]:
    """Return the targets that a configuration asks for, in the graph's order.

    Raises:
        TargetNotFoundError: a single target does not exist.
        ConfigurationError: no target satisfies what is asked for.
    """
    if wanted.tensors is None:
        candidates = model.targets(kind=wanted.kind or "activation")
    else:
        order = {target: place for place, target in enumerate(model.targets())}
        named = {model.target(name) for name in wanted.tensors}
        candidates = sorted(
            named, key=lambda target: (order.get(target, len(order)), target.tensor)
        )
    chosen = [
        target
        for target in candidates
        if (wanted.kind is None or target.kind == wanted.kind)
        and (wanted.ops is None or target.op_type in wanted.ops)
        and (
            wanted.layers is None
            or any(fnmatchcase(target.layer or "", pattern) for pattern in wanted.layers)
        )
    ]
    if not chosen:
        kind = wanted.kind or "activation"
        ops = dict.fromkeys(target.op_type for target in model.targets(kind=kind))
        raise ConfigurationError(
            f"targets must choose at least one tensor of the model, and {_said(wanted)} chooses "
            f"none. The operators of its {kind} targets are {', '.join(sorted(ops)) or 'none'}; "
            "list the targets with `onnxfi inspect`."
        )
    return chosen


def _said(wanted: Targets) -> str:
    """Write the targets section as the user would: ``{kind: activation, ops: [Conv]}``."""
    parts = [
        f"{key}: [{', '.join(value)}]" if isinstance(value, tuple) else f"{key}: {value}"
        for key, value in wanted.model_dump(exclude_none=True).items()
    ]
    return f"{{{', '.join(parts)}}}"

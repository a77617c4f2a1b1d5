"""Resolves the targets that a caller gives: one or several, as objects or by name."""

from collections.abc import Iterable, Sequence

from onnxfi.errors import InputError
from onnxfi.graph.model import Model
from onnxfi.graph.target import Target

#: A target, or its tensor, layer or node name; or several of these.
Targets = Target | str | Iterable[Target | str]


def resolve_targets(model: Model, targets: Targets) -> tuple[Target, ...]:
    """Return the targets in the order given.

    Raises:
        TargetNotFoundError: the model has no such target.
    """
    given = [targets] if isinstance(targets, Target | str) else targets
    return tuple(model.target(x) if isinstance(x, str) else x for x in given)


def check_distinct(targets: Sequence[Target]) -> None:
    """Check that at least one target is given, and each once.

    Raises:
        InputError: they are not.
    """
    if not targets:
        raise InputError("At least one target must be given, got none.")
    seen = set[str]()
    for target in targets:
        if target.tensor in seen:
            raise InputError(
                f"Each target must be given once, and {target.tensor!r} is given twice. To hit it "
                "at several sites, give the error model a `count`."
            )
        seen.add(target.tensor)

"""Chooses targets of a model by kind, operator, layer, name, dtype and place."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields

from onnxfi.errors import InputError, TargetNotFoundError
from onnxfi.graph.choosing.dtype_families import is_of_dtype
from onnxfi.graph.lookup import is_pattern, matches
from onnxfi.graph.model import Model
from onnxfi.graph.target import Target, TargetKind

_INDEX = re.compile(r"-?\d+|(-?\d+)?:(-?\d+)?(:(?P<step>-?\d+)?)?")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A filter of targets that are not chosen: those that match any of its attributes.

    Attributes:
        tensors: names or patterns of tensors, layers or nodes.
        layers: patterns of layer paths.
        ops: ONNX operator types.
        kinds: kinds of targets.
        dtypes: names or families of dtypes.
    """

    tensors: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    ops: tuple[str, ...] = ()
    kinds: tuple[TargetKind, ...] = ()
    dtypes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """A filter of targets: those that satisfy all of its attributes.

    Attributes:
        kind: kind of the targets; None for all.
        ops: ONNX operator types, such as ``Conv`` (see `Target.op_type`).
        layers: patterns of layer paths, such as ``conv*``.
        tensors: names or patterns of tensors, layers or nodes.
        dtypes: names (``int8``) or families (``float``) of dtypes.
        exclude: targets to leave out.
        index: position among the targets chosen so far, such as ``3``, ``-1`` or ``2:8``.
        include_shapes: whether to include activations that only compute shapes or reach no output;
            targets named in `tensors` are always included.
    """

    kind: TargetKind | None = None
    ops: tuple[str, ...] | None = None
    layers: tuple[str, ...] | None = None
    tensors: tuple[str, ...] | None = None
    dtypes: tuple[str, ...] | None = None
    exclude: Exclusion = Exclusion()
    index: int | str | None = None
    include_shapes: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The number of activations that were left out by default.

    Attributes:
        shapes: activations that only compute shapes.
        unread: activations that no output of the model depends on.
    """

    shapes: int = 0
    unread: int = 0

    def __add__(self, other: "LeftOut") -> "LeftOut":
        """Return the sums."""
        return LeftOut(self.shapes + other.shapes, self.unread + other.unread)

    def __str__(self) -> str:
        """Return a sentence for people; empty if there are none."""
        parts = [
            f"{count} {what}"
            for count, what in (
                (self.shapes, "that only compute shapes"),
                (self.unread, "that reach no output"),
            )
            if count
        ]
        return f"Activations left out: {', '.join(parts)}." if parts else ""


@dataclass(frozen=True, slots=True)
class Selected:
    """The result of a selection.

    Attributes:
        targets: the targets, in the graph's order.
        left_out: the activations that were left out.
    """

    targets: tuple[Target, ...]
    left_out: LeftOut


def select(model: Model, wanted: Selection) -> Selected:
    """Choose targets.

    Raises:
        TargetNotFoundError: a name or a pattern under ``tensors`` finds no target.
        InputError: nothing is chosen, or ``index`` is out of range.
    """
    named, targets = _candidates(model, wanted)
    first = f"{wanted.kind or 'target'}s" if wanted.tensors is None else "targets that it names"
    steps = [f"of {len(targets)} {first}"]
    for name, keeps in _filters(model, wanted):
        kept = [x for x in targets if keeps(x)]
        if len(kept) < len(targets):
            steps.append(f"{name} removed {len(targets) - len(kept)}")
        targets = kept
    left_out = LeftOut()
    if not wanted.include_shapes:
        shapes = {x.tensor for x in targets} & model.shape_tensors - named
        unread = {x.tensor for x in targets} & model.unread_tensors - named - shapes
        left_out = LeftOut(len(shapes), len(unread))
        targets = [x for x in targets if x.tensor not in shapes | unread]
    if not targets:
        raise InputError(_nothing(model, wanted, steps, left_out))
    if wanted.index is not None:
        targets = _at(targets, wanted.index)
    return Selected(tuple(targets), left_out)


def check_index(index: int | str) -> int | str:
    """Return an index that is valid: a position or a range, such as ``3``, ``-1`` or ``2:8``.

    Raises:
        InputError: it is neither.
    """
    parts = _INDEX.fullmatch(str(index))
    if isinstance(index, bool) or parts is None or parts["step"] == "0":
        raise InputError(
            f"index must be a position or a range, such as 3, -1 or 2:8, got {index!r}."
        )
    return index


def _candidates(model: Model, wanted: Selection) -> tuple[set[str], list[Target]]:
    """Return the tensors that are named without a pattern, and the targets to choose from."""
    if wanted.tensors is None:
        return set(), model.targets(kind=wanted.kind, include_shapes=True)
    named, found = set[str](), set[Target]()
    for text in wanted.tensors:
        target = None if is_pattern(text) and model.find(text) is None else model.target(text)
        if target is not None:
            named.add(target.tensor)
            found.add(target)
            continue
        matching = _matching(model, text)
        if not matching:
            raise TargetNotFoundError(
                f"A pattern must match a tensor, layer or node of the model, and {text!r} matches "
                "none. List them with `onnxfi inspect`."
            )
        found.update(matching)
    order = {x.tensor: i for i, x in enumerate(model.targets(include_shapes=True))}
    return named, sorted(found, key=lambda x: (order.get(x.tensor, len(order)), x.tensor))


def _matching(model: Model, pattern: str) -> list[Target]:
    """Return the targets whose tensors match a pattern, or else whose layers, or else nodes."""
    targets = model.targets(include_shapes=True)
    outputs = {x.path: x.tensor for x in model.layers if matches(x.path, pattern)}
    of_layers = set(outputs.values())
    return (
        [x for x in targets if matches(x.tensor, pattern)]
        or [x for x in targets if x.tensor in of_layers]
        or [x for x in targets if x.kind == "activation" and x.node and matches(x.node, pattern)]
    )


def _filters(model: Model, wanted: Selection) -> Iterator[tuple[str, Callable[[Target], bool]]]:
    """Yield the name of each filter, and a function that returns whether it keeps a target."""
    ops, layers, dtypes = wanted.ops, wanted.layers, wanted.dtypes
    if wanted.kind is not None:
        yield "kind", lambda x: x.kind == wanted.kind
    if ops is not None:
        yield "ops", lambda x: x.op_type in ops
    if layers is not None:
        yield "layers", lambda x: _any(layers, x.layer)
    if dtypes is not None:
        yield "dtypes", lambda x: any(is_of_dtype(x.dtype, name) for name in dtypes)
    exclude = wanted.exclude
    if exclude != Exclusion():
        gone = _excluded(model, exclude.tensors)
        yield (
            "exclude",
            lambda x: (
                x.tensor not in gone
                and not _any(exclude.layers, x.layer)
                and x.op_type not in exclude.ops
                and x.kind not in exclude.kinds
                and not any(is_of_dtype(x.dtype, name) for name in exclude.dtypes)
            ),
        )


def _excluded(model: Model, names: Sequence[str]) -> set[str]:
    gone = set[str]()
    for text in names:
        if is_pattern(text) and model.find(text) is None:
            gone.update(x.tensor for x in _matching(model, text))
        else:
            gone.add(model.target(text).tensor)
    return gone


def _any(patterns: Sequence[str], name: str | None) -> bool:
    return any(matches(name, pattern) for pattern in patterns)


def _at(targets: Sequence[Target], index: int | str) -> list[Target]:
    first, *others = (int(x) if x else None for x in str(check_index(index)).split(":"))
    places = range(len(targets))[slice(first, *others)] if others else [first]
    chosen = [targets[x] for x in places if x is not None and -len(targets) <= x < len(targets)]
    if not chosen:
        raise InputError(
            f"index must lie within the {len(targets)} targets that the other keys choose, got "
            f"{index}."
        )
    return chosen


def _nothing(model: Model, wanted: Selection, steps: Sequence[str], left_out: LeftOut) -> str:
    message = (
        f"targets must choose at least one tensor of the model, and {_text(wanted)} chooses none: "
        f"{', '.join(steps)}."
    )
    if str(left_out):
        return f"{message} {left_out} `include_shapes: true` (--include-shapes) includes them."
    kind = wanted.kind or "activation"
    ops = sorted({x.op_type for x in model.targets(kind=kind)})
    return (
        f"{message} The operators of its {kind} targets are {', '.join(ops) or 'none'}; list the "
        "targets with `onnxfi inspect`."
    )


def _text(selection: Selection | Exclusion) -> str:
    """Write a selection as a configuration would: ``{kind: activation, ops: [Conv]}``."""
    parts = []
    for field in fields(selection):
        value = getattr(selection, field.name)
        if value == field.default:
            continue
        if isinstance(value, tuple):
            value = f"[{', '.join(value)}]"
        elif isinstance(value, Exclusion):
            value = _text(value)
        parts.append(f"{field.name}: {value}")
    return f"{{{', '.join(parts)}}}"

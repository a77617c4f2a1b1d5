"""Options that select targets."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer

from onnxfi.cli.output import messages
from onnxfi.errors import InputError
from onnxfi.graph import (
    Exclusion,
    LeftOut,
    Model,
    Selection,
    Target,
    check_dtype_name,
    check_index,
    is_pattern,
    select,
)

_KEYS = {"op": "ops", "layer": "layers", "kind": "kinds", "dtype": "dtypes", "tensor": "tensors"}


class KindName(StrEnum):
    """Kinds of targets."""

    ACTIVATION = "activation"
    WEIGHT = "weight"
    INPUT = "input"


@dataclass(frozen=True, kw_only=True)
class TargetOptions:
    """The options that select targets."""

    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Only this tensor, layer or node, or the matches of a pattern (conv*); "
            "repeatable.",
        ),
    ] = None
    kind: Annotated[KindName | None, typer.Option(help="Only targets of this kind.")] = None
    op: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TYPE", help="Only targets of this operator type, such as Conv; repeatable."
        ),
    ] = None
    layer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LAYER", help="Only targets of the layers that match this pattern; repeatable."
        ),
    ] = None
    dtype: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DTYPE",
            help="Only targets of this dtype (int8) or dtype family (float, int); repeatable.",
        ),
    ] = None
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[KEY=]VALUE",
            help="Leave out a tensor, layer or node by name or pattern, or leave out targets by "
            "op=, layer=, kind= or dtype=; repeatable.",
        ),
    ] = None
    index: Annotated[
        str | None,
        typer.Option(
            metavar="I", help="Only these positions among the selected targets: 3, -1 or 2:8."
        ),
    ] = None
    include_shapes: Annotated[
        bool,
        typer.Option(
            "--include-shapes",
            help="Include activations that only compute shapes or reach no output.",
        ),
    ] = False

    @property
    def selection(self) -> Selection:
        """The selection that the options make.

        Raises:
            InputError: the value of an option is invalid.
        """
        return Selection(
            kind=None if self.kind is None else self.kind.value,
            ops=_tuple(self.op),
            layers=_tuple(self.layer),
            tensors=_tuple(self.target),
            dtypes=None if self.dtype is None else tuple(map(check_dtype_name, self.dtype)),
            exclude=Exclusion(**parse_exclusions(self.exclude or ())),
            index=None if self.index is None else check_index(self.index),
            include_shapes=self.include_shapes,
        )


def parse_exclusions(texts: Sequence[str]) -> dict[str, Any]:
    """Return the fields of an `Exclusion` for the values of ``--exclude``.

    Raises:
        InputError: a kind or a dtype does not exist.
    """
    found = defaultdict[str, tuple[str, ...]](tuple)
    for text in texts:
        key, equals, value = text.partition("=")
        if not (equals and key in _KEYS):  # a name may contain an equals sign
            key, value = "tensor", text
        if key == "kind" and value not in list(KindName):
            raise InputError(
                f"--exclude kind= must be one of {', '.join(KindName)}, got {value!r}."
            )
        found[_KEYS[key]] += (check_dtype_name(value) if key == "dtype" else value,)
    return dict(found)


def select_in_order(model: Model, wanted: Selection) -> Sequence[Target]:
    """Return the targets that each injection hits, for a command that needs at least one.

    Targets selected by name alone keep the order of the names, because each may have its own error
    model.

    Raises:
        InputError: no option selects targets, or the options match none.
        TargetNotFoundError: no target has a given name.
    """
    if wanted == Selection():
        raise InputError("No target is selected. Give at least one, for example with --target.")
    names = wanted.tensors or ()
    patterns = [x for x in names if is_pattern(x) and model.find(x) is None]
    if patterns or wanted != Selection(tensors=names):
        return select(model, wanted).targets
    return [model.target(x) for x in names]


def print_left_out(left_out: LeftOut) -> None:
    """Report on stderr how many activations were left out, if any, and how to include them."""
    if str(left_out):
        messages.print(f"{left_out} --include-shapes or `include_shapes: true` includes them.")


def _tuple(texts: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if texts is None else tuple(texts)

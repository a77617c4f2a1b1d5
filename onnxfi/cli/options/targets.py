"""The options that choose targets, and how many targets were left out."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from onnxfi.cli.options.arguments import KindName
from onnxfi.cli.output import messages
from onnxfi.errors import InputError
from onnxfi.graph import Model, Target
from onnxfi.graph.choosing.dtype_families import check_dtype_name
from onnxfi.graph.choosing.selection import (
    Exclusion,
    LeftOut,
    Selection,
    check_index,
    select,
)
from onnxfi.graph.lookup import is_pattern

KindOption = Annotated[KindName | None, typer.Option("--kind", help="Only targets of this kind.")]
NamesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        help="Only this tensor, layer or node, or those that match a pattern (conv*); repeatable.",
    ),
]
OpsOption = Annotated[
    list[str] | None,
    typer.Option("--op", help="Only targets of this operator type, such as Conv; repeatable."),
]
LayersOption = Annotated[
    list[str] | None,
    typer.Option("--layer", help="Only targets of layers that match this pattern; repeatable."),
]
DtypesOption = Annotated[
    list[str] | None,
    typer.Option("--dtype", help="Only this dtype (int8) or family (float, int); repeatable."),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="[KEY=]VALUE",
        help="Leave out a tensor, layer or node, by name or pattern; or op=, layer=, kind= or "
        "dtype= and what to leave out; repeatable.",
    ),
]
IndexOption = Annotated[
    str | None,
    typer.Option(
        "--index", metavar="I", help="Only this place among those: 3, -1 or a range, 2:8."
    ),
]
ShapesOption = Annotated[
    bool,
    typer.Option(
        "--include-shapes",
        help="Also activations that only compute shapes or reach no output.",
    ),
]

_KEYS = {"op": "ops", "layer": "layers", "kind": "kinds", "dtype": "dtypes", "tensor": "tensors"}


def selection(
    *,
    kind: KindName | None = None,
    names: Sequence[str] | None = None,
    ops: Sequence[str] | None = None,
    layers: Sequence[str] | None = None,
    dtypes: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    index: str | None = None,
    include_shapes: bool = False,
) -> Selection:
    """Return the selection that the options of a command make.

    Raises:
        InputError: an option has no meaning.
    """
    return Selection(
        kind=None if kind is None else kind.value,
        ops=_several(ops),
        layers=_several(layers),
        tensors=_several(names),
        dtypes=None if dtypes is None else tuple(map(check_dtype_name, dtypes)),
        exclude=Exclusion(**excluded(exclude or ())),
        index=None if index is None else check_index(index),
        include_shapes=include_shapes,
    )


def excluded(words: Sequence[str]) -> dict[str, Any]:
    """Return the keys of an exclusion that the words of ``--exclude`` give.

    Raises:
        InputError: a kind or a dtype does not exist.
    """
    found = defaultdict[str, tuple[str, ...]](tuple)
    for word in words:
        key, equals, value = word.partition("=")
        if not (equals and key in _KEYS):  # a name may hold an equals sign
            key, value = "tensor", word
        if key == "kind" and value not in list(KindName):
            raise InputError(
                f"--exclude kind= must be one of {', '.join(KindName)}, got {value!r}."
            )
        found[_KEYS[key]] += (check_dtype_name(value) if key == "dtype" else value,)
    return dict(found)


def hit_together(model: Model, wanted: Selection) -> Sequence[Target]:
    """Return the targets that every injection of a command hits.

    Names alone keep their order, because each may have an error model of its own.

    Raises:
        InputError: no option chooses targets, or they choose none.
        TargetNotFoundError: a name finds no target.
    """
    if wanted == Selection():
        raise InputError("Targets must be chosen, and no option does. Give --target, say.")
    names = wanted.tensors or ()
    patterns = [x for x in names if is_pattern(x) and model.find(x) is None]
    if patterns or wanted != Selection(tensors=names):
        return select(model, wanted).targets
    return [model.target(x) for x in names]


def print_left_out(left_out: LeftOut) -> None:
    """Say on stderr how many activations were left out, if any, and how to have them."""
    if str(left_out):
        messages.print(f"{left_out} --include-shapes or `include_shapes: true` takes them.")


def _several(words: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if words is None else tuple(words)

"""Options that define how the graph inputs are fed."""

from dataclasses import dataclass
from typing import Annotated

import typer


@dataclass(frozen=True, kw_only=True)
class FeedingOptions:
    """The options that feed graph inputs from the files of ``--inputs``."""

    array: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=ARRAY", help="Feed this array of --inputs to a graph input; repeatable."
        ),
    ] = None
    axis: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=AXIS", help="The sample axis of a graph input, if not 0; repeatable."
        ),
    ] = None
    constant: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Feed a graph input the same value each time: an array of --inputs, a number or "
            "a list; repeatable.",
        ),
    ] = None
    repeat: Annotated[
        bool,
        typer.Option(
            "--repeat",
            help="Fill a batch of fixed size with one row repeated, instead of consecutive rows.",
        ),
    ] = False

"""``onnxfi error-models plot``."""

import math
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from onnxfi.cli.options.arguments import (
    ChannelAxisOption,
    ErrorModelArgument,
    JsonOption,
    SeedOption,
)
from onnxfi.cli.output import print_json
from onnxfi.display import counted
from onnxfi.error_models import load as load_error_model
from onnxfi.error_models.spatial.display import COLOURS, draw_png, draw_strip, draw_svg, panels_of
from onnxfi.errors import InputError

_MOST_CHANNELS = 16
_MOST_ELEMENTS = 2**26


def plot(
    spec: ErrorModelArgument,
    *,
    shape: Annotated[
        str, typer.Option(metavar="N,C,H,W", help="The shape of the golden tensor.")
    ] = "1,16,27,27",
    channel_axis: ChannelAxisOption = 1,
    count: Annotated[int, typer.Option(min=1, max=100, help="Number of corruptions to draw.")] = 8,
    seed: SeedOption = 0,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="FILE", help="The .png to write, or an .svg with captions."
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Plot sample corruptions of an error model.

    Each corruption is a row with a panel per channel, coloured by value class. The golden tensor
    holds normally distributed numbers. If there are more than 16 channels, the first 16 corrupted
    channels are shown.

    Example: onnxfi error-models plot spatial:model=conv -o out.png
    """
    if out.suffix not in (".png", ".svg"):
        raise InputError(f"--out must end in .png or .svg, got {out}.")
    model = load_error_model(spec)
    rng = np.random.default_rng(seed)
    golden = rng.standard_normal(_parse_shape(shape), dtype=np.float32)
    strips, titles, drawn = [], [], []
    for number in range(1, count + 1):
        corruption = model.sample(golden, channel_axis=channel_axis, rng=rng)
        drawn.append({"pattern": corruption.pattern, "sites": corruption.indices.size})
        if not corruption.indices.size:
            titles.append(f"{number}: no corruption")
            strips.append(draw_strip(np.full((1, 1, 1, 3), 255, dtype=np.uint8)))
            continue
        channels, panels = panels_of(
            golden, corruption, channel_axis=channel_axis, most=_MOST_CHANNELS
        )
        strips.append(draw_strip(panels))
        size = counted(corruption.indices.size, "value")
        titles.append(
            f"{number}: {corruption.pattern or model.name}, {size}; channels {_ranges(channels)}"
        )
    picture = draw_png(strips) if out.suffix == ".png" else draw_svg(strips, titles).encode()
    try:
        out.write_bytes(picture)
    except OSError as error:
        raise InputError(
            f"{out} cannot be written: {error.strerror}. Choose another --out."
        ) from error
    if as_json:
        print_json({"file": str(out), "corruptions": drawn})
        return
    typer.echo("\n".join(titles))
    typer.echo(", ".join(f"{colour}: {name}" for name, (colour, _) in COLOURS.items()))


def _parse_shape(text: str) -> tuple[int, ...]:
    try:
        shape = tuple(int(size) for size in text.split(","))
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1 or math.prod(shape) > _MOST_ELEMENTS:
        raise InputError(
            "--shape must be positive integers separated by commas, such as 1,16,27,27, with at "
            f"most {_MOST_ELEMENTS} elements in total, got {text!r}."
        )
    return shape


def _ranges(numbers: list[int]) -> str:
    """Return ascending numbers as ranges: ``0-3, 7``."""
    parts: list[list[int]] = []
    for each in numbers:
        if parts and parts[-1][-1] == each - 1:
            parts[-1].append(each)
        else:
            parts.append([each])
    return ", ".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)

"""``onnxfi error-models plot``."""

import math
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from onnxfi.cli.options.arguments import SeedOption
from onnxfi.error_models import load as load_error_model
from onnxfi.error_models.spatial.display import COLOURS, draw_png, draw_strip, draw_svg, panels_of
from onnxfi.errors import InputError

_MOST_CHANNELS = 16
_MOST_ELEMENTS = 2**26


def plot(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="name or name:key=value,…")],
    *,
    shape: Annotated[
        str, typer.Option(metavar="N,C,H,W", help="Shape of the target.")
    ] = "1,16,27,27",
    channel_axis: Annotated[int, typer.Option(help="The axis that counts channels.")] = 1,
    count: Annotated[int, typer.Option(min=1, max=100, help="Corruptions to draw.")] = 8,
    seed: SeedOption = 0,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", help="A .png; or an .svg, which has words."),
    ],
) -> None:
    """Draw sample corruptions: a row each, a panel for each channel, coloured by value class.

    The golden tensor holds normally distributed numbers. Of more than 16 channels, the first 16
    corrupted ones are shown.

    Example: onnxfi error-models plot spatial:model=conv -o out.png
    """
    if out.suffix not in (".png", ".svg"):
        raise InputError(f"A picture must be a .png or an .svg file, got {out}.")
    model = load_error_model(spec)
    rng = np.random.default_rng(seed)
    golden = rng.standard_normal(_parse_shape(shape), dtype=np.float32)
    strips, titles = [], []
    for number in range(1, count + 1):
        corruption = model.sample(golden, channel_axis=channel_axis, rng=rng)
        if not corruption.indices.size:
            titles.append(f"{number}: nothing is corrupted")
            strips.append(draw_strip(np.full((1, 1, 1, 3), 255, dtype=np.uint8)))
            continue
        channels, panels = panels_of(
            golden, corruption, channel_axis=channel_axis, most=_MOST_CHANNELS
        )
        strips.append(draw_strip(panels))
        titles.append(
            f"{number}: {corruption.pattern or model.name}, {corruption.indices.size} value(s); "
            f"channels {_ranges(channels)}"
        )
    picture = draw_png(strips) if out.suffix == ".png" else draw_svg(strips, titles).encode()
    try:
        out.write_bytes(picture)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}.") from error
    typer.echo("\n".join(titles))
    typer.echo(", ".join(f"{colour}: {name}" for name, (colour, _) in COLOURS.items()))


def _parse_shape(text: str) -> tuple[int, ...]:
    try:
        shape = tuple(int(size) for size in text.split(","))
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1 or math.prod(shape) > _MOST_ELEMENTS:
        raise InputError(
            "A shape must be whole numbers from 1 on with commas between, such as 1,16,27,27, "
            f"of at most {_MOST_ELEMENTS} elements together, got {text!r}."
        )
    return shape


def _ranges(numbers: list[int]) -> str:
    """Write ascending numbers as ``0-3, 7``."""
    parts: list[list[int]] = []
    for each in numbers:
        if parts and parts[-1][-1] == each - 1:
            parts[-1].append(each)
        else:
            parts.append([each])
    return ", ".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)

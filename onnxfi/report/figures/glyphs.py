"""Draws a small example of each spatial pattern: three channels, each with rows and columns."""

from typing import Final

from onnxfi.report.figures.drawing import Drawing

# Three channels of five rows of six columns for each pattern; # is a corrupted value.
_EXAMPLES: Final = {
    "single": (
        "...... ...... ......",
        "...... ...... ......",
        "...#.. ...... ......",
        "...... ...... ......",
        "...... ...... ......",
    ),
    "same_row": (
        "...... ...... ......",
        "...... ...... ......",
        "##.### ...... ......",
        "...... ...... ......",
        "...... ...... ......",
    ),
    "same_column": (
        "..#... ...... ......",
        "..#... ...... ......",
        "...... ...... ......",
        "..#... ...... ......",
        "..#... ...... ......",
    ),
    "bullet_wake": (
        "...... ...... ......",
        "...#.. ...#.. ...#..",
        "...... ...... ......",
        "...... ...... ......",
        "...... ...... ......",
    ),
    "skip_2": (
        "...... ...... ......",
        "#.#.#. #.#... ......",
        "#.#.#. ..#.#. ......",
        "...... ...... ......",
        "...... ...... ......",
    ),
    "skip_4": (
        "...... ...... ......",
        "#...#. #...#. ......",
        "..#... ..#... ......",
        "#...#. ....#. ......",
        "...... ...... ......",
    ),
    "single_block": (
        "...... ...... ......",
        "..#### ...... ......",
        "##.##. ...... ......",
        "...... ...... ......",
        "...... ...... ......",
    ),
    "single_channel_alternated_blocks": (
        "###... ...... ......",
        "...... ...... ......",
        "###... ...... ......",
        "...... ...... ......",
        "###... ...... ......",
    ),
    "single_channel_random": (
        "..#... ...... ......",
        "....#. ...... ......",
        "#..... ...... ......",
        "...#.. ...... ......",
        ".#.... ...... ......",
    ),
    "full_channels": (
        "###### ###.## ......",
        "###### ###### ......",
        "##.### ##.### ......",
        "###### ###### ......",
        "#####. ###### ......",
    ),
    "rectangles": (
        "...... ...... ......",
        ".###.. .###.. ......",
        ".###.. .###.. ......",
        ".###.. .###.. ......",
        "...... ...... ......",
    ),
    "multi_channel_block": (
        "...... ...... ......",
        "..#### ..##.# ....#.",
        "##.... #..... .#....",
        "...... ...... ......",
        "...... ...... ......",
    ),
    "shattered_channel": (
        "...... ...... ......",
        ".###.. ..#... ..##..",
        "...... ...... ......",
        "...... ...... ......",
        "...... ...... ......",
    ),
    "quasi_shattered_channel": (
        "...... ...... ......",
        ".###.. ..##.. ......",
        "...... ...... .##...",
        "...... ...... ......",
        "...... ...... ......",
    ),
    "multiple_channels_uncategorized": (
        "...... #..... ......",
        ".#.... ...... ...#..",
        "...... ..#... ......",
        "....#. ...... #.....",
        "...... .....# ......",
    ),
}
# Sizes in pixels.
_CELL = 3.2
_GAP = 3.0
_ROWS = 5
_COLUMNS = 6

#: Size of a drawing in pixels.
GLYPH_WIDTH = 3 * _COLUMNS * _CELL + 2 * _GAP
GLYPH_HEIGHT = _ROWS * _CELL


def draw_glyph(drawing: Drawing, pattern: str, left: float, top: float) -> None:
    """Draw an example of a pattern; nothing for patterns of other packages.

    Args:
        drawing: the picture.
        pattern: the pattern's name, as the records have it.
        left: left end in pixels.
        top: upper end in pixels.
    """
    example = _EXAMPLES.get(pattern)
    if example is None:
        return
    for channel in range(3):
        x = left + channel * (_COLUMNS * _CELL + _GAP)
        drawing.rectangle(x, top, _COLUMNS * _CELL, GLYPH_HEIGHT, look="band")
        for row, line in enumerate(example):
            values = line.split()[channel]
            for start, length in _runs(values):
                drawing.rectangle(
                    x + start * _CELL, top + row * _CELL, length * _CELL, _CELL, look="sdc"
                )


def _runs(values: str) -> list[tuple[int, int]]:
    """Return the start and the length of each run of corrupted values."""
    runs: list[tuple[int, int]] = []
    for place, value in enumerate(values):
        if value != "#":
            continue
        if runs and sum(runs[-1]) == place:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((place, 1))
    return runs

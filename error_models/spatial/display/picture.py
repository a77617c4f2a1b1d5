"""Draws pictures of corruptions: one panel for each channel, coloured by value class.

It needs only numpy and zlib: a PNG of plain pixels needs no imaging library, and an SVG around it
adds titles and a legend.
"""

import base64
import struct
import zlib
from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

import numpy as np

from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.sites.canonical_layout import canonical_view
from onnxfi.error_models.values.value_class import ValueClass, classify_values, finite_range

COLOURS: Final[dict[ValueClass, tuple[str, tuple[int, int, int]]]] = {
    "zero": ("blue", (0, 90, 200)),
    "nan": ("black", (0, 0, 0)),
    "in_range": ("green", (0, 150, 80)),
    "out_of_range": ("red", (210, 30, 40)),
    "flip": ("orange", (240, 150, 0)),
}
"""Name and RGB of the colour of each value class."""

_GOLDEN: Final = (225, 225, 225)
_BACKGROUND: Final = (255, 255, 255)
_PANEL: Final = 96  # pixels; smaller panels are enlarged to about this size
_GAP: Final = 6
_TEXT: Final = 18


def panels_of(
    golden: np.ndarray, corruption: Corruption, *, channel_axis: int, most: int
) -> tuple[list[int], np.ndarray]:
    """Return the channels of a corruption to show, and their pixels.

    They belong to the first corrupted sample: all channels if there are at most ``most``, otherwise
    the first corrupted ones.

    Args:
        golden: the golden tensor.
        corruption: a corruption with at least one site.
        channel_axis: the axis that counts channels.
        most: upper limit of the number of channels.

    Returns:
        The channels, and uint8 RGB of shape ``(channels, rows, columns, 3)``.
    """
    low, high = finite_range(golden)
    before = golden.reshape(-1)[corruption.indices]
    classes = classify_values(before, corruption.values, low=low, high=high)
    codes = np.zeros(golden.size, dtype=np.uint8)
    codes[corruption.indices] = [1 + list(COLOURS).index(each) for each in classes]
    samples = canonical_view(codes.reshape(golden.shape), channel_axis)
    sample = samples[int(np.argmax(samples.any(axis=(1, 2, 3))))]
    channels = np.arange(len(sample))
    if channels.size > most:
        channels = np.flatnonzero(sample.any(axis=(1, 2)))[:most]
    palette = np.array([_GOLDEN, *(rgb for _, rgb in COLOURS.values())], dtype=np.uint8)
    return channels.tolist(), palette[sample[channels]]


def draw_strip(panels: np.ndarray) -> np.ndarray:
    """Draw panels side by side; small ones are enlarged.

    Args:
        panels: uint8, shape ``(panels, rows, columns, 3)``.

    Returns:
        uint8 RGB, shape ``(height, width, 3)``.
    """
    scale = max(1, _PANEL // max(panels.shape[1:3]))
    large = panels.repeat(scale, axis=1).repeat(scale, axis=2)
    framed = np.pad(large, ((0, 0), (0, 0), (0, _GAP), (0, 0)), constant_values=_BACKGROUND[0])
    return np.concatenate(list(framed), axis=1)


def draw_png(strips: Sequence[np.ndarray]) -> bytes:
    """Draw strips one below the other, as a PNG file.

    Args:
        strips: uint8 RGB, shape ``(height, width, 3)`` each; at least one.
    """
    height = sum(len(each) + _GAP for each in strips)
    width = max(each.shape[1] for each in strips)
    pixels = np.full((height, width, 3), _BACKGROUND, dtype=np.uint8)
    top = 0
    for strip in strips:
        pixels[top : top + len(strip), : strip.shape[1]] = strip
        top += len(strip) + _GAP
    # Each line of a PNG begins with the number of its filter; 0 means no filter.
    lines = np.pad(pixels.reshape(height, -1), ((0, 0), (1, 0)))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits of RGB, not interlaced
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def draw_svg(strips: Sequence[np.ndarray], titles: Sequence[str]) -> str:
    """Draw strips one below the other, each under its title, with a legend, as an SVG file.

    Args:
        strips: uint8 RGB, shape ``(height, width, 3)`` each.
        titles: one for each strip.
    """
    parts = []
    top = 0
    for strip, title in zip(strips, titles, strict=True):
        height, width = strip.shape[:2]
        data = base64.b64encode(draw_png([strip])).decode()
        parts.append(f'<text x="0" y="{top + _TEXT - 5}">{escape(title)}</text>')
        parts.append(
            f'<image x="0" y="{top + _TEXT}" width="{width}" height="{height + _GAP}" '
            f'style="image-rendering: pixelated" href="data:image/png;base64,{data}"/>'
        )
        top += _TEXT + height + _GAP
    for at, (name, (_, rgb)) in enumerate(COLOURS.items()):
        parts.append(
            f'<rect x="{110 * at}" y="{top + 4}" width="12" height="12" fill="rgb{rgb}"/>'
            f'<text x="{110 * at + 16}" y="{top + 14}">{name}</text>'
        )
    width = max(110 * len(COLOURS), *(each.shape[1] for each in strips))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top + _TEXT + 4}" '
        'font-family="sans-serif" font-size="12">\n' + "\n".join(parts) + "\n</svg>\n"
    )

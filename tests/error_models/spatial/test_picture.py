"""Pictures of corruptions."""

import struct
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import pytest

from onnxfi.error_models import Corruption
from onnxfi.error_models.spatial.display.picture import (
    COLOURS,
    draw_png,
    draw_strip,
    draw_svg,
    panels_of,
)

GREY = (225, 225, 225)


def read_png(data: bytes) -> np.ndarray:
    """Read what the PNG specification says of a picture of plain RGB."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, at + 8 + length)
        assert checksum == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert rest == [8, 2, 0, 0, 0]
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert not lines[:, 0].any()
    return lines[:, 1:].reshape(height, width, 3)


def corruption_of(golden: np.ndarray, values: dict[tuple[int, ...], float]) -> Corruption:
    sites = [int(np.ravel_multi_index(each, golden.shape)) for each in values]
    return Corruption(np.array(sites), np.array(list(values.values()), golden.dtype))


@pytest.mark.parametrize("axis", [1, 3])
def test_panels_show_each_value_in_the_colour_of_its_class(axis: int) -> None:
    golden = np.linspace(1, 2, 2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    values = {
        (1, 0, 0, 0): 0.0,
        (1, 0, 2, 3): np.nan,
        (1, 1, 3, 4): 1.6,
        (1, 2, 0, 1): -7.0,
        (1, 2, 1, 1): -float(golden[1, 2, 1, 1]),
    }
    moved = np.ascontiguousarray(np.moveaxis(golden, 1, axis))
    order = {1: (0, 1, 2, 3), 3: (0, 2, 3, 1)}[axis]
    corruption = corruption_of(
        moved, {tuple(each[at] for at in order): value for each, value in values.items()}
    )
    channels, panels = panels_of(moved, corruption, channel_axis=axis, most=3)
    assert channels == [0, 1, 2]
    expected = np.full((3, 4, 5, 3), GREY)
    classes = ("zero", "nan", "in_range", "out_of_range", "flip")
    for (_, *place), name in zip(values, classes, strict=True):
        expected[tuple(place)] = COLOURS[name][1]  # type: ignore[index]
    assert np.array_equal(panels, expected)


def test_of_many_channels_the_corrupted_ones_are_shown() -> None:
    golden = np.ones((1, 50), np.float32)
    corruption = corruption_of(golden, {(0, 7): 0.0, (0, 30): 0.0, (0, 49): 0.0})
    channels, panels = panels_of(golden, corruption, channel_axis=1, most=2)
    assert channels == [7, 30]
    assert panels.shape == (2, 1, 1, 3)
    assert (panels == COLOURS["zero"][1]).all()


def test_strips_are_panels_side_by_side() -> None:
    panels = np.arange(2 * 60 * 40 * 3, dtype=np.uint8).reshape(2, 60, 40, 3)
    strip = draw_strip(panels)
    assert strip.shape == (60, 2 * 46, 3)
    assert np.array_equal(strip[:, :40], panels[0])
    assert np.array_equal(strip[:, 46:86], panels[1])
    assert (strip[:, 40:46] == 255).all()
    assert draw_strip(panels[:, :2, :3]).shape == (2 * 32, 2 * (3 * 32 + 6), 3)


def test_png_holds_the_strips() -> None:
    rng = np.random.default_rng(0)
    strips = [
        rng.integers(256, size=(height, width, 3), dtype=np.uint8)
        for height, width in ((3, 9), (5, 4))
    ]
    pixels = read_png(draw_png(strips))
    assert np.array_equal(pixels[:3], strips[0])
    assert np.array_equal(pixels[9:14, :4], strips[1])
    assert (pixels[9:14, 4:] == 255).all()


def test_svg_has_words() -> None:
    strips = [np.zeros((4, 7, 3), np.uint8)] * 2
    root = ET.fromstring(draw_svg(strips, ["one & only", "two <x>"]))
    space = "{http://www.w3.org/2000/svg}"
    texts = [each.text for each in root.iter(f"{space}text")]
    assert texts == ["one & only", "two <x>", *COLOURS]
    assert len(list(root.iter(f"{space}image"))) == 2

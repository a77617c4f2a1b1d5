"""Upset: inverts cells of the memory that holds a tensor."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from onnxfi.error_models.checks import checked_choice, checked_integer
from onnxfi.error_models.configuration_keys import to_dict
from onnxfi.error_models.converted_fields import convert_fields
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.error_model import ErrorModel, TargetInfo
from onnxfi.error_models.sites.uniform import values_at
from onnxfi.error_models.values.bit_layout import bit_layout
from onnxfi.errors import ErrorModelError
from onnxfi.memory import Code, Format, Plain, code, number_format

# What the corruption's pattern says, the worst word first.
_VERDICTS = ("detected", "miscorrected", "silent", "corrected")


@dataclass(frozen=True, slots=True)
class Upset:
    """Inverts cells of the memory that holds a tensor, and hands on what its decoder returns.

    Values lie in words, in C order, the first in the lowest bits; each word has the check bits of
    its code behind its data bits. Cells are drawn uniformly from all of them, check bits included.
    The corruption's ``pattern`` is what the decoder says of the worst word: ``detected``,
    ``miscorrected``, ``silent`` (it sees nothing) or ``corrected``; then no value changes.

    Works on floats with a ``format``, and on every dtype without one.

    Attributes:
        format: the number format in memory, such as bf16; None for the tensor's own bits. Only
            values that are hit are rounded: round a model's weights first with
            `onnxfi.round_weights`.
        code: the code of a word: none, parity, secded39, secded72 or dected.
        cells: number of cells that are inverted.
        ber: probability that a cell is inverted, independently for each; instead of ``cells``.
        adjacent: whether the cells are adjacent, as a multi-bit upset hits them.
        interleave: number of words whose cells take turns; adjacent cells then lie in different
            words.
        detected: what takes the place of a word in which an error is detected and not corrected:
            zero (zeros), or keep (the golden values, as if fetched again).
    """

    name: ClassVar[str] = "upset"

    format: str | None = None
    code: str = "none"
    cells: int | None = None
    ber: float | None = None
    adjacent: bool = False
    interleave: int = 1
    detected: Literal["zero", "keep"] = "zero"

    def __post_init__(self) -> None:
        """Check and convert the values."""
        if self.format is not None:
            number_format(self.format)
        word = code(self.code)
        if self.cells is not None and self.ber is not None:
            raise ErrorModelError("upset: give cells or ber, not both: they count the same cells")
        if self.ber is None:
            cells = 1 if self.cells is None else self.cells
            convert_fields(
                self, cells=checked_integer(self.name, "cells", cells, low=1, high=1 << 20)
            )
        elif isinstance(self.ber, bool) or not isinstance(self.ber, int | float):
            raise ErrorModelError(f"upset: ber must be a probability, got {self.ber!r}")
        elif not 0 < self.ber <= 1:
            raise ErrorModelError(f"upset: ber must be above 0 and at most 1, got {self.ber:g}")
        if not isinstance(self.adjacent, bool):
            raise ErrorModelError(f"upset: adjacent must be true or false, got {self.adjacent!r}")
        if self.adjacent and self.ber is not None:
            raise ErrorModelError("upset: adjacent cells are counted: give cells, not ber")
        interleave = checked_integer(self.name, "interleave", self.interleave, low=1, high=1024)
        convert_fields(self, interleave=interleave)
        checked_choice(self.name, "detected", self.detected, ("zero", "keep"))
        if self.format is not None and number_format(self.format).bits > word.data_bits:
            raise ErrorModelError(f"upset: {self.format} does not fit a word of {self.code}")

    def prepare(self, target: TargetInfo, golden: np.ndarray | None) -> ErrorModel:
        """Return an error model that draws the same corruptions, with the tensor's scale."""
        del target
        if golden is None or not golden.size:
            return self
        return PreparedUpset(self, _stored_as(self, golden))

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw cells, and return the values that the decoder returns.

        Raises:
            ErrorModelError: the tensor is empty, or has no numbers that the format can hold.
        """
        del channel_axis
        return draw_upset(self, _stored_as(self, golden), golden, rng=rng)

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"name": ..., "configuration": {...}}``, from which ``load`` rebuilds it."""
        return to_dict(self)


class PreparedUpset:
    """An `Upset` with what it takes from a whole tensor."""

    name: ClassVar[str] = "upset"

    def __init__(self, upset: Upset, stored_as: Format | None) -> None:
        """Keep the format with the tensor's scale; None for the tensor's own bits."""
        self._upset = upset
        self._stored_as = stored_as

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw what the `Upset` draws."""
        del channel_axis
        return draw_upset(self._upset, self._stored_as, golden, rng=rng)

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"name": ..., "configuration": {...}}`` of the `Upset`."""
        return self._upset.to_dict()


def _stored_as(upset: Upset, golden: np.ndarray) -> Format | None:
    """Return the format with the tensor's scale; None for the tensor's own bits."""
    layout = bit_layout(golden.dtype)  # raises for a dtype without numbers
    if not golden.size:
        raise ErrorModelError(
            f"upset: a fault needs elements to hit in a target, which has none at {golden.shape}: "
            "choose another target or input"
        )
    if upset.format is None:
        return None
    if layout.kind != "float":
        raise ErrorModelError(
            f"upset: {upset.format} holds floating-point numbers, and the target is "
            f"{golden.dtype}: leave format out to hit the bits of the integers"
        )
    return number_format(upset.format).fitted(golden)


def draw_upset(
    upset: Upset, stored_as: Format | None, golden: np.ndarray, *, rng: np.random.Generator
) -> Corruption:
    """Draw the corruption of an upset.

    Args:
        upset: the error model.
        stored_as: the number format; None for the tensor's own bits.
        golden: the tensor.
        rng: the source of randomness.
    """
    layout = bit_layout(golden.dtype)
    width = layout.width if stored_as is None else stored_as.bits
    word = Plain(width) if upset.code == "none" else code(upset.code)
    in_word = word.data_bits // width
    if width > word.data_bits:
        raise ErrorModelError(
            f"upset: a value of {golden.dtype} does not fit the {word.data_bits} data bits of a "
            f"word of {upset.code}: choose secded72 or dected"
        )
    words = -(-golden.size // in_word)
    masks: dict[int, int] = {}
    lost: set[int] = set()
    verdict = len(_VERDICTS)
    for number, errors in _by_word(upset, words, word, rng=rng):
        decoded = word.decode(errors)
        verdict = min(verdict, _VERDICTS.index(decoded.verdict))
        first = number * in_word
        if decoded.verdict == "detected":
            if upset.detected == "zero":
                lost.update(range(first, min(first + in_word, golden.size)))
            continue
        for bit in decoded.wrong:
            place, inside = divmod(bit, width)
            if place < in_word and first + place < golden.size:
                masks[first + place] = masks.get(first + place, 0) ^ 1 << inside
    sites = np.array(sorted({*masks, *lost}), np.int64)
    values = values_at(golden, sites)
    flips = np.array([masks.get(x, 0) for x in sites.tolist()], np.uint64)
    if stored_as is None:
        codes = values.view(layout.unsigned) ^ flips.astype(layout.unsigned)
        found = codes.view(golden.dtype)
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            found = stored_as.decode(stored_as.encode(values) ^ flips).astype(golden.dtype)
    zeroed = np.array([x in lost for x in sites.tolist()], bool)
    found[zeroed] = np.zeros((), golden.dtype)
    pattern = _VERDICTS[verdict] if verdict < len(_VERDICTS) else None
    return Corruption(sites, found, pattern=pattern)


def _by_word(
    upset: Upset, words: int, word: Code, *, rng: np.random.Generator
) -> Iterator[tuple[int, list[int]]]:
    """Yield the numbers of the words that are hit, each with its wrong bits."""
    groups = -(-words // upset.interleave)
    in_group = upset.interleave * word.bits
    found: dict[int, list[int]] = {}
    for cell in _cells(upset, groups * in_group, rng=rng):
        group, inside = divmod(cell, in_group)
        bit, turn = divmod(inside, upset.interleave)
        found.setdefault(group * upset.interleave + turn, []).append(bit)
    for number in sorted(found):
        if number < words:  # the last group may be partly empty
            yield number, found[number]


def _cells(upset: Upset, count: int, *, rng: np.random.Generator) -> list[int]:
    """Draw different cells of a memory."""
    if upset.adjacent:
        length = min(upset.cells or 1, count)
        start = int(rng.integers(count - length + 1))
        return list(range(start, start + length))
    wanted = upset.cells if upset.ber is None else int(rng.binomial(count, upset.ber))
    wanted = min(wanted or 0, count)
    if 2 * wanted > count:
        return [int(x) for x in rng.permutation(count)[:wanted]]
    drawn: dict[int, None] = {}
    while len(drawn) < wanted:
        more = rng.integers(count, size=wanted - len(drawn))
        drawn.update(dict.fromkeys(more.tolist()))
    return list(drawn)

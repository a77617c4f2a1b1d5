"""Draws single bit flips of a known golden tensor fast: the most frequent fault."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.corruptions import Corruptions
from onnxfi.error_models.error_model import Generators
from onnxfi.error_models.values.bit_layout import bit_layout

_LOWER_32, _LOWER_16 = np.uint64(2**32 - 1), np.uint64(2**16 - 1)


class SingleFlip:
    """Inverts one bit of one element of the golden tensor that it was made for.

    It draws what `BitFlip` draws from the same generator. It works on plain integers, because
    arrays of one element are slow.
    """

    name: ClassVar[str] = "bitflip"

    def __init__(
        self, golden: np.ndarray, bits: range, *, to_dict: Callable[[], dict[str, Any]]
    ) -> None:
        """Keep the bits of the golden tensor.

        Args:
            golden: the tensor, with at least one element, of a dtype with a bit layout.
            bits: the bits to draw from; at least one.
            to_dict: returns the configuration.
        """
        self._dtype = golden.dtype
        self._unsigned = bit_layout(golden.dtype).unsigned
        self._values = np.ascontiguousarray(golden).reshape(-1).view(self._unsigned)
        self._bits = bits
        self._to_dict = to_dict
        self._draws_alike: bool | None = None

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw the site and the bit.

        Args:
            golden: the tensor that this was made for; not read again.
            channel_axis: not used.
            rng: the source of randomness.
        """
        site, bit = self._draw(rng)
        flipped = self._values.item(site) ^ (1 << bit)
        return Corruption(
            np.array([site], np.int64),
            np.array([flipped], self._unsigned).view(self._dtype),
            np.array([bit], np.int16),
        )

    def _draw(self, rng: np.random.Generator) -> tuple[int, int]:
        site, bits = rng.integers(self._values.size), self._bits
        bit = bits.start if len(bits) == 1 else rng.integers(bits.start, bits.stop, dtype=np.int16)
        return int(site), int(bit)

    def sample_many(
        self,
        golden: np.ndarray,
        *,
        channel_axis: int | None,
        generators: Generators,
        ids: range,
    ) -> Corruptions:
        """Draw what `sample` draws from the generator of each id, many at once.

        `numpy.random.Generator.integers` multiplies random bits by the number of choices and keeps
        the upper half (D. Lemire, Fast Random Integer Generation in an Interval, ACM TOMACS 29(1),
        2019): here the lower 32 of a generator's first 64 bits for the site, the next 16 for the
        bit. If the lower half would favour some choices, NumPy draws again; these few corruptions
        are drawn with the generator itself.

        Args:
            golden: the tensor that this was made for; not read again.
            channel_axis: not used.
            generators: the generators of the injections.
            ids: the injections.
        """
        words = generators.first_words(ids)
        sites, again = _among(words & _LOWER_32, self._values.size, width=32)
        drawn, rejected = _among(words >> np.uint64(32) & _LOWER_16, len(self._bits), width=16)
        bits = self._bits.start + drawn
        again |= rejected
        if self._draws_alike is None:  # guards against a change in NumPy
            first = int(sites[0]), int(bits[0])
            self._draws_alike = first == self._draw(generators.at(ids[0]))
        # NumPy draws differently from one choice, and from more than fit 32 bits.
        if not (self._draws_alike and 1 < self._values.size < 2**32):
            again[:] = True
        for place in np.flatnonzero(again).tolist():
            sites[place], bits[place] = self._draw(generators.at(ids[place]))
        masks = np.left_shift(1, bits, dtype=self._unsigned, casting="unsafe")
        return Corruptions(
            sizes=np.ones(words.size, np.int64),
            indices=sites,
            values=(self._values[sites] ^ masks).view(self._dtype),
            bits=bits.astype(np.int16),
            with_bits=np.ones(words.size, bool),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"name": ..., "configuration": {...}}`` of the `BitFlip`."""
        return self._to_dict()


def _among(words: np.ndarray, choices: int, *, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the choice that each word of random bits selects, and whether to draw it again."""
    product = words * np.uint64(choices)
    lower = product & np.uint64(2**width - 1)
    return (product >> np.uint64(width)).astype(np.int64), lower < np.uint64(2**width % choices)

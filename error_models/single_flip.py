"""One bit flip anywhere in a golden tensor that is known: the most frequent fault, drawn fast."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from onnxfi.error_models.bit_layout import bit_layout
from onnxfi.error_models.corruption import Corruption


class SingleFlip:
    """Inverts one bit of one element of the golden tensor that it was made for.

    It draws what `BitFlip` draws from the same generator. For one element NumPy's arrays cost more
    than what they hold, so it works on plain integers.
    """

    name: ClassVar[str] = "bitflip"

    def __init__(
        self, golden: np.ndarray, bits: range, *, to_dict: Callable[[], dict[str, Any]]
    ) -> None:
        """Read the golden tensor.

        Args:
            golden: the tensor, with at least one element, of a dtype with a bit layout.
            bits: the bits among which one is drawn; at least one.
            to_dict: gives the configuration.
        """
        self._dtype = golden.dtype
        self._unsigned = bit_layout(golden.dtype).unsigned
        self._values = np.ascontiguousarray(golden).reshape(-1).view(self._unsigned)
        self._bits = bits
        self._to_dict = to_dict

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw the site and the bit.

        Args:
            golden: the tensor that this was made for; it is not looked at again.
            channel_axis: has no meaning here.
            rng: the source of randomness.
        """
        site = rng.integers(self._values.size)
        bits = self._bits
        bit = bits.start if len(bits) == 1 else rng.integers(bits.start, bits.stop, dtype=np.int16)
        flipped = self._values.item(site) ^ (1 << int(bit))
        return Corruption(
            np.array([site], np.int64),
            np.array([flipped], self._unsigned).view(self._dtype),
            np.array([bit], np.int16),
        )

    def to_dict(self) -> dict[str, Any]:
        """Give ``{"name": ..., "configuration": {...}}``, which ``load`` turns into a `BitFlip`."""
        return self._to_dict()

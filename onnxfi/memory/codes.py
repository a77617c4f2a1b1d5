"""Decodes words with errors, by the codes that protect memories.

All codes are linear: what a decoder does depends on which bits are wrong, not on the data.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Literal, NamedTuple

from onnxfi.errors import ErrorModelError
from onnxfi.suggestions import did_you_mean

#: What a decoder says of a word with errors: ``silent`` if it sees none, ``detected`` if it sees
#: one that it cannot correct, ``corrected`` if all are corrected, ``miscorrected`` if it changes a
#: word and leaves errors.
Verdict = Literal["silent", "detected", "corrected", "miscorrected"]


class Decoded(NamedTuple):
    """A word as its decoder returns it.

    Attributes:
        wrong: the data bits that are wrong afterwards, ascending.
        verdict: what the decoder did.
    """

    wrong: tuple[int, ...]
    verdict: Verdict


class Code(ABC):
    """A code of words.

    Attributes:
        name: the name.
        data_bits: data bits of a word: the bits from 0 on.
        check_bits: check bits of a word: the bits behind them.
    """

    name: str
    data_bits: int
    check_bits: int

    @property
    def bits(self) -> int:
        """Bits of a word."""
        return self.data_bits + self.check_bits

    @abstractmethod
    def columns(self) -> Sequence[int]:
        """Return the syndrome of an error in each bit of a word."""

    @abstractmethod
    def correct(self, syndrome: int) -> Sequence[int] | None:
        """Return the bits that the decoder inverts at a syndrome; None if it only detects."""

    def decode(self, errors: Sequence[int]) -> Decoded:
        """Decode a word.

        Args:
            errors: the wrong bits, all different and from 0 to `bits` - 1.
        """
        syndrome = 0
        for bit in errors:
            syndrome ^= self.columns()[bit]
        inverted = () if not syndrome else self.correct(syndrome)
        left = set(errors) ^ set(inverted or ())
        wrong = tuple(sorted(x for x in left if x < self.data_bits))
        if inverted is None:
            return Decoded(wrong, "detected")
        if not inverted:
            return Decoded(wrong, "silent")
        return Decoded(wrong, "miscorrected" if left else "corrected")


@dataclass(frozen=True)
class Plain(Code):
    """No code: every value is a word of its own."""

    data_bits: int = 64
    name = "none"
    check_bits = 0

    def columns(self) -> Sequence[int]:
        """Return the syndromes: none is seen."""
        return (0,) * self.data_bits

    def correct(self, syndrome: int) -> Sequence[int] | None:
        """Return nothing to invert."""
        return ()


@dataclass(frozen=True)
class ParityCode(Code):
    """One parity bit for a word of 32 bits: odd numbers of errors are detected."""

    name = "parity"
    data_bits = 32
    check_bits = 1

    def columns(self) -> Sequence[int]:
        """Return the syndromes."""
        return (1,) * self.bits

    def correct(self, syndrome: int) -> Sequence[int] | None:
        """Return None: nothing can be corrected."""
        return None


@dataclass(frozen=True)
class Secded(Code):
    """Single error correction, double error detection, with columns of odd weight.

    Source: M. Y. Hsiao, A Class of Optimal Minimum Odd-weight-column SEC-DED Codes, IBM J. Res.
    Dev. 14 (1970), 395-401. The data columns are those of the lowest weight, in ascending order.
    """

    name: str
    data_bits: int
    check_bits: int

    @cached_property
    def _columns(self) -> tuple[int, ...]:
        data: list[int] = []
        for weight in range(3, self.check_bits + 1, 2):
            numbers = (
                sum(1 << x for x in chosen)
                for chosen in combinations(range(self.check_bits), weight)
            )
            data += sorted(numbers)[: self.data_bits - len(data)]
        return (*data, *(1 << x for x in range(self.check_bits)))

    @cached_property
    def _places(self) -> dict[int, int]:
        return {column: bit for bit, column in enumerate(self._columns)}

    def columns(self) -> Sequence[int]:
        """Return the syndromes of single errors."""
        return self._columns

    def correct(self, syndrome: int) -> Sequence[int] | None:
        """Return the bit whose error has the syndrome; None for other syndromes."""
        place = self._places.get(syndrome)
        return None if place is None else (place,)


@dataclass(frozen=True)
class Dected(Code):
    """Double error correction, triple error detection: a shortened BCH code and a parity bit.

    Column i is (alpha^i, alpha^3i, 1), with alpha a root of x^7 + x^3 + 1.
    Source: S. Lin, D. J. Costello, Error Control Coding, 2nd ed., Prentice Hall 2004, chapter 6.
    """

    name = "dected"
    data_bits = 64
    check_bits = 15

    @cached_property
    def _columns(self) -> tuple[int, ...]:
        powers = [1]
        while len(powers) < 127:
            doubled = powers[-1] << 1
            powers.append(doubled ^ 0b10001001 if doubled >> 7 else doubled)
        return tuple(powers[i] | powers[3 * i % 127] << 7 | 1 << 14 for i in range(self.bits))

    @cached_property
    def _places(self) -> dict[int, tuple[int, ...]]:
        found = {column: (bit,) for bit, column in enumerate(self._columns)}
        pairs = combinations(enumerate(self._columns), 2)
        return found | {x ^ y: (first, second) for (first, x), (second, y) in pairs}

    def columns(self) -> Sequence[int]:
        """Return the syndromes of single errors."""
        return self._columns

    def correct(self, syndrome: int) -> Sequence[int] | None:
        """Return the one or two bits whose errors have the syndrome; None for others."""
        return self._places.get(syndrome)


#: The codes by name.
CODES: dict[str, Code] = {
    x.name: x
    for x in (
        Plain(),
        ParityCode(),
        Secded("secded39", 32, 7),
        Secded("secded72", 64, 8),
        Dected(),
    )
}


def code(name: str) -> Code:
    """Return a code.

    Raises:
        ErrorModelError: there is no such code.
    """
    found = CODES.get(name)
    if found is None:
        raise ErrorModelError(
            f"a code is one of {', '.join(CODES)}, got {name!r}{did_you_mean(str(name), CODES)}"
        )
    return found

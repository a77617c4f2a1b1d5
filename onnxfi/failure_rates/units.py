"""Reads raw failure rates of memories, and counts them per bit."""

import re
from dataclasses import dataclass

# A FIT is one failure in 10^9 device hours.
_FORMAT = re.compile(
    r"\s*(?P<value>[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*FIT\s*/\s*(?P<prefix>[KMG]i?|)(?P<unit>bit|B)"
    r"(?:\s*\(\s*(?P<size>[^)]*)\))?\s*",
)
_DECIMAL = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
_SIZES = {
    "10^3": 10**3,
    "10^6": 10**6,
    "10^9": 10**9,
    "2^10": 2**10,
    "2^20": 2**20,
    "2^30": 2**30,
}
_EXAMPLE = "20.49 FIT/Mbit (10^6), 157.62 FIT/MB (2^20), 20 FIT/Mibit or 1.2e-5 FIT/bit"


@dataclass(frozen=True, slots=True)
class RawRate:
    """The rate at which particles upset a memory.

    Attributes:
        per_bit: FIT per bit.
        text: the rate as it was given.
    """

    per_bit: float
    text: str

    @classmethod
    def parse(cls, text: str) -> "RawRate":
        """Read a rate such as ``20.49 FIT/Mbit (10^6)``.

        Mbit, MB, Gbit and so on mean powers of ten to some and powers of two to others, so that the
        size must be said; Mibit and MiB are powers of two.

        Raises:
            ValueError: it is no rate, its unit is unknown, or its size is not said.
        """
        found = _FORMAT.fullmatch(text)
        if found is None:
            raise ValueError(f"must be a rate with its unit, such as {_EXAMPLE}, got {text!r}")
        prefix, size = found["prefix"], found["size"]
        if prefix in _BINARY:
            units = _BINARY[prefix]
        elif not prefix:
            units = 1
        elif size is None:
            raise ValueError(
                f"must say whether {prefix}{found['unit']} means a power of ten or of two: "
                f"{text.strip()} (10^{_exponent(prefix)}) or ({_power_of_two(prefix)})"
            )
        else:
            units = _SIZES.get(size.strip().replace(" ", ""), 0)
            if units not in (_DECIMAL[prefix], _BINARY[f"{prefix}i"]):
                raise ValueError(
                    f"must have the size 10^{_exponent(prefix)} or {_power_of_two(prefix)} for the "
                    f"prefix {prefix}, got {size!r}"
                )
        bits = units * (8 if found["unit"] == "B" else 1)
        return cls(float(found["value"]) / bits, text.strip())


def _exponent(prefix: str) -> int:
    return len(str(_DECIMAL[prefix])) - 1


def _power_of_two(prefix: str) -> str:
    return f"2^{_BINARY[f'{prefix}i'].bit_length() - 1}"

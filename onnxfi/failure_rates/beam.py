"""Computes the failure rate that a beam test measures."""

import re
from dataclasses import dataclass

from onnxfi.errors import InputError
from onnxfi.failure_rates.fit_report import FitInterval
from onnxfi.failure_rates.poisson import poisson_limits

#: Neutrons above 10 MeV per cm^2 and hour at sea level in New York. Source: JEDEC JESD89A.
SEA_LEVEL = 13.0
_HOURS = 1e9
_FORMAT = re.compile(r"errors=(?P<errors>\d+),fluence=(?P<fluence>[0-9.]+(?:[eE][-+]?\d+)?)")


@dataclass(frozen=True, slots=True)
class BeamTest:
    """The result of a beam test.

    Attributes:
        errors: number of silent data corruptions that were seen.
        fluence: neutrons per cm^2 that the chip got.
    """

    errors: int
    fluence: float

    @classmethod
    def parse(cls, text: str) -> "BeamTest":
        """Read a text such as ``errors=12,fluence=3.4e12``.

        Raises:
            InputError: it is no beam test.
        """
        found = _FORMAT.fullmatch(text.replace(" ", ""))
        if found is None or not float(found["fluence"]) > 0:
            raise InputError(
                f"A beam test must be such as errors=12,fluence=3.4e12 (neutrons per cm^2), got "
                f"{text!r}."
            )
        return cls(int(found["errors"]), float(found["fluence"]))

    @property
    def cross_section(self) -> FitInterval:
        """The cross-section in cm^2, with its exact 95 % limits; not a rate."""
        return self._scaled(1 / self.fluence)

    @property
    def fit(self) -> FitInterval:
        """The failure rate at sea level in FIT, with its exact 95 % limits."""
        return self._scaled(SEA_LEVEL * _HOURS / self.fluence)

    def agrees_with(self, predicted: FitInterval) -> bool:
        """Return whether the measured interval and a predicted one overlap."""
        measured = self.fit
        return measured.low <= predicted.high and predicted.low <= measured.high

    def _scaled(self, scale: float) -> FitInterval:
        low, high = poisson_limits(self.errors)
        return FitInterval(self.errors * scale, low * scale, high * scale)

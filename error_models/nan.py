"""NaN: replaces values by NaN."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.sitewise import SitewiseErrorModel
from onnxfi.error_models.values.bit_layout import bit_layout
from onnxfi.errors import ErrorModelError


@dataclass(frozen=True, slots=True)
class NaN(SitewiseErrorModel):
    """Writes a quiet NaN at each injection site.

    For floats only: integers and bool have no NaN, so such targets are refused.
    """

    name: ClassVar[str] = "nan"

    def corrupt(
        self, golden: np.ndarray, sites: np.ndarray, *, rng: np.random.Generator
    ) -> Corruption:
        """Return a NaN for each site; nothing is drawn."""
        if bit_layout(golden.dtype).kind != "float":
            raise ErrorModelError(
                f"nan: the target must have a float dtype, got {golden.dtype}, which has no NaN: "
                "use inf for its highest value, or choose another target"
            )
        return Corruption(sites, np.full(sites.size, np.nan).astype(golden.dtype))

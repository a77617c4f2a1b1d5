"""An error model for tests that writes given values."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from onnxfi.error_models import Corruption


class Written:
    """Writes given values to given sites."""

    name: ClassVar[str] = "written"

    def __init__(self, indices: Sequence[int], values: Sequence[float]) -> None:
        """Keep the sites and the values."""
        self._indices = np.array(indices, np.int64)
        self._values = values

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Give the corruption; nothing is drawn."""
        return Corruption(self._indices, np.array(self._values, golden.dtype))

    def to_dict(self) -> dict[str, Any]:
        """Give the name alone."""
        return {"name": self.name}

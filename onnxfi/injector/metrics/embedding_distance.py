"""Compares embedding vectors by their distance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from onnxfi.error_models.values import to_float64
from onnxfi.injector.metrics.answers import by_sample, pick_tensor
from onnxfi.injector.metrics.metric import ColumnType, MetricValue, Outputs

_COLUMNS: Mapping[str, ColumnType] = {"cosine_distance": float, "euclidean_distance": float}


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingDistance:
    """The answer is a vector for each sample; it is wrong if any has moved too far.

    The cosine distance is 1 minus the cosine of the angle, from 0 to 2. It is 0 between two vectors
    of zeros, and 1 between a vector of zeros and any other. If a vector is not finite, and not
    equal to the golden one, the distances are infinite. Answers of another shape are wrong.

    The columns: ``cosine_distance`` and ``euclidean_distance``, the largest of any sample. They are
    None if the shapes differ.

    Attributes:
        output: the output that holds the vectors, shape (N, …); None means the first output.
        distance: the distance that decides, ``cosine`` or ``euclidean``.
        limit: the largest distance of an answer that is not wrong.
    """

    output: str | None = None
    distance: Literal["cosine", "euclidean"] = "cosine"
    limit: Annotated[float, Field(ge=0)] = 0.05

    @property
    def column_types(self) -> Mapping[str, ColumnType]:
        """The columns that the class describes."""
        return _COLUMNS

    def is_wrong(self, golden: Outputs, faulty: Outputs) -> bool:
        """Return whether any vector has moved too far."""
        moved = self.columns(golden, faulty)[f"{self.distance}_distance"]
        return moved is None or moved > self.limit

    def columns(self, golden: Outputs, faulty: Outputs) -> dict[str, MetricValue]:
        """Return the columns that the class describes."""
        before, after = pick_tensor(golden, self.output), pick_tensor(faulty, self.output)
        if before.shape != after.shape:
            return dict.fromkeys(_COLUMNS)
        vectors = by_sample(to_float64(before)), by_sample(to_float64(after))
        pairs = list(zip(*vectors, strict=True))
        return {
            "cosine_distance": max((_cosine_distance(x, y) for x, y in pairs), default=0.0),
            "euclidean_distance": max((_euclidean_distance(x, y) for x, y in pairs), default=0.0),
        }


def _cosine_distance(x: np.ndarray, y: np.ndarray) -> float:
    if np.array_equal(x, y, equal_nan=True):
        return 0.0
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return float("inf")
    # Divide by the largest element, so that no square overflows.
    scales = np.abs(x).max(), np.abs(y).max()
    if 0 in scales:
        return 1.0
    x, y = x / scales[0], y / scales[1]
    cosine = float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)))
    return 1 - min(1.0, max(-1.0, cosine))


def _euclidean_distance(x: np.ndarray, y: np.ndarray) -> float:
    if np.array_equal(x, y, equal_nan=True):
        return 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        distance = float(np.linalg.norm(x - y))
    return float("inf") if np.isnan(distance) else distance

"""Many outputs are compared at once or one by one, with the same answers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from onnxfi.injector.metrics import Classification, Comparisons, Metric, TokenSequence
from onnxfi.injector.metrics.many import are_wrong, columns_of_all, in_parts
from onnxfi.injector.metrics.metric import Outputs


class OneByOne:
    """Hides the method of a metric that compares many."""

    def __init__(self, metric: Metric) -> None:
        """Take the other members."""
        self.column_types = metric.column_types
        self.is_wrong = metric.is_wrong
        self.columns = metric.columns


@pytest.mark.parametrize("metric", [Classification(), TokenSequence()])
@pytest.mark.parametrize("shape", [(2, 5), (2, 3, 4)])
def test_at_once_and_one_by_one(metric: Any, shape: tuple[int, ...]) -> None:
    if isinstance(metric, Classification) and len(shape) > 2:
        shape = (*shape[:2], 1)
    rng = np.random.default_rng(0)
    golden = {"y": rng.normal(size=shape)}
    faulty = [{"y": golden["y"] + rng.normal(0, x / 9, shape)} for x in range(20)]
    faulty[3]["y"][0] = np.nan
    faulty.append({"y": rng.normal(size=(3, *shape[1:]))})
    alone = OneByOne(metric)
    assert are_wrong(metric, golden, faulty) == are_wrong(alone, golden, faulty)
    assert repr(columns_of_all(metric, golden, faulty)) == repr(
        columns_of_all(alone, golden, faulty)
    )


def test_only_what_is_asked_for_is_computed() -> None:
    class Lazy(Classification):
        def compare_many(self, golden: Outputs, faulty: Sequence[Outputs]) -> Comparisons:
            return Comparisons(lambda: [True] * len(faulty), lambda: pytest.fail("not asked for"))

    assert are_wrong(Lazy(), {"y": np.ones(2)}, [{"y": np.ones(2)}] * 3) == [True] * 3


@pytest.mark.parametrize(("size", "parts"), [(1 << 10, [4096, 904]), (1 << 17, [1] * 5000)])
def test_parts_are_small(size: int, parts: list[int]) -> None:
    golden = {"y": np.zeros(size, np.uint8)}
    assert [len(x) for x in in_parts(golden, [golden] * 5000)] == parts

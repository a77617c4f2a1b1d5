"""Classification against its definition."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from onnxfi.injector.metrics import (
    Classification,
)
from tests.support.metric_checks import ODD, outputs


@given(
    scores=st.integers(2, 12).flatmap(
        lambda classes: st.tuples(
            arrays(np.float32, (2, classes), elements=ODD),
            arrays(np.float32, (2, classes), elements=ODD),
        )
    )
)
def test_sdc5_is_a_top1_outside_of_the_five_best(scores: tuple[np.ndarray, np.ndarray]) -> None:
    golden, faulty = scores

    def ranking(of_sample: np.ndarray) -> list[int]:
        """Classes from best to worst: of equal ones the first, and NaN last."""
        classes = range(of_sample.size)
        return sorted(classes, key=lambda x: (np.isnan(of_sample[x]), -of_sample[x], x))

    expected = any(
        np.argmax(np.nan_to_num(after, nan=-np.inf, posinf=np.inf, neginf=-np.inf))
        not in ranking(before)[:5]
        for before, after in zip(golden, faulty, strict=True)
    )
    found = Classification().columns(outputs(golden), outputs(faulty))
    assert found["sdc5"] == expected

"""Tests the reasons of due injections."""

import ml_dtypes
import numpy as np
import pytest

import onnxfi
from onnxfi.error_models import BitFlip
from onnxfi.injector import Classification
from onnxfi.injector.due.reasons import due_reasons
from onnxfi.injector.outcome import decide_outcomes
from tests.support.small_graphs import model, node, value

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize(
    ("golden", "faulty", "reason"),
    [
        ([1, 2], [1, NAN], "nan"),
        ([1, 2], [INF, 2], "inf"),
        ([1, 2], [INF, NAN], "nan"),
        ([NAN, 2], [NAN, -INF], "inf"),
        ([INF, 2], [NAN, INF], "inf"),  # where golden is finite there is an Inf alone
        ([1, 2], [1, 2, NAN], "nan"),
        ([1, 2], [1, 2, INF], "inf"),
        ([1, 2], [1, 3], None),
    ],
)
def test_new_values(
    golden: list[float], faulty: list[float], reason: str | None, dtype: type
) -> None:
    before: dict[str, np.ndarray] = {"y": np.array(golden, dtype)}
    after: dict[str, np.ndarray] = {"y": np.array(faulty, dtype)}
    outcomes = decide_outcomes(before, [before, after], Classification())
    assert due_reasons(before, [before, after], outcomes, {}) == [None, reason]
    assert (outcomes[1] == "due") == (reason is not None)


def test_a_nan_in_any_output_comes_first() -> None:
    before: dict[str, np.ndarray] = {
        "a": np.ones(2, np.float32),
        "b": np.ones(2),
        "n": np.ones(2, np.int64),
    }
    after = {**before, "a": np.array([1, INF], np.float32), "b": np.array([1, NAN])}
    assert due_reasons(before, [after], ["due"], {}) == ["nan"]


def test_sequences_and_optionals() -> None:
    one, bad = np.ones(2, np.float32), np.array([1, NAN], np.float32)
    for golden, faulty in (([one], [bad]), ([one], [one, bad]), (None, bad), (None, [bad])):
        assert due_reasons({"y": golden}, [{"y": faulty}], ["due"], {}) == ["nan"]  # type: ignore[dict-item]
    assert due_reasons({"y": [one]}, [{"y": [one * INF]}], ["due"], {}) == ["inf"]  # type: ignore[dict-item]


def test_injections_that_failed_have_their_reason() -> None:
    golden = {"y": np.ones(2)}
    assert due_reasons(golden, [golden, {}], ["masked", "due"], {1: "timeout"}) == [None, "timeout"]


def test_flips_that_overflow() -> None:
    proto = model([node("Mul", "x x", "y")], [value("x", [1, 3])], [value("y", [1, 3])])
    with onnxfi.Injector(onnxfi.load(proto), "x", provider="cpu") as injector:
        golden = injector.golden({"x": np.full((1, 3), 1.5, np.float32)})
        found = [next(injector.inject(golden, BitFlip(bit=bit))) for bit in (1, 30, 27)]
    assert [x.due_reason for x in found] == [None, "nan", None]
    assert [x.outcome for x in found][1] == "due"

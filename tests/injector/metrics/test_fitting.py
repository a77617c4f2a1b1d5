"""Classification takes one class for each sample, and names the metric for other outputs."""

import logging

import numpy as np
import pytest

import onnxfi
from onnxfi.error_models import RandomValue
from onnxfi.errors import InputError
from onnxfi.injector.metrics import Classification, Segmentation, TokenSequence
from onnxfi.injector.metrics.fitting import check_default
from onnxfi.injector.metrics.many import are_wrong, columns_of_all
from onnxfi.injector.metrics.registry import default_metric
from tests.support.small_graphs import model, node, random_inputs, value


@pytest.mark.parametrize(
    ("shape", "dtype", "fitting"),
    [
        ((1, 5, 4), np.float32, "sequence"),
        ((5, 1, 2, 4), np.float32, "segmentation"),
        ((1, 3, 8, 8), np.float16, "segmentation"),
        ((1, 8, 8), np.int64, "segmentation"),
    ],
)
def test_other_outputs_are_refused(shape: tuple[int, ...], dtype: type, fitting: str) -> None:
    golden: dict[str, np.ndarray] = {"y": np.zeros(shape, dtype)}
    for ask in (Classification().is_wrong, Classification().columns):
        with pytest.raises(InputError, match=f"Choose the metric {fitting}.*--metric {fitting}"):
            ask(golden, golden)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((2, 4, 1, 1), np.float32),
        ((2, 1, 4), np.float32),
        ((4,), np.float32),
        ((), np.float32),
        ((2, 4), np.uint8),
        ((2, 4), np.int32),
        ((2, 1), np.int64),
    ],
)
def test_axes_of_length_one_do_not_count(shape: tuple[int, ...], dtype: type) -> None:
    rng = np.random.default_rng(0)
    golden: dict[str, np.ndarray]
    faulty: dict[str, np.ndarray]
    golden, faulty = (
        {"y": rng.integers(0, 9, shape).astype(dtype).reshape(shape)} for _ in range(2)
    )
    flat: list[dict[str, np.ndarray]]
    flat = [{"y": np.atleast_1d(x["y"].squeeze())} for x in (golden, faulty)]  # type: ignore[var-annotated]
    metric = Classification()
    assert metric.columns(golden, faulty) == metric.columns(*flat)
    assert metric.is_wrong(golden, faulty) == metric.is_wrong(*flat)


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_labels_are_the_classes(dtype: type, shape: tuple[int, ...]) -> None:
    golden: dict[str, np.ndarray] = {"y": np.array([7, 2**31 - 1, 0], dtype).reshape(shape)}
    faulty = [{"y": golden["y"] + np.array(x, dtype).reshape(shape)} for x in ([0] * 3, [1, 0, 0])]
    faulty.append({"y": golden["y"] - np.array([0, 1, 0], dtype).reshape(shape)})
    metric = Classification()
    assert are_wrong(metric, golden, faulty) == [False, True, True]
    columns = columns_of_all(metric, golden, faulty)
    assert columns["golden_top1"] == [7, 7, 7]
    assert columns["top1"] == [7, 8, 7]
    assert columns["sdc5"] == [False, True, True]


def test_without_a_metric_the_one_that_fits_decides(caplog: pytest.LogCaptureFixture) -> None:
    proto = model(
        [node("Relu", "x", "h"), node("Neg", "h", "y")],
        [value("x", ["N", 6, 4])],
        [value("y", ["N", 6, 4])],
    )
    faults = RandomValue(-2.0, 2.0)
    with onnxfi.Injector(onnxfi.load(proto), "h", provider="cpu") as injector:
        golden = injector.golden(random_inputs(proto))
        with caplog.at_level(logging.WARNING, "onnxfi"):
            found = [list(injector.inject(golden, faults, count=60)) for _ in range(2)]
        (warning,) = caplog.messages
        assert "classification does not fit the output y" in warning
        assert "Sequence decides" in warning
        expected = injector.inject(golden, faults, count=60, metric=TokenSequence())
        outcomes = [x.outcome for x in expected]
        assert {"sdc", "benign"} <= set(outcomes)
        assert [[x.outcome for x in every] for every in found] == [outcomes] * 2
        with pytest.raises(InputError, match="Choose the metric sequence"):
            list(injector.inject(golden, faults, count=60, metric=Classification()))
        assert Segmentation().is_wrong(golden.outputs, golden.outputs) is False


def test_int64_is_taken_for_tokens_only_where_no_metric_was_chosen() -> None:
    golden = {"y": np.array([[3, 9, 2]])}
    faulty = {"y": np.array([[5, 9, 2]])}
    assert default_metric(golden) == TokenSequence()
    assert default_metric(golden).is_wrong(golden, faulty)
    assert not Classification().is_wrong(golden, faulty)
    assert default_metric({"y": golden["y"][0]}) == Classification()


def test_the_chosen_output_counts_where_no_metric_was_chosen() -> None:
    shapes = {"steps": (1, 5, 4), "scores": (1, 4), "tokens": (1, 5)}
    golden = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    golden["tokens"] = golden["tokens"].astype(np.int64)
    check_default(golden, "scores")
    for output in (None, "steps", "tokens"):
        with pytest.raises(InputError, match="Choose the metric sequence"):
            check_default(golden, output)

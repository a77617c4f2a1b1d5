"""Faults of the user's error models and metrics: one message that names the injection, no lie."""

import random
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

import onnxfi
from onnxfi.error_models import Corruption, Corruptions, Generators, RandomValue
from onnxfi.errors import ErrorModelError, MetricError
from onnxfi.injector.metrics import FunctionMetric
from tests.support.small_graphs import chain, random_inputs

FIRST = 7


@dataclass(frozen=True)
class Own:
    """An error model whose function draws."""

    draw: Callable[..., Any]
    name: str = "faults:Own"

    def sample(self, golden: np.ndarray, *, channel_axis: int | None, rng: Any) -> Any:
        """Draw."""
        return self.draw(golden)

    def to_dict(self) -> dict[str, Any]:
        """Give what it was made from."""
        return {"name": self.name, "configuration": {}}


@dataclass(frozen=True)
class Together(Own):
    """An error model whose function draws for many injections."""

    def sample_many(
        self, golden: np.ndarray, *, channel_axis: Any, generators: Generators, ids: range
    ) -> Any:
        """Draw."""
        return self.draw(ids)


class UnprintableError(Exception):
    """An exception whose text cannot be made."""

    def __str__(self) -> str:
        """Fail."""
        raise ValueError


def raises(error: BaseException) -> Callable[..., Any]:
    def fail(*_: object) -> None:
        raise error

    return fail


def recurse(*arguments: object) -> object:
    return recurse(*arguments)


def patch(indices: Any, values: Any = None, **more: Any) -> Corruption:
    indices = np.asarray(indices)
    return Corruption(
        indices, np.ones(indices.shape, np.float32) if values is None else values, **more
    )


def force(value: Any) -> None:
    """Write although it is not allowed."""
    if isinstance(value, dict):
        value = next(iter(value.values()))
    value.flags.writeable = True
    value[...] = 0


def columns(count: int, *, sizes: Any = None, indices: Any = None) -> Corruptions:
    """Make corruptions without checks, of one site each."""
    return Corruptions(
        sizes=np.ones(count, np.int64) if sizes is None else np.array(sizes, np.int64),
        indices=np.zeros(count, np.int64) if indices is None else np.array(indices, np.int64),
        values=np.ones(count, np.float32),
        bits=np.zeros(count, np.int16),
        with_bits=np.zeros(count, bool),
    )


FAILING = [
    (raises(SystemExit(3)), "SystemExit: 3"),
    (raises(GeneratorExit()), "GeneratorExit"),
    (raises(MemoryError("no room")), "MemoryError: no room"),
    (raises(UnprintableError()), "failed: UnprintableError"),
    (recurse, "RecursionError"),
]
DRAWING = [
    *FAILING,
    (lambda golden: None, "must return a Corruption, got a NoneType"),
    (lambda golden: (np.array([0]), np.ones(1)), "must return a Corruption, got a tuple"),
    (lambda golden: patch([0, 0]), "must be unique"),
    (lambda golden: patch([-1]), "counted from 0"),
    (lambda golden: patch([10**6]), "indices up to 1000000"),
    (lambda golden: patch([0.5]), "must be int64"),
    (lambda golden: patch([0], np.ones(1)), "must return float32 values.*got float64"),
    (lambda golden: patch([0], np.ones((1, 1), np.float32)), "one value for each injection site"),
    (lambda golden: Corruption([0], [1.0]), "AttributeError"),  # type: ignore[arg-type]
    (lambda golden: patch([0], bits=np.array([32], np.int16)), "numbered from 0 to 31"),
    (lambda golden: patch([0], pattern=5), "a pattern must be a text"),
    (force, "cannot set WRITEABLE"),
    (lambda golden: patch([0], np.random.rand(1).astype(np.float32)), "take every random number"),  # noqa: NPY002
    (
        lambda golden: patch([0], np.array([random.random()], np.float32)),
        "take every random number",
    ),
]
TOGETHER = [
    *FAILING,
    (lambda ids: [None] * len(ids), "one for each of 5 injections.*got a list"),
    (lambda ids: columns(len(ids), indices=[-1] * len(ids)), "counted from 0"),
    (lambda ids: columns(len(ids), indices=[10**6] * len(ids)), "indices up to 1000000"),
    (lambda ids: columns(len(ids), sizes=[2] * len(ids)), "must add up"),
    (
        lambda ids: columns(2 * len(ids), sizes=[2] * len(ids)),
        "must be unique",
    ),
    (
        lambda ids: columns(len(ids), indices=np.random.randint(4, size=len(ids))),  # noqa: NPY002
        "two draws differ",
    ),
]


@lru_cache
def opened(*targets: str) -> tuple[onnxfi.Injector, onnxfi.Golden]:
    proto = chain()
    injector = onnxfi.Injector(onnxfi.load(proto), targets, provider="cpu")
    return injector, injector.golden({x: y[:1] for x, y in random_inputs(proto).items()})


def inject(model: Any, targets: list[str], metric: Any = None) -> list[onnxfi.Injection]:
    """Inject five times; what was given to the user's code must stay as it was."""
    injector, golden = opened(*targets)
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    before = {x: y.tobytes() for x, y in golden.values.items()}
    try:
        return list(injector.inject(golden, model, count=5, first_id=FIRST, metric=metric))
    finally:
        assert before == {x: y.tobytes() for x, y in golden.values.items()}


@pytest.mark.parametrize(("draw", "message"), DRAWING)
@pytest.mark.parametrize("targets", [["b"], ["a", "b"]])
def test_error_models(draw: Callable[..., Any], message: str, targets: list[str]) -> None:
    with pytest.raises(ErrorModelError, match=message) as caught:
        inject(Own(draw), targets)
    assert str(caught.value).startswith(f"Injection {FIRST}: the error model faults:Own")
    assert str(caught.value).count("faults:Own") == 1


@pytest.mark.parametrize(("draw", "message"), TOGETHER)
def test_error_models_that_draw_for_many(draw: Callable[..., Any], message: str) -> None:
    with pytest.raises(ErrorModelError, match=message) as caught:
        inject(Together(draw), ["b"])
    expected = f"Injections {FIRST} to {FIRST + 4}: the error model faults:Own"
    assert str(caught.value).startswith(expected)


def test_an_error_model_may_use_its_arrays_again() -> None:
    @dataclass(frozen=True)
    class Buffered(Own):
        indices: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int64))

        def sample(self, golden: np.ndarray, *, channel_axis: Any, rng: Any) -> Corruption:
            self.indices[0] = rng.integers(golden.size)
            return patch(self.indices)

    found = inject(Buffered(patch), ["b"])
    assert len({x.corruption.indices.item() for x in found}) > 1


METRICS = [
    *FAILING,
    (lambda golden, faulty: None, "must return True or False"),
    (lambda golden, faulty: np.nan, "must return True or False"),
    (lambda golden, faulty: "sdc", "must return True or False"),
    (lambda golden, faulty: np.ones(2, bool), "must return True or False"),
    (lambda golden, faulty: force(golden), "cannot set WRITEABLE"),
    (lambda golden, faulty: force(faulty), "cannot set WRITEABLE"),
]


@pytest.mark.parametrize(("function", "message"), METRICS)
@pytest.mark.parametrize("targets", [["b"], ["a", "b"]])
def test_metrics(function: Callable[..., Any], message: str, targets: list[str]) -> None:
    with pytest.raises(MetricError, match=message) as caught:
        inject(RandomValue(-2.0, 2.0), targets, FunctionMetric(function, "answers:far"))
    assert str(caught.value).startswith("Injection ")
    assert "The metric answers:far" in str(caught.value)


@pytest.mark.parametrize(
    "guess",
    [lambda: random.random() < 0.5, lambda: np.random.rand() < 0.5],  # noqa: NPY002
)
def test_a_metric_that_guesses(guess: Callable[[], bool]) -> None:
    metric = FunctionMetric(lambda golden, faulty: guess(), "answers:far")
    with pytest.raises(MetricError, match="two answers differ"):
        inject(RandomValue(-2.0, 2.0), ["b"], metric)


def test_an_interrupt_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    # A process that ignores interrupts, as one that runs in the background may, gets none.
    monkeypatch.setattr(signal, "getsignal", lambda number: signal.default_int_handler)
    for model, metric in (
        (Own(raises(KeyboardInterrupt())), None),
        (RandomValue(-2.0, 2.0), FunctionMetric(raises(KeyboardInterrupt()), "answers:far")),
    ):
        with pytest.raises(KeyboardInterrupt):
            inject(model, ["b"], metric)

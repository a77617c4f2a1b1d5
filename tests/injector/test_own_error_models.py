"""Error models of the user's: what they return is checked, and a failure names its place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import onnxfi
from onnxfi.error_models import Corruption, Corruptions, ErrorModel, Generators, TargetInfo
from onnxfi.errors import ErrorModelError
from tests.support.small_graphs import chain, random_inputs


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


def one_input(proto: Any) -> dict[str, np.ndarray]:
    return {name: array[:1] for name, array in random_inputs(proto).items()}


def one_site(index: int, dtype: Any = np.float32) -> Corruption:
    return Corruption(np.array([index]), np.ones(1, dtype))


def write(golden: np.ndarray) -> None:
    golden[...] = 0


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda golden: None, "must return a Corruption, got a NoneType"),
        (lambda golden: one_site(0, np.float64), "must return float32 values.*got float64"),
        (lambda golden: one_site(4), "indices below 4, .*got float32 and indices up to 4"),
        (lambda golden: 1 / 0, f"ZeroDivisionError: division by zero .{__file__}, line"),
        (write, "read-only: change a copy"),
        (lambda golden: one_site(-1), "counted from 0"),
    ],
)
def test_what_is_drawn_is_checked(draw: Callable[[np.ndarray], Any], message: str) -> None:
    proto = chain()
    for targets in (["b"], ["a", "b"]):
        with onnxfi.Injector(onnxfi.load(proto), targets, provider="cpu") as injector:
            golden = injector.golden(one_input(proto))
            before = golden.targets[targets[0]].copy()
            with pytest.raises(ErrorModelError, match=message):
                list(injector.inject(golden, Own(draw), count=2))  # type: ignore[arg-type]
            assert golden.targets[targets[0]].tobytes() == before.tobytes()


def test_a_corruption_that_fits_is_taken() -> None:
    proto = chain()
    with onnxfi.Injector(onnxfi.load(proto), "b", provider="cpu") as injector:
        golden = injector.golden(one_input(proto))
        found = list(injector.inject(golden, Own(lambda golden: one_site(3)), count=2))  # type: ignore[arg-type]
    assert [x.corruption for x in found] == [one_site(3)] * 2


@dataclass(frozen=True)
class Prepared(Own):
    """An error model with a function that prepares."""

    make: Callable[[Any, np.ndarray | None], Any] = lambda model, golden: model

    def prepare(self, target: TargetInfo, golden: np.ndarray | None) -> Any:
        """Prepare for a target named b."""
        assert target.tensor == "b"
        return self.make(self, golden)


@dataclass(frozen=True)
class Together(Own):
    """An error model with a function that draws for many injections."""

    draw_many: Callable[[range], Any] = lambda ids: None

    def sample_many(
        self,
        golden: np.ndarray,
        *,
        channel_axis: int | None,
        generators: Generators,
        ids: range,
    ) -> Any:
        """Draw."""
        return self.draw_many(ids)


def inject(model: ErrorModel, count: int = 2) -> list[onnxfi.Injection]:
    proto = chain()
    with onnxfi.Injector(onnxfi.load(proto), "b", provider="cpu") as injector:
        golden = injector.golden(one_input(proto))
        return list(injector.inject(golden, model, count=count))


def test_an_error_model_is_prepared_for_the_target_and_then_for_the_golden_tensor() -> None:
    golden_tensors: list[np.ndarray | None] = []

    def make(model: ErrorModel, golden: np.ndarray | None) -> ErrorModel:
        golden_tensors.append(golden)
        return model if golden is None else Own(lambda _: one_site(2))  # type: ignore[return-value]

    found = inject(Prepared(lambda golden: one_site(1), make=make), count=3)  # type: ignore[arg-type]
    assert [x.corruption for x in found] == [one_site(2)] * 3
    assert [x is None for x in golden_tensors] == [True, False]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda model, golden: None, "must return an error model from prepare, got a NoneType"),
        (lambda model, golden: 1 / 0, f"ZeroDivisionError: division by zero .{__file__}, line"),
        (lambda model, golden: model if golden is None else write(golden), "change a copy"),
    ],
)
def test_what_prepare_returns_is_checked(make: Callable[..., Any], message: str) -> None:
    with pytest.raises(ErrorModelError, match=message):
        inject(Prepared(lambda golden: one_site(1), make=make))  # type: ignore[arg-type]


def test_corruptions_of_many_injections_are_taken() -> None:
    model = Together(one_site, draw_many=lambda ids: Corruptions.of([one_site(x) for x in ids]))
    assert [x.corruption for x in inject(model, count=3)] == [one_site(x) for x in range(3)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("draw_many", "message"),
    [
        (lambda ids: [one_site(0) for _ in ids], "must return Corruptions.*got a list"),
        (lambda ids: Corruptions.of([one_site(0)]), "one for each of 2 injections"),
        (lambda ids: Corruptions.of([one_site(4) for _ in ids]), "indices up to 4"),
        (lambda ids: 1 / 0, f"ZeroDivisionError: division by zero .{__file__}, line"),
    ],
)
def test_what_is_drawn_for_many_is_checked(draw_many: Callable[..., Any], message: str) -> None:
    with pytest.raises(ErrorModelError, match=message):
        inject(Together(one_site, draw_many=draw_many))  # type: ignore[arg-type]

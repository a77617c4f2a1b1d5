"""Error models of the user's: what they return is checked, and a failure names its place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import onnxfi
from onnxfi.error_models import Corruption
from onnxfi.errors import ErrorModelError
from tests.support.small_graphs import chain, random_inputs


@dataclass(frozen=True)
class Own:
    """An error model whose function draws."""

    draw: Callable[[np.ndarray], Any]
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
                list(injector.inject(golden, Own(draw), count=2))
            assert golden.targets[targets[0]].tobytes() == before.tobytes()


def test_a_corruption_that_fits_is_taken() -> None:
    proto = chain()
    with onnxfi.Injector(onnxfi.load(proto), "b", provider="cpu") as injector:
        golden = injector.golden(one_input(proto))
        found = list(injector.inject(golden, Own(lambda golden: one_site(3)), count=2))
    assert [x.corruption for x in found] == [one_site(3)] * 2

# ruff: noqa: D101, D102, D105  # a class is named after its flaw
"""The contract fails for error models that break it: one flaw each."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from onnxfi.error_models import Corruption, Corruptions, TargetInfo, Zero, contract
from onnxfi.error_models.contract import ErrorModelContract, digest
from onnxfi.errors import ErrorModelError


@dataclass(frozen=True)
class Sound:
    """Is sound, but for its name: that of another class."""

    name: ClassVar[str] = "zero"

    count: int = 1

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        return Zero().sample(golden, channel_axis=channel_axis, rng=rng)

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "configuration": {"count": self.count}}


class NoSample:
    name = "zero"

    def to_dict(self) -> dict[str, Any]:
        return {"name": "zero", "configuration": {}}


class CanBeSet(Sound):
    def __setattr__(self, key: str, value: object) -> None:
        object.__setattr__(self, key, value)


class OtherName(Sound):
    def to_dict(self) -> dict[str, Any]:
        return {"name": "bitflip", "configuration": {"count": 1}}


class MoreKeys(Sound):
    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"version": 1}


class OwnRandomness(Sound):
    numbers = itertools.count()

    def sample(self, golden: np.ndarray, **_: Any) -> Corruption:
        rng = np.random.default_rng(next(self.numbers))
        return super().sample(golden, channel_axis=None, rng=rng)


class GlobalRandomness(Sound):
    def sample(self, golden: np.ndarray, **_: Any) -> Corruption:
        rng = np.random.default_rng(np.random.randint(2**31))  # noqa: NPY002  # the flaw
        return super().sample(golden, channel_axis=None, rng=rng)


class AlwaysTheSame(Sound):
    def sample(self, golden: np.ndarray, **_: Any) -> Corruption:
        return super().sample(golden, channel_axis=None, rng=np.random.default_rng(0))


class OtherDtype(Sound):
    def sample(self, golden: np.ndarray, **_: Any) -> Corruption:
        return Corruption(np.array([0]), np.zeros(1, np.float64))


class OutOfTheTensor(Sound):
    def sample(self, golden: np.ndarray, **_: Any) -> Corruption:
        return Corruption(np.array([golden.size]), golden.reshape(-1)[:1])


class WritesToTheGoldenTensor(Sound):
    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        corruption = super().sample(golden, channel_axis=channel_axis, rng=rng)
        golden.reshape(-1)[corruption.indices] = 0
        return corruption


class TakesEveryDtype(Sound):
    def sample(self, golden: np.ndarray, **_: Any) -> Corruption:
        return Corruption(np.array([0]), golden.reshape(-1)[:1].copy())


class ReadsMemoryOrder(Sound):
    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        sites = rng.integers(golden.size, size=1)
        return Corruption(sites, golden.ravel(order="K")[sites])


class OtherOnceItHasRead(Sound):
    def prepare(self, target: TargetInfo, golden: np.ndarray | None) -> Zero:
        return Zero(count=2)


class OtherWhenDrawnTogether(Sound):
    def sample_many(self, golden: np.ndarray, *, ids: range, **_: Any) -> Corruptions:
        rng = np.random.default_rng(ids[0])
        return Corruptions.of([self.sample(golden, channel_axis=None, rng=rng) for _ in ids])


class TripsOverNotANumber(Sound):
    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        if golden.dtype.kind == "f" and np.isnan(golden).any():
            raise ErrorModelError("NaN")
        return super().sample(golden, channel_axis=channel_axis, rng=rng)


class TripsOverASingleNumber(Sound):
    def sample(self, golden: np.ndarray, **_: Any) -> Corruption:
        return Corruption(np.array([1 if golden.ndim == 0 else 0]), golden.reshape(-1)[:1].copy())


class TakesTheEmpty(Sound):
    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        if golden.size:
            return super().sample(golden, channel_axis=channel_axis, rng=rng)
        return Corruption(np.zeros(0, np.int64), np.zeros(0, golden.dtype))


CONTRACT = ErrorModelContract()
FLAWS: list[tuple[Callable[[Any], None], Any]] = [
    (CONTRACT.test_follows_the_protocol, NoSample()),
    (CONTRACT.test_is_a_value, CanBeSet()),
    (CONTRACT.test_round_trip, OtherName()),
    (CONTRACT.test_round_trip, MoreKeys()),
    (CONTRACT.test_round_trip, Sound()),
    (CONTRACT.test_same_seed_same_corruption, OwnRandomness()),
    (CONTRACT.test_same_seed_same_corruption, GlobalRandomness()),
    (CONTRACT.test_other_seeds_other_corruptions, AlwaysTheSame()),
    (CONTRACT.test_same_corruptions_in_another_process, AlwaysTheSame()),
    (CONTRACT.test_dtypes, OtherDtype()),
    (CONTRACT.test_dtypes, OutOfTheTensor()),
    (CONTRACT.test_dtypes, WritesToTheGoldenTensor()),
    (CONTRACT.test_dtypes, TakesEveryDtype()),
    (CONTRACT.test_memory_layout_makes_no_difference, ReadsMemoryOrder()),
    (CONTRACT.test_preparing_changes_nothing, OtherOnceItHasRead()),
    (CONTRACT.test_drawing_many_at_once, OtherWhenDrawnTogether()),
    (CONTRACT.test_not_a_number_in_the_golden_tensor, TripsOverNotANumber()),
    (CONTRACT.test_single_number, TripsOverASingleNumber()),
    (CONTRACT.test_empty_tensor_is_refused, TakesTheEmpty()),
]


@pytest.mark.parametrize(
    ("clause", "model"), FLAWS, ids=lambda x: getattr(x, "__name__", type(x).__name__)
)
def test_a_flaw_is_caught(
    clause: Callable[[Any], None], model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What it is for a sound one, without starting a process.
    monkeypatch.setattr(contract, "digests_elsewhere", lambda _, *rest: [digest(Zero(), *rest)])
    with pytest.raises((AssertionError, ErrorModelError, ValueError)):
        clause(model)


def test_every_clause_has_a_flaw_that_it_catches() -> None:
    clauses = {name for name in dir(ErrorModelContract) if name.startswith("test_")}
    assert clauses - {clause.__name__ for clause, _ in FLAWS} == {"test_unknown_key_is_refused"}


def test_a_sound_one_passes() -> None:
    for name in dir(ErrorModelContract):
        if name.startswith("test_") and "process" not in name:  # too slow to do once more
            getattr(CONTRACT, name)(Zero())

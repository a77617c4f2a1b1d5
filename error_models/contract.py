"""Tests the contract of an error model, for error models of your own.

    import pytest
    from onnxfi.error_models.contract import ErrorModelContract

    class TestStripe(ErrorModelContract):
        @pytest.fixture(params=[Stripe(), Stripe(width=3)])
        def error_model(self, request):
            return request.param

Nothing else in onnxfi imports this module, which imports no test framework.
"""

import copy
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.error_model import BatchSampler, ErrorModel, Preparable, TargetInfo
from onnxfi.error_models.registry.loading import from_dict, load
from onnxfi.error_models.values.dtypes import DTYPES, FLOATS, INTEGERS, NO_DTYPES
from onnxfi.errors import ErrorModelError

__all__ = ["DTYPES", "FLOATS", "INTEGERS", "NO_DTYPES", "ContractTarget", "ErrorModelContract"]


@dataclass(frozen=True, slots=True)
class ContractTarget:
    """A target to prepare an error model for."""

    tensor: str = "target"
    kind: str = "activation"
    op_type: str = "Conv"


class ErrorModelContract:
    """Tests the rules that every error model must follow.

    A subclass that pytest collects provides the fixture ``error_model``, and overrides the
    attributes that differ.

    Attributes:
        dtypes: the dtypes that the error model supports; it must refuse all others with an
            ErrorModelError.
        shape: shape of a supported golden tensor; large enough for corruptions to differ.
        channel_axis: the channel axis of that shape.
        target: the target that the error model is prepared for.
    """

    dtypes: ClassVar[tuple[np.dtype, ...]] = DTYPES
    shape: ClassVar[tuple[int, ...]] = (2, 3, 4, 5)
    channel_axis: ClassVar[int | None] = 1
    target: ClassVar[TargetInfo] = ContractTarget()

    def golden(self, dtype: np.dtype | None = None) -> np.ndarray:
        """Return a golden tensor of small values, some of them equal.

        Two calls return equal tensors. By default the tensor has the first dtype.
        """
        rng = np.random.default_rng(7)
        dtype = self.dtypes[0] if dtype is None else dtype
        return rng.integers(0, 4, size=self.shape).astype(dtype)

    def draw(self, error_model: ErrorModel, golden: np.ndarray, seed: int = 0) -> Corruption:
        """Draw one corruption with a fresh generator."""
        rng = np.random.default_rng(seed)
        return error_model.sample(golden, channel_axis=self.channel_axis, rng=rng)

    def test_follows_the_protocol(self, error_model: ErrorModel) -> None:
        """It has a name, ``sample`` and ``to_dict``, and ``load`` returns it unchanged."""
        assert isinstance(error_model, ErrorModel)
        assert load(error_model) is error_model

    def test_is_a_value(self, error_model: ErrorModel) -> None:
        """Copies are equal, and its configuration cannot be set."""
        assert copy.deepcopy(error_model) == error_model
        for key in error_model.to_dict()["configuration"]:
            try:
                setattr(error_model, key, 3)
            except AttributeError:
                continue
            raise AssertionError(f"{key} can be set, and an error model must be immutable")

    def test_round_trip(self, error_model: ErrorModel) -> None:
        """``load`` rebuilds it from what ``to_dict`` returned, also through JSON."""
        document = error_model.to_dict()
        assert set(document) == {"name", "configuration"}
        assert document["name"] == error_model.name
        again = from_dict(json.loads(json.dumps(document)))
        assert again == error_model
        assert again.to_dict() == document

    def test_unknown_key_is_refused(self, error_model: ErrorModel) -> None:
        """An unknown key raises an ErrorModelError."""
        document = error_model.to_dict()
        document["configuration"]["no_such_key"] = 1
        message = _refusal(lambda: from_dict(document))
        assert "no_such_key" in message

    def test_same_seed_same_corruption(self, error_model: ErrorModel) -> None:
        """All randomness comes from the given generator."""
        golden = self.golden()
        again = from_dict(error_model.to_dict())
        for seed in range(10):
            drawn = self.draw(error_model, golden, seed)
            np.random.seed(seed)  # noqa: NPY002  # global randomness must not matter
            assert self.draw(error_model, golden, seed) == drawn
            assert self.draw(again, golden, seed) == drawn

    def test_other_seeds_other_corruptions(self, error_model: ErrorModel) -> None:
        """Corruptions differ."""
        golden = self.golden()
        drawn = [self.draw(error_model, golden, seed) for seed in range(30)]
        assert len({(x.indices.tobytes(), x.values.tobytes()) for x in drawn}) > 10

    def test_same_corruptions_in_another_process(self, error_model: ErrorModel) -> None:
        """Neither the process nor its hash seed matters."""
        golden = self.golden()
        (elsewhere,) = digests_elsewhere([error_model], golden, self.channel_axis)
        assert elsewhere == digest(error_model, golden, self.channel_axis)

    def test_dtypes(self, error_model: ErrorModel) -> None:
        """A corruption fits the golden tensor for each supported dtype; all others are refused."""
        for dtype in self.dtypes:
            golden = self.golden(dtype)
            golden.flags.writeable = False
            for seed in range(5):
                corruption = self.draw(error_model, golden, seed)
                sites = corruption.indices
                assert sites.dtype == np.int64, dtype
                assert corruption.values.dtype == dtype
                assert corruption.values.shape == sites.shape, dtype
                assert np.unique(sites).size == sites.size, dtype
                assert not sites.size or 0 <= sites.min() <= sites.max() < golden.size, dtype
                corrupted = corruption.apply(golden)
                assert (corrupted.shape, corrupted.dtype) == (golden.shape, dtype)
        for dtype in (*DTYPES, *NO_DTYPES):
            if dtype not in self.dtypes:
                golden = np.zeros(self.shape, dtype)
                assert str(dtype) in _refusal(lambda: self.draw(error_model, golden))  # noqa: B023

    def test_memory_layout_makes_no_difference(self, error_model: ErrorModel) -> None:
        """Only the shape and values of the golden tensor matter."""
        for dtype in {self.dtypes[0], self.dtypes[-1]}:
            golden = self.golden(dtype)
            strided = np.repeat(golden, 2, axis=-1)[..., ::2]
            for seed in range(5):
                expected = self.draw(error_model, golden, seed)
                for same in (np.asfortranarray(golden), strided):
                    assert self.draw(error_model, same, seed) == expected

    def test_preparing_changes_nothing(self, error_model: ErrorModel) -> None:
        """The error model that ``prepare`` returns, if there is one, draws the same corruptions."""
        if not isinstance(error_model, Preparable):
            return
        for dtype in self.dtypes:
            golden = self.golden(dtype)
            ready = error_model.prepare(self.target, golden)
            for seed in range(3):
                drawn = self.draw(error_model, golden, seed)
                assert self.draw(ready, golden, seed) == drawn, dtype

    def test_drawing_many_at_once(self, error_model: ErrorModel) -> None:
        """``sample_many``, if there is one, draws what ``sample`` draws one by one."""
        for dtype in self.dtypes:
            golden = self.golden(dtype)
            ready = error_model
            if isinstance(error_model, Preparable):
                ready = error_model.prepare(self.target, golden)
            for model in (error_model, ready):
                if isinstance(model, BatchSampler):
                    drawn = model.sample_many(
                        golden,
                        channel_axis=self.channel_axis,
                        generators=_SeededGenerators(),
                        ids=range(3, 9),
                    )
                    expected = [self.draw(error_model, golden, seed) for seed in range(3, 9)]
                    assert list(drawn) == expected, dtype

    def test_not_a_number_in_the_golden_tensor(self, error_model: ErrorModel) -> None:
        """NaN and infinities in the golden tensor are allowed, and make no draw fail."""
        for dtype in self.dtypes:
            if dtype not in FLOATS:
                continue
            golden = self.golden(dtype)
            golden.flat[::7] = np.nan
            golden.flat[1::7] = np.inf
            golden.flat[2::7] = -np.inf
            ready = error_model
            if isinstance(error_model, Preparable):
                ready = error_model.prepare(self.target, golden)
            for seed in range(3):
                drawn = self.draw(error_model, golden, seed)
                assert self.draw(ready, golden, seed) == drawn

    def test_single_number(self, error_model: ErrorModel) -> None:
        """A tensor without axes is corrupted, or refused with an ErrorModelError."""
        for dtype in self.dtypes:
            rng = np.random.default_rng(0)
            try:
                corruption = error_model.sample(np.ones((), dtype), channel_axis=None, rng=rng)
            except ErrorModelError:
                continue
            assert corruption.indices.tolist() in ([], [0]), dtype

    def test_empty_tensor_is_refused(self, error_model: ErrorModel) -> None:
        """A tensor without elements raises an ErrorModelError."""
        shape = (0, *self.shape[1:])
        _refusal(lambda: self.draw(error_model, np.zeros(shape, self.dtypes[0])))


class _SeededGenerators:
    """The generators that ``draw`` uses, by seed."""

    def at(self, injection_id: int) -> np.random.Generator:
        return np.random.default_rng(injection_id)

    def first_words(self, ids: range) -> np.ndarray:
        return np.array([self.at(x).bit_generator.random_raw() for x in ids], np.uint64)


def _refusal(run: Callable[[], object]) -> str:
    """Return the message of the ErrorModelError that a call must raise."""
    try:
        run()
    except ErrorModelError as error:
        return str(error)
    raise AssertionError("no ErrorModelError was raised")


def digest(error_model: ErrorModel, golden: np.ndarray, channel_axis: int | None) -> str:
    """Return the hash of a few corruptions."""
    whole = hashlib.sha256()
    for seed in range(10):
        rng = np.random.default_rng(seed)
        corruption = error_model.sample(golden, channel_axis=channel_axis, rng=rng)
        whole.update(corruption.indices.tobytes() + corruption.values.tobytes())
        whole.update(b"" if corruption.bits is None else corruption.bits.tobytes())
    return whole.hexdigest()


def digests_elsewhere(
    error_models: list[ErrorModel], golden: np.ndarray, channel_axis: int | None
) -> list[str]:
    """Return the digest of each error model, computed by a new process with another hash seed.

    Args:
        error_models: error models that ``load`` rebuilds from their ``to_dict``.
        golden: a tensor with a dtype of NumPy or ml_dtypes.
        channel_axis: its channel axis, or None.
    """
    code = (
        "import json, sys\n"
        "import ml_dtypes\n"
        "import numpy as np\n"
        "from onnxfi.error_models import load\n"
        "from onnxfi.error_models.contract import digest\n"
        "given = json.load(sys.stdin)\n"
        "golden = np.array(given['golden']).astype(given['dtype'])\n"
        "print(json.dumps([digest(load(x), golden, given['axis']) for x in given['models']]))\n"
    )
    given = {
        "golden": golden.astype(np.float64).tolist(),
        "dtype": golden.dtype.name,
        "axis": channel_axis,
        "models": [model.to_dict() for model in error_models],
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(given),
        env=os.environ | {"PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    digests: list[str] = json.loads(done.stdout)
    return digests

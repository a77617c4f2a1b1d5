# ruff: noqa: D102  # a test's name says what it tests
"""What every error model must hold to, run over all of them."""

import copy
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from onnxfi.error_models import ERROR_MODELS, Corruption, ErrorModel, from_dict, load
from onnxfi.errors import ErrorModelError

EVERY_PATTERN = Path(__file__).parent / "data" / "every_pattern.json"
SPECS = (
    "bitflip",
    "bitflip:count=5",
    "bitflip:bit=0,count=3",
    "bitflip:fraction=0.05",
    "zero",
    "zero:count=4",
    "zero:fraction=0.5",
    "random",
    "random:count=7",
    "random:fraction=0.2",
    "random:low=0,high=1.5,count=2",
    f"spatial:model={EVERY_PATTERN}",
    f"spatial:model={EVERY_PATTERN},low=0,high=1.5",
    f"spatial:model={EVERY_PATTERN},pattern=single_block",
)
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOAT8 = (
    ml_dtypes.float8_e3m4,
    ml_dtypes.float8_e4m3,
    ml_dtypes.float8_e4m3b11fnuz,
    ml_dtypes.float8_e4m3fn,
    ml_dtypes.float8_e4m3fnuz,
    ml_dtypes.float8_e5m2,
    ml_dtypes.float8_e5m2fnuz,
)
FLOATS = ("float16", "float32", "float64", ml_dtypes.bfloat16)
NARROW = (ml_dtypes.int4, ml_dtypes.uint4, ml_dtypes.int2, ml_dtypes.uint2)
DTYPES = [np.dtype(dtype) for dtype in (*FLOATS, *FLOAT8, *INTEGERS, *NARROW, "bool")]


def golden_of(dtype: np.dtype, shape: tuple[int, ...] = (2, 3, 4, 5)) -> np.ndarray:
    """Give a tensor of small values, some of them equal."""
    rng = np.random.default_rng(7)
    return rng.integers(0, 4, size=shape).astype(dtype)


def draw(model: ErrorModel, golden: np.ndarray, seed: int = 0) -> Corruption:
    """Draw one corruption with a fresh generator."""
    axis = 1 if golden.ndim > 1 else None
    return model.sample(golden, channel_axis=axis, rng=np.random.default_rng(seed))


def count_in(spec: str, golden: np.ndarray) -> int | None:
    """Tell the number of sites that a text asks for; None where it asks for none."""
    configuration = load(spec).to_dict()["configuration"]
    if "count" not in configuration:
        return None
    if configuration["count"] is not None:
        return int(configuration["count"])
    return max(1, int(configuration["fraction"] * golden.size + 0.5))


def digest(spec: str) -> str:
    """Hash a few corruptions of an error model."""
    whole = hashlib.sha256()
    for seed in range(20):
        corruption = draw(load(spec), golden_of(np.dtype("float32")), seed)
        whole.update(corruption.indices.tobytes() + corruption.values.tobytes())
        if corruption.bits is not None:
            whole.update(corruption.bits.tobytes())
    return whole.hexdigest()


@pytest.fixture(scope="module")
def digests_elsewhere() -> dict[str, str]:
    """Give the digests as another process, with other hash seeds, computes them."""
    code = (
        "import importlib.util, json, sys\n"
        "spec = importlib.util.spec_from_file_location('contract', sys.argv[1])\n"
        "contract = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(contract)\n"
        "print(json.dumps({spec: contract.digest(spec) for spec in contract.SPECS}))\n"
    )
    environment = os.environ | {"PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, __file__],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def test_every_error_model_is_under_contract() -> None:
    assert {load(spec).name for spec in SPECS} == set(ERROR_MODELS)


@pytest.mark.parametrize(
    "spec", SPECS, ids=lambda spec: spec.replace(f"{EVERY_PATTERN.parent}/", "")
)
class TestContract:
    """The contract of one error model."""

    def test_follows_the_protocol(self, spec: str) -> None:
        assert isinstance(load(spec), ErrorModel)

    def test_same_seed_same_corruption(self, spec: str) -> None:
        golden = golden_of(np.dtype("float32"))
        for seed in range(10):
            assert draw(load(spec), golden, seed) == draw(load(spec), golden, seed)

    def test_other_seeds_other_corruptions(self, spec: str) -> None:
        golden = golden_of(np.dtype("float32"))
        drawn = {draw(load(spec), golden, seed).indices.tobytes() for seed in range(30)}
        assert len(drawn) > 10

    def test_global_randomness_has_no_part(self, spec: str) -> None:
        golden = golden_of(np.dtype("float32"))
        before = draw(load(spec), golden)
        np.random.seed(1)  # noqa: NPY002  # the point of the test
        assert draw(load(spec), golden) == before

    def test_other_process_same_corruptions(
        self, spec: str, digests_elsewhere: dict[str, str]
    ) -> None:
        assert digests_elsewhere[spec] == digest(spec)

    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    def test_shape_dtype_and_sites(self, spec: str, dtype: np.dtype) -> None:
        golden = golden_of(dtype)
        before = golden.copy()
        for seed in range(5):
            corruption = draw(load(spec), golden, seed)
            count = count_in(spec, golden) or corruption.indices.size
            assert count > 0
            assert corruption.indices.dtype == np.int64
            assert corruption.indices.shape == corruption.values.shape == (count,)
            assert corruption.values.dtype == dtype
            assert len(set(corruption.indices.tolist())) == count
            assert corruption.indices.min() >= 0
            assert corruption.indices.max() < golden.size
            corrupted = corruption.apply(golden)
            assert (corrupted.shape, corrupted.dtype) == (golden.shape, dtype)
            untouched = np.ones(golden.size, dtype=bool)
            untouched[corruption.indices] = False
            assert np.array_equal(corrupted.reshape(-1)[untouched], golden.reshape(-1)[untouched])
        assert golden.tobytes() == before.tobytes()

    def test_reads_a_frozen_golden_tensor(self, spec: str) -> None:
        golden = golden_of(np.dtype("float32"))
        golden.flags.writeable = False
        draw(load(spec), golden)

    @pytest.mark.parametrize("dtype", ["float32", "int8"])
    def test_layout_makes_no_difference(self, spec: str, dtype: str) -> None:
        golden = golden_of(np.dtype(dtype))
        other_layout = np.asfortranarray(golden)
        strided = np.repeat(golden, 2, axis=3)[..., ::2]
        for seed in range(10):
            expected = draw(load(spec), golden, seed)
            for same in (other_layout, strided):
                assert draw(load(spec), same, seed) == expected
                assert np.array_equal(expected.apply(same), expected.apply(golden), equal_nan=True)

    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    def test_scalar(self, spec: str, dtype: np.dtype) -> None:
        golden = np.array(1, dtype=dtype)
        if (count_in(spec, golden) or 1) > 1:
            with pytest.raises(ErrorModelError, match="which has 1, got count="):
                draw(load(spec), golden)
            return
        if "pattern=single_block" in spec:
            with pytest.raises(ErrorModelError, match="single_block needs a larger target"):
                draw(load(spec), golden)
            return
        corruption = draw(load(spec), golden)
        assert corruption.indices.tolist() == [0]
        assert corruption.apply(golden).shape == ()

    def test_empty_tensor_is_refused(self, spec: str) -> None:
        with pytest.raises(ErrorModelError, match="which has 0"):
            draw(load(spec), np.zeros((0, 3), dtype=np.float32))

    @pytest.mark.parametrize("dtype", ["complex64", "U3", "O", ml_dtypes.float4_e2m1fn])
    def test_other_dtypes_are_refused(self, spec: str, dtype: str) -> None:
        with pytest.raises(ErrorModelError, match="got the dtype"):
            draw(load(spec), np.zeros(20, dtype=dtype))

    @pytest.mark.parametrize(
        "dtype", ["float16", "float32", "float64", ml_dtypes.bfloat16, ml_dtypes.float8_e5m2]
    )
    def test_nan_and_inf_in_the_golden_tensor(self, spec: str, dtype: str) -> None:
        golden = golden_of(np.dtype(dtype))
        golden[0] = np.nan
        golden[1, 0] = np.inf
        golden[1, 1] = -np.inf
        for seed in range(10):
            assert draw(load(spec), golden, seed) == draw(load(spec), golden, seed)

    def test_round_trip(self, spec: str) -> None:
        model = load(spec)
        document = model.to_dict()
        assert set(document) == {"name", "configuration"}
        assert from_dict(json.loads(json.dumps(document))) == model
        assert from_dict(document).to_dict() == document
        assert load(model) is model
        assert copy.deepcopy(model) == model

    def test_unknown_key(self, spec: str) -> None:
        document = load(spec).to_dict()
        key = next(iter(document["configuration"]))
        document["configuration"][f"{key}x"] = 1
        with pytest.raises(ErrorModelError, match=rf"keys .*{key}.*did you mean '{key}'"):
            from_dict(document)

    def test_is_immutable(self, spec: str) -> None:
        with pytest.raises(AttributeError):
            setattr(load(spec), next(iter(load(spec).to_dict()["configuration"])), 3)

# ruff: noqa: D102  # a test's name says what it tests
"""The error models of onnxfi under the contract that every error model must hold to."""

from pathlib import Path

import numpy as np
import pytest

from onnxfi.error_models import ERROR_MODELS, ErrorModel, from_dict, load
from onnxfi.error_models.contract import (
    DTYPES,
    FLOATS,
    ErrorModelContract,
    digest,
    digests_elsewhere,
)
from onnxfi.errors import ErrorModelError

EVERY_PATTERN = Path(__file__).parent / "data" / "every_pattern.json"
SPECS = (
    "bitflip",
    "bitflip:count=5",
    "bitflip:bit=0,count=3",
    "bitflip:fraction=0.05",
    "bitflip:bits_per_value=1,adjacent=true,rate=0.1",
    "stuckat:value=0,count=6",
    "stuckat:value=1,rate=0.2",
    "zero",
    "zero:count=4",
    "zero:fraction=0.5",
    "constant:value=1,count=2",
    "random",
    "random:count=7",
    "random:fraction=0.2",
    "random:low=0,high=1.5,count=2",
    "random:distribution=normal,count=3",
    "random:distribution=normal,mean=1,deviation=2,rate=0.3",
    "noise:magnitude=0.5,count=4",
    "noise:magnitude=2,mode=multiplicative,distribution=uniform,rate=0.5",
    "scale:factor=-3,fraction=0.1",
    "inf",
    "inf:sign=any,count=8",
    "zero:count=3,region.channels=[0,2],region.rows=1-3",
    "bitflip:rate=0.2,region.box=[all,1-2,all,0-2]",
    "upset",
    "upset:cells=60,code=secded72",
    "upset:cells=9,adjacent=true,code=secded72,interleave=3",
    "upset:ber=0.02,code=dected",
    f"spatial:model={EVERY_PATTERN}",
    f"spatial:model={EVERY_PATTERN},low=0,high=1.5",
    f"spatial:model={EVERY_PATTERN},pattern=single_block",
)
FLOAT_SPECS = ("nan", "nan:count=3", "bitflip:bit=exponent", "stuckat:value=1,bit=mantissa,count=4")
FORMAT_SPECS = (
    "upset:format=bf16,cells=3",
    "upset:format=int8,code=secded39,cells=40",
    "upset:format=posit16,ber=0.01,code=parity,detected=keep",
)
SEVERAL_BITS = ("bitflip:bits_per_value=3,count=2", "bitflip:bits_per_value=4,adjacent=true")
ALL = (*SPECS, *FLOAT_SPECS, *FORMAT_SPECS, *SEVERAL_BITS)
GOLDEN = np.random.default_rng(1).integers(0, 4, (2, 3, 4, 5)).astype(np.float32)


def short(spec: str) -> str:
    """Give the id of a case."""
    return spec.replace(f"{EVERY_PATTERN.parent}/", "")


@pytest.fixture(scope="module")
def elsewhere() -> dict[str, str]:
    """Give the digests of all error models as one other process computes them."""
    return dict(zip(ALL, digests_elsewhere([load(x) for x in ALL], GOLDEN, 1), strict=True))


class OurContract(ErrorModelContract):
    """The contract, and what else holds for the error models of onnxfi."""

    @pytest.fixture
    def error_model(self, spec: str) -> ErrorModel:
        return load(spec)

    def test_same_corruptions_in_another_process(  # type: ignore[override]
        self, error_model: ErrorModel, spec: str, elsewhere: dict[str, str]
    ) -> None:
        assert elsewhere[spec] == digest(error_model, GOLDEN, 1)

    def test_number_of_sites(self, error_model: ErrorModel) -> None:
        configuration = error_model.to_dict()["configuration"]
        count, fraction = configuration.get("count"), configuration.get("fraction")
        if configuration.get("region") or (count is None and fraction is None):
            return
        count = count or max(1, int(fraction * GOLDEN.size + 0.5))
        for seed in range(5):
            assert self.draw(error_model, self.golden(), seed).indices.size == count

    def test_unknown_key_is_told_the_closest(self, error_model: ErrorModel) -> None:
        document = error_model.to_dict()
        key = next(iter(document["configuration"]))
        document["configuration"][f"{key}x"] = 1
        with pytest.raises(ErrorModelError, match=rf"keys .*{key}.*did you mean '{key}'"):
            from_dict(document)

    def test_empty_tensor_is_named(self, error_model: ErrorModel) -> None:
        with pytest.raises(ErrorModelError, match="which has none"):
            self.draw(error_model, np.zeros((0, 3, 4, 5), self.dtypes[0]))

    def test_single_number_in_words(self, spec: str, error_model: ErrorModel) -> None:
        configuration = error_model.to_dict()["configuration"]
        if configuration.get("region"):
            return
        for dtype in self.dtypes:
            golden, rng = np.array(1, dtype=dtype), np.random.default_rng(0)
            if (configuration.get("count") or 1) > 1:
                with pytest.raises(ErrorModelError, match="which has 1, got count="):
                    error_model.sample(golden, channel_axis=None, rng=rng)
            elif "pattern=single_block" in spec:
                with pytest.raises(ErrorModelError, match="single_block needs a larger target"):
                    error_model.sample(golden, channel_axis=None, rng=rng)
            else:
                corruption = error_model.sample(golden, channel_axis=None, rng=rng)
                assert corruption.indices.tolist() in (
                    [[], [0]] if "rate" in spec or "upset" in spec else [[0]]
                )
                assert corruption.apply(golden).shape == ()


class TestContract(OurContract):
    """Error models that take every dtype."""

    @pytest.fixture(params=SPECS, ids=short)
    def spec(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)


class TestContractOfFloats(OurContract):
    """Error models that take floats only."""

    dtypes = FLOATS

    @pytest.fixture(params=(*FLOAT_SPECS, *FORMAT_SPECS))
    def spec(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)


class TestContractOfSeveralBits(OurContract):
    """Error models that take dtypes of several bits."""

    dtypes = tuple(x for x in DTYPES if x.name not in ("bool", "int2", "uint2"))

    @pytest.fixture(params=SEVERAL_BITS)
    def spec(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)


def test_every_error_model_is_under_contract() -> None:
    # Those that read an operation draw nothing without one: see hardware/test_register.py.
    alone = {x for x, kind in ERROR_MODELS.items() if not hasattr(kind, "with_operation")}
    assert {load(spec).name for spec in ALL} == alone

"""Tests profiles against NumPy over the whole data set."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.campaign import Campaign
from onnxfi.error_models import Profile, RandomValue, SpatialModel, load
from onnxfi.error_models.contract import ContractTarget
from onnxfi.errors import ErrorModelError
from onnxfi.run_directory import read_records
from tests.support.small_graphs import model as make_model
from tests.support.small_graphs import node, value, weights


@pytest.fixture
def chain(tmp_path: Path) -> onnxfi.Model:
    proto = make_model(
        [node("MatMul", "x w", "a"), node("Relu", "a", "b"), node("Log", "b", "y")],
        [value("x", ["N", 4])],
        [value("y", ["N", 4])],
        {"w": weights(4, 4)},
    )
    onnx.save(proto, tmp_path / "chain.onnx")
    return onnxfi.load(tmp_path / "chain.onnx")


def test_it_agrees_with_all_values_at_once(chain: onnxfi.Model) -> None:
    samples = 50 * np.random.default_rng(0).standard_normal((300, 4)).astype(np.float32)
    inputs = ({"x": samples[place : place + 7]} for place in range(0, 300, 7))
    made = onnxfi.profile(chain, ["x", "a", "w", "y"], inputs, provider="cpu")
    assert made.inputs == 43
    a = (samples @ weights(4, 4)).astype(np.float64)
    for name, values in (("x", samples), ("a", a)):
        found = made.tensors[name]
        assert (found.count, found.nan, found.infinite) == (1200, 0, 0)
        assert found.min == pytest.approx(values.min(), rel=1e-6)
        assert found.max == pytest.approx(values.max(), rel=1e-6)
        assert found.mean == pytest.approx(values.mean(), rel=1e-5, abs=1e-5)
        assert found.deviation == pytest.approx(values.std(), rel=1e-5)
        for percent, got in found.percentiles.items():
            exact = np.percentile(values, float(percent), method="inverted_cdf")
            assert abs(exact) * (1 - 2**-7) <= abs(got) <= abs(exact) * (1 + 1e-6)
            assert np.sign(got) == np.sign(exact)
    assert made.tensors["w"].max == weights(4, 4).max()
    # The logarithm of what Relu made zero.
    assert made.tensors["y"].infinite == (a <= 0).sum()
    assert made.tensors["y"].max == pytest.approx(np.log(a[a > 0]).max(), rel=1e-6)


def test_small_integers_are_exact() -> None:
    proto = make_model(
        [node("Identity", "x", "y")],
        [value("x", ["N"], onnx.TensorProto.INT8)],
        [value("y", ["N"], onnx.TensorProto.INT8)],
    )
    path_free = onnxfi.Model(onnx_ir_of(proto))
    samples = np.arange(-100, 101, dtype=np.int8)
    found = onnxfi.profile(path_free, ["y"], [{"x": samples}], provider="cpu").tensors["y"]
    assert (found.min, found.max) == (-100, 100)
    assert found.percentiles == {
        key: np.percentile(samples, float(key), method="inverted_cdf") for key in found.percentiles
    }


def onnx_ir_of(proto: onnx.ModelProto):  # type: ignore[no-untyped-def]
    import onnx_ir as ir

    return ir.from_proto(proto)


def test_error_models_take_the_range(tmp_path: Path, chain: onnxfi.Model) -> None:
    samples = np.random.default_rng(0).standard_normal((64, 4)).astype(np.float32)
    made = onnxfi.profile(chain, ["a"], [{"x": samples}], provider="cpu")
    made.save(tmp_path / "profile.json")
    assert Profile.load(tmp_path / "profile.json") == made
    low, high = made.tensors["a"].min, made.tensors["a"].max
    golden = np.zeros((1, 4), np.float32)
    for spec in ("random", "spatial:model=conv"):
        joint = "," if ":" in spec else ":"
        wanted = load(f"{spec}{joint}profile={tmp_path / 'profile.json'}")
        assert load(wanted.to_dict()) == wanted
        assert isinstance(wanted, RandomValue | SpatialModel)
        told = wanted.prepare(ContractTarget("a"), None)
        assert (told.low, told.high) == (low, high)
        assert told.prepare(ContractTarget("a"), golden).high == high
        with pytest.raises(ErrorModelError, match="call prepare first"):
            wanted.sample(golden, channel_axis=1, rng=np.random.default_rng(0))
        with pytest.raises(ErrorModelError, match=r"the target 'aa', which it lacks.*'a'"):
            wanted.prepare(ContractTarget("aa"), golden)
    normal = RandomValue(distribution="normal", profile=tmp_path / "profile.json").prepare(
        ContractTarget("a"), None
    )
    assert (normal.mean, normal.deviation) == (
        made.tensors["a"].mean,
        made.tensors["a"].deviation,
    )
    with pytest.raises(ErrorModelError, match="got both"):
        SpatialModel(model="conv", low=0, high=1, profile=tmp_path / "profile.json")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "onnxfi.profile/2"}', '{"schema": "onnxfi.profile/1"}']
)
def test_a_file_that_is_no_profile(tmp_path: Path, text: str) -> None:
    (tmp_path / "profile.json").write_text(text)
    with pytest.raises(ErrorModelError, match="a profile must be"):
        RandomValue(profile=tmp_path / "profile.json")


def test_a_campaign_takes_its_path_from_the_configuration(
    work: Path, write: Callable[..., Path]
) -> None:
    made = {
        "schema": "onnxfi.profile/1",
        "inputs": 1,
        "tensors": {
            name: {"count": 1, "nan": 0, "infinite": 0, "min": low, "max": low + 1}
            | {"mean": low, "deviation": 0, "percentiles": {}}
            for name, low in (("conv", 1000), ("relu", 2000))
        },
    }
    (work / "profile.json").write_text(json.dumps(made))
    entry = {"name": "random", "configuration": {"profile": "profile.json"}}
    path = write(targets={"tensors": ["conv", "relu"]}, error_models=[entry])
    rows = read_records(Campaign.from_yaml(path, out=work / "run").run().path).to_pylist()
    assert {row["error_model"] for row in rows} == {"random:profile=profile.json"}
    for row in rows:
        low = 1000 if row["target"] == "conv" else 2000
        assert all(low <= x <= low + 1 for x in row["values"])

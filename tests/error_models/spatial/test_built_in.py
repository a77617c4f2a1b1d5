"""The built-in spatial models, and choosing one by the operator."""

import copy
import json
import re
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import onnxfi
from onnxfi.error_models import SpatialModel, load
from onnxfi.error_models.contract import ContractTarget
from onnxfi.error_models.registry.loading import map_paths
from onnxfi.error_models.spatial.library import (
    MODEL_OF_OPERATOR,
    MODELS,
    built_in_model,
    model_path,
)
from onnxfi.errors import ErrorModelError
from onnxfi.graph import Model
from onnxfi.injector import Injector
from tests.support.small_graphs import random_inputs, skips

ROOT = Path(__file__).parents[3]


def test_each_file_is_a_model_and_is_installed() -> None:
    folder = model_path("conv").parent
    files = folder.glob("*.json")
    assert {path.stem for path in files} == {*MODELS}
    with (ROOT / "pyproject.toml").open("rb") as file:
        data = tomllib.load(file)["tool"]["setuptools"]["package-data"]
    patterns = data["onnxfi.error_models.spatial.library"]
    for name in MODELS:
        assert any(fnmatchcase(model_path(name).name, pattern) for pattern in patterns)


def test_each_operator_has_one_of_them() -> None:
    assert set(MODEL_OF_OPERATOR.values()) == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_each_tells_its_source(name: str) -> None:
    file = built_in_model(name)
    assert (file.observations or 0) > 800
    assert "10.1109/TC.2022.3184274" in file.source
    assert "10589/210019" in file.source


@pytest.mark.parametrize("name", MODELS)
def test_frequencies_add_up(name: str) -> None:
    patterns = json.loads(model_path(name).read_text(encoding="utf-8"))["patterns"]
    parts = [part for each in patterns.values() for part in each.values() if type(part) is list]
    assert len(parts) > len(patterns)
    for whole in (patterns.values(), *parts):
        assert sum(each["frequency"] for each in whole) == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize(
    ("model", "pattern", "observed"),
    [
        # The counts of the published files.
        ("conv", "skip_4", 5233 / 11707),
        ("avgpool", "single_block", 2408 / 4571),
        ("avgpool", "multi_channel_block", 1675 / 4571),
        ("batchnorm", "single_channel_alternated_blocks", 989 / 4204),
        ("bias_add", "single_block", 2888 / 3620),
        ("sigmoid", "shattered_channel", 808 / 1860),
        ("tanh", "bullet_wake", 917 / 2106),
    ],
)
def test_figures_are_the_published_ones(model: str, pattern: str, observed: float) -> None:
    shares = {each.pattern: share for each, share in built_in_model(model).distribution.shares()}
    assert shares[pattern] == pytest.approx(observed, abs=2e-4)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("shape", [(1, 4, 4, 4), (1, 16, 9, 13), (1, 512, 7, 7), (1, 1000)])
def test_each_model_draws_on_any_shape(name: str, shape: tuple[int, ...]) -> None:
    golden = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    model = SpatialModel(name)
    rng = np.random.default_rng(2)
    for _ in range(10):
        corruption = model.sample(golden, channel_axis=1, rng=rng)
        assert 0 < corruption.indices.size <= golden.size
        assert corruption.pattern is not None


@pytest.mark.parametrize("op_type", MODEL_OF_OPERATOR)
def test_auto_is_the_model_of_the_operator(op_type: str) -> None:
    auto = load("spatial:model=auto,low=-1,high=2,pattern=single_block")
    if "single_block" in {
        each.pattern for each in built_in_model(MODEL_OF_OPERATOR[op_type]).distribution.items
    }:
        assert isinstance(auto, SpatialModel)
        named = auto.prepare(ContractTarget(op_type=op_type), None)
        assert named == SpatialModel(MODEL_OF_OPERATOR[op_type], -1, 2, "single_block")
    auto = load("spatial:model=auto")
    assert isinstance(auto, SpatialModel)
    assert auto.prepare(ContractTarget(op_type=op_type), None) == SpatialModel(
        MODEL_OF_OPERATOR[op_type]
    )
    assert auto.to_dict()["configuration"]["model"] == "auto"
    assert load(auto.to_dict()) == auto == copy.deepcopy(auto)


def test_a_named_model_is_kept_whatever_the_operator() -> None:
    model = SpatialModel("relu")
    assert model.prepare(ContractTarget(op_type="Conv"), None) is model
    assert model.prepare(ContractTarget(op_type="Softmax"), None) is model


def test_operators_without_a_model_are_told_those_with_one() -> None:
    with pytest.raises(ErrorModelError) as caught:
        SpatialModel("auto").prepare(ContractTarget(op_type="Softmax"), None)
    for op_type in (*MODEL_OF_OPERATOR, "Softmax"):
        assert re.search(rf"\b{op_type}\b", str(caught.value))
    with pytest.raises(ErrorModelError, match="call prepare"):
        SpatialModel("auto").sample(
            np.zeros((1, 4), np.float32), channel_axis=1, rng=np.random.default_rng(0)
        )


def test_names_are_no_paths() -> None:
    def change(path: str) -> str:
        return f"/folder/{path}"

    for name in ("auto", *MODELS):
        assert map_paths("spatial", {"model": name}, change) == {"model": name}
    assert map_paths("spatial", {"model": "x.json"}, change) == {"model": "/folder/x.json"}


def draws(model: Model, target: str, error_model: Any) -> list[Any]:
    with Injector(model, target, provider="cpu") as injector:
        golden = injector.golden(random_inputs(skips()))
        return [x.corruption for x in injector.inject(golden, error_model, count=8, seed=4)]


def test_injections_draw_with_the_model_of_their_target() -> None:
    model = onnxfi.load(skips())
    auto = SpatialModel("auto")
    for target, name in (("c1", "conv"), ("r1", "relu"), ("p", "maxpool"), ("s", "bias_add")):
        assert draws(model, target, auto) == draws(model, target, SpatialModel(name))
    for target in ("g", "k1", "x"):
        with pytest.raises(ErrorModelError, match="needs a target made by an operator"):
            draws(model, target, auto)

"""Records of the benchmark's architectures: with all that makes campaigns fast, and without."""

from itertools import chain
from pathlib import Path
from typing import Any

import pytest

import onnxfi
from onnxfi.error_models import BitFlip, SpatialModel
from tests.support.record_checks import assert_same
from tools.benchmark.models import make, spread_targets

# Targets, and injections at each: bit flips, and a tenth as many spatial patterns.
BY_DAY = {"mobilenet_v2": (1, 60)}
BY_NIGHT = {
    "lenet": (2, 3000),
    "squeezenet": (4, 1000),
    "mobilenet_v2": (4, 1000),
    "densenet121": (4, 400),
    "resnet50": (3, 300),
    "unet": (3, 200),
    "vgg16": (3, 200),
}


@pytest.mark.live
@pytest.mark.usefixtures("live")
@pytest.mark.parametrize(
    ("name", "targets", "count"),
    [
        *(pytest.param(x, *y) for x, y in BY_DAY.items()),
        *(pytest.param(x, *y, marks=pytest.mark.nightly) for x, y in BY_NIGHT.items()),
    ],
)
def test_all_is_the_same(name: str, targets: int, count: int, tmp_path: Path) -> None:
    benchmarked = make(name, tmp_path)
    for target in spread_targets(benchmarked.model, targets):
        found = []
        ways: tuple[dict[str, Any], ...] = ({}, {"propagation": False, "lanes": 1})
        for how in ways:
            with onnxfi.Injector(
                benchmarked.model, target, provider="cpu", threads=1, **how
            ) as injector:
                golden = injector.golden(benchmarked.feeds)
                flips = injector.inject(golden, BitFlip(), count=count)
                patterns = injector.inject(golden, SpatialModel(model="conv"), count=count // 10)
                found.append(list(chain(flips, patterns)))
        assert_same(*found)

"""Targets of one model share what trials found."""

import numpy as np
import pytest

import onnxfi
from onnxfi.error_models import BitFlip
from onnxfi.suffix import Experience, Policy
from tests.support.models.light_models import densified
from tests.support.record_checks import assert_same
from tests.support.small_graphs import random_inputs


def test_injectors_of_one_model_share_it() -> None:
    model = onnxfi.load(densified("light_squeezenet"))
    one, other = (Experience.with_model(model, provider="cpu", threads=1) for _ in range(2))
    assert one is other
    assert one is not Experience.with_model(model, provider="cpu", threads=2)


@pytest.mark.thorough
def test_windows_of_a_second_target_change_nothing() -> None:
    proto = densified("light_squeezenet")
    model, feeds = onnxfi.load(proto), random_inputs(proto)
    targets = model.targets(op="Conv", kind="activation")[3:7:3]
    experience = Experience.with_model(model, provider="cpu", threads=1)
    for target in targets:
        found = []
        for how in ({"policy": Policy.force("windows")}, {"propagation": False, "lanes": 1}):
            with onnxfi.Injector(model, target, provider="cpu", threads=1, **how) as injector:
                golden = injector.golden(feeds)
                found.append(list(injector.inject(golden, BitFlip(), count=12)))
        assert_same(*found)
        assert experience.window_work == np.inf

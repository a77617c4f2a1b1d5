"""Error models that read the whole golden tensor do so once, and draw the same."""

from unittest import mock

import numpy as np

from onnxfi import Injector, load
from onnxfi.error_models import Constant, RandomValue, random_value
from onnxfi.injector.randomness import injection_rng
from tests.support import small_graphs

INPUTS = {"x": np.random.default_rng(5).standard_normal((3, 4)).astype(np.float32)}


def test_corruptions_are_those_of_the_error_model_itself() -> None:
    model = RandomValue(count=3)
    with Injector(load(small_graphs.chain()), "a", provider="cpu") as injector:
        golden = injector.golden(INPUTS)
        with mock.patch.object(
            random_value,
            "value_range",
            wraps=random_value.value_range,  # type: ignore[attr-defined]
        ) as reading:
            injections = list(injector.inject(golden, model, count=30, seed=2))
        assert reading.call_count == 1
        for injection in injections:
            rng = injection_rng(2, injection.id)
            axis = injector.target.channel_axis
            expected = model.sample(golden.target, channel_axis=axis, rng=rng)
            assert injection.corruption == expected


def test_a_target_downstream_of_another_is_read_anew() -> None:
    models = [Constant(1000, fraction=1.0), RandomValue(count=4)]
    with Injector(load(small_graphs.chain()), ["a", "b"], provider="cpu") as injector:
        golden = injector.golden(INPUTS)
        for injection in injector.inject(golden, models, count=3):
            assert injection.corruptions[1].values.tolist() == [1000.0] * 4

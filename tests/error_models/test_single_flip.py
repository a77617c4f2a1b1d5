"""BitFlip that has read its golden tensor draws what it draws without."""

from typing import Any, Literal

import ml_dtypes
import numpy as np
import pytest

from onnxfi.error_models import BitFlip
from onnxfi.error_models.contract import ContractTarget
from onnxfi.error_models.single_flip import SingleFlip
from onnxfi.errors import ErrorModelError

DTYPES = [
    *(np.float16, np.float32, np.float64, np.int8, np.uint8, np.int64, np.bool_),
    *(ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.int4),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bit", ["any", 0])
def test_the_same_corruptions_and_the_same_draws(dtype: Any, bit: Literal["any"] | int) -> None:
    values = np.random.default_rng(0).normal(0, 3, (3, 5, 4))
    golden = values.astype(np.int8).astype(dtype).transpose(2, 0, 1)  # not contiguous
    model = BitFlip(bit=bit)
    fast = model.prepare(ContractTarget(), golden)
    assert isinstance(fast, SingleFlip)
    for seed in range(50):
        one, other = (np.random.default_rng(seed) for _ in range(2))
        assert fast.sample(golden, channel_axis=None, rng=one) == model.sample(
            golden, channel_axis=None, rng=other
        )
        assert one.bit_generator.state == other.bit_generator.state
    assert fast.to_dict() == model.to_dict()


@pytest.mark.parametrize(
    "model",
    [
        BitFlip(count=2),
        BitFlip(rate=0.1),
        BitFlip(fraction=0.01),
        BitFlip(bits_per_value=2),
        BitFlip(region={"channels": [0]}),
    ],
)
def test_other_bit_flips_stay_as_they_are(model: BitFlip) -> None:
    assert model.prepare(ContractTarget(), np.zeros((2, 3, 4), np.float32)) is model


def test_a_bit_that_the_dtype_lacks() -> None:
    with pytest.raises(ErrorModelError, match="from 0 to 31"):
        BitFlip(bit=40).prepare(ContractTarget(), np.zeros(3, np.float32))
    with pytest.raises(ErrorModelError, match="dtype"):
        BitFlip().prepare(ContractTarget(), np.array(["text"]))

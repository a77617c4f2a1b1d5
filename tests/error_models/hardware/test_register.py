"""Tests the error model that draws faults in registers."""

import copy
import json

import numpy as np
import pytest

from onnxfi.error_models import Corruption, Operation, OperationReader, Register, from_dict, load
from onnxfi.error_models.contract import ContractTarget
from onnxfi.error_models.hardware import convolution
from onnxfi.errors import ErrorModelError

FAULTS = ("input", "weight", "input16", "weight16", "accumulator", "output", "control")
X, W = (2, 3, 6, 20), (20, 3, 3, 3)
GEOMETRY = convolution(X, W, strides=[1, 1], dilations=[1, 1], pads=[1, 1, 1, 1])


def operation(dtype: str = "float32", **others: object) -> Operation:
    """Return a convolution with random operands."""
    rng = np.random.default_rng(3)
    x, w = (rng.integers(-9, 10, shape).astype(dtype) for shape in (X, W))
    return Operation(GEOMETRY, x, w, **others)  # type: ignore[arg-type]


def golden(dtype: str = "float32") -> np.ndarray:
    """Return some output; only differences are added to it."""
    return np.ones(GEOMETRY.y_shape, dtype)


def drawn(spec: str, seed: int, dtype: str = "float32") -> Corruption:
    """Draw one corruption."""
    model = load(spec)
    assert isinstance(model, OperationReader)
    ready = model.with_operation(operation(dtype))
    rng = np.random.default_rng(seed)
    return ready.sample(golden("int32" if dtype == "int8" else dtype), channel_axis=1, rng=rng)


@pytest.mark.parametrize("fault", FAULTS)
def test_is_a_value(fault: str) -> None:
    """It is rebuilt from its mapping, equal to copies and immutable."""
    model = load(f"register:fault={fault},k=2,t=8,bit=3")
    assert from_dict(json.loads(json.dumps(model.to_dict()))) == model
    assert copy.deepcopy(model) == model
    with pytest.raises(AttributeError):
        model.k = 5  # type: ignore[attr-defined]


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
@pytest.mark.parametrize("fault", FAULTS)
def test_all_randomness_comes_from_the_generator(fault: str, dtype: str) -> None:
    """The same seed gives the same corruption, other seeds give others."""
    made = [drawn(f"register:fault={fault}", seed, dtype) for seed in range(20)]
    assert made == [drawn(f"register:fault={fault}", seed, dtype) for seed in range(20)]
    assert len({x.indices.tobytes() + x.values.tobytes() for x in made}) > 10


def test_input16_hits_neighbouring_channels_at_one_position() -> None:
    """All sites lie in one block of k² channels."""
    for seed in range(40):
        corruption = drawn("register:fault=input16,bit=exponent", seed)
        batch, channel, row, column = np.unravel_index(corruption.indices, GEOMETRY.y_shape)
        for axis in (batch, row, column, channel // 16):
            assert np.unique(axis).size <= 1
    sizes = {drawn("register:fault=input16,bit=30", seed).indices.size for seed in range(40)}
    assert max(sizes) > 4
    assert drawn("register:fault=input16,bit=30,k=1", 0).indices.size <= 1


def test_weight16_hits_neighbouring_positions_of_one_row() -> None:
    """All sites lie in one run of t positions of one row of one channel."""
    sizes = set()
    for seed in range(60):
        corruption = drawn("register:fault=weight16,bit=sign", seed)
        batch, channel, row, column = np.unravel_index(corruption.indices, GEOMETRY.y_shape)
        for axis in (batch, row, channel, column // 16):
            assert np.unique(axis).size <= 1
        sizes.add(corruption.indices.size)
    assert max(sizes) > 8


def test_unsuitable_targets_are_refused() -> None:
    """The messages name the rule."""
    model = Register()
    assert model.prepare(ContractTarget(), None) == model
    with pytest.raises(ErrorModelError, match="Relu"):
        model.prepare(ContractTarget(op_type="Relu"), None)
    with pytest.raises(ErrorModelError, match="operands=True"):
        model.sample(golden(), channel_axis=1, rng=np.random.default_rng(0))
    with pytest.raises(ErrorModelError, match="shape"):
        model.with_operation(operation()).sample(
            np.ones(3, np.float32), channel_axis=1, rng=np.random.default_rng(0)
        )
    ready = Register("output").with_operation(operation("int8", rescaling="dequantised"))
    with pytest.raises(ErrorModelError, match="QuantizeLinear"):
        ready.sample(golden(), channel_axis=1, rng=np.random.default_rng(0))
    for wrong in ("fault=nothing", "engine=tpu", "k=0", "t=0", "bit=99"):
        with pytest.raises(ErrorModelError, match="register"):
            load(f"register:{wrong}")

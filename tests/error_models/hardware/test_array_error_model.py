"""Tests the error model that draws faults in PEs."""

import json

import numpy as np
import pytest

from onnxfi.error_models import Corruption, Operation, OperationReader, from_dict, load
from onnxfi.error_models.contract import ContractTarget
from onnxfi.error_models.hardware import product
from onnxfi.errors import ErrorModelError

M, K, N = 9, 7, 10
RNG = np.random.default_rng(2)
OPERATIONS = {
    "float32": Operation(
        product((M, K), (K, N)),
        RNG.normal(size=(M, K)).astype(np.float32),
        RNG.normal(size=(K, N)).astype(np.float32),
    ),
    "int32": Operation(
        product((M, K), (K, N)),
        RNG.integers(0, 255, (M, K)).astype(np.uint8),
        RNG.integers(-99, 99, (K, N)).astype(np.int8),
        x_zero=np.array([3]),
    ),
}
GOLDEN = {
    "float32": OPERATIONS["float32"].x @ OPERATIONS["float32"].w,
    "int32": (OPERATIONS["int32"].x.astype(np.int32) - 3) @ OPERATIONS["int32"].w.astype(np.int32),
}


def draw(spec: str, seed: int, dtype: str = "int32") -> Corruption:
    """Draw one corruption."""
    model = load(spec)
    assert isinstance(model, OperationReader)
    ready = model.with_operation(OPERATIONS[dtype])
    return ready.sample(GOLDEN[dtype], channel_axis=1, rng=np.random.default_rng(seed))


def test_is_a_value() -> None:
    """It is rebuilt from its mapping."""
    for spec in (
        "array",
        "array:size=4x8,dataflow=is,pe=[3,7],register=weight,bit=2,stuck=0",
        "array:register=input,bit=sign,cycle=40",
    ):
        model = load(spec)
        assert from_dict(json.loads(json.dumps(model.to_dict()))) == model


@pytest.mark.parametrize("dtype", OPERATIONS)
@pytest.mark.parametrize("flow", ["os", "ws", "is"])
def test_all_randomness_comes_from_the_generator(flow: str, dtype: str) -> None:
    """The same seed gives the same corruption, and the pattern names register and PE."""
    spec = f"array:size=3x4,dataflow={flow},stuck=any"
    made = [draw(spec, seed, dtype) for seed in range(14)]
    assert made == [draw(spec, seed, dtype) for seed in range(14)]
    assert len({x.pattern for x in made}) > 5
    assert sum(x.indices.size > 0 for x in made) > 2


@pytest.mark.parametrize("flow", ["os", "ws", "is"])
@pytest.mark.parametrize("register", ["valid", "propagate"])
@pytest.mark.parametrize("stuck", [0, 1, None])
def test_floats_equal_integers(flow: str, register: str, stuck: int | None) -> None:
    """Faults in control change small whole numbers alike in floats and in integers."""
    rng = np.random.default_rng(4)
    x, w = rng.integers(-5, 6, (M, K)), rng.integers(-5, 6, (K, N))
    key = "" if stuck is None else f",stuck={stuck}"
    spec = f"array:size=3x4,dataflow={flow},register={register}{key}"
    for seed in range(10):
        made = []
        for kind, sums in ((np.int8, np.int32), (np.float32, np.float32)):
            operation = Operation(product((M, K), (K, N)), x.astype(kind), w.astype(kind))
            golden = (x @ w).astype(sums)
            model = load(spec)
            assert isinstance(model, OperationReader)
            ready = model.with_operation(operation)
            generator = np.random.default_rng(seed)
            made.append(ready.sample(golden, channel_axis=1, rng=generator).apply(golden))
        np.testing.assert_array_equal(made[0], made[1])


def test_stuck_accumulator_of_a_large_array_hits_one_output_at_most_in_its_row() -> None:
    """PE(r, c) of an output-stationary array sums one output; the rows above pass through it."""
    corruption = draw(
        "array:size=16x16,dataflow=os,pe=[4,6],register=accumulator,bit=30,stuck=1", 0
    )
    rows, columns = np.unravel_index(corruption.indices, (M, N))
    assert set(columns.tolist()) == {6}
    assert max(rows.tolist()) == 4
    outside = draw("array:dataflow=os,pe=[4,12],register=accumulator,bit=30,stuck=1", 0)
    assert not outside.indices.size


def test_wrong_values_are_refused() -> None:
    """The messages name the object and the rule."""
    for wrong in (
        "size=16",
        "size=0x4",
        "dataflow=rs",
        "pe=[16,0]",
        "pe=3",
        "register=psum",
        "bit=3",
        "register=valid,bit=0",
        "stuck=2",
        "stuck=1,cycle=4",
        "cycle=-1",
    ):
        with pytest.raises(ErrorModelError, match="array"):
            load(f"array:{wrong}")
    with pytest.raises(ErrorModelError, match="cycles"):
        draw("array:cycle=100000", 0)
    with pytest.raises(ErrorModelError, match="Softmax"):
        load("array").prepare(ContractTarget(op_type="Softmax"), None)  # type: ignore[attr-defined]

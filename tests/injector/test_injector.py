"""Injecting: the faulty outputs are those of the model with the tensor overwritten."""

import dataclasses

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.error_models import BitFlip, Corruption, RandomValue, Zero
from onnxfi.errors import InputError
from onnxfi.injector import injection_rng
from onnxfi.suffix import GoldenTensors
from tests.support.small_graphs import (
    SMALL_GRAPHS,
    chain,
    constant,
    dead_end,
    model,
    node,
    random_inputs,
    run_overwriting,
    skips,
    value,
)

FLOAT_CASES = [
    (name, target.tensor)
    for name, make in SMALL_GRAPHS.items()
    for target in onnxfi.load(make()).targets()
    if target.dtype == np.float32 and target.tensor != "scales"  # of a Resize: no valid fault
]


def assert_close(got: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert list(got) == list(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(got[name], array, rtol=2e-5, atol=3e-6, err_msg=name)


@pytest.mark.thorough
@pytest.mark.parametrize(("graph", "tensor"), FLOAT_CASES)
def test_injections_equal_the_reference_with_the_tensor_overwritten(
    graph: str, tensor: str
) -> None:
    proto = SMALL_GRAPHS[graph]()
    feeds = random_inputs(proto)
    with onnxfi.Injector(onnxfi.load(proto), tensor, provider="cpu") as injector:
        golden = injector.golden(feeds)
        expected, before = run_overwriting(proto, feeds, tensor)
        assert_close(dict(golden.outputs), expected)
        np.testing.assert_allclose(golden.target, np.asarray(before), rtol=2e-5, atol=3e-6)
        for injection in injector.inject(golden, RandomValue(-2.0, 2.0), count=3, seed=1):
            faulty, _ = run_overwriting(proto, feeds, tensor, injection.corruption.apply)
            assert_close(dict(injection.outputs), faulty)


def test_in_place_patching_equals_resume_with_a_corrupted_copy() -> None:
    """The fast path against the plain path, bit for bit, over several error models."""
    proto = skips()
    feeds = random_inputs(proto)
    for tensor in ("c1", "r1", "s", "p", "y"):
        with onnxfi.Injector(onnxfi.load(proto), tensor, provider="cpu") as injector:
            golden = injector.golden(feeds)
            before = golden.target.copy()
            for error_model in (BitFlip(), BitFlip(count=4), Zero(count=3), RandomValue()):
                for injection in injector.inject(golden, error_model, count=5, seed=3):
                    plain = injector.resume(golden, injection.corruption.apply(golden.target))
                    assert plain.keys() == injection.outputs.keys()
                    for name, array in plain.items():
                        assert array.tobytes() == injection.outputs[name].tobytes()
            np.testing.assert_array_equal(golden.target, before)


def test_an_injection_depends_on_seed_and_id_alone() -> None:
    proto = skips()
    with onnxfi.Injector(onnxfi.load(proto), "c1", provider="cpu") as injector:
        golden = injector.golden(random_inputs(proto))

        def corruptions(seed: int, first_id: int, count: int) -> list[Corruption]:
            run = injector.inject(golden, BitFlip(), count=count, seed=seed, first_id=first_id)
            return [x.corruption for x in run]

        together = corruptions(seed=5, first_id=0, count=8)
        apart = [corruptions(seed=5, first_id=i, count=1)[0] for i in reversed(range(8))]
        assert together == apart[::-1]
        assert together != corruptions(seed=6, first_id=0, count=8)
        assert len({int(x.indices[0]) for x in together}) > 1


def test_generators_of_neighbours_are_independent() -> None:
    first = [injection_rng(seed, i).integers(1 << 62) for seed in range(10) for i in range(100)]
    assert len(set(first)) == 1000


def test_a_target_that_is_an_output_keeps_each_injection_apart() -> None:
    proto = chain()
    with onnxfi.Injector(onnxfi.load(proto), "y", provider="cpu") as injector:
        golden = injector.golden(random_inputs(proto))
        injections = list(injector.inject(golden, Zero(), count=10, seed=0))
    for injection in injections:
        expected = injection.corruption.apply(golden.target)
        np.testing.assert_array_equal(injection.outputs["y"], expected)


def test_a_target_that_reaches_no_output_is_masked() -> None:
    proto = dead_end()
    with onnxfi.Injector(onnxfi.load(proto), "nowhere", provider="cpu") as injector:
        golden = injector.golden(random_inputs(proto))
        assert {x.outcome for x in injector.inject(golden, Zero(), count=5)} == {"masked"}


def test_outcomes_of_known_faults() -> None:
    proto = chain()
    with onnxfi.Injector(onnxfi.load(proto), "y", provider="cpu") as injector:
        golden = injector.golden({"x": np.ones((1, 4), np.float32)})
        nan = golden.target.copy()
        nan[0, 0] = np.nan
        assert np.isnan(injector.resume(golden, nan)["y"]).any()
        flips = list(injector.inject(golden, BitFlip(bit=30), count=20))
        assert {x.outcome for x in flips} <= {"sdc", "due", "benign"}


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "'x' was not given"),
        ({"z": np.ones((1, 4), np.float32)}, "got 'z'"),
        ({"x": np.ones((1, 5), np.float32)}, r"must have the shape \(N, 4\), got \(1, 5\)"),
        ({"x": np.ones(4, np.float32)}, r"must have the shape \(N, 4\), got \(4,\)"),
        ({"x": np.ones((1, 4))}, "must be float32, got float64"),
    ],
)
def test_wrong_inputs(inputs: dict[str, np.ndarray], message: str) -> None:
    with (
        onnxfi.Injector(onnxfi.load(chain()), "a", provider="cpu") as injector,
        pytest.raises(InputError, match=message),
    ):
        injector.golden(inputs)


def test_resume_takes_only_a_tensor_like_the_golden_one() -> None:
    with onnxfi.Injector(onnxfi.load(chain()), "a", provider="cpu") as injector:
        golden = injector.golden({"x": np.ones((2, 4), np.float32)})
        with pytest.raises(InputError, match=r"float32 of shape \(2, 4\)"):
            injector.resume(golden, golden.target[:1])
        with pytest.raises(InputError, match="got float64"):
            injector.resume(golden, golden.target.astype(np.float64))


def test_lanes_must_be_positive() -> None:
    with pytest.raises(InputError, match="at least 1, got 0"):
        onnxfi.Injector(onnxfi.load(chain()), "a", lanes=0)


def test_two_threads_share_an_injector() -> None:
    from concurrent.futures import ThreadPoolExecutor

    proto = skips()
    with onnxfi.Injector(onnxfi.load(proto), "c1", provider="cpu", threads=1) as injector:
        golden = injector.golden(random_inputs(proto))

        def outputs(first_id: int) -> list[bytes]:
            run = injector.inject(golden, BitFlip(), count=50, first_id=first_id)
            return [x.outputs["y"].tobytes() for x in run]

        alone = [outputs(i) for i in (0, 50, 100, 150)]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(outputs, (0, 50, 100, 150))) == alone


def gathered() -> onnx.ModelProto:
    """A row of a table by its index, which comes from the input."""
    return model(
        [
            node("ArgMax", "x", "best", axis=1, keepdims=0),
            node("Gather", "table best", "y"),
        ],
        [value("x", ["N", 3])],
        [value("y", ["N", 2])],
        {"table": np.arange(6, dtype=np.float32).reshape(3, 2)},
    )


def test_a_fault_that_makes_the_execution_fail_is_due() -> None:
    with onnxfi.Injector(onnxfi.load(gathered()), "best", provider="cpu") as injector:
        golden = injector.golden({"x": np.eye(1, 3, dtype=np.float32)})
        injections = list(injector.inject(golden, BitFlip(), count=64))
        # The table has three rows, and most flips of the index point outside.
        failed = [x for x in injections if not x.outputs]
        assert len(failed) > 40
        assert {x.outcome for x in failed} == {"due"}
        assert all(x.corruption.indices.size == 1 for x in failed)
        # The lane is whole again after a failure.
        np.testing.assert_array_equal(
            injector.golden({"x": np.eye(1, 3, dtype=np.float32)}).target, golden.target
        )
        survivors = [x for x in injections if x.outputs]
        assert survivors
        for injection in survivors:
            row = injection.corruption.values[0]
            np.testing.assert_array_equal(injection.outputs["y"], [[2 * row, 2 * row + 1]])


def test_a_failure_without_a_fault_is_an_error() -> None:
    """A session that stops working must not turn the rest of a campaign into due."""
    with onnxfi.Injector(onnxfi.load(skips()), "c1", provider="cpu") as injector:
        golden = injector.golden(random_inputs(skips()))
        half = {"c1": golden.target[:, :2].copy()}
        values = {**golden.values, **half, "r1": golden.values["r1"][:, :2].copy()}
        broken = dataclasses.replace(golden, targets=half, tensors=GoldenTensors(values))
        with pytest.raises(InputError, match="ONNX Runtime could not run"):
            list(injector.inject(broken, Zero()))


def test_a_target_that_reaches_no_output_is_told(caplog: pytest.LogCaptureFixture) -> None:
    onnxfi.Injector(onnxfi.load(dead_end()), "nowhere", provider="cpu").close()
    assert "No output depends on nowhere" in caplog.text


def test_each_target_has_its_error_model() -> None:
    proto = chain()
    # Given in another order than they are corrupted in.
    targets = ("y", "w", "b")
    models = (Zero(count=3), RandomValue(9.0, 9.0), Zero(count=2))
    with onnxfi.Injector(onnxfi.load(proto), targets, provider="cpu") as injector:
        assert [x.tensor for x in injector.targets] == list(targets)
        assert [x.tensor for x in injector.split.targets] == ["w", "b", "y"]
        golden = injector.golden(random_inputs(proto))
        for injection in injector.inject(golden, models, count=5):
            assert injection.targets == ("w", "b", "y")
            of_w, of_b, of_y = injection.corruptions
            assert of_w.values.tolist() == [9.0]
            assert (of_b.indices.size, of_y.indices.size) == (2, 3)
        with pytest.raises(InputError, match="each of the 3 targets, got 2"):
            next(injector.inject(golden, models[:2]))
        with pytest.raises(InputError, match="`corruption` is for an injection into one target"):
            _ = injection.corruption
        with pytest.raises(InputError, match="Use `targets`"):
            _ = golden.target


def test_a_target_is_given_once() -> None:
    with pytest.raises(InputError, match="'a' is given twice"):
        onnxfi.Injector(onnxfi.load(chain()), ["a", "node_a"], provider="cpu")
    with pytest.raises(InputError, match="At least one target"):
        onnxfi.Injector(onnxfi.load(chain()), [], provider="cpu")


def test_resume_with_some_of_several_targets() -> None:
    proto = chain()
    feeds = random_inputs(proto)
    with onnxfi.Injector(onnxfi.load(proto), ["a", "y"], provider="cpu") as injector:
        golden = injector.golden(feeds)
        expected, _ = run_overwriting(proto, feeds, "a", np.negative)
        assert_close(injector.resume(golden, {"a": -golden.targets["a"]}), expected)
        with pytest.raises(InputError, match="must be of a target"):
            injector.resume(golden, {"b": golden.targets["a"]})


def test_the_golden_model_is_never_changed_by_weight_faults() -> None:
    proto = chain()
    feeds = random_inputs(proto)
    loaded = onnxfi.load(proto)
    with onnxfi.Injector(loaded, "w", provider="cpu") as injector:
        golden = injector.golden(feeds)
        list(injector.inject(golden, Zero(count=16), count=3))
        np.testing.assert_array_equal(constant(loaded.values["w"]), golden.target)
        assert_close(dict(injector.golden(feeds).outputs), run_overwriting(proto, feeds)[0])


def test_a_tensor_without_elements_cannot_be_hit() -> None:
    proto = model(
        [node("Slice", "x begin end", "a"), node("Concat", "x a", "y", axis=1)],
        [value("x", ["N", 4])],
        [value("y", ["N", "M"])],
        {"begin": np.array([0, 0]), "end": np.array([9, 0])},
    )
    with onnxfi.Injector(onnxfi.load(proto), "a", provider="cpu") as injector:
        golden = injector.golden(random_inputs(proto))
        assert golden.target.shape == (2, 0)
        for error_model in (BitFlip(), RandomValue(), Zero(rate=0.5)):
            for injection in injector.inject(golden, error_model, count=3):
                assert injection.outcome == "masked"
                assert not injection.corruption.indices.size


def test_a_closed_injector_says_so() -> None:
    with onnxfi.Injector(onnxfi.load(skips()), "c1", provider="cpu") as injector:
        golden = injector.golden(random_inputs(skips()))
    for use in (
        lambda: injector.golden(random_inputs(skips())),
        lambda: list(injector.inject(golden, Zero())),
        lambda: injector.resume(golden, golden.target),
    ):
        with pytest.raises(InputError, match="The injector at c1 is closed"):
            use()

"""Inputs that are rows of arrays: the axis of the samples, batches of fixed size, constants."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from onnxfi.campaign.inputs import InputSource, read_inputs
from onnxfi.configuration import Inputs
from onnxfi.errors import InputError
from onnxfi.graph import Model, load
from tests.support.small_graphs import model, node, value

RNG = np.random.default_rng(0)


def taking(**shapes: Any) -> Model:
    """Return a model with inputs of these shapes, an int64 one where the name begins with i."""
    nodes, outputs = [], []
    inputs: list[onnx.ValueInfoProto] = []
    for name, shape in shapes.items():
        dtype = TensorProto.INT64 if name.startswith("i") else TensorProto.FLOAT
        inputs.append(value(name, shape, dtype))
        outputs.append(value(f"{name}_out", shape, dtype))
        nodes.append(node("Identity", name, f"{name}_out"))
    return load(model(nodes, inputs, outputs))


def read(folder: Path, of: Model, arrays: dict[str, Any], **said: Any) -> InputSource:
    np.savez(folder / "x.npz", **arrays)
    return read_inputs(of, Inputs(file=folder / "x.npz", **said))


def floats(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def assert_fed(source: InputSource, expected: list[dict[str, Any]]) -> None:
    assert len(source) == len(expected)
    for k, wanted in enumerate(expected):
        fed = source.at(k)
        assert list(fed) == list(wanted)
        for name, array in wanted.items():
            np.testing.assert_array_equal(fed[name], array, strict=True)


@pytest.mark.parametrize("axis", [1, -2])
def test_samples_along_another_axis(tmp_path: Path, axis: int) -> None:
    x, h = floats(5, 3, 2), floats(3, 4)
    source = read(
        tmp_path,
        taking(x=["T", "N", 2], h=["N", 4]),
        {"x": x, "h": h},
        tensors={"x": {"axis": axis}},
    )
    assert_fed(source, [{"x": x[:, k : k + 1], "h": h[k : k + 1]} for k in range(3)])


def test_so_many_rows_as_a_fixed_batch_are_one_input(tmp_path: Path) -> None:
    x, h, one = floats(12, 2), floats(6, 12), floats(3, 5)
    source = read(
        tmp_path,
        taking(x=[4, 2], h=[6, "N"], one=[1, 5]),
        {"x": x, "h": h, "one": one},
        tensors={"h": {"axis": 1}},
    )
    expected = [
        {"x": x[4 * k : 4 * k + 4], "h": h[:, 4 * k : 4 * k + 4], "one": one[k : k + 1]}
        for k in range(3)
    ]
    assert_fed(source, expected)


@pytest.mark.parametrize("said", [{"repeat": True}, {"tensors": {"x": {"repeat": True}}}])
def test_one_row_fills_a_batch(tmp_path: Path, said: Any) -> None:
    x = floats(3, 2)
    source = read(tmp_path, taking(x=[4, 2]), {"x": x}, **said)
    assert_fed(source, [{"x": np.stack([x[k]] * 4)} for k in range(3)])


def test_an_array_with_an_axis_more_holds_inputs_without_a_batch(tmp_path: Path) -> None:
    x, rate, ids = floats(3, 7), floats(3), np.arange(12).reshape(4, 3)
    source = read(
        tmp_path,
        taking(x=["T"], rate=[], i=[4]),
        {"x": x, "rate": rate, "i": ids},
        tensors={"i": {"axis": 1}},
    )
    assert_fed(source, [{"x": x[k], "rate": np.asarray(rate[k]), "i": ids[:, k]} for k in range(3)])


def test_constants_and_values(tmp_path: Path) -> None:
    x, state = floats(3, 7), floats(2, 1, 4)
    of = taking(x=["N", 7], state=[2, "N", 4], i=[], zeros=[2, "N", 4], ilist=[3], half=[1])
    source = read(
        tmp_path,
        of,
        {"audio": x, "state": state},
        tensors={
            "state": {"constant": True},
            "i": {"value": 16000},
            "zeros": 0,
            "ilist": [1, 2, 3.0],
            "half": {"value": [0.5]},
        },
    )
    wanted = {
        "state": state,
        "i": np.array(16000),
        "zeros": np.zeros((2, 1, 4), np.float32),
        "ilist": np.array([1, 2, 3]),
        "half": np.array([0.5], np.float32),
    }
    assert_fed(source, [{"x": x[k : k + 1], **wanted} for k in range(3)])


def test_a_single_number_for_a_scalar_is_constant(tmp_path: Path) -> None:
    x = floats(2, 7)
    source = read(tmp_path, taking(x=["N", 7], i=[]), {"x": x, "i": np.array(8000)})
    assert_fed(source, [{"x": x[k : k + 1], "i": np.array(8000)} for k in range(2)])


def test_constants_alone_are_one_input(tmp_path: Path) -> None:
    x = floats(48, 3)
    source = read(tmp_path, taking(x=["T", 3]), {"x": x}, tensors={"x": {"constant": True}})
    assert_fed(source, [{"x": x}])


def test_rows_that_fill_no_batch_are_told(tmp_path: Path) -> None:
    of, arrays = taking(x=[4, 2]), {"x": floats(14, 2), "y": np.arange(14)}
    source = read(tmp_path, of, arrays, labels="y")
    assert len(source) == 3
    assert source.note == (
        "The last 2 of the 14 rows for 'x' are left out: they do not fill a batch of 4."
    )
    np.testing.assert_array_equal(source.labels, [0, 4, 8])  # of the first rows
    assert read(tmp_path, of, arrays, limit=3).note is None
    assert read(tmp_path, of, arrays, limit=9).note == source.note
    assert len(read(tmp_path, of, arrays, limit=2)) == 2


def test_labels_of_repeated_rows(tmp_path: Path) -> None:
    arrays = {"x": floats(3, 2), "y": np.arange(3)}
    source = read(tmp_path, taking(x=[4, 2]), arrays, labels="y", repeat=True)
    np.testing.assert_array_equal(source.labels, [0, 1, 2])


def test_labels_in_a_file_of_their_own(tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", np.arange(3))
    labels = {"file": tmp_path / "y.npy"}
    source = read(tmp_path, taking(x=["N", 2]), {"x": floats(3, 2)}, labels=labels, limit=2)
    np.testing.assert_array_equal(source.labels, [0, 1])


LSTM = {"x": [5, "N", 3], "h": [1, "N", 2]}
VAD = {"x": ["N", 4], "state": [2, "N", 8], "i": []}


@pytest.mark.parametrize(
    ("shapes", "arrays", "said", "expected"),
    [
        (  # what counts as one sample differs: all of it in one message
            LSTM,
            {"x": floats(5, 3, 3), "h": floats(1, 3, 2)},
            {"tensors": {"x": {"axis": 1}}},
            r"'x' \(array 'x', axis 1\) holds 3, 'h' \(array 'h', axis 0\) holds 1\.",
        ),
        (
            LSTM,
            {"x": floats(5, 3, 3), "h": floats(1, 4, 2)},
            {"tensors": {"x": {"axis": 1}, "h": {"axis": 1}}},
            r"'x' \(array 'x', axis 1\) holds 3, 'h' \(array 'h', axis 1\) holds 4\. .*--axis",
        ),
        ({"x": [4, 2]}, {"x": floats(3, 2)}, {}, "holds 3 rows, 4 for each input.*--repeat"),
        (
            {"x": [4, 2]},
            {"x": floats(12, 2), "y": np.arange(3)},
            {"labels": "y"},
            "holds 12 rows, 4 for each input, the labels hold 3",
        ),
        (
            VAD,
            {"x": floats(4, 4), "state": floats(2, 1, 8), "i": np.array(3)},
            {},
            r"'state' \(array 'state', axis 0\) holds 2",
        ),
        (
            VAD,
            {"x": floats(2, 4), "state": floats(2, 1, 8), "i": np.array(3)},
            {},
            r"batch 'N' must have .*, and has 2 in 'x' \(axis 0\), 1 in 'state' \(axis 1\)\. ",
        ),
        (
            VAD,
            {"x": floats(2, 4), "state": floats(2, 8), "i": np.array(3)},
            {},
            r"'state' must have the shape \(2, N, 8\), got \(1, 8\).*axis 0.*array 'state' of "
            r"shape \(2, 8\).*constant: true.*--constant",
        ),
        (VAD, {"x": floats(2, 4), "i": np.array(3)}, {}, "'state' needs an array"),
        (
            VAD,
            {"x": floats(2, 4), "state": floats(2, 1, 8)},
            {"tensors": {"state": {"constant": True}}},
            "'i' needs an array.*'x' .*'state' .*none of.*--constant i=16000",
        ),
        ({"x": ["N", 2]}, {"x": np.float32(1)}, {}, "'x' is a single number.*--constant x=x"),
        (
            {"x": ["N", 2]},
            {"x": floats(3, 2)},
            {"tensors": {"x": {"axis": 2}}},
            r"'x' of shape \(3, 2\), from -2 to 1, got 2",
        ),
        ({"i": []}, {}, {"tensors": {"i": 0.5}}, "'i', of shape.*numbers that int64 can hold"),
        ({"i": []}, {}, {"tensors": {"i": {"value": "abc"}}}, "'i', .*numbers, to become int64"),
        ({"i": [2]}, {}, {"tensors": {"i": [[1], [2, 3]]}}, "lists of the same length"),
        ({"i": [2]}, {}, {"tensors": {"i": [1, 2, 3]}}, r"the shape \(2,\), got \(3,\)"),
    ],
)
def test_what_does_not_fit_is_one_error(
    tmp_path: Path, shapes: Any, arrays: Any, said: Any, expected: str
) -> None:
    with pytest.raises(InputError, match=expected):
        read(tmp_path, taking(**shapes), arrays, **said)


def test_several_inputs_take_the_only_arrays_that_fit(tmp_path: Path) -> None:
    of = taking(x=("N", 4), z=("N", 5), i=("N", 4))
    arrays = {"a": floats(3, 5), "b": np.arange(12).reshape(3, 4), "c": floats(3, 4)}
    source = read(tmp_path, of, {**arrays, "labels": np.arange(3)}, labels="auto")
    assert_fed(
        source,
        [{"x": arrays["c"][[k]], "z": arrays["a"][[k]], "i": arrays["b"][[k]]} for k in range(3)],
    )
    np.testing.assert_array_equal(source.labels, np.arange(3))


def test_inputs_that_could_be_exchanged_are_not_guessed(tmp_path: Path) -> None:
    of = taking(x=("N", 4), z=("N", 4))
    with pytest.raises(InputError, match=r"'x' needs an array.*several of them fit"):
        read(tmp_path, of, {"a": floats(3, 4), "b": floats(3, 4)})
    # The name decides one of them, and so the other.
    arrays = {"z": floats(3, 4), "b": floats(3, 4)}
    source = read(tmp_path, of, arrays)
    assert_fed(source, [{"x": arrays["b"][[k]], "z": arrays["z"][[k]]} for k in range(3)])
    with pytest.raises(InputError, match=r"'x' needs an array.*none of them fit"):
        read(tmp_path, of, {"a": floats(3, 7), "b": floats(3, 8)})

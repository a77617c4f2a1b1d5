"""The proof that no sample meets another, against runs of batches and of single samples."""

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

import onnxfi
from onnxfi.errors import ModelFormatError
from onnxfi.graph.sample_axis import sample_axes
from onnxfi.runtime import Session
from onnxfi.surgery.free_batch import with_free_batch
from tests.graph.sample_axis.cases import APART, LAID_OUT_ANEW, MIXED, Case
from tests.support.small_graphs import model, node, value

SAMPLES, MANY = 5, 50


def opened(proto: onnx.ModelProto) -> Callable[[np.ndarray], np.ndarray]:
    """Open a model plainly, and return what makes ``y`` of ``x``."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    content = proto.SerializeToString()
    session = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
    return lambda x: session.run(["y"], {"x": x})[0]


def alone(run: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """Return what comes of each sample by itself; each begins an array of its own."""
    return np.concatenate([run(x[i : i + 1].copy()) for i in range(len(x))])


def samples(case: Case, count: int) -> np.ndarray:
    rng, shape = np.random.default_rng(0), (count, *case.shape)
    return (rng.standard_normal(shape) * np.exp(rng.normal(0, 2, shape))).astype(np.float32)


@pytest.mark.parametrize("case", APART.values(), ids=APART)
def test_samples_that_never_meet_share_a_batch(case: Case) -> None:
    freed = with_free_batch(onnxfi.load(case.proto()))
    x = samples(case, SAMPLES)
    together = Session(freed, threads=1).run({"x": x})["y"]
    assert together.tobytes() == alone(opened(case.proto()), x).tobytes()


@pytest.mark.parametrize(
    ("case", "reason"),
    [pytest.param(*x, id=name) for name, x in (LAID_OUT_ANEW | MIXED).items()],
)
def test_samples_that_may_meet_are_refused_with_the_reason(case: Case, reason: str) -> None:
    with pytest.raises(ModelFormatError, match=reason):
        with_free_batch(onnxfi.load(case.proto()))


@pytest.mark.parametrize("name", MIXED)
def test_samples_that_are_refused_do_meet(name: str) -> None:
    case, _ = MIXED[name]
    proto, x = case.proto("N"), samples(case, MANY)
    try:
        run = opened(proto)
        same = run(x).tobytes() == alone(run, x).tobytes()
    except (ort_errors.Fail, ort_errors.InvalidArgument, ort_errors.RuntimeException, ValueError):
        same = False  # there is no such batch
    assert not same


def test_threads_divide_a_tensor_into_blocks() -> None:
    loaded = onnxfi.load(APART["Elu"].proto())
    with_free_batch(loaded)
    with pytest.raises(ModelFormatError, match="threads divide the tensor"):
        with_free_batch(loaded, one_thread=False)
    with_free_batch(onnxfi.load(APART["Relu"].proto()), one_thread=False)


def test_what_samples_share_needs_no_rule() -> None:
    """A graph may compute anything from constants and from inputs that all samples share."""
    nodes = [node("NonZero", "k", "n"), node("Cast", "n", "c", to=1), node("Mul", "x c", "y")]
    proto = model(nodes, [value("x", [1, 1, 3]), value("k", [1, 3])], [value("y", None)])
    loaded = onnxfi.load(proto)
    inputs = {x.name: x for x in loaded.graph.inputs}
    with pytest.raises(ModelFormatError, match="NonZero"):
        sample_axes(loaded.graph, inputs.values(), one_thread=True)
    proto.graph.node[2].input[1] = "k"
    loaded = onnxfi.load(proto)
    inputs = {x.name: x for x in loaded.graph.inputs}
    axes = sample_axes(loaded.graph, [inputs["x"]], one_thread=True)
    assert {x.name: y for x, y in axes.items()} == {"x": 0, "y": 0}

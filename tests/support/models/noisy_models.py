"""Small models that draw random numbers, and an oracle in which the noise is a constant."""

from collections.abc import Callable, Mapping

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from tests.support.small_graphs import BOOL, INT64, model, node, value, weights

_CORRUPTED = "corrupted"


def linear(nodes: list[onnx.NodeProto], **more: np.ndarray) -> onnx.ModelProto:
    """MatMul of x and a weight is h, and the nodes make y of it."""
    return model(
        [node("MatMul", "x w", "h"), *nodes],
        [value("x", ["N", 8])],
        [value("y", ["N", 8])],
        {"w": weights(8, 8), "v": weights(8, 8, seed=1), **more},
    )


def normal_like() -> onnx.ModelProto:
    """Noise of the target's shape is added to it."""
    return linear([node("RandomNormalLike", "h", "n"), node("Add", "h n", "y")])


def uniform_like_downstream() -> onnx.ModelProto:
    """Noise of the shape of a tensor downstream of the target."""
    return linear(
        [
            node("Relu", "h", "r"),
            node("MatMul", "r v", "g"),
            node("RandomUniformLike", "g", "n", low=-1.0),
            node("Mul", "g n", "y"),
        ]
    )


def normal() -> onnx.ModelProto:
    """Noise of a fixed shape, and twice: two nodes draw different numbers."""
    return linear(
        [
            node("RandomNormal", "", "n", shape=[1, 8]),
            node("RandomNormal", "", "m", shape=[1, 8]),
            node("Add", "h n", "a"),
            node("Add", "a m", "y"),
        ]
    )


def of_a_computed_shape() -> onnx.ModelProto:
    """The noise has a shape that is computed from the target's shape."""
    return linear(
        [
            node("Shape", "h", "s"),
            node("ConstantOfShape", "s", "zeros"),
            node("RandomNormalLike", "zeros", "n"),
            node("Add", "h n", "y"),
        ]
    )


def bernoulli_of_the_input() -> onnx.ModelProto:
    """A mask whose distribution depends on the input and on no target downstream."""
    return linear(
        [
            node("Sigmoid", "x", "p"),
            node("Bernoulli", "p", "n"),
            node("Mul", "h n", "y"),
        ]
    )


def noise_of_noise() -> onnx.ModelProto:
    """Noise decides how other noise is distributed."""
    return linear(
        [
            node("RandomUniformLike", "h", "p"),
            node("Bernoulli", "p", "n"),
            node("Mul", "h n", "a"),
            node("Add", "a p", "y"),
        ]
    )


def drawn_in_a_body() -> onnx.ModelProto:
    """A Loop draws in its body, and no target lies before it."""
    body = helper.make_graph(
        [
            node("Identity", "go", "go_on"),
            node("RandomNormalLike", "state", "drawn"),
            node("Add", "state drawn", "after"),
        ],
        "body",
        [value("i", [], INT64), value("go", [], BOOL), value("state", ["N", 8])],
        [value("go_on", [], BOOL), value("after", ["N", 8])],
    )
    return linear(
        [node("Loop", "trips always x", "n", body=body), node("Add", "h n", "y")],
        trips=np.array(3),
        always=np.array(True),
    )


MODELS: tuple[Callable[[], onnx.ModelProto], ...] = (
    normal_like,
    uniform_like_downstream,
    normal,
    of_a_computed_shape,
    bernoulli_of_the_input,
    noise_of_noise,
    drawn_in_a_body,
)


def dropout(*, ratio: float | None = 0.3, training: bool | None = True) -> onnx.ModelProto:
    """A Dropout in training mode, whose mask is used as well; None: ratio omitted, mode fed."""
    made = linear(
        [
            node("Dropout", f"h {'-' if ratio is None else 'ratio'} training", "d m"),
            node("MatMul", "d v", "g"),
            node("Where", "m g d", "y"),
        ],
        **({} if ratio is None else {"ratio": np.array(ratio, np.float32)}),
        **({} if training is None else {"training": np.array(training)}),
    )
    if training is None:
        made.graph.input.append(value("training", [], BOOL))
    return made


def with_frozen_noise(
    proto: onnx.ModelProto, noise: Mapping[str, np.ndarray], target: str
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return what computes y by the whole model, unoptimised, with noise that is a constant.

    It takes x and the corrupted tensor, which all consumers of the target read.
    """
    frozen = onnx.ModelProto()
    frozen.CopyFrom(proto)
    graph = frozen.graph
    kept = [x for x in graph.node if not set(x.output) & set(noise)]
    del graph.node[:]
    graph.node.extend(kept)
    graph.initializer.extend(numpy_helper.from_array(x, name) for name, x in noise.items())
    for each in graph.node:
        for place, name in enumerate(each.input):
            if name == target:
                each.input[place] = _CORRUPTED
    graph.input.append(helper.make_tensor_value_info(_CORRUPTED, TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(frozen.SerializeToString(), options)
    names = {x.name for x in session.get_inputs()}

    def run(x: np.ndarray, corrupted: np.ndarray) -> np.ndarray:
        feeds = {"x": x, _CORRUPTED: corrupted}
        y: np.ndarray = session.run(["y"], {name: feeds[name] for name in names})[0]
        return y

    return run

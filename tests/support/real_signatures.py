"""Small models with the inputs of published ones, and data for them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from tests.support.small_graphs import model, node, value, weights

Arrays = dict[str, np.ndarray]
_INT64, _INT32, _FLOAT64 = TensorProto.INT64, TensorProto.INT32, TensorProto.DOUBLE


@dataclass(frozen=True)
class Signature:
    """A model, files of inputs, and how a campaign feeds them.

    Attributes:
        proto: the model.
        files: the arrays of each file, by its name.
        inputs: the section of the configuration.
        fed: what the model must get, input by input.
        target: a tensor to hit.
        metric: name of the metric.
        options: the same inputs on the command line; empty where a campaign alone is tried.
    """

    proto: onnx.ModelProto
    files: dict[str, Arrays]
    inputs: dict[str, Any]
    fed: list[Arrays]
    target: str
    metric: str = "regression"
    options: list[str] = field(default_factory=list)


def floats(*shape: int, seed: int = 1) -> np.ndarray:
    return weights(*shape, seed=seed)


def voice_activity() -> Signature:
    """A state whose samples are on axis 1, and a scalar sampling rate (as silero-vad)."""
    proto = model(
        [
            node("Cast", "sr", "rate", to=TensorProto.FLOAT),
            node("Div", "rate 16000", "speed"),
            node("MatMul", "input w", "features"),
            node("Mul", "features speed", "scaled"),
            node("Gather", "state zero", "last", axis=0),
            node("Add", "scaled last", "sum"),
            node("Tanh", "sum", "next"),
            node("MatMul", "next v", "score"),
            node("Sigmoid", "score", "output"),
            node("Unsqueeze", "next axes", "one"),
            node("Concat", "one one", "stateN", axis=0),
        ],
        [
            value("input", ["b", "n"]),
            value("state", [2, "b", 8]),
            value("sr", [], _INT64),
        ],
        [value("output", ["b", 1]), value("stateN", [2, "b", 8])],
        {
            "w": weights(32, 8),
            "v": weights(8, 1),
            "16000": np.float32(16000),
            "zero": np.array(0),
            "axes": np.array([0]),
        },
    )
    audio, state = floats(4, 32), floats(2, 1, 8)
    return Signature(
        proto,
        {"vad.npz": {"audio": audio, "state": state}},
        {
            "file": "vad.npz",
            "tensors": {
                "input": {"array": "audio", "axis": 0},
                "state": {"array": "state", "constant": True},
                "sr": {"value": 16000},
            },
        },
        [{"input": audio[k : k + 1], "state": state, "sr": np.array(16000)} for k in range(4)],
        "features",
        options=[
            *("--inputs", "vad.npz", "--array", "input=audio"),
            *("--constant", "state=state", "--constant", "sr=16000"),
        ],
    )


def pitch_tracker() -> Signature:
    """Scalar bounds, and a float64 output (as swift-f0)."""
    proto = model(
        [
            node("MatMul", "audio w", "bins"),
            node("Clip", "bins fmin fmax", "bounded"),
            node("ReduceMean", "bounded", "mean", axes=[1], keepdims=1),
            node("Cast", "mean", "pitch", to=_FLOAT64),
        ],
        [value("audio", [1, 16]), value("fmin", []), value("fmax", [])],
        [value("pitch", [1, 1], _FLOAT64)],
        {"w": weights(16, 6)},
    )
    audio = floats(3, 16)
    bounds = {"fmin": np.array(-0.5, np.float32), "fmax": np.array(2, np.float32)}
    return Signature(
        proto,
        {"f0.npz": {"audio": audio, "low": bounds["fmin"]}},
        {"file": "f0.npz", "tensors": {"fmin": {"array": "low", "constant": True}, "fmax": 2}},
        [{"audio": audio[k : k + 1], **bounds} for k in range(3)],
        "bins",
        options=["--inputs", "f0.npz", "--constant", "fmin=low", "--constant", "fmax=2"],
    )


def _image_features(height: int | str, width: int | str) -> tuple[list[Any], list[Any]]:
    nodes = [node("Conv", "x k", "c", pads=[1, 1, 1, 1]), node("Relu", "c", "h")]
    return nodes, [value("x", [-1, 1, height, width])]


def text_direction() -> Signature:
    """Dimensions of -1 and ? (as the classifier of PP-OCR)."""
    nodes, inputs = _image_features("?", "?")
    proto = model(
        [
            *nodes,
            node("GlobalAveragePool", "h", "g"),
            node("Flatten", "g", "f"),
            node("MatMul", "f w", "scores"),
        ],
        inputs,
        [value("scores", [-1, 2])],
        {"k": weights(4, 1, 3, 3), "w": weights(4, 2)},
    )
    x = floats(4, 1, 6, 10)
    return Signature(
        proto,
        {"cls.npz": {"images": x, "y": np.array([0, 1, 1, 0])}},
        {"file": "cls.npz", "labels": "y"},
        [{"x": x[k : k + 1]} for k in range(4)],
        "h",
        "classification",
        ["--inputs", "cls.npz", "--array", "x=images"],
    )


def text_recogniser() -> Signature:
    """Images of different widths, a file each, and CTC scores (as PP-OCR and CRNN)."""
    nodes, inputs = _image_features(6, -1)
    proto = model(
        [
            *nodes,
            node("ReduceMean", "h", "mean", axes=[2], keepdims=0),
            node("Transpose", "mean", "steps", perm=[0, 2, 1]),
            node("MatMul", "steps w", "logits"),
        ],
        inputs,
        [value("logits", ["N", "T", 7])],
        {"k": weights(4, 1, 3, 3), "w": weights(4, 7)},
    )
    words = [floats(1, 1, 6, width, seed=width) for width in (9, 5, 14)]
    return Signature(
        proto,
        {f"words/{k}.npz": {"x": word} for k, word in enumerate(words)},
        {"file": "words/*.npz"},
        [{"x": word} for word in words],
        "h",
        "sequence",
        ["--inputs", "words/*.npz"],
    )


def detector() -> Signature:
    """A fixed batch of two images, and boxes and classes in one output (as YOLO)."""
    proto = model(
        [
            node("Conv", "images k", "c", strides=[2, 2]),
            node("Sigmoid", "c", "h"),
            node("Reshape", "h shape", "output0"),
        ],
        [value("images", [2, 3, 8, 8])],
        [value("output0", [2, 6, 16])],
        {"k": weights(6, 3, 2, 2), "shape": np.array([2, 6, 16])},
    )
    images = floats(6, 3, 8, 8)
    return Signature(
        proto,
        {"yolo.npz": {"images": images}},
        {"file": "yolo.npz"},
        [{"images": images[2 * k : 2 * k + 2]} for k in range(3)],
        "c",
        options=["--inputs", "yolo.npz"],
    )


def byte_classifier() -> Signature:
    """Integers of variable length, without a batch (as classifiers of bytes)."""
    proto = model(
        [
            node("Gather", "table bytes", "embedded"),
            node("ReduceMean", "embedded", "mean", axes=[0], keepdims=1),
            node("MatMul", "mean w", "scores"),
        ],
        [value("bytes", ["length"], _INT32)],
        [value("scores", [1, 5])],
        {"table": weights(256, 6), "w": weights(6, 5)},
    )
    texts = [np.frombuffer(x, np.uint8).astype(np.int32) for x in (b"hello", b"a", b"many words")]
    return Signature(
        proto,
        {f"{k}.npz": {"bytes": x, "kind": np.array(k)} for k, x in enumerate(texts)},
        {"file": [f"{k}.npz" for k in range(3)], "labels": "kind"},
        [{"bytes": x} for x in texts],
        "embedded",
        "classification",
        [x for k in range(3) for x in ("--inputs", f"{k}.npz")],
    )


def graph_network() -> Signature:
    """Nineteen inputs: nodes, edges and features of graphs of different sizes."""
    features = [f"feature_{k}" for k in range(16)]
    nodes = [node("MatMul", "nodes w", "h0")]
    for k, name in enumerate(features):
        nodes += [node("Mul", f"{name} gain", f"m{k}"), node("Add", f"h{k} m{k}", f"h{k + 1}")]
    nodes += [
        node("Gather", "h16 edges", "sent", axis=0),
        node("ReduceSum", "sent one", "met", keepdims=0),
        node("ReduceMean", "met", "y", axes=[0], keepdims=1),
    ]
    proto = model(
        nodes,
        [
            value("nodes", ["nodes", 3]),
            value("edges", [2, "edges"], _INT64),
            value("gain", []),
            *(value(name, ["nodes", 4]) for name in features),
        ],
        [value("y", [1, 4])],
        {"w": weights(3, 4), "one": np.array([0])},
    )
    fed = []
    for count in (5, 3, 8):
        rng = np.random.default_rng(count)
        fed.append(
            {
                "nodes": floats(count, 3, seed=count),
                "edges": rng.integers(0, count, (2, 2 * count)),
                "gain": np.array(0.5, np.float32),
                **{x: floats(count, 4, seed=count + k) for k, x in enumerate(features)},
            }
        )
    files = {
        f"graphs/{k}.npz": {name: x for name, x in each.items() if name != "gain"}
        for k, each in enumerate(fed)
    }
    return Signature(
        proto,
        files,
        {"file": "graphs/*.npz", "tensors": {"gain": {"value": 0.5}}},
        fed,
        "sent",
        options=["--inputs", "graphs/*.npz", "--constant", "gain=0.5"],
    )


SIGNATURES: dict[str, Callable[[], Signature]] = {
    x.__name__: x
    for x in (
        voice_activity,
        pitch_tracker,
        text_direction,
        text_recogniser,
        detector,
        byte_classifier,
        graph_network,
    )
}

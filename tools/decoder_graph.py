"""Builds a small decoder with a cache as an ONNX model, in the layout of Optimum's exports.

Inputs are ``input_ids``, ``attention_mask``, ``position_ids`` and ``past_key_values.N.key`` and
``.value`` of shape ``(N, heads, past, width / heads)``; outputs are ``logits`` and ``present.N.*``.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

EPSILON = 1e-5  # of layer normalisation; PyTorch's default
_HIDDEN = -1e9  # score of a key that a query does not see


@dataclass(frozen=True, slots=True)
class DecoderShape:
    """The size of a decoder.

    Attributes:
        layers: number of blocks.
        width: length of the embeddings.
        heads: number of attention heads of each block.
        positions: the longest text.
        tokens: number of tokens; 256 for bytes.
    """

    layers: int
    width: int
    heads: int
    positions: int
    tokens: int = 256

    def weights(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each weight; matrices are applied from the right."""
        wide = self.width
        found: dict[str, tuple[int, ...]] = {
            "tokens": (self.tokens, wide),
            "positions": (self.positions, wide),
        }
        for layer in range(self.layers):
            at = f"layer.{layer}"
            found |= {f"{at}.{x}": (wide, wide) for x in ("query", "key", "value", "mix")}
            found |= {f"{at}.up": (wide, 4 * wide), f"{at}.down": (4 * wide, wide)}
            found |= {f"{at}.{x}.{y}": (wide,) for x in ("norm1", "norm2") for y in ("scale", "b")}
        return found | {"norm.scale": (wide,), "norm.b": (wide,), "head": (wide, self.tokens)}


def random_weights(shape: DecoderShape, *, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return weights as they are before training: scales 1, and matrices of unit gain."""
    found = {}
    for name, size in shape.weights().items():
        if len(size) == 1:
            value = np.full(size, float(name.endswith("scale")))
        else:
            table = name in ("tokens", "positions")
            value = rng.normal(0, 1 if table else 1 / math.sqrt(size[0]), size)
        found[name] = value.astype(np.float32)
    return found


def decoder_model(shape: DecoderShape, weights: Mapping[str, np.ndarray]) -> onnx.ModelProto:
    """Return the ONNX model of one step, which reads any number of tokens."""
    graph = _Graph(shape, weights)
    graph.embed()
    for layer in range(shape.layers):
        graph.block(f"layer.{layer}", layer)
    return graph.finish()


class _Graph:
    """Nodes of a decoder, in order."""

    def __init__(self, shape: DecoderShape, weights: Mapping[str, np.ndarray]) -> None:
        self._shape = shape
        self._nodes: list[onnx.NodeProto] = []
        self._stored = {name: np.asarray(x) for name, x in weights.items()}
        self._stored |= {
            "zero": np.array(0, np.int64),
            "one": np.array(1, np.int64),
            "axis1": np.array([1], np.int64),
            "axis2": np.array([2], np.int64),
            "split": np.array([0, 0, shape.heads, shape.width // shape.heads], np.int64),
            "joined": np.array([0, 0, shape.width], np.int64),
            "root": np.array(math.sqrt(shape.width // shape.heads), np.float32),
            "seen": np.array(0, np.float32),
            "hidden": np.array(_HIDDEN, np.float32),
        }
        self._x = "embedded"

    def _add(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def embed(self) -> None:
        """Add the embeddings, and the scores that hide later keys and padding."""
        self._add("Gather", ["tokens", "input_ids"], "words")
        self._add("Gather", ["positions", "position_ids"], "places")
        self._add("Add", ["words", "places"], self._x)
        self._add("Shape", ["attention_mask"], "length", start=1, end=2)
        self._add("Squeeze", ["length"], "total")
        self._add("Range", ["zero", "total", "one"], "keys")
        self._add("Unsqueeze", ["position_ids", "axis2"], "queries")
        self._add("LessOrEqual", ["keys", "queries"], "earlier")
        self._add("Cast", ["attention_mask"], "real", to=TensorProto.BOOL)
        self._add("Unsqueeze", ["real", "axis1"], "real_keys")
        self._add("And", ["earlier", "real_keys"], "visible")
        self._add("Where", ["visible", "seen", "hidden"], "mask")
        self._add("Unsqueeze", ["mask", "axis1"], "bias")

    def block(self, at: str, layer: int) -> None:
        """Add one block: attention and two matrices, both behind a normalisation."""
        inner = self._norm(self._x, f"{at}.norm1")
        heads = {name: self._heads(inner, f"{at}.{name}") for name in ("query", "key", "value")}
        for name in ("key", "value"):
            past = f"past_key_values.{layer}.{name}"
            self._add("Concat", [past, heads[name]], f"present.{layer}.{name}", axis=2)
        self._add("Transpose", [f"present.{layer}.key"], f"{at}.keys", perm=[0, 1, 3, 2])
        self._add("MatMul", [heads["query"], f"{at}.keys"], f"{at}.products")
        self._add("Div", [f"{at}.products", "root"], f"{at}.scaled")
        self._add("Add", [f"{at}.scaled", "bias"], f"{at}.scores")
        self._add("Softmax", [f"{at}.scores"], f"{at}.attention", axis=-1)
        self._add("MatMul", [f"{at}.attention", f"present.{layer}.value"], f"{at}.mixed")
        self._add("Transpose", [f"{at}.mixed"], f"{at}.turned", perm=[0, 2, 1, 3])
        self._add("Reshape", [f"{at}.turned", "joined"], f"{at}.joined")
        self._add("MatMul", [f"{at}.joined", f"{at}.mix"], f"{at}.mix.out")
        middle = self._add("Add", [self._x, f"{at}.mix.out"], f"{at}.middle")
        inner = self._norm(middle, f"{at}.norm2")
        self._add("MatMul", [inner, f"{at}.up"], f"{at}.up.out")
        self._add("Relu", [f"{at}.up.out"], f"{at}.relu")
        self._add("MatMul", [f"{at}.relu", f"{at}.down"], f"{at}.down.out")
        self._x = self._add("Add", [middle, f"{at}.down.out"], f"{at}.out")

    def finish(self) -> onnx.ModelProto:
        """Add the scores, and return the model."""
        self._add("MatMul", [self._norm(self._x, "norm"), "head"], "logits")
        shape, value = self._shape, helper.make_tensor_value_info
        cached = shape.width // shape.heads
        names = [f"{n}.{x}" for n in range(shape.layers) for x in ("key", "value")]
        inputs = [
            value("input_ids", TensorProto.INT64, ["N", "S"]),
            value("attention_mask", TensorProto.INT64, ["N", "T"]),
            value("position_ids", TensorProto.INT64, ["N", "S"]),
        ]
        outputs = [value("logits", TensorProto.FLOAT, ["N", "S", shape.tokens])]
        for name in names:
            before, after = (["N", shape.heads, x, cached] for x in ("P", "T"))
            inputs.append(value(f"past_key_values.{name}", TensorProto.FLOAT, before))
            outputs.append(value(f"present.{name}", TensorProto.FLOAT, after))
        stored = [numpy_helper.from_array(x, name) for name, x in self._stored.items()]
        graph = helper.make_graph(self._nodes, "decoder", inputs, outputs, stored)
        opsets = [helper.make_opsetid("", 17)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        onnx.checker.check_model(model)
        return model

    def _norm(self, x: str, at: str) -> str:
        inputs = [x, f"{at}.scale", f"{at}.b"]
        return self._add("LayerNormalization", inputs, f"{at}.out", axis=-1, epsilon=EPSILON)

    def _heads(self, x: str, at: str) -> str:
        self._add("MatMul", [x, at], f"{at}.out")
        self._add("Reshape", [f"{at}.out", "split"], f"{at}.split")
        return self._add("Transpose", [f"{at}.split"], f"{at}.heads", perm=[0, 2, 1, 3])

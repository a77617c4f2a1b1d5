"""Runs whole sequences without onnxfi's engine: unoptimised and not split."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


def value(name: str, shape: list[Any], kind: int = FLOAT) -> onnx.ValueInfoProto:
    """Describe an input or output."""
    return helper.make_tensor_value_info(name, kind, shape)


def made(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    weights: Mapping[str, np.ndarray],
) -> onnx.ModelProto:
    """Make a checked model."""
    stored = [numpy_helper.from_array(x, name) for name, x in weights.items()]
    graph = helper.make_graph(nodes, "step", inputs, outputs, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


class Brute:
    """Runs whole sequences, with the target overwritten in some steps."""

    def __init__(self, proto: onnx.ModelProto, target: str) -> None:
        """Open the model with the target as an output, and with the target as an input."""
        self.target = target
        fed = onnx.ModelProto()
        fed.CopyFrom(proto)
        for node in fed.graph.node:
            for place, name in enumerate(node.output):
                if name == target:
                    node.output[place] = f"{target}/computed"
        if target in {x.name for x in fed.graph.output}:
            fed.graph.node.append(helper.make_node("Identity", [target], [f"{target}/out"]))
        kept = [x for x in fed.graph.initializer if x.name != target]
        del fed.graph.initializer[:]
        fed.graph.initializer.extend(kept)
        fed.graph.input.append(helper.make_tensor_value_info(target, FLOAT, None))
        self.overwritten = self._open(fed)
        self.exposed = self._exposed(proto, target)

    def _exposed(self, proto: onnx.ModelProto, target: str) -> Any:
        more = onnx.ModelProto()
        more.CopyFrom(proto)
        known = {x.name for x in more.graph.output} | {x.name for x in more.graph.initializer}
        if target not in known:
            more.graph.output.append(helper.make_tensor_value_info(target, FLOAT, None))
        return self._open(more)

    @staticmethod
    def _open(proto: onnx.ModelProto) -> Any:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        content = proto.SerializeToString()
        return onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])

    def step(self, feeds: Mapping[str, np.ndarray], corrupt: Any = None) -> dict[str, np.ndarray]:
        """Run a step, and again with what corrupts the target."""
        session = self.exposed
        names = [x.name for x in session.get_outputs()]
        found = dict(zip(names, session.run(names, dict(feeds)), strict=True))
        if corrupt is None:
            return found
        names = [x.name for x in self.overwritten.get_outputs()]
        wrong = corrupt(found.get(self.target))
        again = self.overwritten.run(names, {**feeds, self.target: wrong})
        return dict(zip(names, again, strict=True)) | {self.target: wrong}

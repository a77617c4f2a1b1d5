"""Hardens a model by clipping its activations to the range that they have without faults."""

import numpy as np
import onnx

from onnxfi.error_models import Profile


def clip_activations(proto: onnx.ModelProto, profile: Profile) -> onnx.ModelProto:
    """Return a copy of a model whose activations are clipped to their profiled range.

    Every tensor keeps its name, and a Clip follows it, so a fault in the tensor is clipped before
    another node reads it. Graph outputs are not clipped.

    Args:
        proto: the model.
        profile: the ranges, by tensor. Tensors that are not in it stay as they are.
    """
    hardened = onnx.ModelProto()
    hardened.CopyFrom(proto)
    outputs = {x.name for x in hardened.graph.output}
    nodes = list(hardened.graph.node)
    del hardened.graph.node[:]
    clipped: dict[str, str] = {}
    for node in nodes:
        node.input[:] = [clipped.get(name, name) for name in node.input]
        hardened.graph.node.append(node)
        for name in node.output:
            found = profile.tensors.get(name)
            if found is None or found.min is None or found.max is None or name in outputs:
                continue
            ends = [f"{name}/min", f"{name}/max"]
            for end, value in zip(ends, (found.min, found.max), strict=True):
                hardened.graph.initializer.append(
                    onnx.numpy_helper.from_array(np.array(value, np.float32), end)
                )
            clipped[name] = f"{name}/clipped"
            hardened.graph.node.append(
                onnx.helper.make_node("Clip", [name, *ends], [clipped[name]], name=f"{name}/clip")
            )
    return hardened

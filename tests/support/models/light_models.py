"""The architectures that the onnx package ships, with weights to compute with."""

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

_FOLDER = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
LIGHT_MODELS = sorted(path.stem for path in _FOLDER.glob("light_*.onnx"))


def densified(name: str) -> onnx.ModelProto:
    """Return a light model with random weights in place of its ConstantOfShape nodes.

    The variance keeps activations at about 1 through Relu, so that outputs differ visibly.
    """
    model = onnx.load(_FOLDER / f"{name}.onnx")
    rng = np.random.default_rng(0)
    # Drawn once and repeated: VGG-19 has 144 million weights, and drawing them all takes long.
    drawn = rng.standard_normal(1_000_003, dtype=np.float32)
    shapes = {x.name: numpy_helper.to_array(x) for x in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        if node.op_type != "ConstantOfShape":
            nodes.append(node)
            continue
        shape = tuple(int(x) for x in shapes[node.input[0]])
        if len(shape) > 1:
            array = np.resize(drawn, shape) * np.float32(np.sqrt(2 / np.prod(shape[1:])))
        else:
            array = rng.uniform(0.5, 1.5, shape).astype(np.float32)
        model.graph.initializer.append(numpy_helper.from_array(array, node.output[0]))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.ir_version = max(model.ir_version, 4)  # initializers need not be inputs from here on
    return model

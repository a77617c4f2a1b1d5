"""Comparing what was converted from the reference files with what Keras computed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper

from onnxfi.converters import DISABLED_OPTIMIZERS, METADATA_KEY, Layer, convert, parse_layers
from onnxfi.converters.keras_files.model import MODEL_CLASSES

# Of one model, in the tests.
MOST_FAULTS = 40
TOLERANCE = 1e-5
FLOAT16_TOLERANCE = 5e-3  # of a model that computes in float16 somewhere

Arrays = dict[str, NDArray[Any]]


def check_layers(path: Path) -> None:
    """Compare every tensor of the layer map with the layer's output in Keras."""
    model = convert(path)
    expected = read_arrays(path, "layer")
    layers = layer_map(model)
    # Keras 3 fuses the softmax of an attention whose scores nobody asks for; older references have
    # no nested models.
    unrecorded = {
        name
        for name in set(layers) - set(expected)
        if name.endswith("/softmax") or layers[name].layer_class in MODEL_CLASSES
    }
    assert set(layers) - unrecorded == set(expected)
    tensors = [layers[name].tensor for name in expected]
    values = run(model, read_arrays(path, "input"), tensors)
    for (name, wanted), value in zip(expected.items(), values, strict=True):
        layer = layers[name]
        assert value.dtype == wanted.dtype or wanted.dtype.kind not in "f"
        assert_close(value, stored_layout(wanted, layer), name, tolerance_of(path))


def check_outputs(path: Path, opset: int) -> None:
    """Compare the model's outputs with those of Keras, on the whole batch and on one of it."""
    model = convert(path, opset=opset)
    inputs = read_arrays(path, "input")
    session = session_of(model)
    whole = session.run(None, inputs)
    one = session.run(None, {name: value[1:] for name, value in inputs.items()})
    for i, wanted in read_arrays(path, "output").items():
        assert_close(whole[int(i)], wanted, f"output {i}", tolerance_of(path))
        assert_close(one[int(i)], wanted[1:], f"output {i} of one", tolerance_of(path))


def check_faults(path: Path) -> None:
    """Compare what follows a fault in each layer's tensor with what follows it in Keras."""
    model = convert(path)
    inputs = read_arrays(path, "input")
    golden = read_arrays(path, "layer")
    wanted = [read_arrays(path, f"faulty:{i}") for i in range(len(model.graph.output))]
    changes = read_arrays(path, "change")
    assert changes
    # Of the models of many operations, each of which stands alone, some will do.
    changes = dict(list(changes.items())[:: 1 + len(changes) // MOST_FAULTS])
    layers = {name: layer for name, layer in layer_map(model).items() if name in changes}
    types = {layer.tensor: golden[name].dtype for name, layer in layers.items()}
    session = session_of(with_switches(model, types))
    for name, layer in layers.items():
        inputs[f"{layer.tensor}/switch"] = np.array(False)
        inputs[f"{layer.tensor}/given"] = stored_layout(golden[name], layer)
    for name, (index, value) in changes.items():
        faulty = golden[name].copy()
        faulty.reshape(-1)[int(index)] = value
        tensor = layers[name].tensor
        given = {
            f"{tensor}/switch": np.array(True),
            f"{tensor}/given": stored_layout(faulty, layers[name]),
        }
        for i, output in enumerate(session.run(None, inputs | given)):
            what = f"output {i} after a fault in {name}"
            assert_close(output, wanted[i][name], what, tolerance_of(path))


def tolerance_of(path: Path) -> float:
    """Return how far a model may be from what Keras recorded, relative to the largest value."""
    rounds = any(value.dtype == np.float16 for value in read_arrays(path, "layer").values())
    return FLOAT16_TOLERANCE if rounds else TOLERANCE


def read_arrays(path: Path, kind: str) -> Arrays:
    """Return the arrays ``<kind>:<name>`` of the .npz beside a file, by name."""
    with np.load(path.with_suffix(".npz")) as stored:
        start = f"{kind}:"
        return {key.removeprefix(start): stored[key] for key in stored if key.startswith(start)}


def layer_map(model: onnx.ModelProto) -> dict[str, Layer]:
    """Return the layers of a converted model by path, without its inputs."""
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    layers = parse_layers(metadata[METADATA_KEY])
    return {layer.path: layer for layer in layers if layer.layer_class != "InputLayer"}


def run(
    model: onnx.ModelProto, inputs: Mapping[str, NDArray[Any]], tensors: Sequence[str] = ()
) -> list[NDArray[Any]]:
    """Run a model once on the CPU; return the named tensors, or its outputs in order."""
    exposed = onnx.ModelProto()
    exposed.CopyFrom(model)
    known = {value.name for value in model.graph.output}
    exposed.graph.output.extend(
        helper.make_empty_tensor_value_info(name) for name in set(tensors) - known
    )
    return list(session_of(exposed).run(list(tensors) or None, dict(inputs)))


def session_of(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """Return a session that runs a model on the CPU, in one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(),
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=[*DISABLED_OPTIMIZERS],
    )


def with_switches(model: onnx.ModelProto, tensors: Mapping[str, np.dtype[Any]]) -> onnx.ModelProto:
    """Return a model in which tensors ``X`` of known types can be replaced by inputs.

    ``X/given`` takes the place of ``X`` where ``X/switch`` is true.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    graph = changed.graph
    del graph.node[:]
    for node in model.graph.node:
        graph.node.append(node)
        made = [f"{name}/made" if name in tensors else name for name in node.output]
        graph.node[-1].output[:] = made
        for name in tensors.keys() & set(node.output):
            inputs = [f"{name}/switch", f"{name}/given", f"{name}/made"]
            graph.node.append(helper.make_node("Where", inputs, [name]))
            shapes: tuple[list[int] | None, ...] = ([], None)
            for source, dtype, shape in zip(
                inputs[:2], (np.dtype(bool), tensors[name]), shapes, strict=True
            ):
                element = helper.np_dtype_to_tensor_dtype(dtype)
                graph.input.append(helper.make_tensor_value_info(source, element, shape))
    return changed


def stored_layout(value: NDArray[Any], layer: Layer) -> NDArray[Any]:
    """Return a value in the layout of Keras as the layer's tensor has it."""
    return np.moveaxis(value, -1, 1) if layer.layout == "channels_first" else value


def assert_close(
    actual: NDArray[Any], expected: NDArray[Any], what: str, tolerance: float = TOLERANCE
) -> None:
    """Compare two arrays, to a share of the largest value."""
    assert actual.shape == expected.shape, what
    actual, expected = actual.astype(np.float64), expected.astype(np.float64)
    error = np.abs(actual - expected).max(initial=0)
    assert error <= tolerance * max(1, np.abs(expected).max(initial=0)), f"{what}: {error}"

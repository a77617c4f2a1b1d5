"""Tests the native route against recorded results of Keras, for every layer, in both dialects."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

from onnxfi.converters import NEWEST_OPSET, OLDEST_OPSET, convert
from onnxfi.converters.keras_files.model import MODEL_CLASSES
from onnxfi.converters.metadata.layer_map import METADATA_KEY, Layer, parse_layers
from tests.support.tiers import rest_by_night

MODELS = (
    "lenet",
    "unet",
    "every_layer",
    "depthwise",
    "activations",
    "siamese",
    "multi_output",
)
FAMILIES = ("k2", "k3")
TOLERANCE = 1e-5


def metadata(model: onnx.ModelProto) -> dict[str, str]:
    return {entry.key: entry.value for entry in model.metadata_props}


def layer_map(model: onnx.ModelProto) -> dict[str, Layer]:
    return {layer.path: layer for layer in parse_layers(metadata(model)[METADATA_KEY])}


def run(model: onnx.ModelProto, inputs: Any, tensors: Sequence[str] = ()) -> Any:
    """Run a model on the CPU; return the named tensors, or its outputs in order."""
    exposed = onnx.ModelProto()
    exposed.CopyFrom(model)
    outputs = {value.name for value in model.graph.output}
    exposed.graph.output.extend(
        helper.make_empty_tensor_value_info(name) for name in tensors if name not in outputs
    )
    session = onnxruntime.InferenceSession(
        exposed.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(list(tensors) or None, inputs)


def arrays(path: Path, kind: str) -> dict[str, np.ndarray]:
    with np.load(path) as stored:
        return {key.removeprefix(f"{kind}:"): stored[key] for key in stored if key.startswith(kind)}


def assert_close(actual: Any, expected: Any, what: str) -> None:
    assert actual.shape == expected.shape, what
    error = np.abs(actual - expected).max()
    assert error <= TOLERANCE * max(1, np.abs(expected).max()), f"{what}: {error}"


def each_model(test: Any) -> Any:
    """Run a test for every model of both families."""
    test = pytest.mark.parametrize("family", FAMILIES)(test)
    return pytest.mark.parametrize("name", MODELS)(test)


@each_model
def test_every_layer_tensor_equals_keras(references: Path, name: str, family: str) -> None:
    path = references / f"{name}_{family}.npz"
    model = convert(path.with_suffix(".h5"))
    layers = layer_map(model)
    expected = arrays(path, "layer")
    inputs = arrays(path, "input")
    unrecorded = ("InputLayer", *MODEL_CLASSES)
    called = [layer for layer in layers.values() if layer.layer_class not in unrecorded]
    assert {layer.path for layer in called} == set(expected)
    tensors = [layer.tensor for layer in called]
    for layer, value in zip(called, run(model, inputs, tensors), strict=True):
        if layer.layout == "channels_first":
            value = np.moveaxis(value, 1, -1)
        assert_close(value, expected[layer.path], layer.path)


@each_model
def test_outputs_equal_keras_in_its_layout_at_any_batch(
    references: Path, name: str, family: str
) -> None:
    path = references / f"{name}_{family}.npz"
    model = convert(path.with_suffix(".h5"))
    inputs = arrays(path, "input")
    assert [value.name for value in model.graph.input] == list(inputs)
    expected = list(arrays(path, "output").values())
    for i, (actual, wanted) in enumerate(zip(run(model, inputs), expected, strict=True)):
        assert_close(actual, wanted, f"output {i}")
    one = run(model, {key: value[1:] for key, value in inputs.items()})
    for i, (actual, wanted) in enumerate(zip(one, expected, strict=True)):
        assert_close(actual, wanted[1:], f"output {i} of one image")


@each_model
def test_declared_shapes_have_the_free_batch_and_the_sizes_of_keras(
    references: Path, name: str, family: str
) -> None:
    path = references / f"{name}_{family}.npz"
    model = convert(path.with_suffix(".h5"))
    kinds = (("input", model.graph.input), ("output", model.graph.output))
    for kind, declared in kinds:
        for value, array in zip(declared, arrays(path, kind).values(), strict=True):
            batch, *sizes = value.type.tensor_type.shape.dim
            assert batch.dim_param == "N"
            assert tuple(size.dim_value for size in sizes) == array.shape[1:]


@each_model
def test_names_are_unique_and_nodes_are_named_after_their_output(
    references: Path, name: str, family: str
) -> None:
    graph = convert(references / f"{name}_{family}.h5").graph
    names = [value.name for value in graph.input] + [x.name for x in graph.initializer]
    for node in graph.node:
        assert [node.name] == list(node.output)
        names.append(node.name)
    assert len(names) == len(set(names))


@pytest.mark.thorough
@each_model
@pytest.mark.parametrize(
    "opset",
    rest_by_night(range(OLDEST_OPSET, NEWEST_OPSET + 1), [OLDEST_OPSET, 17, NEWEST_OPSET]),
)
def test_every_opset_gives_the_same_outputs(
    references: Path, name: str, family: str, opset: int
) -> None:
    path = references / f"{name}_{family}.npz"
    model = convert(path.with_suffix(".h5"), opset=opset)
    assert model.opset_import[0].version == opset
    expected = arrays(path, "output").values()
    for i, (actual, wanted) in enumerate(
        zip(run(model, arrays(path, "input")), expected, strict=True)
    ):
        assert_close(actual, wanted, f"output {i}")


def test_hard_sigmoid_has_the_slope_of_the_keras_that_wrote_the_file(references: Path) -> None:
    slopes = []
    for family in FAMILIES:
        model = convert(references / f"activations_{family}.h5")
        (node,) = [node for node in model.graph.node if node.op_type == "HardSigmoid"]
        slopes.append(helper.get_node_attr_value(node, "alpha"))
    assert slopes == pytest.approx([0.2, 1 / 6])


def test_dropout_and_batch_normalization_stay_nodes(references: Path) -> None:
    operators = [node.op_type for node in convert(references / "unet_k2.h5").graph.node]
    assert operators.count("Dropout") == 2
    assert operators.count("BatchNormalization") == 2


def test_layers_name_the_tensor_before_their_activation(references: Path) -> None:
    layers = layer_map(convert(references / "lenet_k3.h5"))
    conv = Layer("conv2d", "Conv2D", "conv2d", "conv2d/Conv", 1, "channels_first")
    assert layers["conv2d"] == conv
    assert layers["dense"] == Layer("dense", "Dense", "dense", "dense/Gemm", None)
    assert layers["flatten"] == Layer("flatten", "Flatten", "flatten", None, None)


def test_sequential_without_input_layer_names_its_input_after_the_first_layer(
    references: Path,
) -> None:
    model = convert(references / "lenet_k2.h5")
    assert [value.name for value in model.graph.input] == ["conv2d_input"]


def test_shared_layers_share_weights_and_number_their_calls(references: Path) -> None:
    model = convert(references / "siamese_k2.h5")
    layers = layer_map(model)
    assert {"shared", "shared@1", "encoder/conv", "encoder/conv@1", "head/conv@1"} <= set(layers)
    kernels = [x.name for x in model.graph.initializer if x.name.endswith("/kernel")]
    assert sorted(kernels) == [
        "encoder/conv/kernel",
        "encoder/conv_1/kernel",
        "head/conv/kernel",
        "same/kernel",
        "shared/kernel",
    ]


def test_output_stored_channels_first_gets_a_name_of_its_own(references: Path) -> None:
    model = convert(references / "multi_output_k2.h5")
    layers = layer_map(model)
    assert [value.name for value in model.graph.output] == [
        "label",
        "features/output",
        "scale/output",
    ]
    assert layers["features"].tensor == "features"
    assert layers["features"].channel_axis == 1


def test_image_layers_run_without_transposes_between_them(references: Path) -> None:
    operators = [node.op_type for node in convert(references / "unet_k3.h5").graph.node]
    assert operators.count("Transpose") == 2


def test_metadata_say_where_the_model_came_from(references: Path) -> None:
    source = references / "lenet_k2.h5"
    entries = metadata(convert(source, opset=15))
    assert entries["onnxfi.route"] == "native"
    assert entries["onnxfi.opset"] == "15"
    assert entries["onnxfi.keras_version"].startswith("2.")
    assert len(entries["onnxfi.source_sha256"]) == 64


def test_same_file_gives_the_same_bytes(references: Path) -> None:
    first, second = (convert(references / "unet_k2.h5").SerializeToString() for _ in range(2))
    assert first == second


@pytest.mark.thorough
def test_converting_imports_no_tensorflow(references: Path) -> None:
    program = (
        "import pathlib, sys; import onnxfi.converters as converters;"
        f"converters.convert(pathlib.Path({str(references / 'unet_k2.h5')!r}));"
        "sys.exit(bool({'tensorflow', 'keras', 'tf_keras', 'tf2onnx'} & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[3]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0

"""Tests recorded models of other exporters: layers, and classifiers with labels and maps.

tools/make_exported_models.py writes the files.
"""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

import onnxfi
from onnxfi.error_models import RandomValue
from onnxfi.runtime import Session

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def recorded() -> dict[str, np.ndarray]:
    with np.load(DATA / "torch_modules.npz") as stored:
        return dict(stored)


def layer_values(model: onnxfi.Model, given: np.ndarray) -> dict[str, np.ndarray]:
    tensors = {layer.path: layer.tensor for layer in model.layers}
    session = Session(onnxfi.expose(model, dict.fromkeys(tensors.values())), provider="cpu")
    values = session.run({model.graph.inputs[0].name or "": given})
    return {path: values[tensor] for path, tensor in tensors.items()}


def test_the_modules_of_pytorch_are_layers(recorded: dict[str, np.ndarray]) -> None:
    model = onnxfi.load(DATA / "torch_modules.onnx")
    values = layer_values(model, recorded["input"])
    modules = {name.removeprefix("layer:") for name in recorded} - {"input"}
    # The exporter fuses a convolution and the BatchNorm behind it.
    assert modules - set(values) == {"layer1.0.conv1", "layer1.1.conv1"}
    assert set(values) - modules == {"lstm:1"}
    for path in modules & set(values):
        np.testing.assert_allclose(values[path], recorded[f"layer:{path}"], atol=1e-5)
    target = model.target("layer1.0.conv2")
    assert (target.op_type, target.layer, target.channel_axis) == ("Conv", "layer1.0.conv2", 1)
    assert {x.path: x.layer_class for x in model.layers}["layer1.0"] == "Block"
    assert model.target("layer1.0.conv2.weight").layer == "layer1.0.conv2"


def test_the_older_exporter_writes_the_modules_into_names(recorded: dict[str, np.ndarray]) -> None:
    values = layer_values(onnxfi.load(DATA / "torch_script.onnx"), recorded["input"])
    # It numbers second calls like this, and names the fused node after the convolution.
    later = {"layer1.0.relu_1", "layer1.1.relu_1", "shared_1"}
    joined = {"layer1.0.conv1", "layer1.1.conv1"}
    assert later | joined | {"stem", "fc", "layer1.0.conv2", "lstm"} <= set(values)
    for path, value in values.items():
        name = path.replace("_1", "@1") if path in later else path.replace("conv1", "bn1")
        if name != "lstm:1":
            np.testing.assert_allclose(value, recorded[f"layer:{name}"], atol=1e-5)


def test_the_modules_of_a_transformer_are_layers() -> None:
    with np.load(DATA / "transformer.npz") as stored:
        expected = {name.removeprefix("layer:"): stored[name] for name in stored}
    values = layer_values(onnxfi.load(DATA / "transformer.onnx"), expected.pop("input"))
    # Dropouts pass their input on, and leave no node.
    assert all("dropout" in path for path in set(expected) - set(values))
    assert {"embedding", "encoder.layers.0.self_attn", "encoder.layers.1.linear2"} <= set(values)
    for path, value in values.items():
        np.testing.assert_allclose(value, expected[path], atol=1e-5, err_msg=path)


def small_model(**metadata: str) -> onnx.ModelProto:
    node = helper.make_node("Relu", ["x"], ["y"], name="relu")
    for key, text in metadata.items():
        node.metadata_props.add(key=f"pkg.torch.onnx.{key}", value=text)
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2]) for name in "xy")
    return helper.make_model(helper.make_graph([node], "g", [x], [y]))


@pytest.mark.parametrize("scopes", ["", "[", "1", "[1, 2, 3]", "__import__('os')", "(" * 10_000])
def test_odd_metadata_are_no_layers(scopes: str) -> None:
    assert onnxfi.load(small_model(name_scopes=scopes)).layers == ()


def test_a_module_without_a_class_is_a_layer() -> None:
    (layer,) = onnxfi.load(small_model(name_scopes="['', 'act', 'relu']")).layers
    assert (layer.path, layer.layer_class, layer.tensor) == ("act", "", "y")


@pytest.mark.parametrize("name", ["classifier", "classifier_tensor"])
def test_a_classifier_of_scikit_learn_answers_with_its_scores(name: str) -> None:
    model = onnxfi.load(DATA / f"{name}.onnx")
    samples = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
    session = onnxruntime.InferenceSession(DATA / f"{name}.onnx")
    labels, scores = session.run(None, {"X": samples})
    if isinstance(scores, list):
        scores = np.array([list(sample.values()) for sample in scores])
    outputs = list(Session(model, provider="cpu").run({"X": samples}).values())
    np.testing.assert_array_equal(outputs[0], labels)
    np.testing.assert_allclose(outputs[1], scores, atol=1e-6)
    with onnxfi.Injector(model, model.target("X"), provider="cpu") as injector:
        golden = injector.golden({"X": samples[:1]})
        injections = list(injector.inject(golden, RandomValue(), count=200, seed=0))
    for injection in injections:
        label, probabilities = injection.outputs.values()
        if np.array_equal(probabilities, outputs[1][:1]):
            assert injection.outcome == "masked"
        else:
            assert injection.outcome == ("benign" if label[0] == labels[0] else "sdc")
    assert {x.outcome for x in injections} >= {"masked", "sdc"}

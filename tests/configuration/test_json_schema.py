"""Tests the JSON Schema of campaign.yaml against documents written by hand."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from onnxfi.configuration import Configuration, json_schema
from onnxfi.errors import ConfigurationError

BASE = "{model: m.onnx, inputs: x.npz, error_models: [bitflip]"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json_schema()


def errors(schema: dict[str, Any], text: str) -> list[str]:
    document = yaml.safe_load(text)
    return [x.message for x in Draft202012Validator(schema).iter_errors(document)]


def test_it_is_a_schema(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)


GOOD = [
    "}",
    ", targets: conv1}",
    ", targets: [conv1, 'relu*']}",
    ", targets: {kind: weight, ops: Conv, index: '2:8'}}",
    ", targets: {exclude: {layers: ['aux*'], kinds: input}}}",
    ", targets: [{tensors: conv1}, {tensors: [fc], error_model: 'zero'}]}",
    ", injections: exhaustive}",
    ", injections: {total: 5000, allocation: proportional, inputs_per_fault: all}}",
    ", injections: {until: {margin: 0.01}}}",
    ", metric: 'segmentation:min_iou=0.9'}",
    ", metric: {name: segmentation, output: mask, configuration: {min_iou: 0.9}}}",
    ", execution: {lanes: 4, workers: auto, limits: {seconds: none, memory: 100}}}",
    ", statistics: {wrong_inputs: exclude}, seed: 42, out: 's3://bucket/run'}",
]


@pytest.mark.parametrize("text", [BASE + x for x in GOOD])
def test_documents_that_are_right(schema: dict[str, Any], tmp_path: Path, text: str) -> None:
    assert errors(schema, text) == []
    (tmp_path / "c.yaml").write_text(text)
    Configuration.from_yaml(tmp_path / "c.yaml")


@pytest.mark.parametrize(
    "inputs",
    [
        "[a.npz, b.npz]",
        "{file: 'in/*.npz', labels: auto, limit: 3, repeat: true}",
        "{file: [a.npz], labels: {file: y.npy, array: y}}",
        "{file: a.npz, tensors: {x: a, y: {axis: -1}, z: {constant: true}, s: {value: [1, 2]}}}",
        "{file: a.npz, tensors: {r: 16000, f: 0.5, l: [1, [2]], t: {array: x, repeat: false}}}",
    ],
)
@pytest.mark.parametrize(
    "error_models",
    ["bitflip", "['spatial:model=auto', {name: random, configuration: {low: 0, high: 1}}]"],
)
def test_inputs_and_error_models_that_are_right(
    schema: dict[str, Any], tmp_path: Path, inputs: str, error_models: str
) -> None:
    text = f"{{model: m.onnx, inputs: {inputs}, error_models: {error_models}}}"
    assert errors(schema, text) == []
    (tmp_path / "c.yaml").write_text(text)
    Configuration.from_yaml(tmp_path / "c.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{inputs: x.npz, error_models: [bitflip]}",
        "{model: m.onnx, error_models: [bitflip]}",
        "{model: m.onnx, inputs: x.npz}",
        "{model: m.onnx, inputs: x.npz, targets: [{tensors: a}, {tensors: b, error_model: zero}]}",
        "{model: m.onnx, inputs: {}, error_models: bitflip}",
        "{model: m.onnx, inputs: 3, error_models: bitflip}",
        "{model: m.onnx, inputs: {file: x.npz, label: y}, error_models: bitflip}",
        "{model: m.onnx, inputs: x.npz, error_models: [3]}",
        "{model: m.onnx, inputs: x.npz, error_models: [{configuration: {}}]}",
        *(
            BASE + x
            for x in (
                ", sead: 3}",
                ", seed: -1}",
                ", seed: red}",
                ", targets: 3}",
                ", targets: []}",
                ", targets: [conv1, {tensors: fc}]}",
                ", targets: {kind: activaton}}",
                ", targets: {exclude: {layer: a}}}",
                ", injections: all}",
                ", injections: {per_target: 0}}",
                ", injections: {until: {}}}",
                ", injections: {margin: 2}}",
                ", execution: {workers: 0}}",
                ", execution: {workers: many}}",
                ", execution: {limits: {second: 1}}}",
                ", metric: {output: [1]}}",
                ", statistics: {wrong_inputs: drop}}",
            )
        ),
    ],
)
def test_documents_that_are_wrong(schema: dict[str, Any], tmp_path: Path, text: str) -> None:
    assert errors(schema, text)
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ConfigurationError):
        Configuration.from_yaml(tmp_path / "c.yaml")


def test_what_onnxfi_writes_is_right(schema: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(BASE + "}")
    written = Configuration.from_yaml(tmp_path / "c.yaml").to_yaml()
    assert errors(schema, written) == []


def test_every_key_is_described(schema: dict[str, Any]) -> None:
    """Editors show the description of a key when the pointer is on it."""
    sections = {"campaign": schema, **schema["$defs"]}
    for name, section in sections.items():
        keys = section.get("properties") or section["anyOf"][-1]["properties"]
        for key, each in keys.items():
            assert each.get("description"), f"{name}.{key}"
            assert "``" not in each["description"]
    assert (
        "bitflip"
        in schema["$defs"]["ErrorModelEntry"]["anyOf"][-1]["properties"]["name"]["examples"]
    )

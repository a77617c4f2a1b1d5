"""Tests the YAML of campaigns, and the messages about its mistakes."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from onnxfi.configuration import Configuration
from onnxfi.configuration.selections import Targets
from onnxfi.errors import ConfigurationError

GOOD = """\
model: model.onnx
inputs: {file: inputs.npz}
error_models: [{name: bitflip}]
"""


def message_of(folder: Path, text: str) -> str:
    path = folder / "bad.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        Configuration.from_yaml(path)
    message = str(caught.value)
    assert str(path) in message
    assert "pydantic" not in message
    return message


def test_relative_paths_are_taken_from_the_folder_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.yaml").write_text(GOOD + "out: ../runs/a\n")
    monkeypatch.chdir(tmp_path)
    configuration = Configuration.from_yaml("sub/c.yaml")
    assert configuration.model == tmp_path / "sub" / "model.onnx"
    assert configuration.inputs.file == tmp_path / "sub" / "inputs.npz"
    assert isinstance(configuration.out, Path)
    assert configuration.out.resolve() == tmp_path / "runs" / "a"
    absolute = tmp_path / "elsewhere.onnx"
    (tmp_path / "sub" / "c.yaml").write_text(GOOD.replace("model.onnx", str(absolute)))
    assert Configuration.from_yaml("sub/c.yaml").model == absolute


def test_round_trip(tmp_path: Path, write: Callable[..., Path]) -> None:
    path = write(
        out="runs/x",
        targets={"layers": ["conv*"], "tensors": ["ä"]},
        metric={"name": "classification", "output": "probabilities"},
        error_models=[{"name": "random"}, {"name": "bitflip", "configuration": {"bit": "any"}}],
    )
    first = Configuration.from_yaml(path)
    again = tmp_path / "again.yaml"
    again.write_text(first.to_yaml(), encoding="utf-8")
    assert Configuration.from_yaml(again) == first


def test_round_trip_keeps_what_an_error_model_is_told(tmp_path: Path) -> None:
    first = Configuration.from_yaml(_write(tmp_path / "a.yaml", GOOD))
    told = first.error_models[0].model_copy(
        update={"configuration": {"none": None, "inf": math.inf, "list": [1, None]}}
    )
    text = first.model_copy(update={"error_models": (told,)}).to_yaml()
    assert yaml.safe_load(text)["error_models"][0]["configuration"] == told.configuration


def _write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "place", "keys"),
    [
        (GOOD + "sead: 3\n", "line 4, sead: unknown key (did you mean 'seed'?)", "seed"),
        (GOOD + "zzz: 3\n", "line 4, zzz: unknown key; ", "seed"),
        (
            GOOD + "targets: {exclude: {tensor: a}}\n",
            "unknown key (did you mean 'tensors'?)",
            "ops",
        ),
        (GOOD + "targets: [{op: a}]\n", "unknown key (did you mean 'ops'?)", "error_model"),
        (
            GOOD + "targets: [{ops: Conv, error_model: {nam: zero}}]\n",
            "unknown key (did you mean 'name'?)",
            "configuration",
        ),
        (
            GOOD + "injections: {until: {margn: 1}}\n",
            "unknown key (did you mean 'margin'?)",
            "confidence",
        ),
        (
            GOOD + "execution: {limits: {second: 1}}\n",
            "unknown key (did you mean 'seconds'?)",
            "memory",
        ),
        (GOOD + "execution: {lane: 1}\n", "unknown key (did you mean 'lanes'?)", "workers"),
        (GOOD + "metric: {outputs: a}\n", "unknown key (did you mean 'output'?)", "name"),
        (
            GOOD + "targets:\n  kind: activation\n  opps: [Conv]\n",
            "line 6, targets.opps: unknown key",
            "kind, ops, layers, tensors",
        ),
        (
            GOOD.replace("[{name: bitflip}]", "\n  - name: bitflip\n    confguration: {}"),
            "line 5, error_models.0.confguration: unknown key",
            "name, configuration",
        ),
        (
            GOOD.replace("{file: inputs.npz}", "{file: inputs.npz, label: y}"),
            "line 2, inputs.label: unknown key",
            "file, tensors, labels, limit",
        ),
    ],
)
def test_unknown_key(tmp_path: Path, text: str, place: str, keys: str) -> None:
    message = message_of(tmp_path, text)
    assert place in message
    assert keys in message.split(place)[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("inputs: {file: a.npz}\nerror_models: [{name: zero}]\n", "model: must be given"),
        ("model: m.onnx\ninputs: {}\nerror_models: [{name: zero}]\n", "line 2, inputs.file: must"),
        (GOOD + "seed: red\n", "line 4, seed: "),
        (GOOD + "seed: -1\n", "line 4, seed: "),
        (GOOD + "injections: {per_target: 0}\n", "line 4, injections.per_target: "),
        (GOOD + "injections: 5\n", "line 4, injections: "),
        (GOOD + "metric: {name: iou}\n", "line 4, metric: "),
        (GOOD.replace("[{name: bitflip}]", "[]"), "line 3, error_models: "),
        (GOOD.replace("bitflip", "bitflp"), "bitflip"),
        (GOOD.replace("{name: bitflip}", "bitflp"), "did you mean 'bitflip'"),
        (
            GOOD.replace("{name: bitflip}", "bitflip:30"),
            "line 3, error_models.0: an error model is",
        ),
        (
            GOOD.replace("{name: bitflip}", "3"),
            "line 3, error_models.0: must be a mapping with the",
        ),
        (
            GOOD.replace("{name: bitflip}", "{name: bitflip, configuration: {bit: 99}}"),
            "bit must be from 0 to 63",
        ),
        ("model: [\n", "is not YAML: line 2"),
        (GOOD + "seed: 2024-13-45\n", "is not YAML"),
        (GOOD + "a: \x01\n", "is not YAML"),
        ("", "must hold a mapping"),
        ("- model: a\n", "must hold a mapping"),
        ("just a text", "must hold a mapping"),
    ],
)
def test_one_mistake(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in message_of(tmp_path, text)


@pytest.mark.parametrize("key", ["lanes", "workers"])
@pytest.mark.parametrize("value", ["many", "0", "[1]", "2.5"])
def test_a_value_of_two_kinds_is_one_mistake(tmp_path: Path, key: str, value: str) -> None:
    message = message_of(tmp_path, GOOD + f"execution: {{{key}: {value}}}\n")
    assert "1 mistake:" in message
    assert f"line 4, execution.{key}: must be 'auto' or a whole number" in message
    assert "literal" not in message


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    message = message_of(
        tmp_path, "inputs: {fil: a.npz}\nerror_models: [{name: zero}]\nseed: x\nfoo: 1\n"
    )
    for place in ("model: must", "inputs.file: must", "inputs.fil: unknown", "seed: ", "foo: unkn"):
        assert place in message
    assert "5 mistakes:" in message


def test_a_list_with_a_wrong_item_is_not_called_empty(tmp_path: Path) -> None:
    message = message_of(tmp_path, GOOD + "targets: [{tensor: conv1}]\n")
    assert "1 mistake:" in message
    assert "targets.0.tensor: unknown key (did you mean 'tensors'?)" in message


def test_an_empty_list(tmp_path: Path) -> None:
    message = message_of(tmp_path, GOOD + "targets: []\n")
    assert message.endswith("targets: must not be empty.")


def test_unreadable_files(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("model: é".encode("latin-1"))
    for path in (tmp_path / "none.yaml", tmp_path, tmp_path / "latin.yaml"):
        with pytest.raises(ConfigurationError, match="cannot be read") as caught:
            Configuration.from_yaml(path)
        assert str(path) in str(caught.value)
        assert "Errno" not in str(caught.value)


def test_the_example_in_the_readers_words_is_accepted(work: Any) -> None:
    text = """
model: model.onnx
inputs: {file: inputs.npz, tensors: {image: images}, labels: labels, limit: 10}
targets: {kind: activation, ops: [Conv, Relu], layers: ["conv*"]}
error_models: [{name: bitflip, configuration: {bit: any}}]
injections: {per_target: 1000}
metric: {name: classification}
seed: 42
execution: {provider: auto, lanes: auto, workers: auto}
out: runs/lenet
"""
    configuration = Configuration.from_yaml(_write(work / "example.yaml", text))
    assert isinstance(configuration.targets, Targets)
    assert configuration.targets.ops == ("Conv", "Relu")
    assert configuration.execution.workers == "auto"
    assert configuration.inputs.limit == 10


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ("{file: 3}", "line 2, inputs.file: must be a file, a pattern or a list of files, got 3"),
        ("{file: []}", "line 2, inputs.file: must be a file"),
        ("{file: [a.npz, 3]}", "line 2, inputs.file: must be a file"),
        (
            "{file: a.npz, tensors: {x: {aray: a}}}",
            "x.aray: unknown key (did you mean 'array'?); the keys here are array, axis, c",
        ),
        ("{file: a.npz, tensors: {x: {value: {}}}}", "inputs.tensors.x.value: must be a number"),
        ("{file: a.npz, tensors: {x: {value: 1, array: a}}}", "inputs.tensors.x: a value takes"),
        ("{file: a.npz, tensors: {x: {constant: true, axis: 1}}}", "x: axis and repeat are"),
        ("{file: a.npz, tensors: {x: {axis: first}}}", "inputs.tensors.x.axis: "),
        (
            "{file: a.npz, labels: {fil: b}}",
            "inputs.labels.fil: unknown key (did you mean 'file'?); ",
        ),
        ("{file: a.npz, repeat: 3}", "inputs.repeat: "),
    ],
)
def test_a_mistake_in_the_inputs(tmp_path: Path, inputs: str, expected: str) -> None:
    message = message_of(tmp_path, GOOD.replace("{file: inputs.npz}", inputs))
    assert expected in message
    assert "1 mistake:" in message


def test_inputs_in_every_form(tmp_path: Path) -> None:
    tensors = (
        "{a: images, b: {array: x, axis: -1}, c: {constant: true}, d: {value: [1, 2]}, e: 16000, "
        "f: {repeat: true}}"
    )
    for file, resolved in (
        ("in/*.npz", tmp_path / "in" / "*.npz"),
        ("[a.npz, b.npz]", (tmp_path / "a.npz", tmp_path / "b.npz")),
    ):
        text = f"{{file: {file}, tensors: {tensors}, labels: {{file: y.npy}}, repeat: true}}"
        (tmp_path / "c.yaml").write_text(GOOD.replace("{file: inputs.npz}", text))
        read = Configuration.from_yaml(tmp_path / "c.yaml")
        assert read.inputs.file == resolved
        assert read.inputs.labels is not None
        assert read.inputs.labels.file == tmp_path / "y.npy"
        written = read.to_yaml()
        for form in ("a: images\n", "axis: -1\n", "e:\n      value: 16000\n", "repeat: true\n"):
            assert form in written
        (tmp_path / "again.yaml").write_text(written)
        assert Configuration.from_yaml(tmp_path / "again.yaml") == read


SHORT = """\
model: nets/model.onnx
inputs: inputs.npz
error_models: [bitflip, "random:low=0,high=1", {name: zero}]
targets: conv1
"""
LONG = """\
model: nets/model.onnx
inputs: {file: inputs.npz, labels: auto}
error_models:
  - {name: bitflip}
  - {name: random, configuration: {low: 0, high: 1}}
  - {name: zero}
targets: {tensors: [conv1]}
out: runs/model
"""


def test_short_forms(tmp_path: Path) -> None:
    short = Configuration.from_yaml(_write(tmp_path / "short.yaml", SHORT))
    assert short == Configuration.from_yaml(_write(tmp_path / "long.yaml", LONG))
    assert [x.label for x in short.error_models] == ["bitflip", "random:low=0,high=1", "zero"]
    assert short.out == tmp_path / "runs" / "model"
    again = _write(tmp_path / "again.yaml", short.to_yaml())
    assert Configuration.from_yaml(again) == short


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("targets: [conv1, 'relu*']", "targets: {tensors: [conv1, 'relu*']}"),
        ("targets: {ops: Conv}", "targets: {ops: [Conv]}"),
        (
            "targets: [{layers: a, error_model: zero}, {tensors: b}]",
            "targets: [{layers: [a], error_model: {name: zero}}, {tensors: [b]}]",
        ),
        (
            "targets: {exclude: {kinds: weight, dtypes: int8}}",
            "targets: {exclude: {kinds: [weight], dtypes: [int8]}}",
        ),
        ("inputs: [a.npz, b.npz]", "inputs: {file: [a.npz, b.npz], labels: auto}"),
        ("inputs: 'in/*.npz'", "inputs: {file: 'in/*.npz', labels: auto}"),
        ("error_models: nan", "error_models: [{name: nan}]"),
        (
            "metric: 'segmentation:min_iou=0.9'",
            "metric: {name: segmentation, configuration: {min_iou: 0.9}}",
        ),
    ],
)
def test_each_short_form(tmp_path: Path, short: str, long: str) -> None:
    read = []
    for text in (short, long):
        given = yaml.safe_load(GOOD) | yaml.safe_load(text)
        read.append(Configuration.from_yaml(_write(tmp_path / "c.yaml", yaml.safe_dump(given))))
    assert read[0] == read[1]


def test_names_mixed_with_selections_of_targets(tmp_path: Path) -> None:
    message = message_of(tmp_path, GOOD + "targets: [conv1, {tensors: conv2}]\n")
    assert "line 4, targets: must hold names only" in message
    assert "[{tensors: conv1}, {tensors: conv2}]" in message


def test_relative_paths_in_the_text_of_an_error_model(tmp_path: Path) -> None:
    text = GOOD.replace("{name: bitflip}", "'random:profile=profile.json'")
    message = message_of(tmp_path, text)
    assert f"{tmp_path / 'profile.json'}" in message

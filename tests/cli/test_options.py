"""Options mean the same in all commands, and every result is printed as JSON on demand."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.cli.lazy_command import LazyCommand
from onnxfi.cli.main import make_program

KERAS_FILE = Path(__file__).parents[2] / "onnxfi" / "demo" / "assets" / "lenet_digits.h5"


def loaded(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        here = f"{path} {name}".strip()
        if isinstance(command, LazyCommand):
            yield here, command.load()
        else:
            yield from loaded(command, here)


COMMANDS = dict(loaded(make_program()))
# Commands that write what users name.
WRITING = {
    *("demo", "init", "schema", "convert", "split", "profile", "embed", "report"),
    *("campaign run", "campaign replay", "campaign export"),
    *("error-models plot", "error-models derive", "error-models merge"),
}
# It prints JSON in any case.
WITHOUT_JSON = {"schema"}


def spellings(command: Any, name: str) -> list[str]:
    return next((x.opts for x in command.params if x.name == name), [])


@pytest.mark.parametrize("name", sorted(WRITING))
def test_all_files_are_named_with_out(name: str) -> None:
    assert spellings(COMMANDS[name], "out") == ["--out", "-o"]


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - WITHOUT_JSON))
def test_results_are_printed_as_json(name: str) -> None:
    assert spellings(COMMANDS[name], "as_json") == ["--json"]


def test_a_letter_means_the_same_in_all_commands() -> None:
    meanings: dict[str, set[str]] = {}
    for command in COMMANDS.values():
        for each in command.params:
            for letter in (x for x in each.opts if len(x) == 2):
                meanings.setdefault(letter, set()).add(each.name)
    assert {"-o", "-q", "-v"} <= meanings.keys()
    assert all(len(x) == 1 for x in meanings.values())


@pytest.mark.thorough
def test_convert_prints_json(onnxfi: Callable[..., Any], tmp_path: Path) -> None:
    out = tmp_path / "m.onnx"
    result = onnxfi("convert", KERAS_FILE, "-o", out, "--json")
    assert (result.status, result.stderr) == (0, "")
    document = json.loads(result.stdout)
    assert document["model"] == str(out)
    assert document["layers"]["conv1"] == "conv1"
    assert document["largest_difference"] is None
    assert out.exists()
    twice = onnxfi("convert", KERAS_FILE, out, "-o", out)
    assert twice.status == 2
    assert "must be given once" in twice.stderr


def test_split_prints_json(onnxfi: Callable[..., Any], work: Path) -> None:
    result = onnxfi("split", "lenet.onnx", "--target", "conv1", "-o", "parts", "--json")
    assert (result.status, result.stderr) == (0, "")
    document = json.loads(result.stdout)
    assert document["folder"] == "parts"
    assert document["targets"] == ["conv1"]
    assert all(Path("parts", x["model"]).exists() for x in document["stages"])
    assert 0 < document["suffix_share"] < 1


def test_embed_prints_json(onnxfi: Callable[..., Any], work: Path) -> None:
    result = onnxfi(
        *("embed", "lenet.onnx", "--target", "conv1", "--sites", "3", "--error-model", "zero"),
        *("--inputs", "x.npz", "-o", "e.onnx", "--json"),
    )
    assert (result.status, result.stderr) == (0, "")
    document = json.loads(result.stdout)
    assert document["input"] == "saboteur/conv1"
    assert document["corruptions"] == 3
    assert Path(document["model"]).exists()


def test_spatial_models_print_json(onnxfi: Callable[..., Any], work: Path) -> None:
    golden = np.zeros((1, 4, 3, 3), np.float32)
    Path("faulty").mkdir()
    np.save("golden.npy", golden)
    golden[0, 1, 2, 2] = 1
    np.save("faulty/0.npy", golden)
    derived = onnxfi("error-models", "derive", "golden.npy", "faulty", "-o", "d.json", "--json")
    assert json.loads(derived.stdout) == {"file": "d.json", "error_model": "spatial:model=d.json"}
    merged = onnxfi("error-models", "merge", "d.json", "relu", "-o", "m.json", "--json")
    spec = json.loads(merged.stdout)["error_model"]
    drawn = onnxfi("error-models", "plot", spec, "--count", 3, "-o", "m.svg", "--json")
    document = json.loads(drawn.stdout)
    assert document["file"] == "m.svg"
    assert len(document["corruptions"]) == 3
    assert all(x["sites"] >= 1 for x in document["corruptions"])


def test_init_prints_json(onnxfi: Callable[..., Any], work: Path) -> None:
    result = onnxfi("init", "lenet.onnx", "x.npz", "-o", "new.yaml", "--json")
    document = json.loads(result.stdout)
    assert document["random_inputs"] is None
    assert all(Path(document[x]).exists() for x in ("configuration", "schema"))

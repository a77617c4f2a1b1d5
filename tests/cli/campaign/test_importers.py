"""``campaign run`` with the files of older tools."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onnxfi.configuration import Configuration
from onnxfi.run_directory import read_records

TENSORFI2 = "Target: layer_outputs\nMode: multiple\nType: bitflips\nAmount: 2\nBit: N\nLayer: 3\n"
OPTIONS = ("--model", "lenet.onnx", "--inputs", "x.npz", "--provider", "cpu", "--per-target", "3")


@pytest.fixture
def fault(work: Path) -> Path:
    """Give a TensorFI2 file in the current folder, which has lenet.onnx and x.npz."""
    path = work / "fault.yaml"
    path.write_text(TENSORFI2)
    return path


def test_a_file_is_translated_kept_and_run(onnxfi: Callable[..., Any], fault: Path) -> None:
    result = onnxfi("campaign", "run", "--from-tensorfi2", fault, *OPTIONS, "--seed", "4")
    assert result.status == 0, result.stderr
    assert "Outcomes in runs/fault" in result.stdout
    assert "Note" not in result.stdout
    notes = [line for line in result.stderr.splitlines() if line.startswith("Note: ")]
    assert any("Layer: 3 is ignored" in line for line in notes)
    assert any("Mode: multiple" in line for line in notes)
    assert "onnxfi campaign run runs/fault.yaml" in result.stderr
    kept = fault.parent / "runs" / "fault.yaml"
    assert Configuration.from_yaml(kept).seed == 4
    again = onnxfi("campaign", "run", kept, "--out", "again", "--provider", "cpu")
    assert again.status == 0, again.stderr
    assert read_records(Path("again")).equals(read_records(Path("runs/fault")))
    assert read_records(Path("again")).num_rows == 3


def test_the_translation_stays_when_the_run_fails(onnxfi: Callable[..., Any], fault: Path) -> None:
    (fault.parent / "x.npz").unlink()
    result = onnxfi("campaign", "run", "--from-tensorfi2", fault, *OPTIONS, "--out", "a/b.c")
    assert result.status == 2
    assert result.stdout == ""
    assert "The translation is saved in a/b.c.yaml" in result.stderr
    assert result.stderr.count("Error: ") == 1
    assert Configuration.from_yaml("a/b.c.yaml").out == fault.parent / "a" / "b.c"
    assert not Path("a/b.c").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "got none"),
        (("campaign.yaml", "--from-classes", "c.json"), "CONFIG.yaml and --from-classes"),
        (("campaign.yaml", "--labels", "y", "--per-target", "3"), "--labels, --per-target: only"),
        (("--from-tensorfi2", "fault.yaml", "--model", "lenet.onnx"), "Give --inputs"),
        (("--from-tensorfi2", "fault.yaml", "--inputs", "x.npz"), "Give --model"),
        (("--from-tensorfi2", "none.yaml", *OPTIONS), "none.yaml cannot be read"),
        (
            ("--from-classes", "fault.yaml", *OPTIONS),
            "fault.yaml must hold keys with values in",
        ),
    ],
)
def test_mistakes(
    onnxfi: Callable[..., Any], fault: Path, arguments: tuple[str, ...], expected: str
) -> None:
    result = onnxfi("campaign", "run", *arguments)
    assert result.status == 2
    assert result.stdout == ""
    assert expected in result.stderr
    assert "Traceback" not in result.stderr
    assert not (fault.parent / "runs").exists()

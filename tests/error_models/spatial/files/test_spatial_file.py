"""onnxfi's own schema of spatial models: what is read, what is written, what is refused."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from onnxfi.error_models import SpatialModel
from onnxfi.error_models.spatial.distribution import NO_PARAMETERS, ParameterCandidates
from onnxfi.error_models.spatial.files.spatial_file import (
    SpatialFile,
    format_spatial_file,
    read_spatial_file,
)
from onnxfi.error_models.spatial.library import MODELS, built_in_model
from onnxfi.error_models.spatial.patterns import PATTERNS
from onnxfi.error_models.spatial.value_mix import ValueMix
from onnxfi.errors import ErrorModelError

EVERY_PATTERN = Path(__file__).parents[2] / "data" / "every_pattern.json"
ROW = {
    "frequency": 3,
    "values": [
        {"frequency": 1, "all": "nan"},
        {"frequency": 2, "zero": [25, 37.5], "rest": "flip"},
        {"frequency": 1, "each": {"in_range": 3, "zero": 1}},
    ],
    "parameters": [
        {
            "frequency": 1,
            "row_corruption_pct": {"any_of": [[0, 10], [90, 100]]},
            "max_cardinality": 7,
            "min_value_skip": 1,
            "max_value_skip": {"any_of": [1, 2]},
        }
    ],
}
SINGLE = {"frequency": 1, "values": [{"frequency": 1, "all": "zero"}]}


def read(folder: Path, **changes: Any) -> SpatialFile:
    document = {"schema": "onnxfi.spatial/1", "patterns": {"same_row": ROW, "single": SINGLE}}
    path = folder / "model.json"
    path.write_text(json.dumps(document | changes), encoding="utf-8")
    return read_spatial_file(str(path))


def test_every_form_is_read(tmp_path: Path) -> None:
    file = read(tmp_path, source="a paper", observations=12)
    assert (file.source, file.observations) == ("a paper", 12)
    (row, row_share), (single, single_share) = file.distribution.shares()
    assert (row_share, single_share) == (0.75, 0.25)
    assert (row.pattern, single.pattern) == ("same_row", "single")
    assert single.parameters == NO_PARAMETERS
    assert row.value_mixes.shares() == [
        (ValueMix(("nan",)), 0.25),
        (ValueMix(("zero", "flip"), (25.0, 37.5)), 0.5),
        (ValueMix(("zero", "in_range"), shares=(0.25, 0.75)), 0.25),
    ]
    assert row.parameters.items == (
        ParameterCandidates(
            {"max_cardinality": (7,), "min_value_skip": (1,), "max_value_skip": (1, 2)},
            {"row_corruption_pct": ((0.0, 10.0), (90.0, 100.0))},
        ),
    )


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """A CLASSES file becomes one of ours: the figures stay, to four digits."""
    published = read_spatial_file(str(EVERY_PATTERN)).distribution
    path = tmp_path / "ours.json"
    file = SpatialFile(published, 'from "ä" test', 3)
    path.write_text(format_spatial_file(file), encoding="utf-8")
    ours = read_spatial_file(str(path))
    assert (ours.source, ours.observations) == ('from "ä" test', 3)
    by_name = {each.pattern: (each, share) for each, share in ours.distribution.shares()}
    assert by_name.keys() == set(PATTERNS)
    for each, share in published.shares():
        pattern, written = by_name[each.pattern]
        assert written == pytest.approx(share, rel=1e-3)
        for one, other in (
            (pattern.value_mixes.shares(), each.value_mixes.shares()),
            (pattern.parameters.shares(), each.parameters.shares()),
        ):
            assert [x for x, _ in one] == [x for x, _ in other]
            assert [x for _, x in one] == pytest.approx([x for _, x in other], rel=1e-3)


def test_error_model_takes_such_a_file(tmp_path: Path) -> None:
    read(tmp_path)
    assert SpatialModel(tmp_path / "model.json", pattern="single").pattern == "single"


def with_values(*values: Any) -> dict[str, Any]:
    return {"patterns": {"single": {"frequency": 1, "values": list(values)}}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"schema": "onnxfi.spatial/2"},
            'schema must be "onnxfi.spatial/1", got "onnxfi.spatial/2',
        ),
        ({"sauce": ""}, "sauce is not a known key .did you mean 'source'"),
        ({"source": 3}, "source must be a text, got 3"),
        ({"observations": -1}, "observations must be an integer of at least 0, got -1"),
        ({"patterns": {}}, "patterns must have a spatial pattern"),
        ({"patterns": {"singel": SINGLE}}, "patterns.singel is not a known key"),
        (
            {"patterns": {"single": SINGLE | {"parameters": []}}},
            "single.parameters is not a known key",
        ),
        ({"patterns": {"same_row": SINGLE}}, "patterns.same_row must have the key parameters"),
        ({"patterns": {"single": SINGLE | {"frequency": 0}}}, "whose frequency is above 0"),
        (with_values(), "values must be a list of one item or more"),
        (with_values({"frequency": 1}), r"values\[0\] must have all, each, or a value class and"),
        (with_values({"frequency": 1, "all": "big"}), r"values\[0\].all must be one of zero, nan"),
        (with_values({"frequency": 1, "zero": [0, 50], "rest": "zero"}), "rest must be one of nan"),
        (with_values({"frequency": 1, "zero": [50, 0], "rest": "nan"}), "the lower one first"),
        (with_values({"frequency": 1, "zero": [0, 50]}), "must have all, each, or a value class"),
        (with_values({"frequency": 1, "each": {"zero": 0}}), "each must have a share above 0"),
        (with_values({"frequency": 1, "all": "nan", "each": {"zero": 1}}), "must have all, each"),
    ],
)
def test_wrong_files(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ErrorModelError, match=message):
        read(tmp_path, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_cardinality": 0}, r"parameters\[0\].max_cardinality must be an integer of at"),
        ({"max_cardinality": {"any_of": []}}, "any_of must be a list of one item or more"),
        ({"max_cardinality": {"RANDOM": [1]}}, "max_cardinality.RANDOM is not a known key"),
        ({"row_corruption_pct": [0, 101]}, "must be two percentages"),
        ({"block_size": 16}, "block_size is not a known key"),
    ],
)
def test_wrong_parameters(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    row = ROW | {"parameters": [ROW["parameters"][0] | changes]}  # type: ignore[index]
    with pytest.raises(ErrorModelError, match=message):
        read(tmp_path, patterns={"same_row": row})


def test_the_example_in_the_documentation_is_a_model(tmp_path: Path) -> None:
    text = (Path(__file__).parents[4] / "docs" / "error-models.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    path = tmp_path / "model.json"
    path.write_text(example)
    file = read_spatial_file(str(path))
    assert [each.pattern for each in file.distribution.items] == ["bullet_wake", "single"]
    for name in MODELS:
        assert f"| `{name}` |" in text
        assert f"| {built_in_model(name).observations} |" in text

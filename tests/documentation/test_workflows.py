"""Workflows of GitHub Actions, our own and those that pages show, against their JSON schema."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema

from tests.documentation.blocks import read_blocks

ROOT = Path(__file__).parents[2]


def workflows() -> dict[str, Any]:
    """Return the workflows by the places where they stand."""
    found = {x.name: x.read_text("utf-8") for x in (ROOT / ".github" / "workflows").glob("*.yml")}
    for page in sorted((ROOT / "docs").rglob("*.md")):
        for block in read_blocks(page):
            if block.language == "yaml" and "runs-on:" in block.source:
                found[block.place] = block.source
    documents = {place: yaml.safe_load(text) for place, text in found.items()}
    # In YAML 1.1, the key "on" is a Boolean.
    return {
        place: {"on" if key is True else key: value for key, value in document.items()}
        for place, document in documents.items()
    }


WORKFLOWS = workflows()


def test_there_are_some() -> None:
    assert {"ci.yml", "release.yml"} <= {*WORKFLOWS}
    assert any(x.startswith("ci.md:") for x in WORKFLOWS)


@pytest.mark.parametrize("place", WORKFLOWS)
def test_workflows_follow_the_schema(place: str) -> None:
    schema = get_builtin_schema("vendor.github-workflows")
    jsonschema.Draft7Validator(schema).validate(WORKFLOWS[place])

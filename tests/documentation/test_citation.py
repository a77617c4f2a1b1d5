"""CITATION.cff names this version, and has what every citation needs."""

from pathlib import Path

import yaml

import onnxfi

ROOT = Path(__file__).parents[2]
# Required by the schema of the Citation File Format 1.2.0.
REQUIRED = {"authors", "cff-version", "message", "title"}


def test_the_citation_is_complete_and_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert set(citation) >= REQUIRED
    assert citation["cff-version"] == "1.2.0"
    assert citation["authors"] == [{"name": "The onnxfi authors"}]
    assert citation["version"] == onnxfi.__version__
    assert f"version = {{{onnxfi.__version__}}}" in (ROOT / "README.md").read_text(encoding="utf-8")

"""The contributors' pages name files, modules and links that exist."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("CONTRIBUTING.md", "RELEASING.md", "docs/architecture.md")),
    *sorted((ROOT / "docs" / "contributing").glob("*.md")),
]
# Their examples name files that the reader is to write.
EXAMPLES = ("add-a-metric.md", "add-an-error-model.md", "translate-a-keras-layer.md")
PATH = re.compile(r"`((?:onnxfi|converters|error_models|tests|tools|docs)/[\w/.]*)`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
PROGRAM = re.compile(r"python -m (tools[\w.]*)")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_what_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = () if page.name in EXAMPLES else PATH.findall(text)
    missing = [x for x in named if not (ROOT / x).exists()]
    missing += [x for x in LINK.findall(text) if not (page.parent / x).exists()]
    missing += [x for x in PROGRAM.findall(text) if find_spec(x) is None]
    assert missing == []


def test_a_missing_path_would_be_found() -> None:
    assert PATH.findall("see `onnxfi/none.py` and `tools/`") == ["onnxfi/none.py", "tools/"]
    assert LINK.findall("[a](docs/a.md#b) [c](https://c.org)") == ["docs/a.md"]
    assert PROGRAM.findall("python -m tools.check_cuda") == ["tools.check_cuda"]

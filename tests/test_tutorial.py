"""The tutorial notebook runs from its first cell to its last, and shows what its text says."""

import ast
import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parent.parent / "docs" / "tutorial.ipynb"


def run_cell(source: str, namespace: dict[str, Any]) -> Any:
    """Run a cell as a notebook does, and return the value of its last expression."""
    *statements, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        statements, last = [*statements, last], ast.Expr(ast.Constant(None))
    exec(compile(ast.Module(statements, []), "cell", "exec"), namespace)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), namespace)


@pytest.fixture
def cells() -> list[dict[str, Any]]:
    document: dict[str, Any] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return [{**x, "source": "".join(x["source"])} for x in document["cells"]]


def test_the_notebook_is_stored_without_outputs(cells: list[dict[str, Any]]) -> None:
    code = [x for x in cells if x["cell_type"] == "code"]
    assert len(code) > 10
    assert all(x["outputs"] == [] and x["execution_count"] is None for x in code)
    assert len({x["id"] for x in cells}) == len(cells)


@pytest.mark.thorough
def test_every_cell_runs(
    cells: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        sources = [x["source"] for x in cells if x["cell_type"] == "code"]
        shown = [run_cell(x, namespace) for x in sources]
    for value in shown:
        picture = getattr(value, "_repr_svg_", None) or getattr(value, "_repr_html_", None)
        assert value is None or (picture() if picture else repr(value))
    # What the text claims.
    results, hardened = namespace["results"], namespace["hardened"]
    fields = {x.key["bit_field"]: x.sdc.share for x in results.summary("bit_field")}
    assert fields["exponent"] > 5 * fields["mantissa"]
    assert namespace["comparison"].paired
    assert hardened.summary()[0].sdc.high < results.summary()[0].sdc.low
    assert (tmp_path / "report.html").exists()
    assert "digits are recognised" in printed.getvalue()

"""Objects are shown on one line, and in notebooks as tables."""

import html.parser
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

import onnxfi
from onnxfi.campaign import Campaign
from onnxfi.display import html_table, list_names, shorten
from onnxfi.injector import Injections
from onnxfi.statistics import compare, summarise
from tests.support.made_run import write_run
from tests.support.small_graphs import chain, random_inputs

LONGEST = 200
LONG_NAME = "encoder/block_17/attention/<script>alert(1)</script>/" + 20 * "deep/" + "out"


def long_names() -> Any:
    """Make a model with long and dangerous names, and many inputs."""
    inputs = [f"{LONG_NAME}/in{number}" for number in range(9)]
    node = helper.make_node("Sum", inputs, [f"{LONG_NAME}/sum"], name="sum")
    last = helper.make_node("Relu", [f"{LONG_NAME}/sum"], [f"{LONG_NAME}/y"], name="relu")
    infos = [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["N", 4]) for x in inputs]
    output = helper.make_tensor_value_info(f"{LONG_NAME}/y", TensorProto.FLOAT, ["N", 4])
    graph = helper.make_graph([node, last], "graph", infos, [output])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def objects_of(proto: Any, targets: list[str]) -> Iterator[object]:
    """Yield one object of each class that an injection passes."""
    model = onnxfi.load(proto)
    yield model
    yield model.targets()
    split = onnxfi.split(model, targets)
    yield from (split, *split.stages)
    injector = onnxfi.Injector(model, targets, provider="cpu")
    yield injector
    golden = injector.golden({k: x[:1] for k, x in random_inputs(proto).items()})
    yield golden
    batch = onnxfi.InjectionBatch(golden, 0, range(7))
    yield batch
    (injections,) = injector.inject_all([batch], "bitflip:bit=30", seed=1)
    assert isinstance(injections, Injections)
    yield from (injections, injections[0], *injections.hits)
    injector.close()
    yield injector


@pytest.fixture(scope="module")
def shown(finished: Path) -> list[object]:
    """Give objects of all classes that users hold."""
    results = onnxfi.open(finished)
    campaigns = [Campaign(results.configuration), Campaign.open(finished)]
    statistics = [summarise(finished, results.configuration), compare(finished, finished)]
    return [
        *objects_of(chain(), ["a", "b"]),
        *objects_of(long_names(), [f"{LONG_NAME}/sum", f"{LONG_NAME}/y"]),
        *campaigns,
        *statistics,
        results,
        results.configuration,
        *results.worst(3),
        results.summary()[0],
    ]


@pytest.mark.thorough
def test_every_object_is_shown_on_one_short_line(shown: list[object]) -> None:
    assert len({type(x) for x in shown}) == 17
    for each in shown:
        text = repr(each)
        assert text == str(each)
        assert len(text) <= LONGEST, text
        assert "\n" not in text
        assert not re.search(r"0x[0-9a-f]{5}", text), text


def test_what_is_shown_identifies_the_object(shown: list[object]) -> None:
    texts = [repr(x) for x in shown]
    expected = [
        "<onnxfi.Model small: 3 nodes, x → y>",
        "<6 targets: x, w, a and 3 more>",
        "<onnxfi.Injector at a, b, closed>",
        "<onnxfi.InjectionBatch on input 0: 7 injections from 0>",
        "<onnxfi.Campaign on model.onnx: not begun>",
    ]
    assert [x for x in expected if x not in texts] == []


class _Reader(html.parser.HTMLParser):
    """Collects the tags and the text of HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_tables_escape_names_and_load_nothing(finished: Path) -> None:
    model = onnxfi.load(long_names())
    results = onnxfi.open(finished)
    comparison = results.compare(results)
    for each in (model, model.targets(), results, results.summary("target"), comparison):
        shown = each._repr_html_() or ""
        read = _Reader(shown)
        assert {*read.tags} <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td"}
        assert {*read.attributes} <= {"style"}
        assert "url(" not in shown
    read = _Reader(model.targets()._repr_html_())
    assert read.tags.count("tr") == 1 + len(model.targets())
    assert f"{LONG_NAME}/sum" in read.texts


def test_a_notebook_shows_text_before_anything_is_recorded(finished: Path, tmp_path: Path) -> None:
    results = onnxfi.open(write_run(finished, tmp_path / "run", []))
    assert results._repr_html_() is None  # "<onnxfi.Results" would be an unknown tag
    assert repr(results).startswith("<onnxfi.Results")


def test_long_tables_end_after_some_rows() -> None:
    read = _Reader(html_table(["n"], [[n] for n in range(1234)]))
    assert read.tags.count("td") == 500
    assert read.texts[-1] == "and 734 more rows"


def test_targets_are_still_a_list() -> None:
    targets = onnxfi.load(chain()).targets(kind="activation")
    assert targets == list(targets)
    assert targets[0].dtype == np.float32
    assert repr(targets) == "<3 targets: a, b, y>"
    assert repr(type(targets)()) == "<0 targets>"


def test_names_are_shortened_in_the_middle() -> None:
    assert shorten("conv1") == "conv1"
    assert len(shorten("x" * 500)) <= 30
    assert shorten("begin" + 90 * "-" + "end").startswith("begin")
    assert shorten("begin" + 90 * "-" + "end").endswith("end")
    assert list_names("abcde") == "a, b, c and 2 more"
    assert list_names("ab") == "a, b"

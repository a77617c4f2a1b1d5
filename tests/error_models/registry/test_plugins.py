# ruff: noqa: D102  # a test's name says what it tests
"""Error models of other packages: the one in the documentation, and what cannot be loaded."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.error_models import BitFlip, ErrorModel, Profile, SitewiseErrorModel, from_dict, load
from onnxfi.error_models.contract import ErrorModelContract
from onnxfi.error_models.registry.loading import map_paths
from onnxfi.error_models.registry.plugins import declared_names
from onnxfi.errors import ErrorModelError

DOCS = Path(__file__).parents[3] / "docs"
PAGES = (DOCS / "error-models.md", DOCS / "how-to" / "own-error-model.md")
DOCUMENTATION = "".join(x.read_text(encoding="utf-8") for x in PAGES)

Install = Callable[..., Path]


def documented(words: str) -> str:
    """Give the Python code in the documentation that holds some words."""
    blocks = re.findall(r"```python[^\n]*\n(.*?)```", DOCUMENTATION, re.DOTALL)
    (block,) = (block for block in blocks if words in block)
    return str(block)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Give a function that installs a module, and entry points, as pip would."""
    before = set(sys.modules)

    def install_module(name: str, code: str, *, package: str = "", **entries: str) -> Path:
        folder = tmp_path / (package or name)
        folder.mkdir()
        (folder / f"{name}.py").write_text(code)
        if entries:
            info = folder / f"{package or name}-1.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package or name}\n")
            lines = [f"{entry} = {value}\n" for entry, value in entries.items()]
            (info / "entry_points.txt").write_text("".join(["[onnxfi.error_models]\n", *lines]))
        monkeypatch.syspath_prepend(folder)
        return folder

    yield install_module
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def stripes(install: Install) -> Path:
    """Install the module of the documentation, and give its folder."""
    return install("stripes", documented("class Negated("))


def draw(model: ErrorModel, golden: np.ndarray) -> np.ndarray:
    """Give the values of one corruption."""
    return model.sample(golden, channel_axis=1, rng=np.random.default_rng(0)).values


@pytest.mark.usefixtures("stripes")
class TestDocumentedModel(ErrorModelContract):
    """The error model of the documentation keeps the contract."""

    dtypes = (np.dtype("float32"),)
    test_same_corruptions_in_another_process = None  # type: ignore[assignment]  # a second is much, for what others test

    @pytest.fixture
    def error_model(self) -> ErrorModel:
        return load("stripes:Negated:factor=2,rate=0.5")


@pytest.mark.usefixtures("stripes")
@pytest.mark.parametrize(
    "spec",
    [
        "stripes:Negated:factor=2,count=3",
        " stripes:Negated : factor = 2 , count = 3 ",
        {"name": "stripes:Negated", "configuration": {"factor": 2, "count": 3}},
    ],
)
def test_by_its_path(spec: Any) -> None:
    model = load(spec)
    assert isinstance(model, SitewiseErrorModel)
    assert model.to_dict()["name"] == "stripes:Negated"
    assert draw(model, np.ones((1, 2, 3), np.float32)).tolist() == [-2.0] * 3
    assert from_dict(json.loads(json.dumps(model.to_dict()))) == model


@pytest.mark.usefixtures("stripes")
def test_its_paths_are_those_of_a_region() -> None:
    configuration = {"factor": 2, "region": {"sites": "a.npz"}}
    changed = map_paths("stripes:Negated", configuration, lambda path: f"/folder/{path}")
    assert changed == {"factor": 2, "region": {"sites": "/folder/a.npz"}}
    assert configuration["region"] == {"sites": "a.npz"}


@pytest.mark.usefixtures("stripes")
@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("stripes:Negatd", "from stripes:Negatd, got AttributeError: .*Negatd"),
        ("stripe:Negated", "got ModuleNotFoundError: No module named 'stripe'"),
        ("stripes:Negated:factr=2", "stripes:Negated: .* got 'factr' .did you mean 'factor'"),
        ("stripes:Negated:factor=0", "Negated: factor must be above 0, got 0"),
        (
            "stripes:Negated:factor=two",
            "Negated: the class does not accept .*'two'",
        ),
        ("stripes:Negated:factor", "name:key=value,key=value, got 'factor'"),
        ("stripes:ErrorModelError", "got a class without name, sample, to_dict"),
        ("stripes:values_at", "must be a class with name, sample and to_dict, got <function"),
        ("stripes.more:Negated", "got ModuleNotFoundError"),
        ("json:dumps:obj=1", "must be a class with name, sample and to_dict"),
        ("bitflip:Negated", "The configuration of bitflip is written key=value, got 'Negated'"),
        ("random:Random", "The configuration of random is written key=value, got 'Random'"),
        (":Negated", "got ':Negated'"),
        (
            "stripes:Negated:factor=2:count=3",
            "stripes:Negated: the class does not accept",
        ),
    ],
)
def test_what_cannot_be_loaded(spec: str, message: str) -> None:
    with pytest.raises(ErrorModelError, match=message):
        load(spec)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import no_such_package", "got ModuleNotFoundError: No module named 'no_such_package'"),
        ("def (", "got SyntaxError"),
        ("1 / 0", "got ZeroDivisionError: division by zero"),
        ("raise KeyError('x')", "got KeyError: 'x'"),
    ],
)
def test_a_module_that_cannot_be_imported(install: Install, code: str, message: str) -> None:
    install("broken_model", code, broken="broken_model:Model")
    for spec in ("broken_model:Model", "broken"):
        with pytest.raises(ErrorModelError, match=message):
            load(spec)


def test_nothing_but_an_error_model_is_called(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    configuration = {"args": ["touch", str(mark)]}
    with pytest.raises(ErrorModelError, match="a class without name, sample, to_dict"):
        load({"name": "subprocess:Popen", "configuration": configuration})
    assert not mark.exists()


def test_by_an_entry_point(install: Install) -> None:
    code = documented("class Negated(").replace('"stripes:Negated"', '"negated"')
    install("more_stripes", code, negated="more_stripes:Negated")
    assert "negated" in declared_names()
    model = load("negated:factor=3")
    assert draw(model, np.ones((1, 2, 3), np.float32)).tolist() == [-3.0]
    assert load(model.to_dict()) == model
    with pytest.raises(ErrorModelError, match=r"got 'negate' .did you mean 'negated'"):
        load("negate")


def test_names_of_onnxfi_are_not_overridden(install: Install) -> None:
    install("thief", documented("class Negated("), bitflip="thief:Negated")
    assert load("bitflip") == BitFlip()


def test_a_name_that_two_packages_declare(install: Install) -> None:
    code = documented("class Negated(")
    install("first_one", code, negated="first_one:Negated")
    install("second_one", code, negated="second_one:Negated")
    with pytest.raises(ErrorModelError, match="got first_one:Negated and second_one:Negated"):
        load("negated")
    assert load("second_one:Negated").name == "stripes:Negated"


def test_parameters_without_default_and_errors_of_the_class(install: Install) -> None:
    code = """
class Model:
    name = "demanding:Model"
    def __init__(self, size, *, mode="a", **others):
        self.size, self.mode = int(size), mode
    def sample(self, golden, *, channel_axis, rng): ...
    def to_dict(self):
        return {"name": self.name, "configuration": {"size": self.size, "mode": self.mode}}
"""
    install("demanding", code)
    assert load("demanding:Model:size=3").to_dict()["configuration"] == {"size": 3, "mode": "a"}
    for spec, message in (
        ("demanding:Model", "demanding:Model: size must be given: write demanding:Model:size="),
        (
            "demanding:Model:size=x",
            "does not accept .*{'size': 'x'}: ValueError: invalid literal",
        ),
        ("demanding:Model:size=3,others=2", "has the keys size, mode, got 'others'"),
    ):
        with pytest.raises(ErrorModelError, match=message):
            load(spec)


def test_the_documented_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(documented("BitFlip(bit=30, count=2)"), {})
    names: dict[str, Any] = {}
    exec(documented("at_those_sites"), names)
    assert len(names["again"]) == 100
    drawn = draw(names["at_those_sites"], names["golden"])
    assert drawn.shape == (3,)


def test_documented_texts_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Profile(0, {}).save(tmp_path / "profile.json")
    monkeypatch.chdir(tmp_path)
    text = DOCUMENTATION
    specs = re.findall(r"^    (\w+(?::\S+)?)(?:  |$)", text, re.MULTILINE)
    specs += re.findall(r"^\| `\w+` \|[^|]*\| `([^`]+)`", text, re.MULTILINE)
    assert len(specs) >= 10
    for spec in specs:
        if "conv_gemm.json" not in spec:
            load(spec)

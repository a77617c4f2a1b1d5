"""Metrics of the user's: what they get, what they may return, and what a failure says."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import onnxfi
from onnxfi.error_models import RandomValue
from onnxfi.errors import ConfigurationError, MetricError
from onnxfi.injector.metrics import Classification, FunctionMetric, Metric, Regression
from onnxfi.injector.metrics.own_code import FolderSources
from onnxfi.injector.metrics.own_metric import OwnMetric
from onnxfi.injector.metrics.registry import checked, load_metric
from tests.support.small_graphs import chain, random_inputs

MODULE = """\
from words import LIMIT


def far(golden, faulty):
    return {"wrong": abs(golden["y"] - faulty["y"]).max() > LIMIT, "first": faulty["y"].flat[0]}


far.column_types = {"first": float}


class Far:
    column_types = {"moved": float}

    def __init__(self, limit=1.0):
        self.limit = limit

    def is_wrong(self, golden, faulty):
        return self.columns(golden, faulty)["moved"] > self.limit

    def columns(self, golden, faulty):
        return {"moved": float(abs(golden["y"] - faulty["y"]).max())}
"""


def outputs(*values: float) -> dict[str, np.ndarray]:
    return {"y": np.array(values, np.float32)}


def own(function: Callable[..., Any], **types: Any) -> Metric:
    function.column_types = types  # type: ignore[attr-defined]
    return checked(FunctionMetric(function, "answers:far"))


@pytest.mark.parametrize("found", [None, 1, 0.5, np.array([True]), "yes", {"first": 1.0}])
def test_a_verdict_must_be_a_bool(found: Any) -> None:
    with pytest.raises(MetricError, match="answers:far must return True or False"):
        own(lambda golden, faulty: found).is_wrong(outputs(1), outputs(2))


@pytest.mark.parametrize("verdict", [True, np.True_, {"wrong": True}, {"wrong": np.True_}])
def test_a_verdict_may_be_a_bool_of_numpy(verdict: Any) -> None:
    assert own(lambda golden, faulty: verdict).is_wrong(outputs(1), outputs(2)) is True


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        (bool, np.bool_(True), True),
        (int, np.uint8(3), 3),
        (float, np.float32(0.5), 0.5),
        (float, ml_dtypes.bfloat16(0.5), 0.5),
        (float, 2, 2.0),
        (int, None, None),
    ],
)
def test_columns_become_values_of_python(kind: Any, value: Any, kept: Any) -> None:
    metric = own(lambda golden, faulty: {"wrong": False, "c": value}, c=kind)
    found = metric.columns(outputs(1), outputs(2))["c"]
    assert found == kept
    assert type(found) is type(kept)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (bool, 1),
        (int, 1.0),
        (int, True),
        (int, 2**63),
        (float, True),
        (float, "1"),
        (float, 10**400),
        (float, np.zeros(1)),
        (float, np.datetime64("2026-01-01")),
    ],
)
def test_columns_must_have_the_declared_types(kind: Any, value: Any) -> None:
    metric = own(lambda golden, faulty: {"wrong": False, "c": value}, c=kind)
    with pytest.raises(MetricError, match=f"declares the column c as {kind.__name__}, got"):
        metric.columns(outputs(1), outputs(2))


@pytest.mark.parametrize("found", [True, {"wrong": True}, {"wrong": True, "c": 1, "d": 2}])
def test_columns_must_be_those_declared(found: Any) -> None:
    with pytest.raises(MetricError, match=r"columns in its column_types \(c\), got (none|c, d)"):
        own(lambda golden, faulty: found, c=int).columns(outputs(1), outputs(2))


@pytest.mark.parametrize("types", [{"c": str}, {"c": "float"}, {3: int}, [("c", int)]])
def test_declared_types_are_checked(types: Any) -> None:
    def far(golden: Any, faulty: Any) -> bool:
        return False

    far.column_types = types  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError, match="column"):
        checked(FunctionMetric(far, "answers:far"))


def test_a_class_lacks_a_member() -> None:
    with pytest.raises(ConfigurationError, match="lacks column_types, is_wrong, columns"):
        checked("classification")  # type: ignore[arg-type]


def test_an_inherited_verdict_of_many_does_not_hide_ones_own() -> None:
    class Never(Classification):
        def is_wrong(self, golden: Any, faulty: Any) -> bool:
            return False

    metric = checked(Never())
    assert isinstance(metric, OwnMetric)
    assert not hasattr(metric, "compare_many")
    assert checked(Classification()).is_wrong(outputs(1, 2), outputs(2, 1))
    assert not metric.is_wrong(outputs(1, 2), outputs(2, 1))


def test_arrays_are_read_only_and_golden_values_stay() -> None:
    def far(golden: Any, faulty: Any) -> bool:
        faulty["z"] = golden.pop("y")  # the mappings are one's own
        np.abs(faulty["z"], out=faulty["z"])
        return True

    proto = chain()
    with onnxfi.Injector(onnxfi.load(proto), "b", provider="cpu") as injector:
        golden = injector.golden(random_inputs(proto))
        before = {name: x.copy() for name, x in golden.outputs.items()}
        faults = RandomValue(-2.0, 2.0)

        def write(golden: Any, faulty: Any) -> bool:
            next(iter(faulty.values()))[...] = 0
            return True

        expected = f"Injection 7: The metric {write.__qualname__} failed: ValueError: .*read-only"
        metric = FunctionMetric(write, write.__qualname__)
        with pytest.raises(MetricError, match=expected) as caught:
            list(injector.inject(golden, faults, count=3, seed=1, first_id=7, metric=metric))
        assert f"({__file__}, line " in str(caught.value)
        assert "change a copy" in str(caught.value)
        assert isinstance(caught.value.__cause__, ValueError)
        for name, array in before.items():
            assert golden.outputs[name].tobytes() == array.tobytes()
    with pytest.raises(MetricError, match="read-only"):
        own(far).is_wrong(outputs(1), outputs(2))


def test_a_failure_names_the_injection() -> None:
    asked: list[Any] = []

    def third(golden: Any, faulty: Any) -> bool:
        answer = {name: x.tobytes() for name, x in faulty.items()}
        if answer not in asked:  # the first answers are asked for again
            asked.append(answer)
        return bool(1 // (3 - len(asked)))

    proto = chain()
    for targets in (["b"], ["x", "b"]):
        asked.clear()
        with onnxfi.Injector(onnxfi.load(proto), targets, provider="cpu") as injector:
            golden = injector.golden(random_inputs(proto))
            every = list(injector.inject(golden, RandomValue(-2.0, 2.0), count=20, seed=1))
            asking = [x.id for x in every if x.outcome not in ("masked", "due")]
            with pytest.raises(MetricError, match=f"Injection {asking[2]}: .*ZeroDivisionError"):
                list(
                    injector.inject(
                        golden,
                        RandomValue(-2.0, 2.0),
                        count=20,
                        seed=1,
                        metric=FunctionMetric(third, "third"),
                    )
                )


def keep(metric: OwnMetric, folder: Path) -> FolderSources:
    for name, content in metric.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return FolderSources(folder)


def test_a_module_is_imported_apart(tmp_path: Path) -> None:
    before, path = set(sys.modules), list(sys.path)
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "answers.py").write_text(MODULE)
        (folder / "words.py").write_text(f"LIMIT = {number}\n")
        (folder / "json.py").write_text("1 / 0\n")  # not Python's own
    metrics = [
        load_metric("answers:far", {}, sources=FolderSources(tmp_path / str(number)))
        for number in range(2)
    ]
    assert [x.is_wrong(outputs(1), outputs(1.5)) for x in metrics] == [True, False]
    assert set(sys.modules) == before
    assert sys.path == path
    assert not list(tmp_path.rglob("*.pyc"))
    assert isinstance(metrics[0], OwnMetric)
    assert set(metrics[0].files) == {"answers.py", "words.py"}
    kept = keep(metrics[0], tmp_path / "elsewhere")
    again = load_metric("answers:Far", {"limit": 0.25}, sources=kept)
    assert again.is_wrong(outputs(1), outputs(1.5))
    with pytest.raises(MetricError, match=r"KeyError: 'y' \(.*elsewhere/answers.py, line 21\)"):
        again.is_wrong(outputs(1), {})


def test_packages_and_plain_folders_are_imported_apart(tmp_path: Path) -> None:
    for name, init in (("with_init", True), ("plain", False)):
        folder = tmp_path / name
        folder.mkdir()
        if init:
            (folder / "__init__.py").write_text("from .answers import Far\n")
        (folder / "answers.py").write_text(MODULE.replace("words", "inner.words"))
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "__init__.py").touch()
    (tmp_path / "inner" / "words.py").write_text("LIMIT = 1\n")
    for name in ("with_init:Far", "with_init.answers:Far", "plain.answers:Far"):
        metric = load_metric(name, {}, sources=FolderSources(tmp_path))
        assert isinstance(metric, OwnMetric)
        assert load_metric(name, {}, sources=keep(metric, tmp_path / f"{name}x")).column_types
    with pytest.raises(ConfigurationError, match="No module named 'plain'"):
        load_metric("plain:Far", {}, sources=FolderSources(tmp_path))


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("far = 1 / 0\n", r"ZeroDivisionError: division by zero \(.*answers.py, line 1\)"),
        ("import sys\nsys.exit(3)\n", r"SystemExit: 3 \(.*answers.py, line 2\)"),
        ("def far(:\n", r"SyntaxError: .*answers.py, line 1"),
        ("near = 1\n", "no attribute 'far'"),
        ("far = 1\n", "function or a class"),
        ("import nowhere\n", "No module named 'nowhere'"),
    ],
)
def test_a_module_that_cannot_be_imported(tmp_path: Path, module: str, message: str) -> None:
    (tmp_path / "answers.py").write_text(module)
    with pytest.raises(ConfigurationError, match=message):
        load_metric("answers:far", {}, sources=FolderSources(tmp_path))


def test_a_class_that_fails_to_be_made(tmp_path: Path) -> None:
    (tmp_path / "answers.py").write_text("class Far:\n    def __init__(self):\n        {}['a']\n")
    with pytest.raises(ConfigurationError, match=r"KeyError: 'a' \(.*answers.py, line 3\)"):
        load_metric("answers:Far", {}, sources=FolderSources(tmp_path))


def test_metrics_of_ones_own_may_build_on_those_of_onnxfi() -> None:
    class Best(Regression):
        """A metric of somebody else."""

    metric = checked(Best(relative=0.2))
    assert metric.is_wrong(outputs(1), outputs(2))
    assert metric.columns(outputs(1), outputs(2)) == Regression().columns(outputs(1), outputs(2))

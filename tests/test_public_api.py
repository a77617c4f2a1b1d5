"""The public API: what packages export, and how users see it."""

import ast
import importlib
import inspect
import pickle
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import onnxfi

FOLDER = Path(onnxfi.__file__).parent
# Modules that run something when they are imported.
_PROGRAMS = ("__main__",)
# A class and a function of each package that the public names come from.
PICKLED = [
    *("Campaign", "Injector", "Model", "Profile", "Results", "Split", "Target"),
    *("embed", "load", "open", "split"),
]


@cache
def modules() -> list[ModuleType]:
    """Return all modules of the installed package."""
    found = pkgutil.walk_packages(onnxfi.__path__, "onnxfi.")
    names = [x.name for x in found if x.name.rpartition(".")[2] not in _PROGRAMS]
    return [onnxfi, *map(importlib.import_module, names)]


def own_names(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Yield the public classes and functions that a module defines."""
    for name, value in vars(module).items():
        is_own = getattr(value, "__module__", None) in (module.__name__, "onnxfi")
        if not name.startswith("_") and is_own and (inspect.isclass(value) or _is_function(value)):
            yield name, value


def _is_function(value: object) -> bool:
    return inspect.isfunction(value)


def faces() -> list[ModuleType]:
    """Return the packages that list what they export."""
    return [x for x in modules() if hasattr(x, "__path__") and hasattr(x, "__all__")]


def test_the_walk_finds_the_modules() -> None:
    names = {x.__name__ for x in modules()}
    assert {"onnxfi.graph.model", "onnxfi.error_models.bit_flip", "onnxfi.cli.main"} <= names
    assert {"onnxfi", "onnxfi.graph", "onnxfi.injector.metrics"} <= {x.__name__ for x in faces()}


def test_public_names_are_documented() -> None:
    bare = [
        f"{module.__name__}.{name}"
        for module in modules()
        for name, value in own_names(module)
        if not inspect.getdoc(value)
    ]
    assert bare == []
    assert [x.__name__ for x in modules() if not x.__doc__] == []


def test_what_a_face_lists_exists() -> None:
    missing = [
        f"{face.__name__}.{name}"
        for face in faces()
        for name in face.__all__
        if not hasattr(face, name)
    ]
    assert missing == []
    assert onnxfi.__all__ == sorted(onnxfi.__all__)


def test_a_face_that_only_exports_lists_all() -> None:
    definitions = (ast.FunctionDef, ast.ClassDef, ast.AnnAssign)
    unlisted = [
        f"{face.__name__}.{name}"
        for face in faces()
        if not any(isinstance(x, definitions) for x in tree(face).body)
        for name, value in vars(face).items()
        if not name.startswith("_")
        and getattr(value, "__module__", "").startswith("onnxfi")
        and name not in face.__all__
    ]
    assert unlisted == []


def tree(module: ModuleType) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(inspect.getsource(module))


def imports(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Yield the modules that a module imports from, each with a name."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def room(module: str) -> str:
    """Return the package right below onnxfi that a module is in."""
    return ".".join(module.split(".")[:2])


def test_private_names_stay_in_their_package() -> None:
    crossing = [
        f"{module.__name__} imports {name} from {source}"
        for module in modules()
        for source, name in imports(module)
        if source.startswith("onnxfi")
        and room(source) != room(module.__name__)
        and any(x.startswith("_") and x != "__version__" for x in (*source.split("."), name))
    ]
    assert crossing == []


def test_public_names_say_where_people_import_them_from() -> None:
    for name in onnxfi.__all__:
        value = getattr(onnxfi, name)
        if inspect.isclass(value) or _is_function(value):
            assert value.__module__ == "onnxfi"
    assert repr(onnxfi.Split) == "<class 'onnxfi.Split'>"


@pytest.mark.parametrize(
    "name", [PICKLED[0], *(pytest.param(x, marks=pytest.mark.thorough) for x in PICKLED[1:])]
)
def test_public_names_are_pickled(name: str) -> None:
    """In a process that has imported nothing yet."""
    value = getattr(onnxfi, name)
    assert pickle.loads(pickle.dumps(value)) is value
    program = "import pickle, sys; print(pickle.load(sys.stdin.buffer).__qualname__)"
    run = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps(value),
        capture_output=True,
        check=True,
        cwd=FOLDER.parent,
    )
    assert run.stdout.decode().strip() == value.__qualname__


def test_help_opens_with_an_example() -> None:
    doc = inspect.getdoc(onnxfi) or ""
    example = [x[4:] for x in doc.splitlines() if x.startswith("    ")]
    assert 10 <= len(example) <= 15
    compile("\n".join(example), "example", "exec")
    for place in ("onnxfi.error_models", "onnxfi.errors", "onnxfi.injector.metrics"):
        assert f"`{place}`" in doc
        importlib.import_module(place)


def test_only_public_names_are_listed() -> None:
    names = [x for x in dir(onnxfi) if not x.startswith("__")]
    assert names == onnxfi.__all__


def test_the_import_alone_needs_the_standard_library_only() -> None:
    program = (
        "import sys; before = {*sys.modules}; import onnxfi; "
        "print(*{x.partition('.')[0] for x in {*sys.modules} - before})"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, cwd=FOLDER.parent
    )
    assert {*run.stdout.decode().split()} - sys.stdlib_module_names == {"onnxfi"}


def test_submodules_are_reachable_without_an_import_of_their_own() -> None:
    program = "import onnxfi; print(onnxfi.errors.__name__, onnxfi.error_models.__name__)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, cwd=FOLDER.parent
    )
    assert run.stdout.split() == [b"onnxfi.errors", b"onnxfi.error_models"]


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'campaigns'"):
        onnxfi.campaigns  # noqa: B018

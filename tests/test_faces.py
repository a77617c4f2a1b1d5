"""Packages import from each other's faces: from an `__init__`, a name of its `__all__`."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Below all packages, without a face.
SINGLE_MODULES = (
    "onnxfi.atomic_write",
    "onnxfi.regular_file",
    "onnxfi.display",
    "onnxfi.errors",
    "onnxfi.onnx_ir",
    "onnxfi.storage",
    "onnxfi.suggestions",
)

# Like the installed script, it starts the command line.
PROGRAM = "onnxfi.__main__"


def modules() -> dict[str, Path]:
    """Return the files of the product by the name that they are imported by."""
    found = {}
    for folder in ("onnxfi", "converters", "error_models"):
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if any((ROOT / parent).is_symlink() for parent in path.relative_to(ROOT).parents):
                continue
            parts = parts if folder == "onnxfi" else ("onnxfi", *parts)
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imports(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the modules of onnxfi that a file imports from, each with the names."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("onnxfi."):
            yield node.module or "", [x.name for x in node.names]
        elif isinstance(node, ast.Import):
            yield from ((x.name, []) for x in node.names if x.name.startswith("onnxfi."))


def exports(path: Path) -> set[str]:
    """Return the names in `__all__` of a package."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                return {str(x.value) for x in ast.walk(value) if isinstance(x, ast.Constant)}
    return set()


def bypassing(files: dict[str, Path]) -> list[str]:
    """Return the imports from another package that are not from a face."""
    faces = {name: exports(path) for name, path in files.items() if path.name == "__init__.py"}
    found = []
    for importer, path in files.items():
        for imported, names in imports(path):
            if (
                importer == PROGRAM
                or imported in SINGLE_MODULES
                or importer.split(".")[1:2] == imported.split(".")[1:2]
            ):
                continue
            if hidden := sorted(set(names) - faces.get(imported, set())) or ([""] * (not names)):
                found.append(f"{importer}: {imported} {' '.join(hidden)}".rstrip())
    return sorted(found)


def test_packages_import_from_faces() -> None:
    assert bypassing(modules()) == []


def test_an_import_past_a_face_is_found(tmp_path: Path) -> None:
    files = {}
    for name, text in {
        "onnxfi.a": "from onnxfi.a.deep import open_name\n__all__ = ['open_name']\n",
        "onnxfi.a.deep": "open_name = hidden = 1\n",
        "onnxfi.b": "",
        "onnxfi.b.one": "from onnxfi.a import open_name\nfrom onnxfi.errors import E\n",
        "onnxfi.b.two": "from onnxfi.a import hidden\n",
        "onnxfi.b.three": "def f():\n    from onnxfi.a.deep import open_name\n",
        "onnxfi.b.four": "import onnxfi.a.deep\n",
    }.items():
        package = name in ("onnxfi.a", "onnxfi.b")
        files[name] = tmp_path / name / ("__init__.py" if package else "module.py")
        files[name].parent.mkdir()
        files[name].write_text(text)
    assert bypassing(files) == [
        "onnxfi.b.four: onnxfi.a.deep",
        "onnxfi.b.three: onnxfi.a.deep open_name",
        "onnxfi.b.two: onnxfi.a hidden",
    ]

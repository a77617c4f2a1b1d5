"""Measures the source files of a checkout without running them."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

#: The folders that are installed.
PRODUCT = ("onnxfi", "converters", "error_models")
#: How many lines a file should stay under.
LONG_FILE = 300

#: The folder with everything that runs a suffix.
SUFFIX = "onnxfi/suffix"
# Before that folder existed, the same code lay in these places.
_SUFFIX_BEFORE = (
    "onnxfi/propagation",
    *(
        f"onnxfi/injector/{name}.py"
        for name in (
            *("checkpoint", "corrupted_run", "cut_check", "dense_rest", "disturbed"),
            *("due/limited_rest", "due/second_try", "input_lanes", "lane_decision"),
            *("lane_sessions", "lanes", "masked_ahead", "rest", "resumed", "split_sessions"),
            *("stage_runner", "whole_stage", "window_trial", "windowed_rest"),
        )
    ),
    *("onnxfi/runtime/patched_session.py", "onnxfi/surgery/bottlenecks.py"),
    "onnxfi/surgery/patch_head.py",
)
_POLICY = f"{SUFFIX}/policy.py"
_OPENINGS = ("What", "Which", "How", "Where", "Whether")


@dataclass(frozen=True)
class Source:
    """A parsed source file.

    Attributes:
        name: its path in the checkout.
        text: its content.
    """

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        """The number of lines."""
        return len(self.text.splitlines())

    @property
    def classes(self) -> list[ast.ClassDef]:
        """The classes, nested ones included."""
        return [x for x in ast.walk(self.tree) if isinstance(x, ast.ClassDef)]

    @property
    def opening(self) -> str:
        """The first word of the module docstring; empty without one."""
        words = (ast.get_docstring(self.tree) or "").split(maxsplit=1)
        return words[0] if words else ""

    @property
    def thresholds(self) -> list[str]:
        """The names of module-level numbers."""
        return [
            target.id
            for statement in self.tree.body
            for target, value in _assignments(statement)
            if _is_number(value)
        ]


def read_product(checkout: Path) -> list[Source]:
    """Return the files of the installed folders; links between these folders are not followed."""
    return list(chain.from_iterable(_read(checkout, folder) for folder in PRODUCT))


def suffix_sources(sources: Iterable[Source]) -> list[Source]:
    """Return the files that run a suffix, in the layout of any version."""
    sources = list(sources)
    if found := [x for x in sources if x.name.startswith(f"{SUFFIX}/")]:
        return found
    return [x for x in sources if x.name.startswith(_SUFFIX_BEFORE)]


def files_per_folder(sources: Iterable[Source]) -> Counter[str]:
    """Return the number of files that lie directly in each folder."""
    return Counter(str(Path(x.name).parent) for x in sources)


def thresholds(sources: Iterable[Source]) -> list[str]:
    """Return the module-level numbers outside the policy, as ``file: name``."""
    return [f"{x.name}: {name}" for x in sources if x.name != _POLICY for name in x.thresholds]


def question_openings(sources: Iterable[Source]) -> list[str]:
    """Return the files whose docstring opens with a question word instead of a verb."""
    return [x.name for x in sources if x.opening in _OPENINGS]


def long_files(sources: Iterable[Source]) -> list[str]:
    """Return the files of more than `LONG_FILE` lines."""
    return [x.name for x in sources if x.lines > LONG_FILE]


def runners(sources: Iterable[Source]) -> dict[str, set[str]]:
    """Return each class that runs something, with the runners that its code names.

    A runner has a public method ``run`` or ``run_…`` and is no protocol.
    """
    classes = {x.name: x for source in sources for x in source.classes}
    found = {name: x for name, x in classes.items() if _runs(x)}
    return {
        name: {x.id for x in ast.walk(tree) if isinstance(x, ast.Name)} & found.keys() - {name}
        for name, tree in found.items()
    }


def nesting(held: dict[str, set[str]]) -> list[str]:
    """Return the longest chain of runners in which each one holds the next."""

    def longest(name: str, above: tuple[str, ...]) -> list[str]:
        chains = [longest(x, (*above, name)) for x in sorted(held[name]) if x not in above]
        return [name, *max(chains, key=len, default=[])]

    return max((longest(name, ()) for name in sorted(held)), key=len, default=[])


def _read(checkout: Path, folder: str) -> Iterator[Source]:
    for path in sorted((checkout / folder).rglob("*.py")):
        name = path.relative_to(checkout)
        if not any((checkout / parent).is_symlink() for parent in name.parents):
            yield Source(name.as_posix(), path.read_text(encoding="utf-8"))


def _assignments(statement: ast.stmt) -> Iterator[tuple[ast.Name, ast.expr]]:
    """Yield the names that a statement assigns, each with its value."""
    match statement:
        case ast.AnnAssign(target=ast.Name() as target, value=ast.expr() as value):
            yield target, value
        case ast.Assign(targets=[ast.Name() as target], value=value):
            yield target, value
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)) if len(
            targets
        ) == len(values):
            for each, number in zip(targets, values, strict=True):
                if isinstance(each, ast.Name):
                    yield each, number


def _is_number(value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=constant):
            return isinstance(constant, int | float) and not isinstance(constant, bool)
        case ast.UnaryOp(operand=operand):
            return _is_number(operand)
        case ast.BinOp(left=left, right=right):
            return _is_number(left) and _is_number(right)
    return False


def _runs(tree: ast.ClassDef) -> bool:
    protocol = any(isinstance(x, ast.Name) and x.id == "Protocol" for x in tree.bases)
    methods = {x.name for x in tree.body if isinstance(x, ast.FunctionDef)}
    return not protocol and any(x == "run" or x.startswith("run_") for x in methods)

"""Imports onnx_ir without sympy.

onnx_ir needs sympy for arithmetic on symbolic sizes alone, and sympy takes longer to import than
everything else that onnxfi needs. It is loaded when it is first used.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

# The second reads attributes of the first when it is imported.
_LATE = ("sympy", "onnx_ir._symbolic_shapes")


class _LateFinder:
    """Finds modules that are loaded when one of their attributes is first read."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in _LATE else None
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


sys.meta_path.insert(0, _LateFinder)
try:
    import onnx_ir as ir
    import onnx_ir.passes.common as passes
finally:
    sys.meta_path.remove(_LateFinder)

__all__ = ["ir", "passes"]

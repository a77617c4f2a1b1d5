"""Importing onnx_ir without sympy."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(program: str) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return result.stdout.splitlines()


@pytest.mark.thorough
def test_sympy_is_loaded_when_a_symbolic_size_is_computed() -> None:
    assert run(
        "import sys\n"
        "import onnxfi.campaign, onnxfi.injector, onnxfi.surgery\n"
        "from onnxfi.onnx_ir import ir\n"
        "print('sympy.core' in sys.modules)\n"
        "print((ir.SymbolicDim('n') + 1).evaluate({'n': 4}))\n"
        "print('sympy.core' in sys.modules)\n"
    ) == ["False", "5", "True"]


@pytest.mark.thorough
def test_others_import_sympy_whole() -> None:
    assert run(
        "from onnxfi.onnx_ir import ir\n"
        "from sympy.core.numbers import Integer\n"
        "import sys, sympy\n"
        "print(Integer(2) is sympy.Integer(2), sympy.Max(1, 2))\n"
        "print([x for x in sys.meta_path if 'Late' in str(x)])"
    ) == ["True 2", "[]"]

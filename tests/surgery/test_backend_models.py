"""The models of the onnx package's backend tests, split at every tensor."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tools.backend_models import KINDS, BackendModel, backend_models, node_models
from tools.sweep_backend_models import check

# Sequences, optionals, strings, bodies, functions, several outputs, low bits, random numbers.
OPERATORS = [
    "bernoulli",
    "convinteger",
    "dequantizelinear",
    "dropout",
    "identity",
    "layernormalization",
    "loop",
    "lstm",
    "optionalhaselement",
    "quantizelinear",
    "scan",
    "sequence_map",
    "split",
    "splittosequence",
    "string_concat",
    "topk",
    "unique",
]
PYTORCH = ["test_Conv2d_groups", "test_Embedding", "test_Conv1d_dilated"]


def checked(models: Iterable[BackendModel]) -> Counter[str]:
    """Return how many targets recomposed how, none of them wrong, and how many models were run."""
    results = [check(model) for model in models]
    assert [f"{x.name}: {failure}" for x in results for failure in x.failures] == []
    outcomes = sum((x.targets for x in results), Counter[str]())
    outcomes["models"] = sum(not x.skipped for x in results)
    return outcomes


def test_simple_models() -> None:
    outcomes = checked(backend_models("simple"))
    assert outcomes["models"] >= 16  # the others need a locale, training or a newer ONNX Runtime
    assert outcomes["activation: same bits"] >= 15
    assert outcomes["input: same bits"] >= 30


def test_models_of_operators() -> None:
    outcomes = checked(node_models(OPERATORS)[::4])
    assert outcomes["models"] >= 30
    assert outcomes["activation: random operators, ran"] > 0
    assert outcomes["activation: same bits"] > 150
    assert outcomes["weight: same bits"] > 10


@pytest.mark.parametrize("name", PYTORCH)
def test_models_from_pytorch(name: str) -> None:
    outcomes = checked(x for x in backend_models("pytorch-converted") if x.name == name)
    assert outcomes["weight: same bits"] > 0
    assert outcomes["activation: same bits"] > 0


@pytest.mark.nightly
@pytest.mark.parametrize("kind", KINDS)
def test_all_models(kind: str) -> None:
    """In a process of its own, which forks. make nightly shows the counts."""
    command = [sys.executable, "-m", "tools.sweep_backend_models", kind]
    root = Path(__file__).parents[2]
    sweep = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=root)
    print(sweep.stdout)  # noqa: T201  # shown by -rP
    assert sweep.returncode == 0

"""Fixtures: models in both frameworks, made once per session, and a report of comparisons."""

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.frameworks.comparison import Case, Cases, Report, Source
from tests.frameworks.inputs import draw_inputs


@pytest.fixture(scope="session")
def torch_case() -> Cases:
    """Return a function from the name of a model to the model in PyTorch and exported."""

    @cache
    def make(name: str, *, optimize: bool = False) -> Case:
        import torch

        from tests.frameworks.torch_export import export_torch
        from tests.frameworks.torch_source import TorchSource

        torch.set_num_threads(1)  # more threads wait for each other on a busy machine
        source, inputs = TorchSource(name), draw_inputs(name, np.random.default_rng(1))
        return Case(source, export_torch(source, inputs, optimize=optimize), inputs)

    return make


@pytest.fixture(scope="session")
def keras_case(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    """Return a function from the name of a model and a Keras to the model there and converted.

    With `weights_of`, it has the weights of a model in PyTorch.
    """

    @cache
    def make(name: str, family: Any, *, weights_of: Source | None = None) -> Case:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # TensorFlow about its own imports
            import tensorflow

            from tests.frameworks.keras_source import KerasSource

        tensorflow.config.set_visible_devices([], "GPU")  # its convolutions round more
        source, inputs = KerasSource(name, family), draw_inputs(name, np.random.default_rng(1))
        if weights_of is not None:
            source.take_weights(weights_of.weights())
        return Case(source, source.export(tmp_path_factory.mktemp(family)), inputs)

    return make


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Report:
    """Return a function that adds a line to the report of comparisons."""
    return lambda line: record_property("compared", str(line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the comparisons of this folder's tests."""
    lines = [
        f"{report.nodeid.split('/')[-1]}: {text} in {report.duration:.0f} s"
        for report in terminalreporter.getreports("passed")
        for key, text in report.user_properties
        if key == "compared" and report.when == "call"
    ]
    if lines:
        terminalreporter.section("compared with the source frameworks")
        for line in lines:
            terminalreporter.line(line)

"""Golden against faulty outputs of the worst injections, replayed or made up."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.campaign import replay
from onnxfi.errors import ConfigurationError
from onnxfi.report import Figure, Plots
from onnxfi.report.figures import OutputPair, worst_figure
from onnxfi.statistics import WorstInjection, worst_injections
from tests.support.made_run import make_run
from tests.support.pages.svg_checks import texts

NOT_FINITE = re.compile(r' (x|y|width|height|d)="[^"]*(nan|inf)')


def drawn(golden: Any, faulty: Any, *, metric: str = "classification") -> Figure:
    """Draw one injection with one output."""
    injection = WorstInjection(
        id=7,
        target="conv",
        layer=None,
        error_model="bitflip",
        input_index=0,
        label=None,
        bits=[30],
        pattern=None,
        sites=1,
        outcome="sdc",
        due_reason=None,
        magnitude=None,
        golden={},
        faulty={},
        replay="",
    )
    return worst_figure([OutputPair(injection, {"y": golden}, {"y": faulty})], metric=metric)


def test_replayed_injections_show_their_scores(finished: Path) -> None:
    figure = Plots(finished, replay=replay).worst(1)
    [worst] = worst_injections(finished, 1)
    again = replay(finished, worst.id)
    before, after = again.golden.outputs["probabilities"], again.injection.outputs["probabilities"]
    words = texts(figure)
    assert words[0].startswith(f"injection {worst.id} · {worst.error_model} · {worst.target} · ")
    assert words[1:4] == ["probabilities", str(before.argmax()), f"{before.max():.3g} → "
                          f"{after[0, before.argmax()]:.3g}"]  # fmt: skip
    assert words[4] == str(after.argmax())
    assert figure.plotly().data


def test_scores_that_are_not_finite_have_no_bar() -> None:
    golden = np.array([[0.5, 0.25, 0.25]], np.float32)
    faulty = np.array([[np.nan, np.inf, -1e38]], np.float32)
    figure = drawn(golden, faulty)
    assert "0.5 → nan" in texts(figure)
    assert texts(figure)[2:6:2] == ["0", "1"]
    assert not NOT_FINITE.search(figure.svg())


@pytest.mark.parametrize(
    ("shape", "metric"),
    [
        ((1, 30), "regression"),
        ((500,), "regression"),
        ((1, 3, 90, 60), "segmentation"),
        ((1, 6, 7), "regression"),
        ((1, 1, 1, 1), "regression"),
        ((), "regression"),
    ],
)
def test_outputs_of_any_shape(shape: tuple[int, ...], metric: str) -> None:
    golden = np.asarray(np.random.default_rng(0).normal(size=shape), np.float32)
    faulty = golden.copy()
    faulty.reshape(-1)[0] = np.inf
    figure = drawn(golden, faulty, metric=metric)
    assert len(figure.svg()) < 400_000
    assert not NOT_FINITE.search(figure.svg())
    assert f"1 of {golden.size} values of y changed, by up to inf" in figure.alt
    assert ("differs" in texts(figure)) == (np.squeeze(golden).ndim > 1)


def test_outputs_that_cannot_be_drawn() -> None:
    words = np.array(["a", "b"], object)
    assert "no output that can be drawn" in texts(drawn(words, words[::-1].copy()))
    same = np.ones(3, np.float32)
    assert "no output that can be drawn" in texts(drawn(same, same.copy()))


def test_masked_injections_are_not_drawn(finished: Path, tmp_path: Path) -> None:
    run = make_run(finished, tmp_path / "run", [{}] * 3)
    with pytest.raises(ConfigurationError, match="changes an output"):
        Plots(run, replay=replay).worst()

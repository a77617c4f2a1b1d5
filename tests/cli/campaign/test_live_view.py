"""The live view of a campaign."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from onnxfi.campaign import ShardOutcomes
from onnxfi.cli.campaign.live_view import LiveView
from onnxfi.run_directory import Shard


def test_the_live_view_shows_progress_and_rates(
    onnxfi: Callable[..., Any], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=100, height=40)
    for module in ("live_view", "live_run"):
        monkeypatch.setattr(f"onnxfi.cli.campaign.{module}.messages", terminal)
    view = LiveView(planned=200)
    view.advance(100)  # of an earlier run
    with view:
        for first in range(0, 60, 20):
            shard = Shard(first, 20, 0)
            view.advance(20)
            view.add(ShardOutcomes(shard, "conv1", "bitflip", {"sdc": 5, "masked": 15}, 0.1))
    shown = terminal.file.getvalue()  # type: ignore[attr-defined]
    assert "160/200" in shown
    assert "conv1" in shown
    assert "25.0 [" in shown  # 15 of 60
    # And it is gone afterwards: a command leaves its results only.
    result = onnxfi("campaign", "run", "campaign.yaml", "--out", "run")
    assert result.status == 0
    assert "200/200" not in result.stdout + result.stderr


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 12), (60, 5)])
def test_the_live_view_fits_a_small_terminal(
    monkeypatch: pytest.MonkeyPatch, width: int, height: int
) -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=width, height=height)
    monkeypatch.setattr("onnxfi.cli.campaign.live_view.messages", terminal)
    view = LiveView(planned=200)
    view.advance(0)
    for k in range(12):
        name = f"mobilenet/block_{k}_expand/separable_conv2d_{k}/depthwise/BiasAdd:0"
        view.add(ShardOutcomes(Shard(20 * k, 20, 0), name, "bitflip", {"sdc": 20}, 0.1))
    terminal.print(view.render())
    lines = terminal.file.getvalue().rstrip("\n").split("\n")  # type: ignore[attr-defined]
    assert len(lines) < height
    assert "0/200" in lines[-1]
    assert len(lines) > 1 or height == 5

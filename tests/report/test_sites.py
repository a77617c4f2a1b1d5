"""Injection sites by channel, row and column, compared with unravelling each index."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.errors import TargetNotFoundError
from onnxfi.report import Plots
from onnxfi.report.counts import count_sites, merge
from onnxfi.run_directory import RunDirectory
from tests.support.made_run import make_run
from tests.support.pages.svg_checks import hovers


def random_rows(size: int) -> list[dict[str, Any]]:
    """Make records with up to 5 sites each."""
    rng = np.random.default_rng(1)
    return [
        {
            "error_model": "spatial",
            "bit": None,
            "indices": rng.choice(size, rng.integers(0, 6), replace=False).tolist(),
            "outcome": str(rng.choice(["sdc", "masked"])),
        }
        for _ in range(60)
    ]


@pytest.mark.parametrize(
    ("shape", "channel_axis", "moved"),
    [
        (("N", 4, 3, 5), 1, (1, 4, 3, 5)),
        (("N", 3, 5, 4), 3, (1, 4, 3, 5)),
        ((4, 3, 5), 0, (1, 4, 3, 5)),
        (("N", 7, 6), 2, (1, 6, 1, 7)),
        (("N", 9), 1, (1, 9, 1, 1)),
        ((9,), None, (1, 9, 1, 1)),
        (("N", 4, 5), None, (1, 1, 4, 5)),
        ((2, 4, 3, 5), 1, (2, 4, 3, 5)),
    ],
)
def test_sites_of_any_layout(
    finished: Path,
    tmp_path: Path,
    shape: tuple[int | str, ...],
    channel_axis: int | None,
    moved: tuple[int, ...],
) -> None:
    sizes = tuple(1 if isinstance(x, str) else x for x in shape)
    rows = random_rows(int(np.prod(sizes)))
    opened = RunDirectory.open(make_run(finished, tmp_path / "run", rows))
    [found] = count_sites(opened, "conv", shape=shape, channel_axis=channel_axis).values()
    hits = np.zeros((2, *sizes), np.int64)
    for row in rows:
        for index in row["indices"]:
            hits[0].reshape(-1)[index] += 1
            hits[1].reshape(-1)[index] += row["outcome"] == "sdc"
    # The first axis counts hits and SDCs, the second samples.
    in_order = np.moveaxis(hits, channel_axis + 1, 2) if channel_axis else hits
    in_order = in_order.reshape(2, *moved)
    np.testing.assert_array_equal(found.channels, in_order.sum(axis=(1, 3, 4)))
    np.testing.assert_array_equal(found.positions, in_order.sum(axis=(1, 2)))
    assert found.injections == sum(bool(x["indices"]) for x in rows)


def test_axes_that_are_not_fixed_give_one_row(finished: Path, tmp_path: Path) -> None:
    opened = RunDirectory.open(make_run(finished, tmp_path / "run", [{"indices": [6, 2]}]))
    [found] = count_sites(opened, "conv", shape=("N", "T", 4), channel_axis=2).values()
    assert found.shape == (1, 1, 7)
    assert found.positions[0].tolist() == [[0, 0, 1, 0, 0, 0, 1]]


def test_only_the_sites_of_the_target_count(finished: Path, tmp_path: Path) -> None:
    together = {"target": "conv + relu", "indices": [1, 2, 5], "outcome": "sdc"}
    rows = [together | {"target_of_site": ["conv", "relu", "conv"]}] * 2
    opened = RunDirectory.open(make_run(finished, tmp_path / "run", rows))
    [found] = count_sites(opened, "conv", shape=("N", 8), channel_axis=1).values()
    assert found.channels.tolist() == [[0, 2, 0, 0, 0, 2, 0, 0]] * 2


def test_neighbours_are_joined_where_there_are_many() -> None:
    hits = np.arange(20).reshape(2, 10)
    assert merge(hits, {1: 10}) is hits
    assert merge(hits, {1: 4}).tolist() == [[3, 7, 18, 17], [33, 27, 48, 37]]


def test_the_figure_names_channels_rows_and_columns(finished: Path, tmp_path: Path) -> None:
    # conv is 4 x 6 x 6.
    run = make_run(finished, tmp_path / "run", [{"indices": [36 + 7]}] * 3)
    found = hovers(Plots(run).sites("conv"), ("rect",))
    assert found == [
        "channel 1: SDC in 0.0 % of 3 hits",
        "row 1, column 1: SDC in 0.0 % of 3 hits",
    ]


def test_unknown_targets_are_refused(finished: Path) -> None:
    with pytest.raises(TargetNotFoundError, match=r"'convv' \(did you mean 'conv'"):
        Plots(finished).sites("convv")

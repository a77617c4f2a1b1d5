"""Tests how the benchmark summarises its times."""

import math
from pathlib import Path

import pytest

from tools.benchmark.__main__ import Part, run
from tools.benchmark.figures import Figure, append, figure, read, table
from tools.benchmark.timing import Ratio, Repeated, Times, take_turns


def test_a_ratio_is_formed_in_each_round() -> None:
    # The machine slows down by a factor of 10 between the rounds.
    times = Times([(1.0, 2.0), (10.0, 30.0), (100.0, 400.0)])
    assert times.ratio(1, 0) == Ratio([2.0, 3.0, 4.0])
    assert times.seconds(0) == 10.0
    ratio = times.ratio(1, 0).of(0.5)
    assert (ratio.median, ratio.low, ratio.high) == (1.5, 1.0, 2.0)


def test_the_geometric_mean_is_taken_round_by_round() -> None:
    mean = Ratio.mean([Ratio([1.0, 9.0]), Ratio([4.0, 1.0])])
    assert mean.rounds == pytest.approx([2.0, 3.0])


def test_what_takes_longer_is_repeated_less_and_takes_turns() -> None:
    now, calls = 0.0, []

    def thing(name: str, seconds: float) -> Repeated:
        def run(count: int) -> None:
            nonlocal now
            calls.append(name)
            now += count * seconds

        return run

    # The repetitions are chosen by the wall clock, which sees next to nothing here.
    things = [thing("fast", 1.0), thing("slow", 3.0)]
    times = take_turns(things, seconds=0.001, rounds=3, clock=lambda: now)
    assert calls[-6:] == ["fast", "slow"] * 3
    assert times.ratio(1, 0).rounds == pytest.approx([3.0] * 3)


@pytest.mark.parametrize(
    ("least", "most", "met"),
    [(2.0, None, True), (2.1, None, False), (None, 2.0, True), (None, 1.9, False)],
)
def test_a_bar_is_met_by_the_median(least: float | None, most: float | None, met: bool) -> None:
    found = figure("this", "lenet", Ratio([1.0, 2.0, 9.0]), least=least, most=most)
    assert found.met is met
    assert table([found]).splitlines()[-1].split()[-1] == ("yes" if met else "NO")


def test_without_a_bar_nothing_is_met() -> None:
    found = figure("this", "lenet", Ratio([1.0]))
    assert found.met is None
    assert table([found]).splitlines()[-1].split() == ["this", "lenet", "1", "1", "1"]


def test_figures_come_back_from_their_file(tmp_path: Path) -> None:
    figures = [
        figure("one", "lenet", Ratio([1 / 3, math.pi]), least=3),
        figure("other", "unet", Ratio([123456.789])),
    ]
    for x in figures:
        append(x, tmp_path / "figures")
    assert read(tmp_path / "figures") == figures
    assert read(tmp_path / "none") == []


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("end", "minutes", "failure"),
    [
        ("pass", 1, ""),
        ("sys.exit(3)", 1, "failed with status 3"),
        ("time.sleep(60)", 0.05, "was ended after 0.05 minutes"),
    ],
)
def test_a_part_that_fails_keeps_what_it_found(
    tmp_path: Path, end: str, minutes: float, failure: str
) -> None:
    line = '{"what": "this", "model": "that", "median": 1, "low": 1, "high": 1}'
    program = tmp_path / "part.py"
    program.write_text(
        "import pathlib, sys, time\n"
        f"pathlib.Path(sys.argv[-1]).write_text({line!r})\n"
        f"assert sys.argv[1:-1] == ['--few', '--append']\n{end}\n"
    )
    found, said = run(Part((str(program),), minutes), ["--few"])
    assert found == [Figure("this", "that", 1, 1, 1)]
    assert said == failure

"""Tests campaigns that sample by severity."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import onnxfi
from onnxfi.campaign import Campaign, replay, verify
from onnxfi.campaign.running import scored_faults
from onnxfi.campaign.running.worker import StoppedError, Worker
from onnxfi.errors import ConfigurationError
from onnxfi.report import Plots, write_campaign_report
from onnxfi.report.counts import answers, collect
from onnxfi.run_directory import STOPPED_EARLY, RunDirectory, read_records
from onnxfi.statistics import summarise
from onnxfi.statistics.stratified import SHARES, StratumCounts, stratified_rate


@pytest.fixture(autouse=True)
def few_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Score few faults, for speed."""
    monkeypatch.setattr(scored_faults, "SCORED", 400)


@pytest.fixture
def path(write: Callable[..., Path]) -> Path:
    """Give the configuration of a campaign of two error models."""
    return write(
        error_models=["bitflip", "random:low=-9,high=9"],
        injections={"until": {"margin": 0.04}, "sampling": "severity"},
    )


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a finished run directory; do not write to it."""
    from tests.support.small_campaign import fill, make_document

    folder = fill(tmp_path_factory.mktemp("scored"))
    injections = {"total": 900, "sampling": "severity"}
    document = make_document(error_models=["bitflip"], injections=injections)
    import yaml

    (folder / "campaign.yaml").write_text(yaml.safe_dump(document))
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(scored_faults, "SCORED", 400)
        Campaign.from_yaml(folder / "campaign.yaml", out=folder / "run").run()
        yield folder / "run"


def rows_of(place: Path | str) -> list[str]:
    return sorted(map(repr, read_records(place).to_pylist()))


@pytest.mark.thorough
def test_interruptions_workers_and_shards_change_no_record(work: Path, path: Path) -> None:
    undisturbed = rows_of(Campaign.from_yaml(path, out=work / "run").run().path)
    text = path.read_text().replace("shard: 7", "shard: 30")
    path.write_text(text.replace("workers: 1", "workers: 2"))
    campaign = Campaign.from_yaml(path, out=work / "again").begin()
    for stop_after in (1, 9):
        shards = 0

        def stop(_: Any, limit: int = stop_after) -> None:
            nonlocal shards
            shards += 1
            if shards >= limit:
                raise StoppedError

        with pytest.raises(StoppedError):
            campaign.run(on_shard=stop)
        assert not campaign.directory.storage.exists(STOPPED_EARLY)
        campaign = Campaign.open(work / "again")
    with ThreadPoolExecutor(2) as executor:
        campaign.run(executor)
    assert rows_of(work / "again") == undisturbed
    assert RunDirectory.open(work / "again").storage.exists(STOPPED_EARLY)


@pytest.mark.thorough
def test_records_say_where_their_fault_was_drawn(scored: Path) -> None:
    rows = read_records(scored).to_pylist()
    assert len(rows) == 900
    assert {x["stratum"] for x in rows} == set(range(len(SHARES)))
    assert all(x["weight"] == SHARES[x["stratum"]] for x in rows)
    # The strata are ordered over all targets together.
    for mild in range(len(SHARES) - 1):
        mildest = [x["score"] for x in rows if x["stratum"] <= mild]
        severest = [x["score"] for x in rows if x["stratum"] > mild]
        assert max(mildest) <= min(severest) + 1e-5  # scores are compared as float32


def test_a_stratum_is_drawn_from_targets_by_the_bits_of_its_faults(scored: Path) -> None:
    worker = Worker(RunDirectory.open(scored).configuration)
    parts = worker.scored.parts("bitflip")
    sizes = np.array(worker.plan.sizes[:: len(SHARES)], np.float64)
    assert parts.sum(axis=1) == pytest.approx(1)
    # Over all strata, each target counts as its bits.
    assert np.array(SHARES) @ parts == pytest.approx(sizes / sizes.sum(), abs=2e-3)


@pytest.mark.thorough
def test_rates_are_weighted(scored: Path) -> None:
    rows = read_records(scored).to_pandas()
    found = summarise(scored, RunDirectory.open(scored).configuration)
    wrong, runs = rows.outcome == "sdc", rows.groupby("stratum").size()
    counts = StratumCounts(
        np.array(SHARES), runs.to_numpy(), wrong.groupby(rows.stratum).sum().to_numpy()
    )
    expected = stratified_rate(counts)
    (network,) = found.network
    assert network.per_inference["sdc"] == expected
    assert expected.share < wrong.mean()  # dangerous faults are drawn more often
    weights = rows.weight / rows.stratum.map(runs)
    for group in found.groups["target"]:
        inside = rows.target == group.key["target"]
        rate = group.per_inference["sdc"]
        assert rate.share == pytest.approx(weights[inside & wrong].sum() / weights[inside].sum())
        assert rate.low <= rate.share <= rate.high
        assert (rate.count, rate.total) == ((inside & wrong).sum(), inside.sum())


@pytest.mark.thorough
def test_the_rate_is_that_of_all_faults(work: Path, write: Callable[..., Path]) -> None:
    """Every flip of one tensor with one input, against a sample of them by severity."""
    common = {
        "inputs": {"file": "inputs.npz", "tensors": {"image": "images"}, "limit": 1},
        "targets": {"tensors": ["pool"]},
        "error_models": ["bitflip"],
    }
    every = Campaign.from_yaml(write(**common, injections="exhaustive"), out=work / "every").run()
    truth = float(np.mean([x == "sdc" for x in every.records()["outcome"].to_pylist()]))
    injections = {"total": 600, "sampling": "severity"}
    sampled = Campaign.from_yaml(write(**common, injections=injections), out=work / "some").run()
    (row,) = sampled.summary()
    rate = row.rates["sdc"]
    assert 0 < truth < 0.3
    assert rate.low <= truth <= rate.high
    assert (rate.high - rate.low) / 2 < 0.02


@pytest.mark.thorough
def test_a_replay_needs_no_scores(scored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = read_records(scored)["injection_id"].to_pylist()
    monkeypatch.setattr(scored_faults.ScoredFaults, "locate", None)
    for injection_id in (ids[0], ids[-1]):
        assert replay(scored, injection_id).differences == ()
    assert verify(scored, sample=5).passed


@pytest.mark.thorough
def test_figures_show_weighted_rates(scored: Path) -> None:
    rows = read_records(scored).to_pandas()
    wrong = rows.outcome == "sdc"
    weights = rows.weight / rows.stratum.map(rows.groupby("stratum").size())
    bits = rows.bit.map(lambda x: x[0])
    found = collect(RunDirectory.open(scored))
    assert len(found.bits) == bits.nunique()
    for x in found.bits:
        inside = bits == x.key["bit"]
        assert x.sdc.share == pytest.approx(weights[inside & wrong].sum() / weights[inside].sum())
        assert x.sdc_share == pytest.approx(weights[inside & wrong].sum())
    (answer,) = answers(found)
    assert answer.sdc.share == pytest.approx(weights[wrong].sum())
    assert "sampled by severity" in onnxfi.open(scored).plot.bits().caption
    page = write_campaign_report(scored, scored.parent / "report.html").read_text("utf-8")
    assert "Faults were sampled by severity" in page
    assert 'id="figure-heatmap"' in page
    assert 'id="figure-magnitudes"' not in page


@pytest.mark.thorough
@pytest.mark.parametrize("draw", [Plots.confusion, Plots.magnitudes, lambda x: x.sites("conv")])
def test_what_counts_injections_is_refused(scored: Path, draw: Callable[[Plots], object]) -> None:
    with pytest.raises(ConfigurationError, match="samples by severity"):
        draw(Plots(scored))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"injections": {"margin": 0.1, "sampling": "severity"}}, "per_target, total or until"),
        (
            {"injections": {"total": 9, "inputs_per_fault": 2, "sampling": "severity"}},
            "one input for each fault",
        ),
        ({"injections": {"until": {"relative": 0.1}}}, "needs `sampling: severity`"),
        ({"injections": {"until": {}}}, "one of margin and relative"),
        (
            {
                "injections": {"total": 9, "sampling": "severity"},
                "targets": [{"tensors": ["conv"]}, {"tensors": ["pool"]}],
            },
            "one target per injection",
        ),
    ],
)
def test_what_cannot_be_sampled(
    write: Callable[..., Path], work: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Campaign.from_yaml(write(**changes), out=work / "run").begin()
    assert not (work / "run").exists()

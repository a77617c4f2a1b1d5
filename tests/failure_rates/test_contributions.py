"""Tests failure rates against published ones, sums by hand and simulated upsets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import onnxfi
from onnxfi.campaign import Campaign
from onnxfi.errors import ConfigurationError
from onnxfi.failure_rates.contributions import combine
from onnxfi.failure_rates.residency import graph_residency, measured_residency
from onnxfi.graph import load
from onnxfi.statistics import Rate
from tests.support.small_campaign import make_document

RATE = "600 FIT/Mibit"
ALL: dict[str, Any] = {
    "memories": [{"name": "SRAM", "rate": RATE, "targets": ["*"]}],
    "error_model": "bitflip",
}


@pytest.fixture
def run(write: Callable[..., Path], tmp_path: Path) -> Path:
    """Give the run of a campaign with one error model at four targets."""
    path = write(error_models=["bitflip"], injections={"per_target": 60})
    Campaign.from_yaml(path, out=tmp_path / "run").run()
    return tmp_path / "run"


def test_a_published_accelerator(run: Path) -> None:
    """Source: Y. He, P. Balaprakash, Y. Li, FIdelity, MICRO 2020, input/resnet.csv."""
    sizes = [0.018, 0.035, 0.117, 0.156, 0.272, 0.041, 0.081]
    active = [0.31, 0.42, 0.27, 0.27, 0.27, 0.27, 0.32]
    unmasked = [0.0039, 0.0057, 0.0026, 0.0114, 0.0201, 0.0120, 0.0728]

    def total(chosen: slice) -> float:
        elements = [
            {"name": f"e{k}", "fit": 600 * size, "residency": share, "sdc": sdc}
            for k, (size, share, sdc) in enumerate(
                zip(sizes[chosen], active[chosen], unmasked[chosen], strict=True)
            )
        ]
        return onnxfi.fit(run, {"elements": elements}).sdc.fit

    parts = [total(slice(0, 5)), total(slice(5, 6)), total(slice(6, 7))]
    assert parts == pytest.approx([1.2864, 0.0797, 1.1322], abs=5e-5)
    assert total(slice(0, 7)) == pytest.approx(2.4983, abs=5e-5)


def test_the_rate_is_the_sum_over_targets(run: Path) -> None:
    found = onnxfi.fit(run, ALL)
    table = onnxfi.open(run).records().to_pylist()
    by_hand = 0.0
    for target in {row["target"] for row in table}:
        rows = [row for row in table if row["target"] == target]
        share = sum(row["outcome"] == "sdc" for row in rows) / len(rows)
        by_hand += 600 / 2**20 * rows[0]["target_bits"] * share
    assert found.sdc.fit == pytest.approx(by_hand)
    assert found.sdc.fit == pytest.approx(sum(x.sdc.fit for x in found.targets))
    assert found.sdc.low < found.sdc.fit < found.sdc.high
    assert found.missing == ()
    residuals = [x.residual for x in found.targets]
    assert residuals == sorted(residuals, reverse=True)


@pytest.mark.thorough
def test_residency_coverage_and_factor(run: Path) -> None:
    whole = onnxfi.fit(run, ALL)
    memory = {**ALL["memories"][0], "residency": 0.25, "coverage": 0.9, "factor": 2.0}
    found = onnxfi.fit(onnxfi.open(run), {**ALL, "memories": [memory], "budget": 1e9})
    assert found.sdc.fit == pytest.approx(whole.sdc.fit / 4)
    assert found.residual.fit == pytest.approx(whole.sdc.fit / 40)
    assert found.low_raw == pytest.approx(found.residual.fit / 2)
    assert found.high_raw == pytest.approx(found.residual.fit * 2)
    assert found.raw == pytest.approx(whole.raw)  # of all bits, live or not
    assert found.within_budget
    assert found.single_point_share == pytest.approx(1 - found.residual.fit / found.raw)
    assert found.hourly == pytest.approx(found.residual.fit * 1e-9)
    small = onnxfi.fit(run, {**ALL, "budget": whole.sdc.fit})
    assert small.within_budget is False  # the upper end counts


def test_a_measured_coverage_leaves_the_sdc_without_an_alarm(work: Path) -> None:
    plain = onnxfi.load(work / "model.onnx")
    feeds = [{"image": x[np.newaxis]} for x in np.load(work / "inputs.npz")["images"]]
    onnxfi.harden(plain, abft=["conv"], inputs=feeds, false_alarms=0.1).model.save(
        work / "model.onnx"
    )
    document = make_document(
        targets={"tensors": ["conv", "relu", "scores"]},
        error_models=["bitflip"],
        injections={"per_target": 100},
    )
    (work / "campaign.yaml").write_text(yaml.safe_dump(document))
    Campaign.from_yaml(work / "campaign.yaml", out=work / "run").run()
    memory = {**ALL["memories"][0], "coverage": "measured", "factor": 2.0}
    found = onnxfi.fit(work / "run", {"memories": [memory]})
    rows = onnxfi.open(work / "run").records().to_pylist()
    by_hand = 0.0
    for target in found.targets:
        sdc = [r for r in rows if r["target"] == target.name and r["outcome"] == "sdc"]
        unflagged = sum(not r["flagged"] for r in sdc)
        assert target.coverage == pytest.approx(1 - unflagged / len(sdc))
        by_hand += target.upsets * unflagged / 100
    assert 0 < by_hand < found.sdc.fit
    assert found.residual.fit == pytest.approx(by_hand)
    assert found.residual.fit == pytest.approx(sum(x.residual for x in found.targets))
    assert found.high_raw == pytest.approx(2 * by_hand)
    assert found.residual.low < by_hand < found.residual.high
    (seen,) = [x for x in found.targets if x.name == "conv"]
    assert seen.coverage > 0.9


def test_no_failure_seen_is_an_upper_limit(run: Path) -> None:
    element = {"name": "none", "fit": 10.0, "sdc": 0.0}
    exact = onnxfi.fit(run, {"elements": [element]})
    assert exact.sdc.fit == exact.sdc.high == 0
    found = onnxfi.fit(run, ALL)
    unseen = [x for x in found.targets if x.due.fit == 0]
    assert unseen
    assert all(str(x.due).startswith("< ") and x.due.high > 0 for x in unseen)


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ({}, "at least one memory or element"),
        ({"memories": [{"name": "a", "targets": "*"}]}, "rate: must be given"),
        ({"memories": [{"name": "a", "targets": "*", "rate": "5 FIT/MB"}]}, "power of ten or"),
        ({**ALL, "memories": ALL["memories"] * 2}, "SRAM stands twice"),
        ({**ALL, "extra": 1}, "extra: unknown key"),
        ({"memories": [{"name": "a", "rate": RATE, "targets": "convv"}]}, "did you mean 'conv'"),
        (
            {"memories": [{"name": x, "rate": RATE, "targets": "conv"} for x in "ab"]},
            "must lie in one memory, and conv lies in 'b'",
        ),
        ({**ALL, "error_model": "bitflap"}, "did you mean 'bitflip"),
        (
            {"memories": [{"name": "a", "rate": RATE, "targets": "*", "residency": {"conv": 1}}]},
            "has no residency for",
        ),
        (
            {"memories": [{**ALL["memories"][0], "coverage": "measured"}]},
            "the campaign's model has no alarms",
        ),
    ],
)
def test_wrong_rates_are_refused(run: Path, rates: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        onnxfi.fit(run, rates)


def test_several_error_models_must_be_chosen_from(finished: Path) -> None:
    rates = {"memories": ALL["memories"]}
    with pytest.raises(ConfigurationError, match="Say which one stands for an upset"):
        onnxfi.fit(finished, rates)
    assert onnxfi.fit(finished, {**rates, "error_model": "zero"}).targets


def test_the_interval_covers(run: Path) -> None:
    """Upsets are simulated: Poisson counts for each target, of which a known share is SDC."""
    rng = np.random.default_rng(0)
    shares, weights = np.array([0.02, 0.2, 0.5]), [10.0, 3.0, 1.0]
    truth = float(shares @ weights)
    covered = 0
    for _ in range(600):
        rates = [Rate.of(int(rng.binomial(300, x)), 300) for x in shares]
        found = combine(rates, weights)
        covered += found.low <= truth <= found.high
    assert 0.93 <= covered / 600 <= 0.98


def test_residency_follows_from_the_graph(work: Path) -> None:
    model = load(work / "model.onnx")
    times = [1.0, 1.0, 2.0, 0.0, 5.0, 1.0]  # conv, relu, pool, flatten, fc, softmax
    found = graph_residency(model, times)
    assert found["image"] == pytest.approx(0.1)  # to the end of the first node
    assert found["conv"] == pytest.approx(0.1)
    assert found["flat"] == pytest.approx(0.5)  # while fc reads it
    assert found["probabilities"] == 0  # ready at the end
    measured = measured_residency(model, {"image": np.zeros((1, 1, 8, 8), np.float32)})
    assert measured.keys() == found.keys()
    assert all(0 <= x <= 1 for x in measured.values())
    assert sum(measured[x] for x in ("image", "conv", "relu", "pool", "flat", "scores")) > 0.9


def test_graph_residency_lowers_the_rate(run: Path) -> None:
    memory = {**ALL["memories"][0], "residency": "graph"}
    found = onnxfi.fit(run, {**ALL, "memories": [memory]})
    assert 0 < found.sdc.fit < onnxfi.fit(run, ALL).sdc.fit

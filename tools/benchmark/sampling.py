"""Compares sampling by severity with uniform draws, on campaigns of the demo network.

For each kind of fault, a campaign without sampling gives the true rate: every flip of every target
(``exhaustive``), or many draws of the error model. Then campaigns with ``sampling: severity`` run
until the half-width of the 95 % interval is a tenth of the rate, each with its own seed. Prints the
suffix runs of both, uniform draws by Wilson's interval at the true rate; how often the intervals
hold the true rate; and the bias. An injection that pushing masks takes no suffix run; the share of
the others is counted on some records, which run again.

Usage: python -m tools.benchmark.sampling [--parts activations,weights,spatial,random]
           [--inputs 2] [--seeds 10] [--json FILE]
"""

import argparse
import json
import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

import onnxfi
from onnxfi.campaign import Campaign
from onnxfi.demo import prepare
from onnxfi.error_models import load as load_error_model
from onnxfi.results import Results
from tools.benchmark.estimation import uniform_runs

_RELATIVE = 0.1
# Records that run again to count those that take a suffix run.
_COUNTED = 1000
# Uniform draws of the campaign that shows how many of them take one.
_UNIFORM = {"total": _COUNTED, "allocation": "uniform"}
_ACTIVATIONS = {"ops": ["Conv", "Relu", "MaxPool", "Gemm"]}


@dataclass(frozen=True, slots=True)
class Part:
    """A kind of fault.

    Attributes:
        targets: the targets.
        error_model: the error model.
        truth: the injections of the campaign that gives the true rate.
    """

    targets: Mapping[str, Any]
    error_model: str
    truth: str | Mapping[str, Any]


PARTS = {
    "activations": Part(_ACTIVATIONS, "bitflip", "exhaustive"),
    "weights": Part({"kind": "weight"}, "bitflip", "exhaustive"),
    "spatial": Part(
        {"ops": ["Conv"]}, "spatial:model=conv", {"total": 200_000, "allocation": "uniform"}
    ),
    "random": Part(
        _ACTIVATIONS, "random:low=-9,high=9", {"total": 200_000, "allocation": "uniform"}
    ),
}


def run_campaign(
    part: Part, injections: object, *, demo: Path, out: Path, inputs: int, seed: int
) -> Results:
    """Run a campaign on the demo network."""
    document = {
        "model": str(demo / "lenet.onnx"),
        "inputs": {"file": str(demo / "digits.npz"), "labels": "labels", "limit": inputs},
        "targets": dict(part.targets),
        "error_models": [part.error_model],
        "injections": injections,
        "seed": seed,
        "execution": {"provider": "cpu", "workers": 1},
        "out": str(out),
    }
    path = out.with_suffix(".yaml")
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return Campaign.from_yaml(path).run()


def suffix_share(results: Results, part: Part, *, demo: Path) -> float:
    """Return the share of a campaign's injections that take a suffix run."""
    columns = ["target", "input_index", "fault_id"]
    drawn = results.records(columns).to_pylist()
    chosen = np.random.default_rng(1).permutation(len(drawn))[:_COUNTED]
    rows = [drawn[x] for x in chosen]
    model = onnxfi.load(demo / "lenet.onnx")
    images = np.load(demo / "digits.npz")["images"]
    error_model, runs = load_error_model(part.error_model), 0
    for target in sorted({x["target"] for x in rows}):
        with onnxfi.Injector(model, target, provider="cpu", threads=1) as injector:
            inputs = sorted({x["input_index"] for x in rows})
            golden = {x: injector.golden({"image": images[x : x + 1]}) for x in inputs}
            for row in (x for x in rows if x["target"] == target):
                (injection,) = injector.inject(
                    golden[row["input_index"]],
                    error_model,
                    seed=results.configuration.seed,
                    first_fault=row["fault_id"],
                )
                runs += injection.masked_at is None
    return runs / len(rows)


def compare(part: Part, *, demo: Path, folder: Path, inputs: int, seeds: int) -> dict[str, float]:
    """Return the figures of a kind of fault."""

    def run(name: str, injections: object, seed: int) -> Results:
        out = folder / name
        return run_campaign(part, injections, demo=demo, out=out, inputs=inputs, seed=seed)

    truth = _wrong_share(run("truth", part.truth, 1))
    uniform_share = suffix_share(run("uniform", _UNIFORM, 2), part, demo=demo)
    until = {"until": {"relative": _RELATIVE}, "sampling": "severity"}
    found = [run(f"{x}", until, 100 + x) for x in range(seeds)]
    rates = [x.summary()[0].rates["sdc"] for x in found]
    severity = _mean([len(x) for x in found])
    severity_share = _mean([suffix_share(x, part, demo=demo) for x in found[:3]])
    uniform = uniform_runs(truth, _RELATIVE)
    return {
        "rate": truth,
        "uniform_injections": uniform,
        "severity_injections": severity,
        "injections_ratio": uniform / severity,
        "uniform_suffix_runs": uniform * uniform_share,
        "severity_suffix_runs": severity * severity_share,
        "suffix_runs_ratio": uniform * uniform_share / (severity * severity_share),
        "campaigns": seeds,
        "intervals_that_cover": sum(x.low <= truth <= x.high for x in rates),
        "bias_share": (_mean([x.share for x in rates]) - truth)
        / _mean([(x.high - x.low) / 2 for x in rates]),
    }


def _wrong_share(results: Results) -> float:
    outcomes = results.records(["outcome"])["outcome"].to_numpy()
    return float(np.mean(outcomes == "sdc"))


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def main() -> None:
    """Run the campaigns and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", default=",".join(PARTS), help="some of the kinds of faults")
    parser.add_argument("--inputs", type=int, default=2, help="inputs of each campaign")
    parser.add_argument("--seeds", type=int, default=10, help="campaigns by severity")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    arguments = parser.parse_args()
    if unknown := [x for x in arguments.parts.split(",") if x not in PARTS]:
        parser.error(f"--parts takes some of {','.join(PARTS)}, got {','.join(unknown)}")
    logging.getLogger("onnxfi").setLevel(logging.ERROR)
    found = {}
    with tempfile.TemporaryDirectory() as name:
        demo = Path(name) / "demo"
        demo.mkdir()
        prepare(demo)
        for part in arguments.parts.split(","):
            folder = Path(name) / part
            folder.mkdir()
            found[part] = compare(
                PARTS[part],
                demo=demo,
                folder=folder,
                inputs=arguments.inputs,
                seeds=arguments.seeds,
            )
            print(part)
            for key, figure in found[part].items():
                print(f"  {key:<22} {figure:.6g}", flush=True)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

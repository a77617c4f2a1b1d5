"""``onnxfi inject``."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from onnxfi.campaign.inputs import read_unlabelled
from onnxfi.campaign.plan import Plan
from onnxfi.campaign.summary import Rate
from onnxfi.cli.arguments import (
    JsonOption,
    ModelArgument,
    ProviderName,
    ProviderOption,
    SeedOption,
    TargetOption,
)
from onnxfi.cli.output import print_json, print_table, rate_text
from onnxfi.error_models import load as load_error_model
from onnxfi.graph import load
from onnxfi.injector import OUTCOMES, Classification, Injector


def inject(
    model: ModelArgument,
    *,
    target: TargetOption,
    inputs: Annotated[
        Path, typer.Option(metavar="X.npz", help="Arrays named after the graph inputs.")
    ],
    error_model: Annotated[
        str, typer.Option(metavar="SPEC", help="name or name:key=value,…: bitflip:bit=30")
    ],
    count: Annotated[int, typer.Option(min=1, help="Injections, spread over the inputs.")] = 1,
    seed: SeedOption = 0,
    provider: ProviderOption = ProviderName.AUTO,
    as_json: JsonOption = False,
) -> None:
    """Inject faults into one target and tell their outcomes.

    Example: onnxfi inject m.onnx --target fc1 --inputs x.npz --error-model zero
    """
    drawn_from = load_error_model(error_model)
    loaded = load(model)
    samples = read_unlabelled(loaded, inputs)
    metric = Classification()
    with Injector(loaded, target, provider=provider.value) as injector:
        plan = Plan([injector.target], [drawn_from], len(samples), per_target=count)
        rows: list[dict[str, Any]] = []
        (shard,) = plan.shards(count)
        for index, ids in plan.by_input(shard):
            golden = injector.golden(samples.at(index))
            rows.extend(
                {
                    "injection_id": injection.id,
                    "input_index": index,
                    "indices": injection.corruption.indices.tolist(),
                    "values": injection.corruption.values.tolist(),
                    "outcome": injection.outcome,
                    **metric.columns(golden.outputs, injection.outputs),
                }
                for injection in injector.inject(
                    golden, drawn_from, count=len(ids), seed=seed, first_id=ids.start
                )
            )
        name = injector.target.tensor
    if as_json:
        print_json({"target": name, "seed": seed, "injections": rows})
        return
    table = Table(title=f"{name}: {count} injection(s)")
    table.add_column("outcome")
    table.add_column("injections", justify="right")
    table.add_column("% [95 % Wilson interval]", justify="right")
    counts = Counter(row["outcome"] for row in rows)
    for outcome in OUTCOMES:
        rate = Rate.of(counts[outcome], count)
        table.add_row(outcome, str(rate.count), rate_text(rate))
    print_table(table)

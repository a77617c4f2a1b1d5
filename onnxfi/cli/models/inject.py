"""``onnxfi inject``."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from onnxfi.campaign import InputSource, Plan, Stratum, specialise
from onnxfi.cli.options.arguments import (
    InputsOption,
    JsonOption,
    ModelArgument,
    ProviderName,
    ProviderOption,
    SeedOption,
)
from onnxfi.cli.options.feeding import FeedingOptions
from onnxfi.cli.options.inputs import configure_inputs, read_samples
from onnxfi.cli.options.targets import TargetOptions, select_in_order
from onnxfi.cli.output import print_json
from onnxfi.cli.rates import CAPTION, estimate_rate
from onnxfi.cli.tables import Column, Table, print_table
from onnxfi.display import counted
from onnxfi.error_models import ErrorModel, OperationReader
from onnxfi.error_models import load as load_error_model
from onnxfi.error_models.values import to_float64
from onnxfi.graph import load
from onnxfi.injector import DUE_REASONS, OUTCOMES, Golden, Injection, Injector, Metric
from onnxfi.injector.metrics import (
    FolderSources,
    default_metric,
    load_metric,
    naming_injections,
    parse_metric,
)
from onnxfi.run_directory import make_schema
from onnxfi.runtime import Limits
from onnxfi.statistics import Rate


def inject(
    model: ModelArgument,
    *,
    inputs: InputsOption,
    error_model: Annotated[
        list[str],
        typer.Option(
            metavar="SPEC",
            help="name or name:key=value,…: bitflip:bit=30. Give one, or one for each --target.",
        ),
    ],
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="Decides between sdc and benign: sequence:blank=0, or module:function.",
        ),
    ] = None,
    targets: TargetOptions,
    count: Annotated[
        int, typer.Option(min=1, help="Number of injections, spread over the inputs.")
    ] = 1,
    feeding: FeedingOptions,
    seed: SeedOption = 0,
    provider: ProviderOption = ProviderName.AUTO,
    limit_seconds: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0,
            help="CPU time limit of a faulty execution, 0 for none; default: 50 times the golden "
            "run, at least 2.",
            show_default=False,
        ),
    ] = None,
    limit_memory: Annotated[
        int | None,
        typer.Option(
            metavar="MIB",
            min=0,
            help="Memory limit of a faulty execution, 0 for none; default: 8 times the golden run, "
            "at least 1200.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Inject faults and show the outcomes.

    A target is an activation, a weight or an input. Each injection hits all selected targets.

    Example: onnxfi inject m.onnx --target fc1 --inputs x.npz --error-model zero
    """
    wanted = targets.selection
    error_models = [load_error_model(spec) for spec in error_model]
    loaded = load(model)
    samples = read_samples(loaded, configure_inputs(inputs, feeding))
    loaded = specialise(loaded, samples.constants, lambda model: select_in_order(model, wanted))
    together = select_in_order(loaded, wanted)
    chosen = None if metric is None else _load_metric(metric)
    limits = Limits(
        "auto" if limit_seconds is None else limit_seconds or None,
        "auto" if limit_memory is None else limit_memory or None,
    )
    if len(error_models) == 1:
        error_models *= len(together)
    operands = any(isinstance(x, OperationReader) for x in error_models)
    with Injector(
        loaded, together, provider=provider.value, limits=limits, operands=operands
    ) as injector:
        rows = _run(injector, error_models, samples, metric=chosen, count=count, seed=seed)
        names = [x.tensor for x in injector.split.targets]
    if as_json:
        print_json({"targets": names, "seed": seed, "injections": rows})
    else:
        _print(f"{' + '.join(names)}: {counted(count, 'injection')}", rows)


def _run(
    injector: Injector,
    error_models: Sequence[ErrorModel],
    samples: InputSource,
    *,
    metric: Metric | None,
    count: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Run the injections and return a row for each."""
    stratum = Stratum(injector.targets, tuple(error_models), label="")
    plan = Plan([stratum], len(samples), faults=[count])
    (shard,) = plan.shards(count)
    rows = []
    for input_index, ids in plan.by_input(shard):
        golden = injector.golden(samples.at(input_index), seed=seed)
        if metric is None:
            metric = default_metric(golden.outputs)
        for injection in injector.inject(
            golden, error_models, count=len(ids), seed=seed, first_id=ids.start, metric=metric
        ):
            row = {
                "injection_id": injection.id,
                "input_index": input_index,
                "corruptions": _corruptions(injection),
                "outcome": injection.outcome,
                "due_reason": injection.due_reason,
            }
            rows.append(row | _metric_columns(metric, golden, injection))
    return rows


def _corruptions(injection: Injection) -> list[dict[str, Any]]:
    return [
        {
            "target": name,
            "indices": corruption.indices.tolist(),
            "values": to_float64(corruption.values).tolist(),
        }
        for name, corruption in zip(injection.targets, injection.corruptions, strict=True)
    ]


def _print(title: str, rows: Sequence[dict[str, Any]]) -> None:
    """Print the number of injections with each outcome, and the reasons of dues."""
    if len(rows) == 1:
        (row,) = rows
        sites = sum(len(x["indices"]) for x in row["corruptions"])
        reason = f" ({row['due_reason']})" if row["due_reason"] else ""
        typer.echo(f"{title}, {counted(sites, 'site')}: {row['outcome']}{reason}")
        return
    counts = Counter(row["outcome"] for row in rows)
    rates = {x: Rate.of(counts[x], len(rows)) for x in OUTCOMES}
    print_table(
        Table(
            [Column("outcome"), Column("injections", "number"), Column("share", "number")],
            [[name, str(rate.count), estimate_rate(rate)] for name, rate in rates.items()],
            title=title,
            caption=CAPTION,
        )
    )
    reasons = Counter(row["due_reason"] for row in rows if row["due_reason"])
    if reasons:
        listed = ", ".join(f"{x} {reasons[x]}" for x in DUE_REASONS if reasons[x])
        typer.echo(f"due: {listed}")


def _load_metric(text: str) -> Metric:
    """Return the metric of a SPEC; its module may be in the current folder."""
    name, configuration = parse_metric(text)
    metric = load_metric(name, configuration, sources=FolderSources(Path.cwd()))
    make_schema(metric.column_types)  # its columns must not clash with those of an injection
    return metric


def _metric_columns(metric: Metric, golden: Golden, injection: Injection) -> dict[str, Any]:
    """Return the metric's columns of an injection; None if the faulty execution failed."""
    if not injection.outputs:
        return dict.fromkeys(metric.column_types)
    with naming_injections([injection.id], [injection.outputs]):
        return dict(metric.columns(golden.outputs, injection.outputs))

"""``onnxfi inject``."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from onnxfi.campaign.inputs.specialising import specialise
from onnxfi.campaign.planning.plan import Plan
from onnxfi.campaign.planning.strata import Stratum
from onnxfi.campaign.records.record_files import make_schema
from onnxfi.campaign.statistics import Rate
from onnxfi.cli.options.arguments import (
    ArrayOption,
    AxisOption,
    ConstantOption,
    InputsOption,
    JsonOption,
    LimitMemoryOption,
    LimitSecondsOption,
    ModelArgument,
    ProviderName,
    ProviderOption,
    RepeatOption,
    SeedOption,
)
from onnxfi.cli.options.inputs import inputs_of, read_samples
from onnxfi.cli.options.targets import (
    DtypesOption,
    ExcludeOption,
    IndexOption,
    KindOption,
    LayersOption,
    NamesOption,
    OpsOption,
    ShapesOption,
    hit_together,
    selection,
)
from onnxfi.cli.output import print_json, print_table
from onnxfi.cli.rates import rate_text
from onnxfi.error_models import load as load_error_model
from onnxfi.error_models.values import to_float64
from onnxfi.graph import load
from onnxfi.injector import DUE_REASONS, OUTCOMES, Golden, Injection, Injector, Metric
from onnxfi.injector.metrics import load_metric
from onnxfi.injector.metrics.own_code import FolderSources
from onnxfi.injector.metrics.own_metric import naming_injections
from onnxfi.injector.metrics.registry import default_metric, parse_metric
from onnxfi.runtime.limits import Limits


def inject(
    model: ModelArgument,
    *,
    inputs: InputsOption,
    error_model: Annotated[
        list[str],
        typer.Option(
            metavar="SPEC",
            help="name or name:key=value,…: bitflip:bit=30. One, or one for each --target.",
        ),
    ],
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="Decides between sdc and benign: sequence:blank=0, or module:function.",
        ),
    ] = None,
    target: NamesOption = None,
    kind: KindOption = None,
    op: OpsOption = None,
    layer: LayersOption = None,
    dtype: DtypesOption = None,
    exclude: ExcludeOption = None,
    index: IndexOption = None,
    include_shapes: ShapesOption = False,
    count: Annotated[int, typer.Option(min=1, help="Injections, spread over the inputs.")] = 1,
    array: ArrayOption = None,
    axis: AxisOption = None,
    constant: ConstantOption = None,
    repeat: RepeatOption = False,
    seed: SeedOption = 0,
    provider: ProviderOption = ProviderName.AUTO,
    limit_seconds: LimitSecondsOption = None,
    limit_memory: LimitMemoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Inject faults into a target, or into several at once, and tell their outcomes.

    Targets are activations, weights and inputs alike. An injection hits all that are chosen.

    Example: onnxfi inject m.onnx --target fc1 --inputs x.npz --error-model zero
    """
    wanted = selection(
        kind=kind,
        names=target,
        ops=op,
        layers=layer,
        dtypes=dtype,
        exclude=exclude,
        index=index,
        include_shapes=include_shapes,
    )
    error_models = [load_error_model(spec) for spec in error_model]
    loaded = load(model)
    samples = read_samples(
        loaded, inputs_of(inputs, array=array, axis=axis, constant=constant, repeat=repeat)
    )
    loaded = specialise(loaded, samples.constants, lambda model: hit_together(model, wanted))
    targets = hit_together(loaded, wanted)
    chosen = None if metric is None else _load_metric(metric)
    limits = Limits(
        "auto" if limit_seconds is None else limit_seconds or None,
        "auto" if limit_memory is None else limit_memory or None,
    )
    with Injector(loaded, targets, provider=provider.value, limits=limits) as injector:
        if len(error_models) == 1:
            error_models *= len(targets)
        plan = Plan(
            [Stratum(injector.targets, tuple(error_models), label="")],
            len(samples),
            faults=[count],
        )
        rows: list[dict[str, Any]] = []
        (shard,) = plan.shards(count)
        for input_index, ids in plan.by_input(shard):
            golden = injector.golden(samples.at(input_index), seed=seed)
            if chosen is None:
                chosen = default_metric(golden.outputs)
            rows.extend(
                {
                    "injection_id": injection.id,
                    "input_index": input_index,
                    "corruptions": [
                        {
                            "target": name,
                            "indices": corruption.indices.tolist(),
                            "values": to_float64(corruption.values).tolist(),
                        }
                        for name, corruption in zip(
                            injection.targets, injection.corruptions, strict=True
                        )
                    ],
                    "outcome": injection.outcome,
                    "due_reason": injection.due_reason,
                    **_metric_columns(chosen, golden, injection),
                }
                for injection in injector.inject(
                    golden,
                    error_models,
                    count=len(ids),
                    seed=seed,
                    first_id=ids.start,
                    metric=chosen,
                )
            )
        names = [x.tensor for x in injector.split.targets]
    if as_json:
        print_json({"targets": names, "seed": seed, "injections": rows})
        return
    table = Table(title=f"{' + '.join(names)}: {count} injection(s)")
    table.add_column("outcome")
    table.add_column("injections", justify="right")
    table.add_column("% [95 % Wilson interval]", justify="right")
    counts = Counter(row["outcome"] for row in rows)
    for outcome in OUTCOMES:
        rate = Rate.of(counts[outcome], count)
        table.add_row(outcome, str(rate.count), rate_text(rate))
    print_table(table)
    reasons = Counter(row["due_reason"] for row in rows if row["due_reason"])
    if reasons:
        listed = ", ".join(f"{x} {reasons[x]}" for x in DUE_REASONS if reasons[x])
        typer.echo(f"due: {listed}")


def _load_metric(text: str) -> Metric:
    """Return the metric of a SPEC; its module may lie in the current folder."""
    name, configuration = parse_metric(text)
    metric = load_metric(name, configuration, sources=FolderSources(Path.cwd()))
    make_schema(metric.column_types)  # its columns stand beside those of an injection
    return metric


def _metric_columns(metric: Metric, golden: Golden, injection: Injection) -> dict[str, Any]:
    """Return the metric's columns of an injection; None where the faulty execution failed."""
    if not injection.outputs:
        return dict.fromkeys(metric.column_types)
    with naming_injections([injection.id], [injection.outputs]):
        return dict(metric.columns(golden.outputs, injection.outputs))

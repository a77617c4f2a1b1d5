"""Makes the plan of a campaign from its configuration."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from onnxfi.campaign.inputs import InputSource
from onnxfi.campaign.planning.allocation import allocate_faults
from onnxfi.campaign.planning.exhaustive import EveryBit
from onnxfi.campaign.planning.fault_list.listed import Listed
from onnxfi.campaign.planning.fault_list.planning import list_strata
from onnxfi.campaign.planning.fault_space import (
    Shape,
    count_bits,
    count_flips,
    is_single_flip,
    target_shapes,
)
from onnxfi.campaign.planning.plan import Plan
from onnxfi.campaign.planning.sample_size import sample_size
from onnxfi.campaign.planning.strata import Stratum, make_strata
from onnxfi.campaign.planning.suitability import check_error_models
from onnxfi.configuration import Configuration, Injections
from onnxfi.errors import ConfigurationError
from onnxfi.graph import Model, Target
from onnxfi.statistics.stratified import SHARES
from onnxfi.surgery import check_replayable

# A relative margin may never be reached, where no fault matters: the injections end where this
# margin would.
_LEAST_MARGIN = 0.0005


def make_plan(model: Model, inputs: InputSource, configuration: Configuration) -> Plan:
    """Return the plan of a campaign.

    Raises:
        TargetNotFoundError: a single target does not exist.
        ConfigurationError: the configuration chooses no target, or an exhaustive campaign has an
            error model other than single-bit flips.
        ErrorModelError: an error model does not fit its target.
        InputError: a fault would change which random numbers the model draws.
    """
    wanted = configuration.injections
    if wanted.list is None:
        strata = make_strata(model, configuration)
    else:
        strata = list_strata(model, inputs, configuration)
    check_replayable(model, dict.fromkeys(stratum.targets for stratum in strata))
    width = _inputs_per_fault(wanted, len(inputs))
    targets = dict.fromkeys(target for stratum in strata for target in stratum.targets)
    shapes = target_shapes(model, targets, inputs)
    check_error_models(
        (
            pair
            for stratum in strata
            for pair in zip(stratum.targets, stratum.error_models, strict=True)
        ),
        shapes,
    )
    sizes = [sum(count_bits(x, shapes[x]) for x in stratum.targets) for stratum in strata]
    input_ranges = -(-len(inputs) // width)
    if wanted.sampling == "severity":
        return _by_severity(strata, sizes, len(inputs), configuration)
    if wanted.list is not None:
        models = (stratum.error_models[0] for stratum in strata)
        faults = [len(x.rows) if isinstance(x, Listed) else 0 for x in models]
    elif wanted.exhaustive:
        _check_that_shapes_are_fixed(targets, inputs)
        strata, faults = _list_all(strata, shapes)
    elif wanted.margin is not None:
        size = partial(sample_size, margin=wanted.margin, confidence=wanted.confidence, p=wanted.p)
        faults = [size(count_faults(stratum, shapes, input_ranges)) for stratum in strata]
    elif wanted.until is not None:
        until = wanted.until
        margin = until.margin or _LEAST_MARGIN
        size = partial(sample_size, margin=margin, confidence=until.confidence)
        faults = [size(count_faults(stratum, shapes, input_ranges)) for stratum in strata]
    else:
        total = wanted.total or (wanted.per_target or 0) * len(strata)
        faults = allocate_faults(total, sizes, how=wanted.allocation, seed=configuration.seed)
    return Plan(
        strata=strata,
        inputs=len(inputs),
        faults=faults,
        inputs_per_fault=width,
        per_round=wanted.until.per_round if wanted.until else None,
        sizes=sizes,
    )


def _by_severity(
    strata: Sequence[Stratum], sizes: Sequence[int], inputs: int, configuration: Configuration
) -> Plan:
    """Return a plan in which each pair of target and error model has strata of scored faults."""
    wanted, scored = configuration.injections, []
    for stratum in strata:
        if len(stratum.targets) > 1:
            raise ConfigurationError(
                "sampling: severity needs one target per injection, got "
                f"{' + '.join(x.tensor for x in stratum.targets)!r}. Leave sampling out, or give "
                "the targets as one selection."
            )
        scored += [replace(stratum, score_stratum=x) for x in range(len(SHARES))]
    models = len({x.label for x in strata})
    if wanted.until is None:
        most = (wanted.total or (wanted.per_target or 0) * len(strata)) // models
    else:
        margin = wanted.until.margin or _LEAST_MARGIN
        most = sample_size(None, margin=margin, confidence=wanted.until.confidence)
    return Plan(
        strata=scored,
        inputs=inputs,
        faults=[most] * len(scored),
        sizes=[size for size in sizes for _ in SHARES],
        most=most * models,
    )


def count_faults(stratum: Stratum, shapes: dict[Target, Shape], input_ranges: int) -> int | None:
    """Return the number of faults that a stratum samples from; None where it is unknown.

    Args:
        stratum: the stratum.
        shapes: shapes of its targets.
        input_ranges: number of input ranges, one of which each fault meets.
    """
    if len(stratum.targets) > 1:
        return None
    flips = count_flips(stratum.error_models[0], stratum.targets[0], shapes[stratum.targets[0]])
    return None if flips is None else flips * input_ranges


def _inputs_per_fault(wanted: Injections, inputs: int) -> int:
    if wanted.inputs_per_fault == "all":
        return inputs
    if wanted.inputs_per_fault > inputs:
        raise ConfigurationError(
            f"injections.inputs_per_fault must be at most the number of inputs, {inputs}, "
            f"got {wanted.inputs_per_fault}. Lower it, or write all."
        )
    return wanted.inputs_per_fault


def _check_that_shapes_are_fixed(targets: Iterable[Target], inputs: InputSource) -> None:
    for target in targets:
        fixed = target.shape is not None and all(isinstance(x, int) for x in target.shape)
        if not fixed and not inputs.alike:
            raise ConfigurationError(
                f"The shape of {target.tensor!r} may differ between inputs, and an exhaustive "
                "campaign lists the bits of one shape. Give per_target, inputs of one shape, or a "
                "target of fixed shape such as a weight."
            )


def _list_all(
    strata: Sequence[Stratum], shapes: dict[Target, Shape]
) -> tuple[list[Stratum], list[int]]:
    listed, faults, first = [], [], 0
    for stratum in strata:
        error_model, target = stratum.error_models[0], stratum.targets[0]
        if len(stratum.targets) > 1 or not is_single_flip(error_model):
            raise ConfigurationError(
                "An exhaustive campaign needs the error model bitflip with one bit at one site, "
                f"and one target per injection, got {stratum.label!r} at "
                f"{' + '.join(x.tensor for x in stratum.targets)!r}. Give per_target, or change "
                "the error model."
            )
        listed.append(replace(stratum, error_models=(EveryBit(error_model, first),)))
        faults.append(count_flips(error_model, target, shapes[target]) or 0)
        first += faults[-1]
    return listed, faults

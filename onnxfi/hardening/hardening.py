"""Adds protections to a model, as edits of its graph."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onnxfi.error_models import Profile
from onnxfi.errors import InputError
from onnxfi.graph import ALARMS_KEY, Model, infer_types
from onnxfi.hardening.checksums import Threshold
from onnxfi.hardening.copies import compute_twice, vote
from onnxfi.hardening.fitting_inputs import record_fitting_inputs
from onnxfi.hardening.graph_editor import GraphEditor
from onnxfi.hardening.products import check_products
from onnxfi.hardening.protections import (
    Abft,
    Clip,
    Duplicate,
    OnAlarm,
    Parity,
    Protection,
    Ranger,
    Tmr,
)
from onnxfi.hardening.ranges import restrict_ranges
from onnxfi.hardening.thresholds import set_thresholds
from onnxfi.hardening.weight_checksums import add_checksums

#: The metadata that lists what each protection of a model protects.
PROTECTIONS_KEY = "onnxfi.hardening"

_ON_ALARM: Mapping[type, Sequence[OnAlarm]] = {
    Ranger: ("flag", "clip", "zero"),
    Clip: ("flag", "clip", "zero"),
    Abft: ("flag", "zero", "recompute"),
    Duplicate: ("flag", "zero"),
    Tmr: ("flag",),
    Parity: ("flag",),
}


@dataclass(frozen=True, slots=True)
class Hardened:
    """A model with protections.

    Attributes:
        model: the model.
        alarms: the names of its outputs that raise an alarm: bool, one value for each sample.
        protected: the tensors that each protection checks, by its name.
        left_out: operators that a protection means but cannot check, with the reason.
    """

    model: Model
    alarms: Sequence[str]
    protected: Mapping[str, Sequence[str]]
    left_out: Mapping[str, str]


def harden(
    model: Model,
    *,
    ranger: Profile | None = None,
    clip: Profile | None = None,
    abft: Sequence[str] = (),
    duplicate: Sequence[str] = (),
    tmr: Sequence[str] = (),
    parity: Sequence[str] = (),
    on_alarm: OnAlarm | None = None,
    inputs: Iterable[Mapping[str, np.ndarray]] | None = None,
    false_alarms: float = 0.01,
) -> Hardened:
    """Add protections to a model.

    The result has operators of the ONNX standard only. All tensors keep their names; checks read
    them, and corrected values have new names. Alarms are further outputs, called
    ``alarm:PROTECTION:LAYER``: bool, of shape ``(samples,)``, or ``(1,)`` where they count none.

    Example:
        >>> hardened = onnxfi.harden(model, abft=["conv", "gemm"], inputs=feeds)
        >>> hardened.model.save("lenet_abft.onnx")

    Args:
        model: the model; it is not changed.
        ranger: the ranges that activation functions, and what follows them, are kept in.
        clip: the ranges that all activations of the profile are kept in.
        abft: the operators that get checksums: some of ``conv``, ``gemm`` and ``matmul``.
        duplicate: the layers or tensors whose operator is computed twice.
        tmr: the weights that are stored three times: ``weights`` for all, or ``weights:LAYER``.
        parity: the weights that get a stored checksum: as for `tmr`.
        on_alarm: what follows an alarm, for the protections that can do it: ``flag`` only reports
            it; ``clip`` and ``zero`` (ranges), ``zero`` and ``recompute`` (checksums) and ``zero``
            (duplicates) also replace what is wrong. By default, ranges clip without an alarm, and
            the others flag.
        inputs: inputs without faults, from which the thresholds of checksums of floating-point
            products are taken; others than those of the campaign.
        false_alarms: the largest share of fault-free inferences in which such a checksum may raise
            an alarm.

    Raises:
        InputError: no protection is given, the model is hardened already, or a protection fits
            nothing in the model, lacks inputs, or cannot do what it is to do on an alarm.
        ModelFormatError: the model's opset is below 9.
        TargetNotFoundError: the model has no such layer.
    """
    protections: list[Protection] = [
        *([Abft(tuple(abft), _able(Abft, on_alarm))] if abft else []),
        *(Duplicate(x, _able(Duplicate, on_alarm)) for x in duplicate),
        *(Parity(_weights(x, "parity")) for x in parity),
        *(Tmr(_weights(x, "tmr")) for x in tmr),
        *([Clip(clip, _able(Clip, on_alarm))] if clip else []),
        *([Ranger(ranger, _able(Ranger, on_alarm))] if ranger else []),
    ]
    _check(model, protections, on_alarm, false_alarms)
    editor = GraphEditor(model)
    thresholds: list[Threshold] = []
    left_out: dict[str, str] = {}
    protected: dict[str, list[str]] = {}
    # In this order: checks of operators read their plain weights, and ranges bound what is
    # corrected.
    for each in protections:
        names = protected.setdefault(each.name, [])
        match each:
            case Abft():
                names += check_products(editor, each, thresholds, left_out)
            case Duplicate():
                names.append(compute_twice(editor, each))
            case Parity():
                names += add_checksums(editor, each)
            case Tmr():
                names += vote(editor, each)
            case Ranger() | Clip():
                names += restrict_ranges(editor, each)
    infer_types(editor.model.ir_model)
    result = Model(editor.model.ir_model, model.files)
    fitted = [x for profile in (ranger, clip) if profile for x in profile.fingerprints]
    if thresholds:
        if inputs is None:
            raise InputError(
                "Checksums of floating-point products need inputs without faults, from which their "
                "thresholds are taken. Give inputs (--inputs)."
            )
        fitted += set_thresholds(result, thresholds, inputs, false_alarms=false_alarms)
    record_fitting_inputs(result, fitted)
    properties = result.ir_model.metadata_props
    properties[ALARMS_KEY] = json.dumps(editor.alarms)
    properties[PROTECTIONS_KEY] = json.dumps(protected)
    return Hardened(result, tuple(editor.alarms), protected, left_out)


def _able(protection: type[Protection], on_alarm: OnAlarm | None) -> OnAlarm | None:
    """Return what a protection does on an alarm; None for its default."""
    return on_alarm if on_alarm in _ON_ALARM[protection] else None


def _weights(given: str, protection: str) -> str | None:
    """Return the layer or tensor whose weights are meant; None for all."""
    kind, _, name = given.partition(":")
    if kind != "weights" or given.endswith(":"):
        raise InputError(
            f"{protection} protects weights: give weights or weights:LAYER, got {given!r}."
        )
    return name or None


def _check(
    model: Model,
    protections: Sequence[Protection],
    on_alarm: OnAlarm | None,
    false_alarms: float,
) -> None:
    if not protections:
        raise InputError(
            "A model needs at least one protection to harden it: ranger, clip, abft, duplicate, "
            "tmr or parity."
        )
    if PROTECTIONS_KEY in model.ir_model.metadata_props:
        raise InputError(
            "A model to harden must not be hardened already, and this one is. Add all protections "
            "to the plain model at once."
        )
    if not 0 < false_alarms < 1:
        raise InputError(
            f"The share of false alarms must lie between 0 and 1, got {false_alarms:g}."
        )
    able = [x.name for x in protections if on_alarm in _ON_ALARM.get(type(x), ())]
    if on_alarm is not None and not able:
        names = ", ".join(dict.fromkeys(x.name for x in protections))
        raise InputError(
            f"On an alarm, {names} cannot {on_alarm}. Ranges can flag, clip or zero, checksums "
            "flag, zero or recompute, duplicates flag or zero; copies of weights are voted on."
        )

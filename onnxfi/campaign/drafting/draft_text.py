"""Writes the draft of a campaign as commented YAML."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from onnxfi.configuration import Inputs
from onnxfi.injector.metrics import BUILT_IN

SCHEMA_FILE = "onnxfi.schema.json"
"""The JSON Schema beside a drafted configuration."""

_COLUMN = 27  # where comments begin, if there is room


@dataclass(frozen=True, slots=True)
class DraftedInputs:
    """The inputs of a draft.

    Attributes:
        inputs: the section, with paths relative to the draft.
        comments: what is fed to each graph input.
        random: whether they are random.
    """

    inputs: Inputs
    comments: Mapping[str, str]
    random: bool = False


@dataclass(frozen=True, slots=True)
class DraftedTargets:
    """The targets of a draft.

    Attributes:
        chosen: number of activations of each chosen operator type; empty for all activations.
        others: number of activations of each other operator type.
        weights: number of weights.
    """

    chosen: Mapping[str, int]
    others: Mapping[str, int]
    weights: int


def write_draft(
    *,
    model: str,
    file: str,
    inputs: DraftedInputs,
    targets: DraftedTargets,
    metric: tuple[str, str],
) -> str:
    """Return the text of a draft.

    Args:
        model: path of the model, relative to the draft.
        file: name of the draft.
        inputs: its inputs.
        targets: its targets.
        metric: the output that holds the answer, and the metric that fits it.
    """
    output, name = metric
    others = ", ".join(x for x in BUILT_IN if x != name)
    lines = [
        f"# yaml-language-server: $schema={SCHEMA_FILE}",
        "# A fault-injection campaign. Paths are relative to this file. In its folder:",
        f"#   onnxfi campaign plan {file}   # how many injections, and how long",
        f"#   onnxfi campaign run {file}",
        "",
        f"model: {_inline(model)}",
        "",
        *_input_lines(inputs),
        "",
        *_target_lines(targets),
        "",
        "# Each error model is used for every target; `onnxfi error-models list` lists them.",
        "error_models:",
        _with_comment("  - bitflip", "one random bit of one random value"),
        "  # - bitflip:bit=30",
        "",
        "injections:",
        _with_comment("  per_target: 1000", "for each target and error model"),
        _with_comment("  # until: {margin: 0.01}", "instead: until the rate is known to 1 %"),
        "",
        f"# Decides whether the output {output!r} is wrong. Others: {others}.",
        f"metric: {name}",
        "",
        _with_comment("seed: 0", "the same seed draws the same faults"),
        _with_comment("# out: runs/NAME", "by default the name of the model"),
    ]
    return "\n".join(lines) + "\n"


def _input_lines(drafted: DraftedInputs) -> list[str]:
    inputs = drafted.inputs
    document = inputs.model_dump(mode="json", exclude_none=True)
    lines = [f"  file: {_inline(document['file'])}"]
    if drafted.random:
        lines = [
            "# These inputs are random. Replace them by real ones: rates of random inputs say",
            "# little about real ones.",
            "inputs:",
            *lines,
        ]
    else:
        lines = ["inputs:", *lines]
    tensors = document.get("tensors", {})
    if tensors:
        lines.append("  tensors:")
    for name, tensor in tensors.items():
        line = f"    {_inline(name)}: {_inline(tensor)}"
        lines.append(_with_comment(line, drafted.comments.get(name, "")))
    for name, comment in drafted.comments.items():
        if name not in tensors:
            lines.append(f"  # {name} takes the array of its name: {comment}")
    if "labels" in document:
        line = f"  labels: {_inline(document['labels'])}"
        lines.append(_with_comment(line, "the right class of each input"))
    lines.append(_with_comment("  # limit: 100", "only the first inputs"))
    return lines


def _target_lines(targets: DraftedTargets) -> list[str]:
    chosen = _counts(targets.chosen) or "all activations"
    lines = [f"# The tensors to hit, one at a time: {chosen}."]
    if targets.others and targets.chosen:
        lines.append(f"# Other operators here: {_counts(targets.others)}.")
    if targets.weights:
        lines.append(f"# For faults in weights write kind: weight; there are {targets.weights}.")
    lines += ["targets:", "  kind: activation"]
    if targets.chosen:
        lines.append(f"  ops: {_inline(list(targets.chosen))}")
    return [*lines, _with_comment('  # layers: "conv*"', "only these layers")]


def _counts(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in numbers.items())


def _with_comment(line: str, comment: str) -> str:
    return f"{line.ljust(_COLUMN)}# {comment}" if comment else line


def _inline(value: Any) -> str:
    """Return a value as YAML on one line."""
    text: str = yaml.safe_dump(
        value, default_flow_style=True, width=float("inf"), allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("...\n").strip()

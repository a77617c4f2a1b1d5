"""Describes the contents of a spatial model as text."""

from onnxfi.error_models.spatial.distribution import PatternDistribution, SpatialDistribution
from onnxfi.error_models.spatial.patterns import PATTERNS
from onnxfi.error_models.spatial.value_mix import ValueMix

_MOST_MIXES = 5


def summarise(distribution: SpatialDistribution) -> str:
    """Return the patterns of a model with their frequencies, on one line."""
    return ", ".join(f"{each.pattern} {_percent(share)}" for each, share in _ordered(distribution))


def describe(distribution: SpatialDistribution) -> list[str]:
    """Return the lines that describe a model, pattern by pattern, the most frequent first."""
    lines = []
    for pattern, share in _ordered(distribution):
        summary = (type(PATTERNS[pattern.pattern]).__doc__ or "").splitlines()[0].replace("``", "")
        lines.append(f"{pattern.pattern}, {_percent(share)}: {summary}")
        lines.append(f"  values: {_values(pattern)}")
        sets = len(pattern.parameters.items)
        if pattern.parameters.items[0].numbers or pattern.parameters.items[0].percentages:
            lines.append(f"  parameters: {sets} set{'s' if sets > 1 else ''}")
    return lines


def _ordered(distribution: SpatialDistribution) -> list[tuple[PatternDistribution, float]]:
    return sorted(distribution.shares(), key=lambda pair: -pair[1])


def _values(pattern: PatternDistribution) -> str:
    mixes = sorted(pattern.value_mixes.shares(), key=lambda pair: -pair[1])
    listed = [f"{_mix(mix)} ({_percent(share)})" for mix, share in mixes[:_MOST_MIXES]]
    left = sum(share for _, share in mixes[_MOST_MIXES:])
    if left:
        listed.append(f"{len(mixes) - _MOST_MIXES} other mixes ({_percent(left)})")
    return "; ".join(listed)


def _mix(mix: ValueMix) -> str:
    if mix.shares is not None:
        pairs = zip(mix.classes, mix.shares, strict=True)
        return " + ".join(f"{_percent(share)} {name}" for name, share in pairs)
    if len(mix.classes) == 1:
        return f"all {mix.classes[0]}"
    low, high = mix.percentages
    return f"{low:g} to {high:g} % {mix.classes[0]}, the rest {mix.classes[1]}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"

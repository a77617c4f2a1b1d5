"""Checks the rates of a campaign against limits, and against an earlier campaign."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from onnxfi.errors import ConfigurationError
from onnxfi.run_directory import RunDirectory
from onnxfi.statistics.comparison import Comparison, compare
from onnxfi.statistics.summary import summarise

Verdict = Literal["passed", "failed", "undecided"]

# The share of false alarms of all comparisons with a baseline together.
_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        name: what was checked, such as ``sdc under bitflip``.
        verdict: ``passed``; ``failed``; or ``undecided``: with more injections it may pass.
        sentence: what was found, against which limit, and what to do.
        more: the number of further injections after which an undecided check is expected to pass;
            None for other verdicts.
    """

    name: str
    verdict: Verdict
    sentence: str
    more: int | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """The results of all checks of a campaign.

    Attributes:
        place: the run directory.
        findings: one for each check.
    """

    place: str
    findings: Sequence[Finding]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(x.verdict == "passed" for x in self.findings)


def check_campaign(
    directory: str | Path,
    *,
    max_sdc: float | None = None,
    max_due: float | None = None,
    baseline: str | Path | None = None,
) -> Check:
    """Check the rates of a campaign.

    A limit holds if the upper end of the network's 95 % interval is at most the limit, under every
    error model. With a baseline, the rate of sdc must not have risen significantly, in the network
    or at any target: McNemar's test where both campaigns inject the same faults. The p-values of an
    error model are corrected for their number, so that all comparisons together raise a false alarm
    in at most 5 % of the cases. Source: S. Holm, Scand. J. Stat. 6 (1979), 65-70.

    Args:
        directory: the run directory, or its address.
        max_sdc: the highest rate of sdc, from 0 to 1; None without a limit.
        max_due: the highest rate of due.
        baseline: the run directory of an earlier campaign.

    Raises:
        ConfigurationError: there is nothing to check, a limit is no share, or a run directory
            cannot be read.
    """
    limits = {name: x for name, x in (("sdc", max_sdc), ("due", max_due)) if x is not None}
    if not limits and baseline is None:
        raise ConfigurationError(
            "There is nothing to check. Give a limit (--max-sdc, --max-due, --max-fit), or a "
            "baseline."
        )
    for name, limit in limits.items():
        if not 0 <= limit <= 1:
            raise ConfigurationError(
                f"The limit of {name} must be a share from 0 to 1, got {limit}. Write 0.03 for 3 %."
            )
    findings = _limits(directory, limits) if limits else []
    if baseline is not None:
        findings += rises(compare(baseline, directory), baseline)
    return Check(str(directory), findings)


def _limits(directory: str | Path, limits: dict[str, float]) -> list[Finding]:
    found = summarise(directory, RunDirectory.open(directory).configuration)
    findings = []
    for network in found.network:
        targets = [x for x in found.groups["target"] if x.key["error_model"] == network.error_model]
        injections = sum(x.injections for x in targets)
        for name, limit in limits.items():
            rate = network.per_inference[name]
            what = f"{name} under {network.error_model}"
            said = f"{what} is {rate}"
            if rate.high <= limit:
                sentence = f"{said}: at most the limit of {limit:.4g}."
                findings.append(Finding(what, "passed", sentence))
            elif rate.share >= limit:
                sentence = f"{said}: above the limit of {limit:.4g}. Protect what is worst."
                findings.append(Finding(what, "failed", sentence))
            else:
                # An interval narrows with the root of the injections.
                factor = ((rate.high - rate.share) / (limit - rate.share)) ** 2
                more = math.ceil(injections * (factor - 1))
                sentence = (
                    f"{said}: the upper end is above the limit of {limit:.4g}, with too few "
                    f"injections to tell. About {more} more may settle it."
                )
                findings.append(Finding(what, "undecided", sentence, more))
    return findings


def rises(found: Comparison, baseline: str | Path) -> list[Finding]:
    """Return whether sdc rose, for each error model.

    Args:
        found: the comparison of the baseline with a campaign.
        baseline: the baseline, for the sentences.
    """
    findings = []
    for network in found.network:
        of_model = [x for x in found.targets if x.error_model == network.error_model]
        compared = [(x, x.rates["sdc"]) for x in (network, *of_model)]
        # One-sided: half the two-sided p-value where the rate rose.
        p = [x.p / 2 if x.difference.value > 0 else 1 - x.p / 2 for _, x in compared]
        rejected = holm(p, alpha=_ALPHA)
        worst = [group for (group, _), is_risen in zip(compared, rejected, strict=True) if is_risen]
        what = f"rise of sdc under {network.error_model}"
        if not worst:
            change = compared[0][1].difference
            sentence = (
                f"{what} since {baseline}: none is significant; the network changed by "
                f"{100 * change.value:+.2f} [{100 * change.low:+.2f}, {100 * change.high:+.2f}] "
                "percentage points."
            )
            findings.append(Finding(what, "passed", sentence))
            continue
        names = ", ".join(x.target_after or "the network" for x in worst)
        rate = worst[0].rates["sdc"]
        sentence = (
            f"{what} since {baseline}: significant at {names}; "
            f"{worst[0].target_after or 'the network'} from {rate.before} to {rate.after} "
            f"({rate.test}, corrected for {len(compared)} comparisons)."
        )
        findings.append(Finding(what, "failed", sentence))
    return findings


def holm(p_values: Sequence[float], *, alpha: float) -> list[bool]:
    """Return which hypotheses are rejected, at a family-wise error rate of at most alpha.

    The smallest p-value is compared with alpha / m, the next with alpha / (m - 1), until one is
    above. Source: S. Holm, Scand. J. Stat. 6 (1979), 65-70.
    """
    order = sorted(range(len(p_values)), key=lambda x: p_values[x])
    rejected = [False] * len(p_values)
    for rank, place in enumerate(order):
        if p_values[place] > alpha / (len(p_values) - rank):
            break
        rejected[place] = True
    return rejected

"""Says what a plan chose by itself."""

from collections.abc import Sequence

from onnxfi.campaign.planning.fault_list.planning import list_note
from onnxfi.campaign.planning.strata import Stratum, uncovered_note
from onnxfi.configuration import Configuration
from onnxfi.graph import Model


def planning_note(
    model: Model, configuration: Configuration, strata: Sequence[Stratum]
) -> str | None:
    """Return a sentence about targets left out, or names and axes mapped; None without any.

    Args:
        model: the model.
        configuration: the configuration.
        strata: the strata of its plan.
    """
    if configuration.injections.list is not None:
        return list_note(model, configuration)
    return uncovered_note(model, configuration, strata)

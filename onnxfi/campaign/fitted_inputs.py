"""Warns of inputs of a campaign that the model's protections were fitted to."""

import logging

from onnxfi.campaign.inputs import InputSource
from onnxfi.graph import Model
from onnxfi.hardening import fingerprint, fitting_inputs

_logger = logging.getLogger("onnxfi")
# Inputs that are read; more would delay large campaigns.
_READ = 1000


def warn_of_fitted_inputs(model: Model, inputs: InputSource) -> None:
    """Warn if inputs set the ranges or the thresholds of the model's protections.

    Args:
        model: the model of a campaign.
        inputs: its inputs, of which the first 1000 are read if the model lists fitting inputs.
    """
    known = fitting_inputs(model)
    read = min(_READ, len(inputs)) if known else 0
    seen = sum(fingerprint(inputs.at(x)) in known for x in range(read))
    if seen:
        _logger.warning(
            f"{seen} of {read} inputs also set the ranges or thresholds of the model's "
            "protections, so sdc, coverage and false alarms look better than they are. Give "
            "`onnxfi profile` and `onnxfi harden` other inputs than the campaign."
        )

"""Records which inputs the protections of a model were fitted to."""

import hashlib
import json
from collections.abc import Iterable, Mapping

import numpy as np

from onnxfi.graph import Model

#: The metadata that lists the fingerprints of the inputs that set ranges and thresholds.
FITTING_INPUTS_KEY = "onnxfi.hardening.inputs"
_BYTES = 8  # a chance of 1e-9 that two of 200,000 inputs have the same fingerprint


def fingerprint(feeds: Mapping[str, np.ndarray]) -> str:
    """Return a fingerprint of an input: 16 hexadecimal digits.

    Args:
        feeds: an array per graph input.
    """
    digest = hashlib.blake2b(digest_size=_BYTES)
    for name, given in sorted(feeds.items()):
        array = np.ascontiguousarray(given)
        digest.update(f"{name}\0{array.dtype}\0{array.shape}\0".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def record_fitting_inputs(model: Model, fingerprints: Iterable[str]) -> None:
    """Write the fingerprints of the inputs that set ranges and thresholds into a model."""
    if found := sorted(set(fingerprints)):
        model.ir_model.metadata_props[FITTING_INPUTS_KEY] = json.dumps(found)


def fitting_inputs(model: Model) -> frozenset[str]:
    """Return the fingerprints of the inputs that a model's protections were fitted to.

    They are empty for a model without protections, and for unreadable metadata.
    """
    try:
        found = json.loads(model.ir_model.metadata_props.get(FITTING_INPUTS_KEY, "[]"))
    except ValueError:
        return frozenset()
    return frozenset(found if isinstance(found, list) else ())

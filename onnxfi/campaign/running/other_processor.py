"""Warns where a campaign is resumed on another kind of processor."""

import logging

from onnxfi.runtime import processor

_logger = logging.getLogger("onnxfi")


def warn_of_another_processor(begun_on: object) -> None:
    """Warn where the processor of the first run had other instruction sets."""
    if begun_on is not None and begun_on != processor():  # older manifests have none
        _logger.warning(
            "This campaign began on a processor with other instruction sets. The last bits of "
            "float32 results may differ from the existing records."
        )

"""Translates the files of other fault injectors into campaign configurations."""

from onnxfi.campaign.importers.classes import translate_classes
from onnxfi.campaign.importers.tensorfi2 import translate_tensorfi2
from onnxfi.campaign.importers.translation import Translation

__all__ = ["Translation", "translate_classes", "translate_tensorfi2"]

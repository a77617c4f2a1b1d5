"""Configuration files of older fault injectors, translated into campaign configurations."""

from onnxfi.campaign.older_tools.classes import translate_classes
from onnxfi.campaign.older_tools.tensorfi2 import translate_tensorfi2
from onnxfi.campaign.older_tools.translation import Translation

__all__ = ["Translation", "translate_classes", "translate_tensorfi2"]

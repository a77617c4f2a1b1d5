"""Provides the built-in spatial models: one file for each measured operator."""

from onnxfi.error_models.spatial.library.built_in import (
    MODEL_OF_OPERATOR,
    MODELS,
    built_in_model,
    model_path,
    read_model,
)

__all__ = [
    "MODELS",
    "MODEL_OF_OPERATOR",
    "built_in_model",
    "model_path",
    "read_model",
]

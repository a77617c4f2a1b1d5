"""Makes error models from names, texts and mappings."""

from onnxfi.error_models.configuration_keys import (
    configuration_keys,
    default_configuration,
    required_keys,
)
from onnxfi.error_models.registry.loading import (
    ERROR_MODELS,
    find_error_model,
    from_dict,
    load,
    map_paths,
)
from onnxfi.error_models.registry.plugins import declared_names
from onnxfi.error_models.registry.spec_text import parse_spec, write_spec

__all__ = [
    "ERROR_MODELS",
    "configuration_keys",
    "declared_names",
    "default_configuration",
    "find_error_model",
    "from_dict",
    "load",
    "map_paths",
    "parse_spec",
    "required_keys",
    "write_spec",
]

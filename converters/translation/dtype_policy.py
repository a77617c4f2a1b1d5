"""Finds the type in which a layer computes: float32, or float16 by a float16 or mixed policy.

Keras casts the floating-point inputs of a layer to the type of its policy, and the weights at every
use. Some normalisations compute in float32 anyway and cast their result.
"""

from onnxfi.converters.translation.layer_call import Options
from onnxfi.converters.translation.operands import FLOATS
from onnxfi.converters.translation.tensor import Tensor

_POLICIES = {"float32": "float32", "float16": "float16", "mixed_float16": "float16"}


def compute_type(options: Options) -> str:
    """Return the type in which a layer gets its inputs and returns its output.

    Raises:
        UnsupportedLayerError: the policy is neither float32 nor one of float16.
    """
    dtype = options.get("dtype", "float32")
    if isinstance(dtype, dict):  # Keras 3, and mixed precision in Keras 2
        policy = dtype.get("config")
        named = policy if isinstance(policy, dict) else {}
        dtype = named.get("name") or named.get("mode") or dtype.get("class_name")
    if not isinstance(dtype, str) or dtype not in _POLICIES:
        quantised = ", which is quantised" if str(dtype).startswith("int") else ""
        raise options.unsupported(
            f"has the dtype policy {dtype!r}{quantised}, not {' or '.join(map(repr, _POLICIES))}"
        )
    return _POLICIES[dtype]


def is_float(tensor: Tensor) -> bool:
    """Return whether a tensor holds floating-point numbers of a type that a policy can choose."""
    return tensor.dtype in FLOATS

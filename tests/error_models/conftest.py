"""Sets the number of hypothesis examples: few in an ordinary run, many in the nightly one."""

import os

from hypothesis import settings

# test_many_examples.py, which make nightly runs, sets it.
settings.register_profile(
    "error_models", max_examples=int(os.environ.get("ONNXFI_EXAMPLES", "20")), deadline=None
)

"""Lists the dtypes of targets."""

import ml_dtypes
import numpy as np

FLOATS = (
    *(np.dtype(name) for name in ("float16", "float32", "float64")),
    *(
        np.dtype(kind)
        for kind in (
            ml_dtypes.bfloat16,
            ml_dtypes.float8_e3m4,
            ml_dtypes.float8_e4m3,
            ml_dtypes.float8_e4m3b11fnuz,
            ml_dtypes.float8_e4m3fn,
            ml_dtypes.float8_e4m3fnuz,
            ml_dtypes.float8_e5m2,
            ml_dtypes.float8_e5m2fnuz,
        )
    ),
)
"""The float dtypes of targets."""

INTEGERS = (
    *(np.dtype(f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)),
    *(np.dtype(x) for x in (ml_dtypes.int4, ml_dtypes.uint4, ml_dtypes.int2, ml_dtypes.uint2)),
)
"""The integer dtypes of targets."""

DTYPES = (*FLOATS, *INTEGERS, np.dtype("bool"))
"""All dtypes of targets."""

NO_DTYPES = (
    *(np.dtype(name) for name in ("complex64", "U3", "O")),
    np.dtype(ml_dtypes.float4_e2m1fn),
)
"""Some dtypes that no error model supports."""

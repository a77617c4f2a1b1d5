"""Converts records to data frames."""

from typing import TYPE_CHECKING

import pyarrow as pa

from onnxfi.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

# Columns that are never null.
_NUMBERS = ("injection_id", "fault_id", "target_bits", "input_index")


def to_pandas(records: pa.Table) -> "pd.DataFrame":
    """Return records as a data frame of pandas.

    Texts become categories. Numbers that may be missing have pandas' nullable dtypes.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise _missing("pandas") from error
    nullable = {pa.int64(): pandas.Int64Dtype(), pa.bool_(): pandas.BooleanDtype()}
    texts = [x.name for x in records.schema if pa.types.is_string(x.type)]
    frame = records.to_pandas(categories=texts, types_mapper=nullable.get)
    return frame.astype({x: "int64" for x in _NUMBERS if x in frame})


def to_polars(records: pa.Table) -> "pl.DataFrame":
    """Return records as a data frame of polars.

    Raises:
        MissingExtraError: polars is not installed.
    """
    try:
        import polars
    except ImportError as error:
        raise _missing("polars") from error
    return polars.from_arrow(records)


def _missing(package: str) -> MissingExtraError:
    return MissingExtraError(
        f"to_{package} needs {package}, which is not installed: pip install 'onnxfi[{package}]'. "
        "to_arrow needs nothing else."
    )

"""Lists of corruptions of one tensor, and their ``.npz`` files."""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from zipfile import BadZipFile, ZipFile

import ml_dtypes  # noqa: F401  # gives NumPy the names of bfloat16 and the like
import numpy as np

from onnxfi.atomic_write import atomic_write
from onnxfi.error_models.corruption import Corruption
from onnxfi.errors import InputError

_VERSION = 1
_NO_BIT = -1
_ARRAYS = ("version", "shape", "dtype", "offsets", "indices", "values", "bits", "patterns")
# The errors that damaged archives raise; zipfile raises a RuntimeError for encrypted ones.
_UNREADABLE = (OSError, EOFError, BadZipFile, zlib.error, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True, slots=True, eq=False)
class SiteList:
    """Corruptions of one tensor.

    Attributes:
        shape: shape of the tensor that the indices count in: a golden tensor, or one sample of it
            without the batch axis.
        corruptions: at least one, all of one dtype.

    Raises:
        InputError: there is no corruption, the dtypes differ, or a site lies outside the tensor.
    """

    shape: tuple[int, ...]
    corruptions: tuple[Corruption, ...]

    def __post_init__(self) -> None:
        """Check that the corruptions fit one tensor."""
        if not self.corruptions:
            raise InputError("A list of injection sites must hold at least one corruption.")
        size = math.prod(self.shape)
        for number, corruption in enumerate(self.corruptions):
            if corruption.values.dtype != self.dtype:
                raise InputError(
                    f"All corruptions of a list must have one dtype, and corruption {number} has "
                    f"{corruption.values.dtype} while the first has {self.dtype}."
                )
            if corruption.indices.max(initial=-1) >= size:
                raise InputError(
                    f"All injection sites must lie in the tensor of shape {self.shape}, and "
                    f"corruption {number} has the index {corruption.indices.max()}."
                )

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the values."""
        return self.corruptions[0].values.dtype

    def save(self, path: Path) -> None:
        """Write the list to an .npz file, from which `load` reads the same list, bit by bit.

        Its arrays, for N corruptions with S sites in all: ``version``, 1; ``shape``, int64;
        ``dtype``, the name of the values' dtype; ``offsets``, int64 (N + 1): corruption k has the
        sites ``offsets[k]:offsets[k + 1]``; ``indices``, int64 (S), flat in C order; ``values``
        (S), as unsigned integers of the same width if NumPy lacks the dtype; ``bits``, int16 (S),
        the bit flipped at each site, or -1; ``patterns``, strings (N), the names of the spatial
        patterns, or empty.

        Raises:
            InputError: the file cannot be written.
        """
        listed = self.corruptions
        values = np.concatenate([x.values for x in listed])
        no_bits = np.full(values.size, _NO_BIT, np.int16)
        arrays: dict[str, Any] = {
            "version": np.array(_VERSION),
            "shape": np.array(self.shape, np.int64),
            "dtype": np.array(self.dtype.name),
            "offsets": np.cumsum([0, *(x.indices.size for x in listed)], dtype=np.int64),
            "indices": np.concatenate([x.indices for x in listed]),
            "values": values.view(_stored_dtype(self.dtype)),
            "bits": np.concatenate(
                [no_bits[: x.indices.size] if x.bits is None else x.bits for x in listed]
            ),
            "patterns": np.array([x.pattern or "" for x in listed]),
        }
        try:
            with atomic_write(path) as aside, aside.open("wb") as file:
                np.savez_compressed(file, **arrays)
        except OSError as error:
            raise InputError(
                f"The injection sites could not be written to {path}: {error}."
            ) from error

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a list that `save` wrote.

        Raises:
            InputError: the file does not exist or holds no list; pickled objects are refused.
        """
        try:
            # Opened here because NumPy does not close a damaged file.
            with path.open("rb") as file, ZipFile(file) as archive:
                arrays = {name: _read_array(archive, name) for name in _ARRAYS}
            return cls._from_arrays(arrays)
        except _UNREADABLE as error:
            raise InputError(
                f"{path} must be a list of injection sites that onnxfi wrote, and is not: {error}"
            ) from error

    @classmethod
    def _from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        if arrays["version"] != _VERSION:
            raise ValueError(f"its version must be {_VERSION}, got {arrays['version']}")
        dtype = np.dtype(str(arrays["dtype"]))
        values, offsets, patterns = arrays["values"], arrays["offsets"], arrays["patterns"]
        if values.dtype != _stored_dtype(dtype):
            raise ValueError(
                f"values of {dtype} must be {_stored_dtype(dtype)}, got {values.dtype}"
            )
        if offsets.shape != (patterns.size + 1,) or offsets[0] or (np.diff(offsets) < 0).any():
            raise ValueError(
                "its offsets must begin with 0, ascend, and have an end for each corruption"
            )
        sites = (arrays["indices"], values.view(dtype), arrays["bits"])
        if any(array.shape != (offsets[-1],) for array in sites):
            raise ValueError(f"it must hold {offsets[-1]} sites, the last of its offsets")
        corruptions = []
        for start, end, pattern in zip(offsets, offsets[1:], patterns, strict=False):
            indices, values, bits = (array[start:end] for array in sites)
            known = bits if (bits != _NO_BIT).any() else None
            corruptions.append(Corruption(indices, values, known, str(pattern) or None))
        return cls(tuple(map(int, arrays["shape"])), tuple(corruptions))


def _stored_dtype(dtype: np.dtype) -> np.dtype:
    """Return the dtype of the array in the file: NumPy reads only its own dtypes."""
    return dtype if dtype.isbuiltin == 1 else np.dtype(f"u{dtype.itemsize}")


def _read_array(archive: ZipFile, name: str) -> np.ndarray:
    if f"{name}.npy" not in archive.namelist():
        raise ValueError(f"it holds no array {name!r}")
    with archive.open(f"{name}.npy") as file:
        array: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
    return array

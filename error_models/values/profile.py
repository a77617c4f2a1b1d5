"""Profiles of the values that tensors take over a data set, and their files."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from onnxfi.atomic_write import atomic_write
from onnxfi.errors import ErrorModelError, InputError
from onnxfi.suggestions import did_you_mean

SCHEMA = "onnxfi.profile/1"
_SPREAD = ("min", "max", "mean", "deviation")


@dataclass(frozen=True, slots=True)
class TensorProfile:
    """The values that a tensor takes over a data set.

    Attributes:
        count: number of values.
        nan: number of NaN values.
        infinite: number of infinite values.
        min: the lowest finite value; None, like the next three, if no value is finite.
        max: the highest finite value.
        mean: the mean of the finite values.
        deviation: the population standard deviation of the finite values.
        percentiles: percentile to value, such as ``{"99.9": 5.25}``; at most 0.8 % nearer to zero
            than the exact one.
    """

    count: int
    nan: int
    infinite: int
    min: float | None
    max: float | None
    mean: float | None
    deviation: float | None
    percentiles: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profile:
    """The values that the tensors of a model take over a data set.

    Attributes:
        inputs: number of inputs in the data set.
        tensors: the values of each tensor, by name.
        fingerprints: a fingerprint of each input; empty in files of older versions.
    """

    inputs: int
    tensors: Mapping[str, TensorProfile]
    fingerprints: Sequence[str] = ()

    def of(self, tensor: str) -> TensorProfile:
        """Return the values of a tensor.

        Raises:
            ErrorModelError: the profile lacks the tensor, or none of its values is finite.
        """
        found = self.tensors.get(tensor)
        if found is None:
            raise ErrorModelError(
                f"a profile must hold every target that it is used for, got the target {tensor!r}, "
                f"which it lacks{did_you_mean(tensor, self.tensors)}: "
                "make one with `onnxfi profile`"
            )
        if found.min is None:
            raise ErrorModelError(
                f"a profile has a range only for targets with finite values, {tensor!r} has none: "
                "choose another target, or give the values in the error model's configuration"
            )
        return found

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the profile as JSON.

        Raises:
            InputError: the file cannot be written.
        """
        document = {"schema": SCHEMA, **asdict(self)}
        try:
            with atomic_write(Path(path)) as aside:
                aside.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise InputError(f"The profile could not be written to {path}: {error}.") from error

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a profile.

        Raises:
            ErrorModelError: the file cannot be read, or is not a profile.
        """
        try:
            document = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise ErrorModelError(
                f"a profile must be a readable JSON file, and {os.fspath(path)} is not: {error}. "
                "Make one with `onnxfi profile`"
            ) from error
        try:
            return cls._of(document)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ErrorModelError(
                f"a profile must be a file that `onnxfi profile` wrote ({SCHEMA}), and "
                f"{os.fspath(path)} is not: make it again"
            ) from error

    @classmethod
    def _of(cls, document: Mapping[str, Any]) -> Self:
        if document["schema"] != SCHEMA:
            raise ValueError
        tensors = {name: TensorProfile(**each) for name, each in document["tensors"].items()}
        for each in tensors.values():
            spread = [getattr(each, key) for key in _SPREAD]
            if any(x is not None and not isinstance(x, int | float) for x in spread):
                raise TypeError
        return cls(document["inputs"], tensors, tuple(map(str, document.get("fingerprints", ()))))


def read_profile(model: str, path: str | os.PathLike[str] | None, *, given: bool) -> Profile | None:
    """Read the profile that an error model's configuration names; None if it names none.

    Args:
        model: name of the error model, for the message.
        path: the configured path, or None.
        given: whether the configuration also has numbers that a profile would provide.

    Raises:
        ErrorModelError: both are given, or the file is not a profile.
    """
    if path is None:
        return None
    given_path: object = path  # any value that the user configured
    if not isinstance(given_path, str | os.PathLike) or not os.fspath(given_path):
        raise ErrorModelError(
            f"{model}: profile must be the path of a file, got {path!r}: make one with "
            "`onnxfi profile`"
        )
    if given:
        raise ErrorModelError(
            f"{model}: the values come from a profile or are given, got both: leave one out"
        )
    return Profile.load(path)


def tensor_unknown(model: str) -> ErrorModelError:
    """Make the error of an error model with a profile that was not prepared for a target."""
    return ErrorModelError(f"{model}: a profile needs the name of the target: call prepare first")

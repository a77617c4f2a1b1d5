"""Reads JSON documents with errors that name the file and the place in it."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from onnxfi.errors import ErrorModelError
from onnxfi.suggestions import did_you_mean

# Integers in JSON may be too large for a float, and floats may be infinite.
_MOST = 1e100


@dataclass(frozen=True, slots=True)
class JsonNode:
    """A value of a JSON document, with its file and path.

    Attributes:
        file: path of the file.
        path: path of the value in the document, such as ``single.parameters[0]``; empty for the
            whole document.
        value: the value.
    """

    file: str
    path: str
    value: Any

    @classmethod
    def read(cls, file: str) -> Self:
        """Read a document.

        Raises:
            ErrorModelError: the file cannot be read, or is not JSON.
        """
        try:
            value = json.loads(Path(file).read_text(encoding="utf-8"))
        except OSError as error:
            raise ErrorModelError(
                f"{file}: an error model's file must be readable, "
                f"got: {error.strerror or error}: check the path"
            ) from error
        except (ValueError, RecursionError) as error:
            raise ErrorModelError(f"{file}: the file must be JSON, got: {error}") from error
        return cls(file, "", value)

    def error(self, rule: str) -> ErrorModelError:
        """Make the error of a value that breaks a rule, such as ``must be a number``."""
        got = json.dumps(self.value)
        if len(got) > 60:
            got = f"{got[:57]}..."
        return ErrorModelError(f"{self.file}: {self.path or 'the document'} {rule}, got {got}")

    def __truediv__(self, key: str) -> Self:
        """Return the node of a key of an object, which must have it."""
        path = f"{self.path}.{key}" if self.path else key
        return type(self)(self.file, path, self.value[key])

    def object_with(
        self, keys: Collection[str], *, optional: Collection[str] = ()
    ) -> dict[str, Any]:
        """Return the value, which must be an object with all of the keys and no others.

        Raises:
            ErrorModelError: the value is not an object, a key is missing, or a key is unknown.
        """
        if not isinstance(self.value, dict):
            raise self.error("must be an object")
        known = (*keys, *optional)
        for key in self.value:
            if key not in known:
                among = f": the allowed keys are {', '.join(known)}" if known else ""
                raise (self / key).error(f"is not a known key{did_you_mean(key, known)}{among}")
        for key in keys:
            if key not in self.value:
                raise self.error(f"must have the key {key}")
        return self.value

    def items(self) -> list[Self]:
        """Return the nodes of the items of a list, which must not be empty.

        Raises:
            ErrorModelError: the value is not a list, or is empty.
        """
        if not isinstance(self.value, list) or not self.value:
            raise self.error("must be a list of one item or more")
        return [
            type(self)(self.file, f"{self.path}[{at}]", item) for at, item in enumerate(self.value)
        ]

    def not_negative(self) -> float:
        """Return the value, which must be a number of at least 0, and no more than 1e100.

        Raises:
            ErrorModelError: the value is not such a number.
        """
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST:
            raise self.error("must be a number of at least 0")
        return float(value)

"""Reads the graph of a TFLite file without TensorFlow: operators, tensors and their names.

The file is a FlatBuffer. tensorflow/lite/schema/schema.fbs numbers its fields.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from onnxfi.errors import ModelFormatError

_MODEL_OPERATOR_CODES, _MODEL_SUBGRAPHS = 1, 2
_EXTERNAL = (8, 9)  # fields of the model: weights in other files
_CODE_CUSTOM = 1
_TENSORS, _INPUTS, _OUTPUTS, _OPERATORS = range(4)
_TENSOR_NAME = 3
_OPERATOR_INPUTS, _OPERATOR_OUTPUTS = 1, 2
_LONGEST_NAME = 4096


@dataclass(frozen=True, slots=True)
class TfliteOperator:
    """An operator: the positions of the tensors that it reads and makes."""

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TfliteGraph:
    """The main graph of a TFLite file.

    Attributes:
        tensors: their names.
        inputs: positions of the inputs among the tensors.
        outputs: positions of the outputs.
        operators: in the order in which they run.
    """

    tensors: tuple[str, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[TfliteOperator, ...]


def read_tflite(path: Path) -> TfliteGraph:
    """Read the main graph of a TFLite file.

    Raises:
        ModelFormatError: the file is damaged.
    """
    try:
        model = _Table.root(path.read_bytes())
        main = next(model.tables(_MODEL_SUBGRAPHS))
        operators = [
            TfliteOperator(x.integers(_OPERATOR_INPUTS), x.integers(_OPERATOR_OUTPUTS))
            for x in main.tables(_OPERATORS)
        ]
        names = [x.text(_TENSOR_NAME) for x in main.tables(_TENSORS)]
        return TfliteGraph(
            tuple(names), main.integers(_INPUTS), main.integers(_OUTPUTS), tuple(operators)
        )
    except (OSError, ValueError, struct.error, StopIteration) as error:
        raise _damaged(path, error) from error


def tflite_dangers(path: Path) -> list[str]:
    """Return what a TFLite file would do besides computing, in words for a message.

    Custom operators are native code. Operators called ``Flex…`` stand for any operator of
    TensorFlow, which may read and write files.

    Raises:
        ModelFormatError: the file is damaged.
    """
    try:
        model = _Table.root(path.read_bytes())
        custom = {x.text(_CODE_CUSTOM) for x in model.tables(_MODEL_OPERATOR_CODES)} - {""}
        is_external = any(model.position(field) for field in _EXTERNAL)
    except (OSError, ValueError, struct.error) as error:
        raise _damaged(path, error) from error
    dangers = [f"the custom operator {name!r}, which is code" for name in sorted(custom)]
    return dangers + (["weights in other files"] if is_external else [])


def _damaged(path: Path, error: Exception) -> ModelFormatError:
    return ModelFormatError(
        f"A TFLite file must be a whole FlatBuffer, but reading {path} failed: {error!r}. "
        "The file is damaged or truncated: copy or save it again."
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of a FlatBuffer; an offset outside the file raises struct.error."""

    data: bytes
    start: int

    @classmethod
    def root(cls, data: bytes) -> "_Table":
        return cls(data, _number(data, "<I", 0))

    def position(self, field: int) -> int:
        """Return the offset of a field; 0 if it is absent."""
        table = self.start - _number(self.data, "<i", self.start)
        entry = 4 + 2 * field
        if entry >= _number(self.data, "<H", table):
            return 0
        offset = _number(self.data, "<H", table + entry)
        return self.start + offset if offset else 0

    def tables(self, field: int) -> Iterator["_Table"]:
        first, count = self._vector(field)
        for place in range(first, first + 4 * count, 4):
            yield _Table(self.data, place + _number(self.data, "<I", place))

    def integers(self, field: int) -> tuple[int, ...]:
        first, count = self._vector(field)
        return struct.unpack_from(f"<{count}i", self.data, first)

    def text(self, field: int) -> str:
        first, count = self._vector(field)
        if count > _LONGEST_NAME:
            raise ValueError(f"a name of {count} bytes")
        return self.data[first : first + count].decode()

    def _vector(self, field: int) -> tuple[int, int]:
        """Return the offset of the elements of a vector, and their number."""
        place = self.position(field)
        if not place:
            return 0, 0
        place += _number(self.data, "<I", place)
        count = _number(self.data, "<I", place)
        if place + 4 + count > len(self.data):
            raise ValueError("a vector that is longer than the file")
        return place + 4, count


def _number(data: bytes, form: str, place: int) -> int:
    if place < 0:  # which struct would count from the end
        raise ValueError("an offset before the file")
    (value,) = struct.unpack_from(form, data, place)
    return int(value)

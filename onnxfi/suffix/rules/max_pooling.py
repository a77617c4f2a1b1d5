"""Pushes patches through MaxPool and GlobalMaxPool, in any number of spatial dimensions."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from onnxfi.onnx_ir import ir
from onnxfi.suffix.patches import Patches, expand_runs
from onnxfi.suffix.rules.rule import InexactError, Operand, Rule

_DTYPES = (
    *(ir.DataType.FLOAT, ir.DataType.DOUBLE, ir.DataType.FLOAT16),
    *(ir.DataType.INT8, ir.DataType.UINT8),
)
# Elements that are compared at once; this bounds memory.
_AT_ONCE = 1 << 21


@dataclass(frozen=True, eq=False, slots=True)
class _Windows:
    """The elements of a channel that each window reads.

    Attributes:
        elements: int64, shape ``(windows, kernel)``; flat indices into a channel of the input, -1
            for padding.
        starts: int64, shape ``(channel + 1,)``: each element's first position in `readers`.
        readers: int64, the windows that read an element, for one element after the other.
    """

    elements: np.ndarray
    starts: np.ndarray
    readers: np.ndarray


def max_pool_rule(node: ir.Node) -> Rule | None:
    """Return the rule of a MaxPool or GlobalMaxPool."""
    value = node.inputs[0]
    return None if value is None or value.dtype not in _DTYPES else _MaxPool(node)


class _MaxPool:
    def __init__(self, node: ir.Node) -> None:
        attributes = node.attributes
        self._global = node.op_type == "GlobalMaxPool"
        self._kernel = tuple(attributes.get_ints("kernel_shape") or ())
        rank = len(self._kernel)
        self._strides = tuple(attributes.get_ints("strides") or (1,) * rank)
        self._dilations = tuple(attributes.get_ints("dilations") or (1,) * rank)
        self._pads = tuple(attributes.get_ints("pads") or (0,) * rank)[:rank]
        self._auto_pad = attributes.get_string("auto_pad", "NOTSET")
        self._known: dict[tuple[tuple[int, ...], tuple[int, ...]], _Windows] = {}

    def __call__(self, operands: Sequence[Operand | None], output: np.ndarray) -> Patches:
        operand = operands[0]
        if operand is None or operand.patches is None:
            raise ValueError("The input of a MaxPool must be patched.")
        golden, patches = operand.golden, operand.patches
        if golden.dtype.kind == "f" and (nan := np.isnan(patches.values)).any():
            # `_check` would refuse them at the end.
            raise InexactError(np.unique(patches.keys[nan] // golden.size))
        shapes = (golden.shape[2:], output.shape[2:])
        if shapes not in self._known:
            self._known[shapes] = self._find(*shapes)
        windows = self._known[shapes]

        # Keys count lanes, samples and channels alike as one axis of channels.
        channels, elements = np.divmod(patches.keys, windows.starts.size - 1)
        begins = windows.starts[elements]
        counts = windows.starts[elements + 1] - begins
        readers = windows.readers[expand_runs(begins, counts)]
        keys = np.unique(np.repeat(channels, counts) * len(windows.elements) + readers)

        values = np.empty(keys.size, golden.dtype)
        step = max(1, _AT_ONCE // windows.elements.shape[1])
        for start in range(0, keys.size, step):
            some = slice(start, start + step)
            values[some] = self._largest(keys[some], windows, patches, golden, output.size)
        return Patches(keys, values)

    def _largest(
        self,
        keys: np.ndarray,
        windows: _Windows,
        patches: Patches,
        golden: np.ndarray,
        output_size: int,
    ) -> np.ndarray:
        channels, readers = np.divmod(keys, len(windows.elements))
        read = windows.elements[readers]
        inputs = patches.at(channels[:, None] * (windows.starts.size - 1) + read, golden)
        floating = golden.dtype.kind == "f"
        inputs[read < 0] = -np.inf if floating else np.iinfo(golden.dtype).min
        values: np.ndarray = inputs.max(axis=1)
        if floating:
            self._check(keys // output_size, inputs, values)
        return values

    def _check(self, lanes: np.ndarray, inputs: np.ndarray, values: np.ndarray) -> None:
        """Refuse lanes in which the order of comparisons matters: NaN, and zeros of both signs."""
        unclear = np.isnan(values)
        (zero,) = np.nonzero(values == 0)
        if zero.size:
            zeros = inputs[zero] == 0
            negative = zeros & np.signbit(inputs[zero])
            unclear[zero] = negative.any(axis=1) & (negative != zeros).any(axis=1)
        if unclear.any():
            raise InexactError(np.unique(lanes[unclear]))

    def _find(self, input_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> _Windows:
        if self._global:
            everything = np.arange(int(np.prod(input_shape)))
            readers = np.zeros_like(everything)
            return _Windows(everything[None], np.arange(everything.size + 1), readers)
        axes = [
            self._axis(axis, size, count)
            for axis, (size, count) in enumerate(zip(input_shape, output_shape, strict=True))
        ]
        windows = int(np.prod(output_shape))
        columns = []
        for steps in itertools.product(*(range(x.shape[1]) for x in axes)):
            places = np.zeros(output_shape, np.int64)
            inside = np.ones(output_shape, bool)
            for axis, step in enumerate(steps):
                along = [1] * len(axes)
                along[axis] = -1
                coordinates = axes[axis][:, step].reshape(along)
                places = places * input_shape[axis] + coordinates
                inside &= coordinates >= 0
            columns.append(np.where(inside, places, -1).reshape(windows))
        elements = np.stack(columns, axis=1)
        readers, _ = np.nonzero(elements >= 0)
        read = elements[elements >= 0]
        order = np.argsort(read, kind="stable")
        starts = np.searchsorted(read[order], np.arange(int(np.prod(input_shape)) + 1))
        return _Windows(elements, starts, readers[order])

    def _axis(self, axis: int, size: int, count: int) -> np.ndarray:
        """Return the coordinates that windows read along an axis, (count, kernel); -1 outside."""
        kernel, stride, dilation = self._kernel[axis], self._strides[axis], self._dilations[axis]
        pad = self._pads[axis]
        if self._auto_pad == "VALID":
            pad = 0
        elif self._auto_pad.startswith("SAME"):
            total = max(0, (count - 1) * stride + (kernel - 1) * dilation + 1 - size)
            pad = total // 2 if self._auto_pad == "SAME_UPPER" else total - total // 2
        places = np.arange(count)[:, None] * stride - pad + np.arange(kernel) * dilation
        return np.where((places >= 0) & (places < size), places, -1)

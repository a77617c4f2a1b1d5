"""Reads the operation that computes a target from its node and from golden tensors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from onnxfi.error_models import ErrorModel, Operation, OperationReader
from onnxfi.error_models.hardware import (
    Geometry,
    Shape,
    check_operator,
    convolution,
    product,
    transposed_convolution,
)
from onnxfi.errors import ErrorModelError
from onnxfi.graph import Model, Target
from onnxfi.onnx_ir import ir

# Positions of the operands in the inputs of each operator.
_FLOAT = {"x": 0, "w": 1, "bias": 2}
_INTEGER = {"x": 0, "w": 1, "x_zero": 2, "w_zero": 3}
_LINEAR = {
    "x": 0,
    "x_scale": 1,
    "x_zero": 2,
    "w": 3,
    "w_scale": 4,
    "w_zero": 5,
    "y_scale": 6,
    "y_zero": 7,
    "bias": 8,
}
_ROLES = {
    "ConvInteger": _INTEGER,
    "MatMulInteger": _INTEGER,
    "QLinearConv": _LINEAR,
    "QLinearMatMul": _LINEAR,
}


@dataclass(frozen=True, eq=False)
class TargetOperation:
    """The operator that computes a target.

    Attributes:
        target: the target.
        node: its node.
        operands: the values of the operands by their roles: ``x``, ``w``, ``bias``, and the scales
            and zero points ``x_scale``, ``x_zero`` and so on.
    """

    target: Target
    node: ir.Node
    operands: Mapping[str, ir.Value]
    _geometries: dict[tuple[Shape, ...], Geometry] = field(default_factory=dict, init=False)

    @classmethod
    def of(cls, model: Model, target: Target) -> "TargetOperation":
        """Find the operator and its operands.

        Where DequantizeLinear makes both factors of 8-bit tensors, these are the operands.

        Raises:
            ErrorModelError: no supported operator computes the target.
        """
        check_operator("hardware faults", target)
        node = model.values[target.tensor].producer()
        assert node is not None, "A node computes an activation."
        places = _ROLES.get(node.op_type, _FLOAT)
        operands = {
            role: value
            for role, place in places.items()
            if place < len(node.inputs) and (value := node.inputs[place]) is not None
        }
        quantised = [_quantised(operands[role]) for role in ("x", "w")]
        if places is _FLOAT and all(quantised):
            for role, made_by in zip(("x", "w"), quantised, strict=True):
                assert made_by is not None
                names = (role, f"{role}_scale", f"{role}_zero")
                operands |= {x: y for x, y in zip(names, made_by.inputs, strict=False) if y}
        return cls(target, node, operands)

    def operation(self, tensors: Mapping[str, np.ndarray], y: Shape) -> Operation:
        """Return the operation with the operands of a golden run.

        Args:
            tensors: golden tensors by name, those of `operands` among them.
            y: the shape of the target.

        Raises:
            ErrorModelError: the dtypes or the quantisation are not supported.
        """
        missing = [x.name for x in self.operands.values() if x.name not in tensors]
        if missing:
            raise ErrorModelError(
                f"An error model that computes with operands needs {missing[0]!r} at the target "
                f"{self.target.tensor!r}, and the golden run did not keep it. Open the "
                "Injector with operands=True."
            )
        given = {role: tensors[x.name or ""] for role, x in self.operands.items()}
        x, w = given["x"], given["w"]
        self._check(given)
        shapes = (x.shape, w.shape, y)
        geometry = self._geometries.get(shapes)
        if geometry is None:
            geometry = self._geometries[shapes] = self._geometry(*shapes)
        make = partial(Operation, geometry, np.ascontiguousarray(x), np.ascontiguousarray(w))
        if "x_scale" not in given and "x_zero" not in given and "w_zero" not in given:
            if x.dtype.kind in "iu":  # ConvInteger without zero points
                return make()
            alpha = _float(self.node, "alpha") if self.node.op_type == "Gemm" else 1.0
            return make(scale=np.array([alpha], np.float32), bias=self._bias(given, y))
        integers = make(
            x_zero=_flat(given.get("x_zero"), np.int64, 0),
            w_zero=_flat(given.get("w_zero"), np.int64, 0),
        )
        if "x_scale" not in given:
            return integers
        scale = _flat(given["x_scale"], np.float32, 1) * _flat(given["w_scale"], np.float32, 1)
        rescale = partial(make, x_zero=integers.x_zero, w_zero=integers.w_zero)
        if "y_scale" not in given:
            scale = scale * np.float32(_float(self.node, "alpha"))
            return rescale(rescaling="dequantised", scale=scale, bias=self._bias(given, y))
        return rescale(
            rescaling="requantised",
            scale=scale / _flat(given["y_scale"], np.float32, 1),
            bias=self._bias(given, y),
            y_zero=int(_flat(given.get("y_zero"), np.int64, 0)[0]),
        )

    def _check(self, given: Mapping[str, np.ndarray]) -> None:
        x, w = given["x"], given["w"]
        floats = ("float16", "bfloat16", "float32", "float64")
        narrow = ("int8", "uint8", "int4", "uint4")
        if (x.dtype.name not in floats or w.dtype != x.dtype) and (
            x.dtype.name not in narrow[:2] or w.dtype.name not in narrow
        ):
            self._refuse(f"operands of floats or of 8 bits, got {x.dtype} and {w.dtype}")
        if any(given[role].size > 1 for role in ("x_scale", "x_zero", "y_scale") if role in given):
            self._refuse("one scale and zero point for the input and for the output")
        channels = w.shape[self._output_axis]
        for role in ("w_scale", "w_zero"):
            scales = given.get(role)
            if scales is None or scales.size == 1:
                continue
            if scales.shape != (channels,) or not self._has_scales_of_outputs(w.ndim):
                self._refuse("one scale of the weight, or one for each output channel")

    @property
    def _output_axis(self) -> int:
        """The axis of the weight that counts output channels."""
        if self.node.op_type == "ConvTranspose":
            return 1
        if self.node.op_type == "Gemm":
            return 0 if _integer(self.node, "transB", 0) else 1
        return 0 if "Conv" in self.node.op_type else -1

    def _has_scales_of_outputs(self, rank: int) -> bool:
        """Return whether several scales of the weight are those of the output channels."""
        if self.node.op_type == "ConvTranspose" and _integer(self.node, "group", 1) > 1:
            return False
        weight = self.node.inputs[1]
        made_by = None if weight is None else _quantised(weight)
        if made_by is None or self.node.op_type in _ROLES:
            return True
        return _integer(made_by, "axis", 1) % rank == self._output_axis % rank

    def _refuse(self, needed: str) -> None:
        raise ErrorModelError(
            f"The operator {self.node.op_type} at the target {self.target.tensor!r} must have "
            f"{needed}, for faults in hardware. Choose another target."
        )

    def _bias(self, given: Mapping[str, np.ndarray], y: Shape) -> np.ndarray | None:
        bias = given.get("bias")
        if bias is None:
            return None
        if self.node.op_type == "Gemm":
            return bias * _float(self.node, "beta")
        return bias.reshape(-1, *[1] * (len(y) - 2))

    def _geometry(self, x: Shape, w: Shape, y: Shape) -> Geometry:
        node = self.node
        if node.op_type == "Gemm":
            return product(
                x,
                w,
                transposed_x=bool(_integer(node, "transA", 0)),
                transposed_w=bool(_integer(node, "transB", 0)),
            )
        if "Conv" not in node.op_type:
            return product(x, w)
        axes = len(x) - 2
        strides = _integers(node, "strides", [1] * axes)
        dilations = _integers(node, "dilations", [1] * axes)
        group, how = _integer(node, "group", 1), _text(node, "auto_pad")
        pads = _integers(node, "pads", [0] * 2 * axes)
        if how.startswith("SAME"):
            totals = [
                max(0, (y[2 + a] - 1) * strides[a] + (w[2 + a] - 1) * dilations[a] + 1 - x[2 + a])
                for a in range(axes)
            ]
            begins = [t // 2 if how == "SAME_UPPER" else t - t // 2 for t in totals]
            pads = [*begins, *(t - b for t, b in zip(totals, begins, strict=True))]
        if node.op_type != "ConvTranspose":
            return convolution(x, w, group=group, strides=strides, dilations=dilations, pads=pads)
        if how.startswith("SAME") or "output_shape" in node.attributes:
            self._refuse("pads, and neither auto_pad nor output_shape")
        return transposed_convolution(
            x, w, y, group=group, strides=strides, dilations=dilations, pads=pads
        )


def find_operations(
    model: Model, error_models: Mapping[str, ErrorModel], targets: Iterable[Target]
) -> dict[str, TargetOperation]:
    """Return the operations that error models read, by the names of the targets.

    Raises:
        ErrorModelError: no supported operator computes a target.
    """
    return {
        x.tensor: TargetOperation.of(model, x)
        for x in targets
        if isinstance(error_models[x.tensor], OperationReader)
    }


def operands_of(model: Model, targets: Iterable[Target]) -> list[str]:
    """Return the operands of the operators that compute targets; none of other targets."""
    names: dict[str, None] = {}
    for target in targets:
        try:
            found = TargetOperation.of(model, target)
        except ErrorModelError:
            continue
        names.update(dict.fromkeys(x.name or "" for x in found.operands.values()))
    return list(names)


def _quantised(value: ir.Value) -> ir.Node | None:
    """Return the DequantizeLinear that makes a value."""
    node = value.producer()
    return node if node is not None and node.op_type == "DequantizeLinear" else None


def _flat(array: np.ndarray | None, dtype: type, default: int) -> np.ndarray:
    return np.array([default], dtype) if array is None else array.reshape(-1).astype(dtype)


def _integer(node: ir.Node, name: str, default: int) -> int:
    attribute = node.attributes.get(name)
    return default if attribute is None else attribute.as_int()


def _float(node: ir.Node, name: str) -> float:
    attribute = node.attributes.get(name)
    return 1.0 if attribute is None else attribute.as_float()


def _integers(node: ir.Node, name: str, default: list[int]) -> list[int]:
    attribute = node.attributes.get(name)
    return default if attribute is None else list(attribute.as_ints())


def _text(node: ir.Node, name: str) -> str:
    attribute = node.attributes.get(name)
    return "" if attribute is None else attribute.as_string()

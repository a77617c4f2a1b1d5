"""The model: a checked, shape-inferred ONNX graph and the targets in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

import onnx_ir as ir

from onnxfi.converters.layer_map import METADATA_KEY, Layer, parse_layers
from onnxfi.errors import ModelFormatError, TargetNotFoundError
from onnxfi.graph.channel_axis import channel_axes
from onnxfi.graph.dependencies import constant_values
from onnxfi.graph.lookup import closest
from onnxfi.graph.target import Target, TargetKind


@dataclass(frozen=True, eq=False)
class Model:
    """An ONNX model, loaded, checked and shape-inferred. Nothing here ever changes it.

    Made by `onnxfi.load`.

    Attributes:
        ir_model: the graph in onnx-ir's form. Clone it before you change anything.
        files: the files it came from, its own first and then those of external weights; empty for
            a model made in memory.
    """

    ir_model: ir.Model
    files: tuple[Path, ...] = ()

    @property
    def graph(self) -> ir.Graph:
        """The main graph."""
        return self.ir_model.graph

    @cached_property
    def constants(self) -> frozenset[ir.Value]:
        """The values that depend on constants only."""
        return frozenset(constant_values(self.graph))

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layer map that a conversion stored in the model; empty where there is none."""
        text = self.ir_model.metadata_props.get(METADATA_KEY)
        return () if text is None else parse_layers(text)

    @cached_property
    def values(self) -> Mapping[str, ir.Value]:
        """Every value of the main graph, by tensor name: inputs, initializers and node outputs."""
        return ir.convenience.create_value_mapping(self.graph, include_subgraphs=False)

    @cached_property
    def _targets(self) -> tuple[Target, ...]:
        axes = dict(channel_axes(self.graph))
        layer_of: dict[str, str] = {}
        for layer in self.layers:
            if layer.channel_axis is not None:
                axes[layer.tensor] = layer.channel_axis
            # Two layers may share a tensor (an alias): the first one made it.
            layer_of.setdefault(layer.tensor, layer.path)
            if layer.operator_tensor is not None:
                layer_of[layer.operator_tensor] = layer.path
        return tuple(
            Target(
                tensor=value.name,
                kind="activation",
                op_type=node.op_type,
                node=node.name or "",
                layer=layer_of.get(value.name),
                shape=_shape(value),
                dtype=value.dtype.numpy(),
                channel_axis=axes.get(value.name),
            )
            for node in self.graph
            for value in node.outputs
            if value.name
            and value not in self.constants
            and value.dtype is not None
            and value.dtype != ir.DataType.STRING
            and isinstance(value.type, ir.TensorType)
        )

    def targets(
        self,
        *,
        kind: TargetKind | None = None,
        op: str | None = None,
        layer: str | None = None,
    ) -> list[Target]:
        """List the targets of the model, in the order in which the graph computes them.

        Args:
            kind: only targets of this kind.
            op: only outputs of this ONNX operator type, such as ``Conv``.
            layer: only targets of layers whose path matches this pattern, such as ``conv*``.
        """
        return [
            target
            for target in self._targets
            if (kind is None or target.kind == kind)
            and (op is None or target.op_type == op)
            and (layer is None or fnmatchcase(target.layer or "", layer))
        ]

    def target(self, name: str) -> Target:
        """Return the target of a name.

        The name is looked for among the tensors first, then the layers (it means the layer's
        output), then the nodes (it means the node's first output).

        Raises:
            TargetNotFoundError: nothing in the model has the name, or what has it is no target;
                the message gives the closest names.
        """
        by_tensor = {target.tensor: target for target in self._targets}
        if name in by_tensor:
            return by_tensor[name]
        for layer in self.layers:
            if layer.path == name and layer.tensor in by_tensor:
                return by_tensor[layer.tensor]
        for target in self._targets:
            if name and target.node == name:
                return target
        raise TargetNotFoundError(self._no_target(name, by_tensor))

    def _no_target(self, name: str, by_tensor: Mapping[str, Target]) -> str:
        value = self.values.get(name)
        if value is not None:
            what = (
                "a graph input"
                if value in self.graph.inputs
                else "a constant or a weight"
                if value in self.constants
                else "no tensor of numbers"
            )
            return (
                f"A target must be an activation, and {name!r} is {what}. "
                "List the targets with `onnxfi inspect`."
            )
        names = [*by_tensor, *(x.path for x in self.layers), *(x.node for x in by_tensor.values())]
        return (
            f"A target must be a tensor, layer or node of the model, and none is called {name!r}. "
            f"{closest(name, names)}List them with `onnxfi inspect`."
        )

    def save(self, path: str | Path) -> None:
        """Write the model to a .onnx file.

        Raises:
            ModelFormatError: the file cannot be written.
        """
        try:
            ir.save(self.ir_model, path)
        except OSError as error:
            raise ModelFormatError(f"The model could not be written to {path}: {error}.") from error


def _shape(value: ir.Value) -> tuple[int | str | None, ...] | None:
    if value.shape is None:
        return None
    return tuple(dim if isinstance(dim, int) else dim.value for dim in value.shape)

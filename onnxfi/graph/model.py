"""Defines the model: a checked, shape-inferred ONNX graph and the targets in it."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from onnxfi.atomic_write import atomic_write
from onnxfi.converters import METADATA_KEY, Layer, parse_layers
from onnxfi.display import counted, html_table, list_names, shorten
from onnxfi.errors import ModelFormatError, TargetNotFoundError
from onnxfi.graph.alarms import read_alarms
from onnxfi.graph.dependencies import constant_values, inner_holders, needed_values
from onnxfi.graph.exporter_layers import exporter_layers
from onnxfi.graph.inspection.parameters import STRUCTURAL
from onnxfi.graph.lookup import matches
from onnxfi.graph.precision import has_low_precision
from onnxfi.graph.shapes.notation import format_shape
from onnxfi.graph.shapes.shape_arithmetic import shape_arithmetic
from onnxfi.graph.size_dependence import shape_sources
from onnxfi.graph.target import Target, TargetKind
from onnxfi.graph.target_list import TargetList
from onnxfi.graph.target_listing import list_targets
from onnxfi.onnx_ir import ir
from onnxfi.suggestions import did_you_mean

# Bytes of weights. Protocol Buffers limit a whole file to 2 GiB.
_LARGEST_INSIDE = 1_900_000_000
_LISTED = 20  # the most tensors that a message lists


@dataclass(frozen=True, eq=False)
class Model:
    """An ONNX model, loaded, checked and shape-inferred. It is never changed.

    Created by `onnxfi.load`.

    Attributes:
        ir_model: the graph in onnx-ir's form. Clone it before you change anything.
        files: the files it was loaded from, its own first and then external weights; empty for a
            model made in memory.
        deciding: names of the tensors that decided on the branch of an If when the branch was
            inlined on loading. They are not targets, because a fault could choose another branch.
        whole: the model that this one is a part or a variant of, if any.
    """

    ir_model: ir.Model
    files: tuple[Path, ...] = ()
    whole: "Model | None" = None
    deciding: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        """Return one line: the name, the number of nodes, the inputs and the outputs."""
        takes, gives = (
            list_names(x.name for x in values) for values in (self.graph.inputs, self.graph.outputs)
        )
        nodes = counted(len(self.graph), "node")
        return f"<onnxfi.Model {shorten(self._name)}: {nodes}, {takes} → {gives}>"

    def _repr_html_(self) -> str:
        sides = {"input": self.graph.inputs, "output": self.graph.outputs}
        rows = [
            (side, x.name, _dtype(x), _shape(x)) for side, values in sides.items() for x in values
        ]
        nodes = counted(len(self.graph), "node")
        caption = f"{self._name}: {nodes}, {self.weight_bytes:,} bytes of weights"
        return html_table(("", "tensor", "dtype", "shape"), rows, caption=caption)

    @property
    def _name(self) -> str:
        return self.files[0].name if self.files else self.graph.name or "made in memory"

    @property
    def graph(self) -> ir.Graph:
        """The main graph."""
        return self.ir_model.graph

    @property
    def weight_bytes(self) -> int:
        """Size of the main graph's initializers in bytes."""
        tensors = (x.const_value for x in self.graph.initializers.values())
        return sum(x.nbytes for x in tensors if x is not None)

    @cached_property
    def alarms(self) -> tuple[str, ...]:
        """Names of the outputs that are alarms of protections; see `onnxfi.harden`."""
        return read_alarms(self.ir_model)

    @cached_property
    def notes(self) -> dict[Hashable, object]:
        """The data that other packages keep with the model, by keys of their own."""
        return {}

    @cached_property
    def is_low_precision(self) -> bool:
        """Whether the model, or the whole model, has tensors or operators of low precision.

        All parts of such a model run without merged nodes, so that its tensors have the values that
        ONNX defines, wherever it is cut.
        """
        return has_low_precision(self.graph) if self.whole is None else self.whole.is_low_precision

    def part(self, ir_model: ir.Model) -> "Model":
        """Return a part or a variant of this model, which runs in the same arithmetic."""
        return Model(ir_model, whole=self.whole or self)

    @cached_property
    def constants(self) -> frozenset[ir.Value]:
        """The values that depend on constants only."""
        return frozenset(constant_values(self.graph))

    @cached_property
    def positions(self) -> Mapping[ir.Node, int]:
        """The position of each node in the main graph."""
        return {node: place for place, node in enumerate(self.graph)}

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layer map, stored by a conversion or recorded by PyTorch; empty without either."""
        text = self.ir_model.metadata_props.get(METADATA_KEY)
        return exporter_layers(self.graph, self.constants) if text is None else parse_layers(text)

    @cached_property
    def values(self) -> Mapping[str, ir.Value]:
        """Every value of the main graph, by tensor name: inputs, initializers and node outputs."""
        return ir.convenience.create_value_mapping(self.graph, include_subgraphs=False)

    @cached_property
    def _targets(self) -> Mapping[str, Target]:
        """Every tensor of numbers, by name."""
        listed = list_targets(self.graph, self.constants, self.layers)
        return {x.tensor: x for x in listed if x.tensor not in self.deciding}

    @cached_property
    def shape_tensors(self) -> frozenset[str]:
        """Names of the activations that only compute shapes, sizes, counts and axes."""
        found = shape_arithmetic(self.graph, self.constants)
        return frozenset(x.name for x in found if x.name)

    @cached_property
    def shape_sources(self) -> frozenset[ir.Value]:
        """The values that shapes are computed from, or that a node with a body reads."""
        return frozenset(shape_sources(self.graph))

    @cached_property
    def unread_tensors(self) -> frozenset[str]:
        """Names of the activations that no output of the model depends on."""
        needed = needed_values(self.graph, self.graph.outputs)
        made = (x for node in self.graph for x in node.outputs)
        return frozenset(x.name for x in made if x.name and x not in needed)

    def targets(
        self,
        *,
        kind: TargetKind | None = None,
        op: str | None = None,
        layer: str | None = None,
        include_shapes: bool = False,
    ) -> TargetList:
        """List the targets of the model, in the order in which the graph computes them.

        A weight comes before the first node that reads it. Constants that are not parameters (of
        int64 or bool: shapes, axes, indices; or read by no node) are left out; so are activations
        that only compute shapes (`shape_tensors`) or reach no output (`unread_tensors`). `target`
        returns them by name.

        Example::

            >>> [target.tensor for target in model.targets(kind="activation", op="Conv")]
            ['conv1', 'conv2']

        Args:
            kind: only targets of this kind.
            op: only targets of this ONNX operator type, such as ``Conv`` (see `Target.op_type`).
            layer: only targets of layers whose path matches this pattern, such as ``conv*``.
            include_shapes: list activations that only compute shapes or reach no output as well.
        """
        left_out = frozenset() if include_shapes else self.shape_tensors | self.unread_tensors
        return TargetList(
            target
            for target in self._targets.values()
            if (target.kind != "weight" or _is_parameter(target))
            and (kind is None or target.kind == kind)
            and (op is None or target.op_type == op)
            and (layer is None or matches(target.layer, layer))
            and (target.kind != "activation" or target.tensor not in left_out)
        )

    def target(self, name: str) -> Target:
        """Return the target with a name.

        Tensors are searched first, then layers (the target is the layer's output), then nodes (the
        target is the node's first output).

        Raises:
            TargetNotFoundError: nothing in the model has the name, its owner is not a target, or
                several nodes have it; the message lists the closest names, or the nodes' tensors.
        """
        target = self.find(name)
        if target is None:
            raise TargetNotFoundError(self._no_target(name))
        return target

    def find(self, name: str) -> Target | None:
        """Return the target with a name, as `target` does; None if there is none.

        Raises:
            TargetNotFoundError: several nodes have the name; the message lists their tensors.
        """
        target = self._targets.get(name) or self._of_layer.get(name)
        of_nodes = self._of_node.get(name, ())
        if target is not None or not of_nodes:
            return target
        if len(of_nodes) > 1:
            tensors = [repr(x.tensor) for x in of_nodes[:_LISTED]]
            more = f" and {len(of_nodes) - _LISTED} more" if len(of_nodes) > _LISTED else ""
            raise TargetNotFoundError(
                f"{len(of_nodes)} nodes of the model are called {name!r}, and a name must mean one "
                f"target. Give one of their tensors: {', '.join(tensors)}{more}."
            )
        return of_nodes[0]

    @cached_property
    def _of_layer(self) -> Mapping[str, Target]:
        """The first target of each layer path."""
        found: dict[str, Target] = {}
        for layer in self.layers:
            if layer.tensor in self._targets:
                found.setdefault(layer.path, self._targets[layer.tensor])
        return found

    @cached_property
    def _of_node(self) -> Mapping[str, Sequence[Target]]:
        """The first output of each node, by the node's name, which several nodes may have."""
        found = defaultdict[str, list[Target]](list)
        for node in self.graph:
            made = [t for x in node.outputs if (t := self._targets.get(x.name or ""))]
            if node.name and made and made[0].kind == "activation":
                found[node.name].append(made[0])
        return found

    def _no_target(self, name: str) -> str:
        if name in self.deciding:
            return (
                f"A target must not decide on a branch that was inlined when the model was loaded, "
                f"and {name!r} does. Choose a tensor of the branch, or make the condition depend "
                "on a graph input."
            )
        if name in self.values:
            return (
                f"A target must be a tensor of numbers, and {name!r} is not, or its type is "
                "unknown. List the targets with `onnxfi inspect`."
            )
        holder = inner_holders(self.graph).get(name)
        if holder is not None:
            return (
                f"A target must be in the main graph, and {name!r} is inside a subgraph of the "
                f"{holder.op_type} node {holder.name!r}, which counts as one operator. Choose one "
                f"of its outputs: {', '.join(repr(x.name) for x in holder.outputs if x.name)}."
            )
        names = [
            *self._targets,
            *(x.path for x in self.layers),
            *(x.node for x in self._targets.values()),
        ]
        return (
            f"A target must be a tensor, layer or node of the model, and none is called {name!r}"
            f"{did_you_mean(name, names, most=3)}. List them with `onnxfi inspect`."
        )

    def save(self, path: str | Path) -> None:
        """Write the model to a .onnx file.

        If weights are in external files, or too large for one .onnx file, the large weights go into
        a file beside it, with ``.data`` appended to its name.

        Raises:
            ModelFormatError: a file cannot be written.
        """
        path = Path(path)
        tensors = [
            value.const_value
            for graph in (self.graph, *self.graph.subgraphs())
            for value in graph.initializers.values()
            if value.const_value is not None
        ]
        is_external = any(isinstance(x, ir.ExternalTensor) for x in tensors)
        is_large = sum(x.nbytes for x in tensors) > _LARGEST_INSIDE
        data = f"{path.name}.data" if is_external or is_large else None
        try:
            with atomic_write(path) as aside:
                ir.save(self.ir_model, aside, format="protobuf", external_data=data)
        except OSError as error:
            raise ModelFormatError(
                f"The model could not be written to {path}: {error.strerror or error}."
            ) from error


def _shape(value: ir.Value) -> str:
    return format_shape(None if value.shape is None else tuple(value.shape))


def _dtype(value: ir.Value) -> str:
    if value.dtype in (None, ir.DataType.STRING):
        return "" if value.dtype is None else "string"
    return value.dtype.numpy().name


def _is_parameter(target: Target) -> bool:
    return target.op_type != "" and target.dtype not in STRUCTURAL

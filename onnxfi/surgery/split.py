"""Splitting a model at a target, by data dependency."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx_ir as ir

from onnxfi.errors import ModelFormatError
from onnxfi.graph import Model, Target
from onnxfi.graph.dependencies import consumed_values, dependent_nodes, required_nodes
from onnxfi.surgery.weights_file import save_sharing_weights


@dataclass(frozen=True, slots=True)
class Split:
    """A model cut in two at a target.

    The prefix takes the model's inputs and gives the target, the boundary and the golden outputs.
    The suffix takes the target and the boundary and gives the faulty outputs.

    Attributes:
        target: the tensor that faults hit.
        prefix: what the suffix and the golden outputs need, and that does not depend on the target.
        suffix: every node that depends on the target and that an output needs, and the constants
            that these nodes use.
        boundary: names of the tensors besides the target that cross from prefix to suffix.
        faulty_outputs: names of the model's outputs that depend on the target (or are it).
        golden_outputs: names of the model's outputs that do not depend on the target.
        suffix_share: nodes of the suffix as a fraction of the nodes that the outputs need.
    """

    target: Target
    prefix: Model
    suffix: Model
    boundary: tuple[str, ...]
    faulty_outputs: tuple[str, ...]
    golden_outputs: tuple[str, ...]
    suffix_share: float

    def save(self, folder: str | Path) -> None:
        """Write ``prefix.onnx``, ``suffix.onnx``, their one weights file and ``split.json``.

        Args:
            folder: made if it does not exist.

        Raises:
            ModelFormatError: the folder cannot be written.
        """
        folder = Path(folder)
        description = {
            "target": self.target.tensor,
            "boundary": self.boundary,
            "faulty_outputs": self.faulty_outputs,
            "golden_outputs": self.golden_outputs,
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            save_sharing_weights({"prefix": self.prefix, "suffix": self.suffix}, folder)
            (folder / "split.json").write_text(json.dumps(description, indent=2) + "\n")
        except OSError as error:
            raise ModelFormatError(
                f"The split must go into a folder that can be written, and {folder} cannot: "
                f"{error}."
            ) from error


def split(model: Model, target: Target | str) -> Split:
    """Split a model at a target.

    Args:
        model: any directed acyclic graph; it is left as it is.
        target: the target, or its tensor, layer or node name.

    Raises:
        TargetNotFoundError: the model has no such target.
        ModelFormatError: the type of a tensor that would cross the split is not known.
    """
    if isinstance(target, str):
        target = model.target(target)
    graph = model.graph
    source = model.values[target.tensor]

    required = required_nodes(graph, graph.outputs)
    suffix_nodes = [node for node in dependent_nodes(graph, [source]) if node in required]
    produced = {value for node in suffix_nodes for value in node.outputs}

    # Keyed by value, so that a tensor that many nodes read counts once, in the graph's order.
    crossing = dict.fromkeys(value for node in suffix_nodes for value in consumed_values(node))
    boundary = [
        value
        for value in crossing
        if value is not source and value not in produced and value not in model.constants
    ]
    outputs = list(dict.fromkeys(graph.outputs))
    faulty = [value for value in outputs if value is source or value in produced]
    golden = [value for value in outputs if value is not source and value not in produced]
    from_prefix = list(dict.fromkeys([source, *boundary, *golden]))
    return Split(
        target=target,
        prefix=_extract(model, graph.inputs, from_prefix),
        suffix=_extract(model, [source, *boundary], faulty),
        boundary=_names(boundary),
        faulty_outputs=_names(faulty),
        golden_outputs=_names(golden),
        suffix_share=len(suffix_nodes) / len(required) if required else 0.0,
    )


def _extract(model: Model, inputs: Sequence[ir.Value], outputs: Sequence[ir.Value]) -> Model:
    for value in (*inputs, *outputs):
        if value.type is None:
            raise ModelFormatError(
                f"A tensor that crosses the split must have a known type, and that of "
                f"{value.name!r} could not be inferred. Add it to the model's value_info."
            )
    if outputs:
        graph = ir.convenience.extract(model.graph, inputs=inputs, outputs=outputs)
    else:  # the target reaches no output: nothing runs after it
        graph = ir.GraphView(
            inputs, [], nodes=[], opset_imports=model.graph.opset_imports, name=model.graph.name
        ).clone()
    return Model(ir.Model(graph, ir_version=model.ir_model.ir_version, functions=[]))


def _names(values: Collection[ir.Value]) -> tuple[str, ...]:
    return tuple(value.name or "" for value in values)

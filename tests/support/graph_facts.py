"""Computes facts about a model without the package under test."""

from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

#: Makes of a tensor what takes its place.
Overwrite = Callable[[np.ndarray], np.ndarray]


class NodeByNode:
    """Runs a model node by node in onnx.reference, and may overwrite tensors on the way.

    Not by `ReferenceEvaluator.run`, which takes the value of an optional output that is left out
    for that of the next optional input that is left out.
    """

    def __init__(self, proto: onnx.ModelProto) -> None:
        """Prepare the model for running."""
        self._reference = ReferenceEvaluator(proto)
        self.inputs: list[str] = [x.name for x in proto.graph.input]

    def run(
        self,
        feeds: Mapping[str, np.ndarray],
        overwrites: Mapping[str, Overwrite] = MappingProxyType({}),
    ) -> dict[str, np.ndarray]:
        """Run the model and return every tensor outside of bodies, by name.

        Args:
            feeds: the inputs.
            overwrites: by name, what takes the place of a tensor as soon as it is there, made from
                the value that it has by then: an earlier one may have changed it already.
        """
        results: dict[str, np.ndarray] = {}

        def arrive(name: str, array: np.ndarray) -> None:
            if name:  # not an optional output that is left out
                overwrite = overwrites.get(name, np.asarray)
                results[name] = overwrite(np.asarray(array))

        for name, array in {**self._reference.rt_inits_, **feeds}.items():
            arrive(name, array)
        for node in self._reference.rt_nodes_:
            arguments = [results[name] if name else None for name in node.input]
            context = {"context": results} if node.need_context() else {}
            for name, array in zip(node.output, node.run(*arguments, **context), strict=True):
                arrive(name, array)
        return results


def tensors_read(node: onnx.NodeProto) -> set[str]:
    """Return the names that a node reads, with those that its bodies capture."""
    read = {name for name in node.input if name}
    for body in bodies(node):
        own = {x.name for x in body.input} | {x.name for x in body.initializer}
        own |= {name for inner in body.node for name in inner.output}
        inside = {name for inner in body.node for name in tensors_read(inner)}
        read |= (inside | {x.name for x in body.output}) - own
    return read


def bodies(node: onnx.NodeProto) -> list[onnx.GraphProto]:
    return [x.g for x in node.attribute if x.type == onnx.AttributeProto.GRAPH]


def features(proto: onnx.ModelProto) -> dict[str, bool]:
    """Return what a split might get wrong, and whether the model has it."""
    nodes = proto.graph.node
    outputs = [x.name for x in proto.graph.output]
    initializers = {x.name for x in proto.graph.initializer}
    inputs = [x for x in proto.graph.input if x.name not in initializers]
    reads = Counter(name for node in nodes for name in tensors_read(node))

    constants = set(initializers)
    for node in nodes:
        if tensors_read(node) <= constants:
            constants |= set(node.output)
    made = {name for node in nodes for name in node.output if name}
    unused = {name for name in made if not reads[name] and name not in outputs}
    identical = {name for node in nodes if node.op_type == "Identity" for name in node.output}
    inner = Counter(
        name for x in nodes for body in bodies(x) for y in body.node for name in y.output
    )
    several = [set(node.output) - {""} for node in nodes if len(node.output) > 1]
    types = {x.type.tensor_type.elem_type for x in (*proto.graph.input, *proto.graph.output)}

    def captures(op: str) -> bool:
        return any(tensors_read(x) - set(x.input) for x in nodes if x.op_type == op)

    return {
        "branch": any(reads[name] > 1 for name in made - constants),
        "join": any(len(tensors_read(x) - constants) > 1 for x in nodes),
        "doubled operand": any(len(x.input) > len(set(x.input)) for x in nodes),
        "shared constant": any(reads[name] > 1 for name in constants),
        "chain of constants": any(x.input and set(x.output) <= constants for x in nodes),
        "chain of identities": any(
            x.op_type == "Identity" and x.input[0] in identical for x in nodes
        ),
        "several outputs of a node": any(len(names) > 1 for names in several),
        "unused output of a node": any(names & unused and names - unused for names in several),
        "dead end": any(set(x.output) - {""} <= unused for x in nodes),
        "optional input left out": any("" in x.input for x in nodes),
        "optional output left out": any("" in x.output for x in nodes),
        "If that captures": captures("If"),
        "Loop that captures": captures("Loop"),
        "Scan that captures": captures("Scan"),
        "body within a body": any(
            bodies(inner) for x in nodes for body in bodies(x) for inner in body.node
        ),
        "name in several bodies": any(count > 1 for count in inner.values()),
        "several inputs": len(inputs) > 1,
        "unused input": any(not reads[x.name] for x in inputs),
        "symbolic batch": any(d.dim_param for x in inputs for d in x.type.tensor_type.shape.dim),
        "initializer that is an input": len(inputs) < len(proto.graph.input),
        "several outputs": len(set(outputs)) > 1,
        "output twice": len(set(outputs)) < len(outputs),
        "output in the middle": any(reads[name] for name in outputs),
        "output that is an input": not {x.name for x in inputs}.isdisjoint(outputs),
        "output that is constant": not constants.isdisjoint(outputs),
        "integer input or output": onnx.TensorProto.INT64 in types,
        "bool input or output": onnx.TensorProto.BOOL in types,
        "unnamed node": any(not x.name for x in nodes),
    }

"""Embedding corruptions in a model, so that any ONNX runtime can run it with a fault."""

import copy
import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from onnxfi.error_models import Corruption
from onnxfi.errors import InputError
from onnxfi.graph import Model, Target
from onnxfi.graph.type_inference import infer_types
from onnxfi.surgery.free_name import free_name
from onnxfi.surgery.saboteur import (
    NO_FAULT,
    Parts,
    Saboteur,
    add_saboteur,
    check_operators,
    constant,
    read_saboteurs,
    write_saboteurs,
)

# The first version of the format in which an initializer need not be a graph input.
_FIRST_IR_VERSION = 4
# A number that no axis has.
_UNUSUAL_LENGTH = 1009


def embed(
    model: Model,
    target: Target | str,
    corruptions: Sequence[Corruption],
    *,
    per_sample: bool | None = None,
) -> Model:
    """Embed a saboteur: corruptions of a target, and a graph input that selects one of them.

    The result has the operators of the ONNX standard only. Its new input ``saboteur/TENSOR`` is
    int64, of shape (1,) for one selection for all samples of the batch, or (samples,) for one each:
    k selects corruption k, -1 no fault, -2 a random corruption. It need not be fed: by default it
    is -1, and the model computes what it did before, bit by bit. Any other selection makes the
    runtime fail; where a runtime does not check indices, as ONNX Runtime on CUDA, the tensor's
    first elements then become NaN, or the integer with all bits set.

    What read the target now reads ``saboteur/TENSOR/sabotaged``. Outputs of the model keep their
    names: where the target is one, it becomes ``saboteur/TENSOR/golden``. The metadata under
    ``onnxfi.saboteurs`` lists the saboteurs; there may be several, at different targets.

    Args:
        model: the model; it is left as it is.
        target: the target, or its tensor, layer or node name.
        corruptions: at least one; with `per_sample`, drawn from the golden tensor of one sample.
        per_sample: whether axis 0 of the target counts samples, each of which is corrupted by
            itself; otherwise the tensor is corrupted as a whole. By default `counts_samples`.

    Raises:
        TargetNotFoundError: the model has no such target.
        ModelFormatError: the model's opset is below 9, or its list of saboteurs is damaged.
        InputError: there is no corruption, or one does not fit the target; the target has a dtype
            that the operators do not take, has a saboteur, is an input that is also an output, or
            has no axis and `per_sample` is set.
    """
    if isinstance(target, str):
        target = model.target(target)
    if per_sample is None:
        per_sample = counts_samples(model, target)
    if per_sample and target.shape == ():
        raise InputError(f"The target {target.tensor!r} has no axis that could count samples.")
    _check_corruptions(target, corruptions, sample_shape(target, per_sample=per_sample))

    embedded = Model(model.ir_model.clone(), model.files)
    graph, golden = embedded.graph, embedded.values[target.tensor]
    present = read_saboteurs(embedded.ir_model)
    _check_target(target, golden, graph, present)
    parts = Parts(free_name(embedded, f"saboteur/{target.tensor}"), graph.opset_imports.get("", 0))
    check_operators(target, parts.opset)

    uses = tuple(golden.uses())  # before the saboteur's own
    selection = constant(parts.name, np.array([NO_FAULT], np.int64))
    sabotaged = add_saboteur(parts, golden, selection, corruptions, per_sample=per_sample)
    sabotaged.type, sabotaged.shape = golden.type, copy.copy(golden.shape)
    for node, index in uses:
        node.replace_input_with(index, sabotaged)
    _replace_outputs(graph, golden, sabotaged, f"{parts.name}/golden")

    if per_sample and (target.shape is None or target.shape[0] != 1):
        selection.shape = ir.Shape([f"{parts.name}/selections"])
    # Loading takes inputs with a default for constants.
    others = [embedded.values[x.input] for x in present if x.input in embedded.values]
    graph.inputs.extend(value for value in (*others, selection) if value not in graph.inputs)
    for value in (selection, *parts.constants):
        graph.register_initializer(value)
    _insert(graph, golden, parts.nodes)
    saboteur = Saboteur(target.tensor, parts.name, len(corruptions), per_sample)
    write_saboteurs(embedded.ir_model, [*present, saboteur])
    embedded.ir_model.ir_version = max(embedded.ir_model.ir_version, _FIRST_IR_VERSION)
    infer_types(embedded.ir_model)
    return Model(embedded.ir_model, model.files)


def counts_samples(model: Model, target: Target) -> bool:
    """Return whether axis 0 of a target is known to count the samples of a batch.

    It does where its length is 1, or always that of axis 0 of the inputs; never in a weight.
    """
    if target.kind == "weight" or not target.shape:
        return False
    length = target.shape[0]
    if isinstance(length, int):
        return length == 1
    lengths = [value.shape[0] for value in model.graph.inputs if value.shape]
    if any(length is not None and length == axis for axis in lengths):
        return True
    # Another name, or none, says little: inference makes names up. Numbers get further.
    batched = Model(model.ir_model.clone())
    for node in batched.graph:
        for value in node.outputs:
            value.shape = None
    for value in batched.graph.inputs:
        if value.shape and not isinstance(value.shape[0], int):
            value.shape = ir.Shape([_UNUSUAL_LENGTH, *tuple(value.shape)[1:]])
    infer_types(batched.ir_model)
    shape = batched.values[target.tensor].shape
    return shape is not None and tuple(shape)[:1] == (_UNUSUAL_LENGTH,)


def sample_shape(target: Target, *, per_sample: bool) -> tuple[int | str | None, ...] | None:
    """Return the shape that the indices of an embedded corruption count in; None if unknown."""
    return target.shape[1:] if per_sample and target.shape is not None else target.shape


def _check_corruptions(
    target: Target,
    corruptions: Sequence[Corruption],
    shape: tuple[int | str | None, ...] | None,
) -> None:
    if not corruptions:
        raise InputError("There must be at least one corruption to embed, got none.")
    fixed = [] if shape is None else [length for length in shape if isinstance(length, int)]
    size = math.prod(fixed) if shape is not None and len(fixed) == len(shape) else None
    for number, corruption in enumerate(corruptions):
        if corruption.values.dtype != target.dtype:
            raise InputError(
                f"A corruption must have the dtype of the target {target.tensor!r}, "
                f"{target.dtype}, and corruption {number} has {corruption.values.dtype}. Draw it "
                "from the golden tensor."
            )
        if size is not None and corruption.indices.max(initial=-1) >= size:
            raise InputError(
                f"The injection sites must be among the {size} elements that the target "
                f"{target.tensor!r} has per sample, and corruption {number} has the index "
                f"{corruption.indices.max()}. Draw it from the golden tensor of a batch of one."
            )


def _check_target(
    target: Target, golden: ir.Value, graph: ir.Graph, present: Sequence[Saboteur]
) -> None:
    if target.tensor in [saboteur.target for saboteur in present]:
        raise InputError(
            f"A target takes one saboteur, and {target.tensor!r} has one. Embed all of its "
            "corruptions at once."
        )
    if golden in graph.inputs and golden in graph.outputs:
        raise InputError(
            f"The input {target.tensor!r} is also an output, and a corrupted one could not have "
            "the same name. Choose another target."
        )


def _replace_outputs(graph: ir.Graph, golden: ir.Value, sabotaged: ir.Value, new_name: str) -> None:
    """Hand the sabotaged tensor out wherever the golden one was, also from the bodies of nodes."""
    if golden in graph.outputs:
        name = golden.name
        tensor = golden.const_value
        if tensor is not None:  # shared with the original model, and renamed with the value
            golden.const_value = ir.Tensor(tensor.numpy(), dtype=tensor.dtype)
        golden.name, sabotaged.name = new_name, name
    for each in (graph, *graph.subgraphs()):
        for place, value in enumerate(each.outputs):
            if value is golden:
                each.outputs[place] = sabotaged


def _insert(graph: ir.Graph, golden: ir.Value, nodes: Sequence[ir.Node]) -> None:
    """Insert nodes as early as they can run."""
    producer = golden.producer()
    if producer is not None:
        graph.insert_after(producer, nodes)
    elif len(graph):
        graph.insert_before(graph[0], nodes)
    else:
        graph.extend(nodes)

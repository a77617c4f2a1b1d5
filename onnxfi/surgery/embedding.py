"""Embeds corruptions in a model, so that any ONNX runtime can run it with a fault."""

import copy
import math
from collections.abc import Sequence

import numpy as np

from onnxfi.error_models import Corruption
from onnxfi.errors import InputError
from onnxfi.graph import Model, Target, Targets, check_distinct, infer_types, resolve_targets
from onnxfi.onnx_ir import ir
from onnxfi.surgery.free_name import free_name
from onnxfi.surgery.node_builder import NodeBuilder, constant
from onnxfi.surgery.saboteur import Saboteur, read_saboteurs, write_saboteurs
from onnxfi.surgery.saboteur_nodes import NO_FAULT, add_saboteur, check_operators

# The first version of the format in which an initializer need not be a graph input.
_FIRST_IR_VERSION = 4
# A number that no axis has.
_UNUSUAL_LENGTH = 1009


def embed(
    model: Model,
    targets: Targets,
    corruptions: Sequence[Corruption] | Sequence[Sequence[Corruption]],
    *,
    per_sample: bool | None = None,
) -> Model:
    """Embed saboteurs: corruptions of a target, and a graph input that selects one of them.

    The result has operators of the ONNX standard only. The new input ``saboteur/TENSOR`` is int64,
    of shape (1,) for one selection for all samples of the batch, or (samples,) for one each: k
    selects corruption k, -1 no fault, -2 a random corruption. It need not be fed: by default it is
    -1, and the outputs are bit-identical to the original model's. Any other selection makes the
    runtime fail. If a runtime does not check indices, as ONNX Runtime on CUDA, the tensor's first
    elements then become NaN, or the integer with all bits set.

    The nodes that read the target now read ``saboteur/TENSOR/sabotaged``. Outputs of the model keep
    their names: if the target is one, the target becomes ``saboteur/TENSOR/golden``. The metadata
    under ``onnxfi.saboteurs`` lists the saboteurs; a model may have several, at different targets.

    Args:
        model: the model; it is not changed.
        targets: a target, or its tensor, layer or node name; or several of these.
        corruptions: the corruptions of the target, at least one; for several targets a sequence of
            corruptions for each. With `per_sample`, they are drawn from the golden tensor of one
            sample.
        per_sample: whether axis 0 of each target counts samples, which are corrupted one by one;
            otherwise the tensor is corrupted as a whole. By default `counts_samples`.

    Raises:
        TargetNotFoundError: the model has no such target.
        ModelFormatError: the model's opset is below 9, or its list of saboteurs is damaged.
        InputError: there is no corruption, or one does not fit its target; a target has a dtype
            that the operators do not take, has a saboteur, is an input that is also an output, or
            has no axis and `per_sample` is set.
    """
    if isinstance(corruptions, str):
        raise InputError(
            f"Corruptions are embedded, and {corruptions!r} is a text. Draw them first: "
            "[x.corruption for x in injector.inject(golden, 'bitflip', count=100)]."
        )
    resolved = resolve_targets(model, targets)
    check_distinct(resolved)
    embedded = model
    for target, own in zip(resolved, _by_target(targets, resolved, corruptions), strict=True):
        apart = counts_samples(model, target) if per_sample is None else per_sample
        embedded = _embed_one(embedded, target, own, per_sample=apart)
    return embedded


def _by_target(
    targets: Targets,
    resolved: Sequence[Target],
    corruptions: Sequence[Corruption] | Sequence[Sequence[Corruption]],
) -> list[list[Corruption]]:
    """Return the corruptions of each target."""
    groups = [corruptions] if isinstance(targets, Target | str) else corruptions
    lists = [list(x) for x in groups if not isinstance(x, Corruption)]
    if not len(lists) == len(groups) == len(resolved):
        raise InputError(
            "Several targets need as many sequences of corruptions, one for each, got "
            f"{len(lists)} for {len(resolved)} targets."
        )
    return [[x for x in own if isinstance(x, Corruption)] for own in lists]


def _embed_one(
    model: Model, target: Target, corruptions: Sequence[Corruption], *, per_sample: bool
) -> Model:
    if per_sample and target.shape == ():
        raise InputError(f"The target {target.tensor!r} has no axis that could count samples.")
    _check_corruptions(target, corruptions, sample_shape(target, per_sample=per_sample))

    embedded = Model(model.ir_model.clone(), model.files)
    graph, golden = embedded.graph, embedded.values[target.tensor]
    present = read_saboteurs(embedded.ir_model)
    _check_target(target, golden, graph, present)
    name = free_name(embedded, f"saboteur/{target.tensor}")
    builder = NodeBuilder(name, graph.opset_imports.get("", 0))
    check_operators(target, builder.opset)

    uses = tuple(golden.uses())  # before the saboteur's own
    selection = constant(name, np.array([NO_FAULT], np.int64))
    sabotaged = add_saboteur(builder, golden, selection, corruptions, per_sample=per_sample)
    sabotaged.type, sabotaged.shape = golden.type, copy.copy(golden.shape)
    for node, index in uses:
        node.replace_input_with(index, sabotaged)
    _replace_outputs(graph, golden, sabotaged, f"{name}/golden")

    if per_sample and (target.shape is None or target.shape[0] != 1):
        selection.shape = ir.Shape([f"{name}/selections"])
    # Loading turns inputs that have a default into constants.
    others = [embedded.values[x.input] for x in present if x.input in embedded.values]
    graph.inputs.extend(value for value in (*others, selection) if value not in graph.inputs)
    for value in (selection, *builder.constants):
        graph.register_initializer(value)
    _insert(graph, golden, builder.nodes)
    saboteur = Saboteur(target.tensor, name, len(corruptions), per_sample)
    write_saboteurs(embedded.ir_model, [*present, saboteur])
    embedded.ir_model.ir_version = max(embedded.ir_model.ir_version, _FIRST_IR_VERSION)
    infer_types(embedded.ir_model)
    return Model(embedded.ir_model, model.files)


def counts_samples(model: Model, target: Target) -> bool:
    """Return whether axis 0 of a target is known to count the samples of a batch.

    It does if its length is 1, or always equal to the length of axis 0 of the inputs. It never does
    in a weight.
    """
    if target.kind == "weight" or not target.shape:
        return False
    length = target.shape[0]
    if isinstance(length, int):
        return length == 1
    lengths = [value.shape[0] for value in model.graph.inputs if value.shape]
    if any(length is not None and length == axis for axis in lengths):
        return True
    # Another name, or none, proves little, because inference invents names. Numbers prove more.
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
    """Return the shape that the indices of an embedded corruption refer to; None if unknown."""
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
    """Output the sabotaged tensor instead of the golden one, also from the bodies of nodes."""
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

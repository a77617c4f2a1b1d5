"""Finds the noise in a model, and checks that faulty runs can replay it."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from onnxfi.errors import InputError
from onnxfi.graph import (
    SHAPE_ONLY,
    Model,
    Target,
    consumed_values,
    describe_noise,
    draws_noise,
    faults_reaching,
    is_dropout,
    required_nodes,
    training_mode,
)
from onnxfi.onnx_ir import ir

_MOST_NAMED = 6


def noise_nodes(model: Model) -> list[ir.Node]:
    """Return the nodes of the main graph that draw random numbers which reach an output."""
    needed = required_nodes(model.graph, model.graph.outputs)
    return [node for node in model.graph if node in needed and draws_noise(node)]


def draws(model: Model) -> str | None:
    """Return a sentence that names the nodes that draw random numbers; None if there are none."""
    nodes = list(map(describe_noise, noise_nodes(model)))
    return f"The model draws random numbers: {_listed(nodes)}." if nodes else None


def noise_note(model: Model) -> str | None:
    """Return `draws`, and how injections handle the noise."""
    drawn = draws(model)
    return drawn and (
        f"{drawn} They are drawn once for each golden run, from the seed and the input, and "
        "replayed in its faulty runs."
    )


def check_replayable(model: Model, groups: Collection[Sequence[Target]]) -> None:
    """Check that each faulty run can replay the random numbers of its golden run.

    Args:
        model: the model.
        groups: the targets that faults hit together, for each fault.

    Raises:
        InputError: the shape or the distribution of noise depends on a target.
    """
    found = list(zip(groups, changed_noise(model, groups), strict=True))
    refused = [" + ".join(x.tensor for x in group) for group, noise in found if noise]
    if refused:
        noise = dict.fromkeys(x for _, changed in found for x in changed)
        raise InputError(
            f"Faults in {_listed(refused)} would change {_listed(list(noise))}, and could not be "
            "distinguished from other noise. Choose targets that these nodes do not depend on, or "
            "export the model with this noise as an input."
        )


def changed_noise(model: Model, groups: Collection[Sequence[Target]]) -> list[list[str]]:
    """Return the noise that depends on targets, for each group of targets that faults hit together.

    An entry reads "the shape of 'node' (RandomNormalLike)".
    """
    graph = model.graph
    targets = [[model.values[x.tensor] for x in group] for group in groups]
    needed = required_nodes(graph, [*graph.outputs, *(x for group in targets for x in group)])
    noise = [
        node
        for node in graph
        if node in needed and (draws_noise(node) or training_mode(node) is not None)
    ]
    if not noise:
        return [[] for _ in groups]
    values, shapes = defaultdict[ir.Value, int](int), defaultdict[ir.Value, int](int)
    texts: list[str] = []
    for node in noise:
        for what, fixed, sized in _conditions(node):
            bit = 1 << len(texts)
            texts.append(f"the {what} of {describe_noise(node)}")
            for value in fixed:
                values[value] |= bit
            for value in {*fixed, *sized}:
                shapes[value] |= bit
    reaching = faults_reaching(graph, values, shapes)
    return [
        [text for place, text in enumerate(texts) if any(reaching[x] >> place & 1 for x in group)]
        for group in targets
    ]


def _conditions(node: ir.Node) -> Iterator[tuple[str, list[ir.Value], list[ir.Value]]]:
    """Yield each property that a fault must not change, and the tensors that determine it.

    The first list determines it by elements, the second list by shape only.
    """
    training = training_mode(node)
    if not draws_noise(node):
        yield "distribution", [] if training is None else [training], []
    elif (node.domain == "" and node.op_type in SHAPE_ONLY) or is_dropout(node):
        data, *others = [x for x in node.inputs if x is not None]
        yield "shape", [], [data]
        yield "distribution", others, []
    else:
        yield "distribution", list(consumed_values(node)), []


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")

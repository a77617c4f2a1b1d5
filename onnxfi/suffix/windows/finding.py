"""Finding the pieces of a model that windows go through, one after the other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import onnx_ir as ir

from onnxfi.graph import Model, constant_values, consumed_values
from onnxfi.suffix.cuts import (
    is_dequantised,
    may_add_in_convolution,
    may_follow_in_convolution,
)
from onnxfi.suffix.windows.piece import Piece
from onnxfi.suffix.windows.spreading import Spreading
from onnxfi.suffix.windows.steps import WEIGHTS, Step, make_step, spatial_size
from onnxfi.surgery import extract

_MOST_IMAGES = 6


@dataclass(frozen=True, eq=False, slots=True)
class Pieces:
    """The pieces of a model, and what is left after each of them.

    Attributes:
        model: the model.
        pieces: the pieces, in the order in which they run.
    """

    model: Model
    pieces: Sequence[Piece]

    def remainder(self, count: int) -> Model:
        """Return what is left of the model after some pieces; without nodes if nothing is."""
        piece = self.pieces[count - 1]
        cut = {*piece.outputs, *piece.passed}
        graph = self.model.graph
        done = {step.node for each in self.pieces[:count] for step in each.steps}
        left = [node for node in graph if node not in done]
        read = {value for node in left for value in consumed_values(node)}
        values = (*graph.inputs, *(x for node in done for x in node.outputs))
        inputs = [x for x in values if x in read and (x.name in cut or x in graph.inputs)]
        return extract(self.model, inputs, [x for x in graph.outputs if x.name not in cut])


def find_pieces(model: Model, changed: Iterable[str]) -> Pieces:
    """Find the pieces that follow images that may differ from golden.

    A piece ends where few images are read later, and where ONNX Runtime would not merge a node
    with the one before it: so that a piece is computed as it is within the model.

    Args:
        model: the model; it is left as it is.
        changed: the names of its inputs that may differ.

    Returns:
        The pieces; none where the inputs are no images.
    """
    graph = model.graph
    names = set(changed)
    frontier = [value for value in graph.inputs if value.name in names]
    if any(spatial_size(value) != spatial_size(frontier[0]) for value in frontier):
        return Pieces(model, [])
    if not frontier or spatial_size(frontier[0]) is None:
        return Pieces(model, [])
    grids = {value.name or "": np.array([Fraction(1)] * 2) for value in frontier}
    steps = _steps(model, frontier, grids)
    strides = _whole_numbers(grids)
    found, start = [], 0
    for end in range(1, len(steps) + 1):
        # A step that spreads changes needs windows larger than the changes, the others do not.
        some = steps[start:end]
        apart = end == len(steps) or (_spreads(steps[start : end + 1]) and _slides(some))
        if apart and _may_end(graph, steps, end, frontier):
            found.append(_piece(model, frontier, steps, start, end, strides))
            start = end
    return Pieces(model, found)


def _spreads(steps: Sequence[Step]) -> bool:
    return any(x.sliding is not None and bool(x.sliding.reach.any()) for x in steps)


def _slides(steps: Sequence[Step]) -> bool:
    return any(x.sliding is not None for x in steps)


def _steps(
    model: Model, frontier: Sequence[ir.Value], strides: dict[str, np.ndarray]
) -> list[Step]:
    reached, lost = set(frontier), set[ir.Value]()
    steps = []
    for node in model.graph:
        read = [*consumed_values(node)]
        step = None
        if any(x in reached for x in read) and not any(x in lost for x in read):
            step = make_step(node, reached)
        if step is not None and _fits(model, step, reached, strides):
            steps.append(step)
            reached.add(node.outputs[0])
        elif any(x in reached or x in lost for x in read):
            lost.update(node.outputs)
    return steps


def _fits(model: Model, step: Step, reached: set[ir.Value], strides: dict[str, np.ndarray]) -> bool:
    """Return whether the inputs of a step are known and lie on one grid; note the grids."""
    images = [x for x in step.node.inputs if x is not None and x.name in step.images]
    if any(x not in reached and x not in model.graph.inputs for x in images):
        return False
    known = [strides[name] for name in step.images if name in strides]
    if not known or any((x != known[0]).any() for x in known):
        return False
    for name in step.images:
        strides.setdefault(name, known[0])
    strides[step.output] = known[0] if step.sliding is None else step.sliding.grid(known[0])
    return True


def _whole_numbers(grids: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return steps of grids as numbers of steps of the finest one."""
    unit = np.lcm.reduce([[x.denominator for x in grid] for grid in grids.values()], axis=0)
    return {name: (grid * unit).astype(np.int64) for name, grid in grids.items()}


def _live(
    graph: ir.Graph, steps: Sequence[Step], end: int, frontier: Sequence[ir.Value]
) -> list[ir.Value]:
    done = {step.node for step in steps[:end]}
    made = [*frontier, *(step.node.outputs[0] for step in steps[:end])]
    return [x for x in made if x.is_graph_output() or any(use.node not in done for use in x.uses())]


def _may_end(
    graph: ir.Graph, steps: Sequence[Step], end: int, frontier: Sequence[ir.Value]
) -> bool:
    live = _live(graph, steps, end, frontier)
    if len(live) > _MOST_IMAGES:
        return False
    for value in live:
        uses = list(value.uses())
        if value in frontier:
            continue
        if uses and is_dequantised(value):
            return False
        if any(may_add_in_convolution(use.node) for use in uses):
            return False
        if len(uses) != 1:
            continue
        reader = uses[0].node
        if may_follow_in_convolution(reader) and any(
            step.node is reader and step.sliding is None for step in steps
        ):
            return False
    return True


def _piece(
    model: Model,
    frontier: Sequence[ir.Value],
    steps: Sequence[Step],
    start: int,
    end: int,
    strides: dict[str, np.ndarray],
) -> Piece:
    nodes = steps[start:end]
    own = {step.node.outputs[0] for step in nodes}
    read = dict.fromkeys(x for step in nodes for x in consumed_values(step.node) if x not in own)
    constants = constant_values(model.graph)  # dequantised weights among them
    fed = [x for x in read if x not in constants]
    images = {name for step in nodes for name in step.images}
    live = _live(model.graph, steps, end, frontier)
    outputs = [x for x in live if x in own]
    part = extract(model, fed, outputs)
    _free_sizes(part, images)
    everything = [*fed, *own, *live]
    return Piece(
        steps=nodes,
        inputs=tuple(x.name or "" for x in fed if x.name in images),
        outputs=tuple(x.name or "" for x in outputs),
        others=tuple(x.name or "" for x in fed if x.name not in images),
        passed=tuple(x.name or "" for x in live if x not in own),
        sizes={x.name or "": np.array(size) for x in everything if (size := spatial_size(x))},
        strides={x.name or "": strides[x.name or ""] for x in everything if x.name in strides},
        model=part,
        work=sum(map(_work, nodes)),
    )


def _free_sizes(part: Model, images: set[str]) -> None:
    for node in part.graph:
        if node.op_type == "Resize" and len(node.inputs) > 3:
            _give_scales(part.graph, node)
    for value in part.graph.inputs:
        if value.name in images and value.shape is not None:
            value.shape = ir.Shape(["lanes", value.shape[1], None, None])
    for node in part.graph:
        for value in node.outputs:
            value.shape = None


def _give_scales(graph: ir.Graph, node: ir.Node) -> None:
    """Say how many times as large a Resize makes an image, in place of how large."""
    before, after = spatial_size(node.inputs[0]), spatial_size(node.outputs[0])
    if before is None or after is None:
        return
    scales = np.array([1, 1, after[0] / before[0], after[1] / before[1]], np.float32)
    value = ir.Value(name=f"{node.outputs[0].name}/scales")
    value.const_value = ir.Tensor(scales, name=value.name)
    graph.register_initializer(value)
    node.resize_inputs(3)
    node.replace_input_with(2, value)


def _work(step: Step) -> float:
    spreads = isinstance(step.sliding, Spreading)
    made = step.node.outputs[0]
    size = spatial_size(step.node.inputs[0] if spreads else made) or (0, 0)
    places = float(size[0] * size[1])
    if step.node.op_type in WEIGHTS:
        weights = step.node.inputs[WEIGHTS[step.node.op_type]]
        shape = None if weights is None else weights.shape
        return places * float(np.prod(shape.numpy())) if shape is not None else 0.0
    channels = made.shape[1] if made.shape else 1
    kernel = 1 if step.sliding is None else int(np.prod(step.sliding.kernel))
    return places * kernel * (channels if isinstance(channels, int) else 1)

"""Finds the pieces of a model that windows pass, one after the other."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np

from onnxfi.graph import Model, constant_values, consumed_values
from onnxfi.onnx_ir import ir
from onnxfi.suffix.cuts import (
    is_dequantised,
    may_add_in_convolution,
    may_follow_in_convolution,
)
from onnxfi.suffix.windows.piece import Piece
from onnxfi.suffix.windows.spreading import Spreading
from onnxfi.suffix.windows.windowed_node import (
    WEIGHTS,
    WindowedNode,
    make_windowed_node,
    spatial_size,
)
from onnxfi.surgery import extract

_MOST_IMAGES = 6


def model_behind(model: Model, pieces: Sequence[Piece]) -> Model:
    """Return the part of a model that follows its first pieces; it may have no nodes.

    Args:
        model: the model.
        pieces: the first of its pieces, at least one.
    """
    cut = {*pieces[-1].outputs, *pieces[-1].passed}
    graph = model.graph
    done = {x.ir_node for piece in pieces for x in piece.nodes}
    left = [node for node in graph if node not in done]
    read = {value for node in left for value in consumed_values(node)}
    values = (*graph.inputs, *(x for node in done for x in node.outputs))
    inputs = [x for x in values if x in read and (x.name in cut or x in graph.inputs)]
    return extract(model, inputs, [x for x in graph.outputs if x.name not in cut])


def find_pieces(model: Model, changed: Iterable[str]) -> list[Piece]:
    """Find the pieces that follow images that may differ from golden.

    A piece ends where few images are read later, and where ONNX Runtime does not merge a node with
    its producer. So a piece computes the bits that the model computes.

    Args:
        model: the model; it is left as it is.
        changed: names of its inputs that may differ from golden.

    Returns:
        The pieces, in the order in which they run; none if the inputs are not images.
    """
    graph = model.graph
    names = set(changed)
    entry = [value for value in graph.inputs if value.name in names]
    if any(spatial_size(value) != spatial_size(entry[0]) for value in entry):
        return []
    if not entry or spatial_size(entry[0]) is None:
        return []
    grids = {value.name or "": np.array([Fraction(1)] * 2) for value in entry}
    windowed = _windowed_nodes(model, entry, grids)
    strides = _whole_numbers(grids)
    found, start = [], 0
    for end in range(1, len(windowed) + 1):
        # Only nodes that spread changes need windows larger than the changes.
        some = windowed[start:end]
        apart = end == len(windowed) or (_spreads(windowed[start : end + 1]) and _slides(some))
        if apart and _may_end(graph, windowed, end, entry):
            found.append(_piece(model, entry, windowed, start, end, strides))
            start = end
    return found


def _spreads(windowed: Sequence[WindowedNode]) -> bool:
    return any(x.sliding is not None and bool(x.sliding.reach.any()) for x in windowed)


def _slides(windowed: Sequence[WindowedNode]) -> bool:
    return any(x.sliding is not None for x in windowed)


def _windowed_nodes(
    model: Model, entry: Sequence[ir.Value], strides: dict[str, np.ndarray]
) -> list[WindowedNode]:
    reached, lost = set(entry), set[ir.Value]()
    windowed = []
    for node in model.graph:
        read = [*consumed_values(node)]
        one = None
        if any(x in reached for x in read) and not any(x in lost for x in read):
            one = make_windowed_node(node, reached)
        if one is not None and _fits(model, one, reached, strides):
            windowed.append(one)
            reached.add(node.outputs[0])
        elif any(x in reached or x in lost for x in read):
            lost.update(node.outputs)
    return windowed


def _fits(
    model: Model, one: WindowedNode, reached: set[ir.Value], strides: dict[str, np.ndarray]
) -> bool:
    """Return whether a node's inputs are known and lie on one grid; add its grids to `strides`."""
    images = [x for x in one.ir_node.inputs if x is not None and x.name in one.images]
    if any(x not in reached and x not in model.graph.inputs for x in images):
        return False
    known = [strides[name] for name in one.images if name in strides]
    if not known or any((x != known[0]).any() for x in known):
        return False
    for name in one.images:
        strides.setdefault(name, known[0])
    strides[one.output] = known[0] if one.sliding is None else one.sliding.grid(known[0])
    return True


def _whole_numbers(grids: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the strides of grids as whole multiples of the finest one."""
    unit = np.lcm.reduce([[x.denominator for x in grid] for grid in grids.values()], axis=0)
    return {name: (grid * unit).astype(np.int64) for name, grid in grids.items()}


def _live(
    graph: ir.Graph, windowed: Sequence[WindowedNode], end: int, entry: Sequence[ir.Value]
) -> list[ir.Value]:
    done = {one.ir_node for one in windowed[:end]}
    made = [*entry, *(one.ir_node.outputs[0] for one in windowed[:end])]
    return [x for x in made if x.is_graph_output() or any(use.node not in done for use in x.uses())]


def _may_end(
    graph: ir.Graph, windowed: Sequence[WindowedNode], end: int, entry: Sequence[ir.Value]
) -> bool:
    live = _live(graph, windowed, end, entry)
    if len(live) > _MOST_IMAGES:
        return False
    for value in live:
        uses = list(value.uses())
        if value in entry:
            continue
        if uses and is_dequantised(value):
            return False
        if any(may_add_in_convolution(use.node) for use in uses):
            return False
        if len(uses) != 1:
            continue
        reader = uses[0].node
        if may_follow_in_convolution(reader) and any(
            one.ir_node is reader and one.sliding is None for one in windowed
        ):
            return False
    return True


def _piece(
    model: Model,
    entry: Sequence[ir.Value],
    windowed: Sequence[WindowedNode],
    start: int,
    end: int,
    strides: dict[str, np.ndarray],
) -> Piece:
    nodes = windowed[start:end]
    own = {one.ir_node.outputs[0] for one in nodes}
    read = dict.fromkeys(x for one in nodes for x in consumed_values(one.ir_node) if x not in own)
    constants = constant_values(model.graph)  # dequantised weights among them
    fed = [x for x in read if x not in constants]
    images = {name for one in nodes for name in one.images}
    live = _live(model.graph, windowed, end, entry)
    outputs = [x for x in live if x in own]
    part = extract(model, fed, outputs)
    _free_sizes(part, images)
    everything = [*fed, *own, *live]
    return Piece(
        nodes=nodes,
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
    """Give a Resize scales in place of output sizes."""
    before, after = spatial_size(node.inputs[0]), spatial_size(node.outputs[0])
    if before is None or after is None:
        return
    scales = np.array([1, 1, after[0] / before[0], after[1] / before[1]], np.float32)
    value = ir.Value(name=f"{node.outputs[0].name}/scales")
    value.const_value = ir.Tensor(scales, name=value.name)
    graph.register_initializer(value)
    node.resize_inputs(3)
    node.replace_input_with(2, value)


def _work(one: WindowedNode) -> float:
    spreads = isinstance(one.sliding, Spreading)
    made = one.ir_node.outputs[0]
    size = spatial_size(one.ir_node.inputs[0] if spreads else made) or (0, 0)
    places = float(size[0] * size[1])
    if one.ir_node.op_type in WEIGHTS:
        weights = one.ir_node.inputs[WEIGHTS[one.ir_node.op_type]]
        shape = None if weights is None else weights.shape
        return places * float(np.prod(shape.numpy())) if shape is not None else 0.0
    channels = made.shape[1] if made.shape else 1
    kernel = 1 if one.sliding is None else int(np.prod(one.sliding.kernel))
    return places * kernel * (channels if isinstance(channels, int) else 1)

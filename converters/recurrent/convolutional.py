"""Translates ConvLSTM1D, 2D and 3D, an LSTM of convolutions, as a Scan over the time.

The input (batch, time, rows, columns, channels) is convolved for all steps at once. The body of the
Scan adds the convolution of the previous state. The gates are in the order of Keras: input,
forget, cell, output.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import numpy_helper

from onnxfi.converters.layers.activation import apply_activation
from onnxfi.converters.layers.convolution.convolution import WINDOW_OPTIONS, filters_first
from onnxfi.converters.layers.core import transposed
from onnxfi.converters.options.known import OF_REFUSED, SAME_NUMBERS, layer_options
from onnxfi.converters.recurrent.cell import CELL_IDLE, RUN_OPTIONS
from onnxfi.converters.recurrent.layer import recurrent_arguments
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Options, WeightRole
from onnxfi.converters.translation.layer_kind import LayerKind, over_axes
from onnxfi.converters.translation.padding import same_padding, window_size
from onnxfi.converters.translation.sequences import reverse_time, sizes
from onnxfi.converters.translation.tensor import Tensor

CONVOLUTIONAL = {"ConvLSTM1D": 1, "ConvLSTM2D": 2, "ConvLSTM3D": 3}
"""The layers, with the number of axes that each convolves over."""

_FORMATS = ("channels_last", "channels_first")
# Default of the option recurrent_activation, by version of Keras.
_GATE = {2: "hard_sigmoid", 3: "sigmoid"}


def convolutional_recurrent_weights(options: Options) -> tuple[WeightRole, ...]:
    """Return the weights of ConvLSTM: two kernels, and a bias unless ``use_bias`` is false."""
    roles = (WeightRole("kernel"), WeightRole("recurrent_kernel"))
    return (*roles, WeightRole("bias")) if options.flag("use_bias", True) else roles


def translate_convolutional_recurrent(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate ConvLSTM from zeros or from given states, in either data format."""
    options = call.options
    first = options.choice("data_format", "channels_last", *_FORMATS) == "channels_first"
    arguments = recurrent_arguments(call, rank=call.axes + 3)
    if arguments.mask is not None:
        raise options.unsupported("is called with a mask")
    if len(arguments.states) not in (0, 2):
        raise call.wrong_inputs(f"2 states or none, got {len(arguments.states)}")
    sequence = graph.channels_last(arguments.sequence)
    if first:
        sequence = _moved(sequence, 2, -1, graph)
    steps = sequence.name
    if options.flag("go_backwards", False):
        steps = reverse_time(steps, graph)
    filters = options.size("filters")
    convolved, lengths = _convolve_input(call, sequence, steps, filters, graph)
    # The states are stored channels first in either data format.
    states = [
        (graph.channels_last(state) if first else graph.channels_first(state)).name
        for state in arguments.states
    ] or [_zeros(steps, (filters, *lengths), graph)] * 2
    body = graph.body()
    shape = (None, filters, *lengths)
    old = [body.add_body_input(name, shape) for name in ("hidden", "memory")]
    step = body.add_body_input("step", (None, 4 * filters, *lengths))
    new = _step(call, step, old, filters, body, graph)
    output = body.operator("Identity", new[:1])
    hidden, memory, whole = graph.operators(
        "Scan",
        [*states, convolved],
        ["hidden", "memory", "sequence"],
        body=body.build_body([*new, output], shape),
        num_scan_inputs=1,
    )
    outer = (None, *lengths, filters)

    def as_image(name: str) -> Tensor:
        if first:
            return Tensor(name, (None, filters, *lengths), channels=1)
        return Tensor(name, outer, channels_first=True)

    result = as_image(hidden)
    if options.flag("return_sequences", False):  # (time, batch, channels, …) to (batch, time, …)
        last = () if first else (2,)
        order = [1, 0, *(axis for axis in range(2, call.axes + 3) if axis not in last), *last]
        name = graph.operator("Transpose", [whole], perm=order)
        sizes_inside = (filters, *lengths) if first else (*lengths, filters)
        result = Tensor(name, (None, sequence.shape[1], *sizes_inside), channels=2 if first else -1)
    others: tuple[Tensor, ...] = ()
    if options.flag("return_state", False):
        others = (as_image(hidden), as_image(memory))
    return LayerResult(result, others=others, masks=(None,) * (1 + len(others)))


def _moved(tensor: Tensor, source: int, target: int, graph: GraphBuilder) -> Tensor:
    """Return a tensor with one axis at another place."""
    order = list(range(tensor.rank))
    axis = order.pop(source)
    order.insert(target % tensor.rank, axis)
    return transposed(tensor, order, graph)


def _convolve_input(
    call: LayerCall, sequence: Tensor, steps: str, filters: int, graph: GraphBuilder
) -> tuple[str, tuple[int, ...]]:
    """Return the convolution of all steps, (time, batch, 4 * filters, …), and its sizes."""
    options, axes = call.options, call.axes
    channels = call.features(sequence)
    inner = [length for length in sequence.shape[2:-1] if length is not None]
    if len(inner) != axes:
        raise options.unsupported(f"runs over images of unknown size, {sequence.shape}")
    size = options.per_axis("kernel_size", axes)
    strides = options.per_axis("strides", axes, 1)
    dilation = options.per_axis("dilation_rate", axes, 1)
    padding = options.choice("padding", "valid", "valid", "same")
    pads = same_padding(inner, size, strides, dilation) if padding == "same" else {}
    lengths = tuple(
        window_size(*entry, padding) or 0
        for entry in zip(inner, size, strides, dilation, strict=True)
    )
    path = call.weights_path
    kernel = filters_first(call.weight("kernel", (*size, channels, 4 * filters)))
    inputs = [graph.weight(path, "kernel", kernel)]
    if "bias" in call.weights:
        inputs.append(graph.weight(path, "bias", call.weight("bias", (4 * filters,))))
    # (batch, time, …, channels) to (time, batch, channels, …), then both first axes as one.
    order = [1, 0, axes + 2, *range(2, axes + 2)]
    turned = graph.operator("Transpose", [steps], perm=order)
    flat = graph.integers("flat", [-1, channels, *inner])
    images = graph.operator("Reshape", [turned, flat])
    convolved = graph.operator(
        "Conv", [images, *inputs], kernel_shape=size, strides=strides, dilations=dilation, **pads
    )
    outer = sizes(turned, 0, 2, graph)
    target = [outer, graph.integers("image", [4 * filters, *lengths])]
    shape = graph.operator("Concat", target, axis=0)
    return graph.operator("Reshape", [convolved, shape]), lengths


def _step(
    call: LayerCall,
    step: str,
    states: Sequence[str],
    filters: int,
    body: GraphBuilder,
    graph: GraphBuilder,
) -> list[str]:
    """Return the new states; `step` is the convolved input of the step."""
    hidden, memory = states
    size = call.options.per_axis("kernel_size", call.axes)
    stored = call.weight("recurrent_kernel", (*size, filters, 4 * filters))
    kernel = graph.weight(call.weights_path, "recurrent_kernel", filters_first(stored))
    # Always padding same with strides of 1, which does not depend on the sizes.
    ones = (1,) * call.axes
    pads = same_padding(size, size, ones, ones)
    recurrent = body.operator("Conv", [hidden, kernel], kernel_shape=size, **pads)
    total = body.operator("Add", [step, recurrent])
    parts = body.integers("sizes", [filters] * 4)
    names = [f"gate_{i}" for i in range(4)]
    enter, forget, candidate, leave = body.operators("Split", [total, parts], names, axis=1)

    def activated(name: str, key: str, default: Any) -> str:
        source = Tensor(name, (None,) * (call.axes + 2), channels_first=True)
        activation = call.options.values.get(key, default)
        return apply_activation(call.options, activation, source, body).name

    def gate(name: str) -> str:
        return activated(name, "recurrent_activation", _GATE[call.options.keras_major])

    kept = body.operator("Mul", [gate(forget), memory])
    added = body.operator("Mul", [gate(enter), activated(candidate, "activation", "tanh")])
    memory = body.operator("Add", [kept, added])
    hidden = body.operator("Mul", [gate(leave), activated(memory, "activation", "tanh")])
    return [hidden, memory]


def _zeros(sequence: str, shape: Sequence[int], graph: GraphBuilder) -> str:
    """Return zeros of a shape for each sample of a sequence."""
    target = [sizes(sequence, 0, 1, graph), graph.integers("image", shape)]
    zero = numpy_helper.from_array(np.zeros(1, graph.float_type))
    shaped = graph.operator("Concat", target, axis=0)
    return graph.operator("ConstantOfShape", [shaped], value=zero)


LAYERS: Mapping[str, LayerKind] = over_axes(
    "ConvLSTM{}",
    LayerKind(
        translate=translate_convolutional_recurrent,
        options=layer_options(
            *WINDOW_OPTIONS,
            *RUN_OPTIONS,
            *("filters", "activation", "recurrent_activation", "use_bias"),
            fixed={"time_major": False},
            idle={**CELL_IDLE, "unroll": SAME_NUMBERS, "zero_output_for_mask": OF_REFUSED},
        ),
        weights=convolutional_recurrent_weights,
        arguments=("initial_state",),
        own_data_format=True,
    ),
)
"""The layers of this module, by class."""

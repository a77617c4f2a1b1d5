"""Translates LSTM, GRU, SimpleRNN, and RNN of one cell or of stacked cells.

The output is in the layout of Keras: (batch, time, units), or (batch, units). A layer that goes
backwards reads its sequence from the end, so its first output belongs to the last step. A stateful
layer starts every run of the model from zeros, like Keras after ``reset_states``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from onnxfi.converters.keras_files.values import leaves
from onnxfi.converters.options.known import KnownOptions, layer_options
from onnxfi.converters.recurrent.cell import (
    CELL_IDLE,
    GRU_OPTIONS,
    LSTM_OPTIONS,
    RUN_OPTIONS,
    SIMPLE_OPTIONS,
    Cell,
    build_cell,
    cell_options,
)
from onnxfi.converters.recurrent.keras_mask import (
    FrontSteps,
    kept_states,
    move_to_front,
    spread,
    zero_unless,
)
from onnxfi.converters.recurrent.operators import Run, run_operator
from onnxfi.converters.recurrent.steps import run_steps
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Options, WeightRole
from onnxfi.converters.translation.layer_kind import LayerKind
from onnxfi.converters.translation.sequences import last_step, reverse_time
from onnxfi.converters.translation.tensor import Tensor


@dataclass(frozen=True, slots=True)
class RecurrentArguments:
    """The arguments of a recurrent layer.

    Attributes:
        sequence: (batch, time, features).
        states: its first states, (batch, units) each; empty for zeros.
        mask: the Keras mask, of the steps that it reads: bool, (batch, time); None for all.
    """

    sequence: Tensor
    states: tuple[Tensor, ...]
    mask: Tensor | None


def recurrent_weights(options: Options) -> tuple[WeightRole, ...]:
    """Return the weights of a recurrent layer: the kernels and bias of each cell."""
    return tuple(role for cell in cell_options(options) for role in cell.roles())


def recurrent_arguments(call: LayerCall, *, rank: int = 3) -> RecurrentArguments:
    """Return the arguments of a recurrent layer or a Bidirectional.

    Keras 2 passes the first states behind the sequence, Keras 3 in ``initial_state``. In a call
    with states, Keras 3 ignores a Keras mask that the sequence carries.

    Args:
        call: the call.
        rank: rank of the sequence: 3, more if its steps are images.

    Raises:
        ModelFormatError: the sequence is missing or of another rank.
        UnsupportedLayerError: the layer is called on constants.
    """
    given = call.keywords.get("initial_state")
    states = (*call.inputs[1:], *leaves(given, Tensor))
    if call.options.get("num_constants") or (given is not None and not states):
        raise call.options.unsupported("is called on constants")
    sequence = call.first_input(rank=rank)
    mask = call.mask_of(sequence)
    if states and call.options.keras_major == 3 and not call.explicit_mask:
        mask = None
    if mask is not None and mask.rank != 2:
        raise call.options.unsupported(f"gets a mask of the shape {mask.shape}")
    return RecurrentArguments(sequence, states, mask)


def translate_recurrent(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate LSTM, GRU, SimpleRNN and RNN."""
    options = call.options
    if options.flag("time_major", False):
        raise options.unsupported("has the time as its first axis (time_major=True)")
    unrolled = options.flag("unroll", False)
    zeroed = options.flag("zero_output_for_mask", False)
    arguments = recurrent_arguments(call)
    cells = _cells(call, arguments)
    steps = graph.channels_last(arguments.sequence).name
    mask = None if arguments.mask is None else arguments.mask.name
    if options.flag("go_backwards", False):
        steps = reverse_time(steps, graph)
        mask = mask and reverse_time(mask, graph)
    front = None if mask is None else move_to_front(steps, mask, graph)
    run, states = _run_cells(call, cells, arguments, steps, front, graph)
    if options.flag("return_sequences", False):
        output = run.sequence if front is None else spread(run.sequence, front, graph)
        shape: tuple[int | None, ...] = (None, arguments.sequence.shape[1], cells[-1].units)
        passed = call.mask_of(arguments.sequence)
    else:
        # If no step counts, the output is zero for any first state.
        (output,) = kept_states(run.states[:1], (), front, graph)
        shape = (None, cells[-1].units)
        passed = None
    if mask is not None and zeroed:
        output = _zero_left_out_steps(call, output, mask, graph, unrolled=unrolled)
    return LayerResult(Tensor(output, shape), others=states, masks=(passed,))


def _cells(call: LayerCall, arguments: RecurrentArguments) -> tuple[Cell, ...]:
    features = call.features(arguments.sequence)
    cells = []
    for cell in cell_options(call.options):
        cells.append(build_cell(cell, features, call.weight, call.weights_path))
        features = cells[-1].units
    count = sum(cell.state_count for cell in cells)
    if len(arguments.states) not in (0, count):
        raise call.wrong_inputs(f"{count} states or none, got {len(arguments.states)}")
    return tuple(cells)


def _run_cells(
    call: LayerCall,
    cells: Sequence[Cell],
    arguments: RecurrentArguments,
    steps: str,
    front: FrontSteps | None,
    graph: GraphBuilder,
) -> tuple[Run, tuple[Tensor, ...]]:
    """Run each cell on the output of the one below.

    Returns:
        The run of the top cell, and the last states of all cells if the layer returns them.
    """
    with_sequence = call.options.flag("return_sequences", False)
    with_states = call.options.flag("return_state", False)
    run = Run(steps if front is None else front.sequence, ())
    given = iter(arguments.states)
    states: list[Tensor] = []
    for number, cell in enumerate(cells, 1):
        top = number == len(cells)
        first = [state.name for state in islice(given, cell.state_count)]
        lengths = None if front is None else front.lengths
        if cell.onnx_activations() is None:
            run = run_steps(cell, run.sequence, first, lengths, graph)
        else:
            run = run_operator(
                cell,
                run.sequence,
                first,
                lengths,
                graph,
                with_sequence=with_sequence or not top,
                states_wanted=cell.state_count if with_states else int(top and not with_sequence),
            )
        if with_states:
            last = kept_states(run.states, first, front, graph)
            states += [Tensor(state, (None, cell.units)) for state in last]
    return run, tuple(states)


def _zero_left_out_steps(
    call: LayerCall, output: str, mask: str, graph: GraphBuilder, *, unrolled: bool
) -> str:
    """Return the output, with zeros where the Keras mask, in the order of the steps, is false."""
    if not call.options.flag("return_sequences", False):
        inputs = [last_step(mask, graph), output, graph.numbers("zero", 0)]
        return graph.operator("Where", inputs)
    if unrolled and call.options.flag("go_backwards", False):
        # If Keras unrolls the loop, it reads the mask in the order of the input.
        mask = reverse_time(mask, graph)
    return zero_unless(mask, output, graph)


_LOOP_OPTIONS = (*RUN_OPTIONS, "unroll", "zero_output_for_mask", "time_major", "num_constants")


def _recurrent(options: KnownOptions) -> LayerKind:
    """Return the row of a recurrent layer."""
    return LayerKind(
        translate=translate_recurrent,
        options=options,
        weights=recurrent_weights,
        arguments=("initial_state",),
    )


LAYERS: Mapping[str, LayerKind] = {
    "GRU": _recurrent(layer_options(*GRU_OPTIONS, *_LOOP_OPTIONS, idle=CELL_IDLE)),
    "LSTM": _recurrent(layer_options(*LSTM_OPTIONS, *_LOOP_OPTIONS, idle=CELL_IDLE)),
    "RNN": _recurrent(layer_options("cell", *_LOOP_OPTIONS)),
    "SimpleRNN": _recurrent(layer_options(*SIMPLE_OPTIONS, *_LOOP_OPTIONS, idle=CELL_IDLE)),
}
"""The layers of this module, by class."""

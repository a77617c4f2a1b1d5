"""Make the reference files of the tests of recurrent layers and attention.

Needs the extra ``keras``. Run it from the root of the repository:

    python -m tools.make_sequence_references

For each model ``M`` of Keras 2 (``_k2``, tf_keras) and Keras 3 (``_k3``) it writes into
tests/converters/data/ the file ``M.h5`` and ``M.npz`` with the arrays

- ``input:NAME``    a batch of two for each input of the model;
- ``output:I``      output I of the model on them;
- ``layer:PATH``    each output of each layer call on them, in the layout of Keras;
- ``change:PATH``   a flat index into that output, and a value to write there;
- ``faulty:I:PATH`` output I of the model when the layer returns that instead.

All values come from Keras run eagerly, on the model in memory: Keras 3 cannot load a .h5 with masks
that it wrote itself. Inside a TimeDistributed of Keras 3, nothing is changed, as Keras runs what is
in there step by step.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tf_keras

from tools.keras_recorder import run_watched

DATA = Path(__file__).resolve().parent.parent / "tests" / "converters" / "data"
FAMILIES = {"k2": tf_keras, "k3": keras}
MASKED = 0.5  # the value of a masked step, which Masking looks for


def recurrent(k: Any) -> Any:
    """Return an encoder and a decoder of all recurrent layers, with states passed between them."""
    layers = k.layers
    source = layers.Input((5, 3), name="source")
    target = layers.Input((4, 2), name="target")
    x = layers.LSTM(3, return_sequences=True, name="lstm")(source)
    x = layers.GRU(3, return_sequences=True, reset_after=False, name="gru_before")(x)
    x = layers.GRU(2, return_sequences=True, go_backwards=True, name="gru_backwards")(x)
    x = layers.SimpleRNN(3, return_sequences=True, activation="relu", name="simple")(x)
    x = layers.LSTM(
        2, recurrent_activation="hard_sigmoid", activation="elu", return_sequences=True, name="hard"
    )(x)
    x = layers.LSTM(2, activation="swish", unroll=True, return_sequences=True, name="swish")(x)
    x = layers.GRU(3, activation="gelu", return_sequences=True, use_bias=False, name="gelu")(x)
    _, hidden, memory = layers.LSTM(3, return_state=True, name="encoder")(x)
    decoder = layers.LSTM(3, return_sequences=True, return_state=True, name="decoder")
    y, hidden, _ = decoder(target, initial_state=[hidden, memory])
    y = layers.GRU(3, return_sequences=True, name="second")(y, initial_state=hidden)
    return k.Model([source, target], layers.Dense(2, name="out")(y), name="recurrent")


def wrapped(k: Any) -> Any:
    """Return a model of Bidirectional in its merge modes, of stacked cells and TimeDistributed."""
    layers = k.layers
    frames = layers.Input((4, 5, 2), name="frames")
    steps = k.Sequential(
        [
            layers.Input((5, 2)),
            layers.BatchNormalization(name="norm"),
            layers.GRU(3, name="gru"),
            layers.Dense(3, activation="tanh", name="dense"),
        ],
        name="steps",
    )
    x = layers.TimeDistributed(steps, name="each_frame")(frames)
    x = layers.TimeDistributed(layers.Dense(4, name="dense"), name="each_step")(x)
    both = layers.Bidirectional(layers.LSTM(2, return_sequences=True, name="lstm"), name="concat")
    x = layers.Add(name="twice")([both(x), both(layers.Dense(4, name="dense")(x))])
    x = layers.Bidirectional(
        layers.SimpleRNN(3, return_sequences=True, name="rnn"), merge_mode="sum", name="sum"
    )(x)
    x = layers.Bidirectional(
        layers.GRU(3, return_sequences=True, name="gru"),
        backward_layer=layers.GRU(
            3, activation="relu", go_backwards=True, return_sequences=True, name="backward_relu"
        ),
        merge_mode="mul",
        name="mul",
    )(x)
    cells = [layers.LSTMCell(2), layers.GRUCell(3), layers.SimpleRNNCell(2)]
    x = layers.RNN(cells, return_sequences=True, name="stack")(x)
    pair = layers.Bidirectional(layers.LSTM(2, return_state=True), merge_mode=None, name="none")(x)
    last = layers.Bidirectional(layers.GRU(2), merge_mode="ave", name="ave")(x)
    x = layers.Concatenate(name="join")([*pair, last])
    return k.Model(frames, layers.Dense(2, name="out")(x), name="wrapped")


def masked(k: Any) -> Any:
    """Return a model that passes masks through most layers that heed them."""
    layers = k.layers
    tokens = layers.Input((6,), dtype="int32", name="tokens")
    series = layers.Input((6, 3), name="series")
    x = layers.Embedding(8, 3, mask_zero=True, name="embedding")(tokens)
    y = layers.Masking(MASKED, name="masking")(series)
    y = layers.Dropout(0.2, name="dropout")(y)
    both = [
        layers.Add(name="add")([x, y]),
        layers.Multiply(name="multiply")([x, y]),
        layers.Maximum(name="maximum")([x, y]),
    ]
    z = layers.Concatenate(name="join")(both)
    z = layers.Bidirectional(layers.LSTM(2, return_sequences=True, name="lstm"), name="both")(z)
    z = layers.TimeDistributed(layers.Dense(3, name="dense"), name="each_step")(z)
    z = layers.Concatenate(axis=1, name="longer")([z, x])
    z = layers.GRU(3, return_sequences=True, go_backwards=True, name="backwards")(z)
    z, hidden, memory = layers.LSTM(3, return_state=True, name="states")(z)
    w = layers.LSTM(3, return_sequences=True, activation="swish", name="steps")(y)
    w = layers.SimpleRNN(3, name="simple")(w)
    w = layers.Add(name="sum")([z, hidden, memory, w])
    return k.Model([tokens, series], layers.Dense(2, name="out")(w), name="masked")


def attention(k: Any) -> Any:
    """Return an encoder with attention to itself, and a decoder with attention to it."""
    layers = k.layers
    source = layers.Input((5,), dtype="int32", name="source")
    target = layers.Input((4, 4), name="target")
    x = layers.Embedding(8, 4, mask_zero=True, name="embedding")(source)
    own = layers.MultiHeadAttention(2, 3, name="own")(x, x)
    x = layers.LayerNormalization(name="norm")(layers.Add(name="add")([x, own]))
    x = layers.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d", activation="relu", name="mix")(
        x
    )
    y = layers.MultiHeadAttention(2, 2, use_bias=False, dropout=0.1, name="causal")(
        target, target, use_causal_mask=True
    )
    y, scores = layers.MultiHeadAttention(2, 3, value_dim=2, output_shape=3, name="cross")(
        y, x, return_attention_scores=True
    )
    dots = layers.Attention(use_scale=True, name="dots")([y, layers.Dense(3, name="keys")(x)])
    sums = layers.AdditiveAttention(name="sums")([y, dots, y])
    heads = layers.EinsumDense("abc,cde->adeb", (2, 3, 4), bias_axes="e", name="heads")(sums)
    return k.Model([source, target], [layers.Flatten(name="out")(heads), scores], name="attention")


def text(k: Any) -> Any:
    """Return a Sequential text classifier; Keras 2 gives its Embedding the length of the text."""
    layers = k.layers
    start = [] if k is tf_keras else [layers.Input((6,), name="words")]
    first = {"input_length": 6} if k is tf_keras else {}
    return k.Sequential(
        [
            *start,
            layers.Embedding(8, 3, mask_zero=True, name="embedding", **first),
            layers.Bidirectional(layers.LSTM(2, return_sequences=True, name="lstm"), name="both"),
            layers.Dropout(0.3, name="dropout"),
            layers.GRU(3, dropout=0.1, recurrent_dropout=0.1, name="gru"),
            layers.Dense(1, activation="sigmoid", name="out"),
        ],
        name="text",
    )


MODELS: tuple[Callable[[Any], Any], ...] = (recurrent, wrapped, masked, attention, text)


def randomise(model: Any, rng: np.random.Generator) -> None:
    """Replace all weights, as initial biases and statistics would hide a mistake."""
    for variable in model.weights:
        if "int" in str(variable.dtype):
            continue
        value = rng.normal(0, 0.5, variable.shape)
        if "gamma" in variable.name or "variance" in variable.name:
            value = rng.uniform(0.5, 1.5, variable.shape)
        variable.assign(value.astype(np.float32))
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):  # Normalization computes with a copy
            layer.finalize_state()


def random_input(tensor: Any, rng: np.random.Generator) -> Any:
    """Return two random sequences of which some steps are masked, also one at the start."""
    dtype = np.dtype(getattr(tensor.dtype, "name", tensor.dtype))
    shape = (2, *tensor.shape[1:])
    skipped = rng.random(shape[:2]) < 0.4
    skipped[0, 0] = True
    if dtype.kind == "u":
        return rng.integers(0, 256, shape).astype(dtype)
    if dtype.kind == "i" or len(shape) == 2:
        return np.where(skipped, 0, rng.integers(1, 8, shape)).astype(dtype)
    values = rng.normal(size=shape)
    values[skipped] = MASKED
    return values.astype(dtype)


def faults(
    k: Any,
    model: Any,
    inputs: list[Any],
    seen: Any,
    rng: np.random.Generator,
    count: int | None,
) -> Any:
    """Yield what the model returns when one value of a layer's output is another.

    With a `count`, that many layers are taken at random, and every attention's scores.
    """
    hidden = tuple(
        f"{layer.name}/"
        for layer in model.layers
        if type(layer).__name__ == "TimeDistributed" and k is keras
    )
    paths = [x for x, value in seen.items() if value.dtype.kind == "f"]
    paths = [path for path in paths if not path.startswith(hidden)]
    if count is not None:
        scores = [path for path in paths if path.endswith("/softmax")]
        paths = sorted({*scores, *rng.permutation(paths)[:count].tolist()})
    for path in paths:
        value = seen[path]
        index, new = int(rng.integers(value.size)), float(rng.uniform(2, 4))

        def change(array: Any, index: int = index, new: float = new) -> Any:
            array.reshape(-1)[index] = new
            return array

        yield f"change:{path}", np.array([index, new])
        results, _ = run_watched(k, model, inputs, {path: change})
        for i, result in enumerate(results):
            yield f"faulty:{i}:{path}", result


def write_reference(
    path: Path,
    family: str,
    build: Callable[[Any], Any],
    rng: np.random.Generator,
    *,
    fault_count: int | None = None,
) -> Any:
    """Write a model and what Keras computes with it; return the model.

    Args:
        path: the .h5 file; the arrays go into the .npz beside it.
        family: ``k2`` or ``k3``.
        build: returns the model, built with the Keras that it gets.
        rng: where the weights, the inputs and the faults come from.
        fault_count: how many layers get a fault; None for all of them.
    """
    k = FAMILIES[family]
    k.backend.clear_session()
    model = build(k)
    randomise(model, rng)
    model.save(path)
    names = [tensor.name.split(":")[0] for tensor in model.inputs]
    inputs = [random_input(tensor, rng) for tensor in model.inputs]
    outputs, seen = run_watched(k, model, inputs)
    arrays = {f"input:{name}": x for name, x in zip(names, inputs, strict=True)}
    arrays |= {f"output:{i}": y for i, y in enumerate(outputs)}
    arrays |= {f"layer:{name}": y for name, y in seen.items()}
    arrays |= dict(faults(k, model, inputs, seen, rng, fault_count))
    np.savez_compressed(path.with_suffix(".npz"), **arrays)
    return model


def main() -> None:
    """Write all files."""
    for family in FAMILIES:
        for build in MODELS:
            path = DATA / f"{build.__name__}_{family}.h5"
            write_reference(path, family, build, np.random.default_rng(7))
            print(path.name, path.stat().st_size, path.with_suffix(".npz").stat().st_size)


if __name__ == "__main__":
    main()

"""Write random models of recurrent layers and attention, and what Keras computes with them.

    python -m tests.support.models.random_sequence_models FAMILY FOLDER COUNT

For each number up to COUNT it writes into FOLDER the files N.h5 and N.keras, and N.npz with the
arrays that tools/make_sequence_references.py describes. It is a program of its own, because
TensorFlow would stay in the process of the tests.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from tools.make_sequence_references import MASKED, write_reference


class RandomModel:
    """A chain of random layers on sequences.

    Args:
        k: the Keras to build with.
        rng: where the choices come from.
    """

    def __init__(self, k: Any, rng: np.random.Generator) -> None:
        """Start without layers."""
        self.k = k
        self.layers = k.layers
        self.rng = rng

    def build(self) -> Any:
        """Return the model."""
        layers = self.layers
        time = int(self.rng.integers(3, 6))
        masked = self.chance(0.5)
        if self.chance(0.5):
            source = layers.Input((time,), dtype="int32", name="source")
            x = layers.Embedding(8, self.size(), mask_zero=masked)(source)
        else:
            source = layers.Input((time, self.size()), name="source")
            x = layers.Masking(MASKED)(source) if masked else source
        outputs = []
        for _ in range(int(self.rng.integers(3, 6))):
            x = self.step(x)
        last = self.recurrent(return_state=self.chance(0.5))(x)
        outputs += list(last) if isinstance(last, list | tuple) else [last]
        return self.k.Model(source, [layers.Dense(2)(outputs[0]), *outputs[1:], x])

    def step(self, x: Any) -> Any:
        """Return a sequence after one more random layer."""
        layers = self.layers
        size = self.size()
        kind = self.pick("recurrent", "recurrent", "both", "stack", "attention", "dense", "other")
        if kind == "recurrent":
            return self.recurrent(return_sequences=True)(x)
        if kind == "both":
            mode = self.pick("concat", "sum", "mul", "ave")
            inner = self.recurrent(return_sequences=True, backwards=False)
            return layers.Bidirectional(inner, merge_mode=mode)(x)
        if kind == "stack":
            # Keras 3 fails on one cell in a list, with a mask.
            cells = [self.cell() for _ in range(int(self.rng.integers(2, 4)))]
            return layers.RNN(cells, return_sequences=True)(x)
        if kind == "attention":
            heads = layers.MultiHeadAttention(
                int(self.rng.integers(1, 4)),
                size,
                value_dim=self.pick(None, self.size()),
                use_bias=self.chance(0.5),
                dropout=self.pick(0.0, 0.2),
            )
            y = heads(x, x, use_causal_mask=self.chance(0.5))
            return layers.Add()([x, y]) if self.chance(0.5) else y
        if kind == "dense":
            dense = layers.Dense(size, activation=self.activation(), use_bias=self.chance(0.5))
            return layers.TimeDistributed(dense)(x) if self.chance(0.5) else dense(x)
        if self.chance(0.5):
            return layers.Attention(use_scale=self.chance(0.5))([x, x])
        return layers.BatchNormalization()(layers.Dropout(0.2)(x))

    def recurrent(self, *, backwards: bool = True, **options: Any) -> Any:
        """Return a random recurrent layer."""
        layers = self.layers
        if backwards:
            options["go_backwards"] = self.chance(0.3)
        options["unroll"] = self.chance(0.2)
        kind = self.pick("LSTM", "GRU", "SimpleRNN")
        return getattr(layers, kind)(self.size(), **self.cell_options(kind), **options)

    def cell(self) -> Any:
        """Return a random cell."""
        kind = self.pick("LSTM", "GRU", "SimpleRNN")
        return getattr(self.layers, f"{kind}Cell")(self.size(), **self.cell_options(kind))

    def cell_options(self, kind: str) -> dict[str, Any]:
        """Return random options that a layer and its cell share."""
        options = {"activation": self.activation(), "use_bias": self.chance(0.7)}
        if kind != "SimpleRNN":
            options["recurrent_activation"] = self.pick("sigmoid", "hard_sigmoid", "tanh")
        if kind == "GRU":
            options["reset_after"] = self.chance(0.5)
        return options

    def activation(self) -> str:
        """Return the name of a random activation, mostly the usual one."""
        usual = ("tanh",) * 4
        return str(self.pick(*usual, "relu", "linear", "softsign", "elu", "swish", "gelu"))

    def size(self) -> int:
        """Return a small random size."""
        return int(self.rng.integers(2, 5))

    def chance(self, probability: float) -> bool:
        """Return true with a probability."""
        return bool(self.rng.random() < probability)

    def pick(self, *values: Any) -> Any:
        """Return one of the values."""
        return values[self.rng.integers(len(values))]


def main() -> None:
    """Write all models."""
    family, folder, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    for number in range(count):
        rng = np.random.default_rng(number)
        path = folder / f"{number}.h5"

        def build(k: Any, rng: np.random.Generator = rng) -> Any:
            return RandomModel(k, rng).build()

        write_reference(path, family, build, rng, fault_count=6).save(path.with_suffix(".keras"))


if __name__ == "__main__":
    main()

"""Makes the inputs of the steps of a decoder."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from onnxfi.errors import InputError
from onnxfi.graph import Model
from onnxfi.onnx_ir import ir

# What exports of decoders call their inputs (Optimum, ONNX Runtime GenAI), and their values in a
# step that reads `new` tokens behind `past` others.
_RULES: Mapping[str, Callable[[int, int], np.ndarray]] = {
    "attention_mask": lambda past, new: np.ones((1, past + new)),
    "position_ids": lambda past, new: np.arange(past, past + new)[None],
    "cache_position": lambda past, new: np.arange(past, past + new),
    "use_cache_branch": lambda past, new: np.array([past > 0]),
}


def decoder_inputs(
    model: Model,
    prompt: Sequence[int],
    steps: int,
    *,
    tokens: str = "input_ids",
    whole: bool = True,
) -> list[dict[str, np.ndarray]]:
    """Return the inputs of each step of greedy decoding, without the cache.

    The inputs ``attention_mask``, ``position_ids``, ``cache_position`` and ``use_cache_branch`` are
    made for a text without padding if the model has them. The tokens behind the prompt come from
    the `feedback` of `SequenceInjector`.

    Args:
        model: the decoder, which reads and writes a cache that grows.
        prompt: tokens of the prompt.
        steps: number of tokens to generate.
        tokens: the input with the tokens.
        whole: whether the first step reads the whole prompt. Otherwise each step reads one token,
            and there are ``len(prompt) - 1`` more of them.

    Raises:
        InputError: the prompt or the steps are empty, or the model has no such input.
    """
    types = {x.name or "": x.dtype for x in model.graph.inputs}
    if tokens not in types:
        raise InputError(
            f"The tokens {tokens!r} must be an input of the model. It has {', '.join(types)}."
        )
    if not prompt or steps < 1:
        raise InputError(
            "Decoding must have a prompt of at least one token and at least one step, got "
            f"{len(prompt)} tokens and {steps} steps."
        )
    read = [list(prompt)] if whole else [[x] for x in prompt]
    lengths = [len(x) for x in read] + [1] * (steps - 1)
    found: list[dict[str, np.ndarray]] = []
    past = 0
    for step, new in enumerate(lengths):
        given = {tokens: np.array([read[step]])} if step < len(read) else {}
        given |= {name: make(past, new) for name, make in _RULES.items() if name in types}
        found.append({name: _cast(x, types[name]) for name, x in given.items()})
        past += new
    return found


def _cast(array: np.ndarray, kind: ir.DataType | None) -> np.ndarray:
    return array.astype(np.int64 if kind is None else kind.numpy())

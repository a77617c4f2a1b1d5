"""Faults in decoders, against whole texts from scratch in NumPy: no cache and no sessions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import onnxfi
from onnxfi.errors import InputError
from onnxfi.sequence import (
    GoldenSequence,
    SequenceInjection,
    SequenceInjector,
    decoder_inputs,
    greedy_tokens,
)
from tools.decoder_graph import EPSILON, DecoderShape, decoder_model, random_weights

SHAPE = DecoderShape(layers=2, width=16, heads=2, positions=24, tokens=31)
WEIGHTS = random_weights(SHAPE, rng=np.random.default_rng(7))
PROMPT, STEPS = [3, 14, 15, 9, 26], 10
# Tensors of the model, and the names that `Scratch` has for them.
TARGETS = ["layer.0.mix.out", "layer.1.relu", "embedded", "present.0.key", "present.1.value"]


class Scratch:
    """Runs whole texts, and overwrites elements of one tensor in the rows of one step."""

    def __init__(self, target: str, first: int, new: int, injection: SequenceInjection) -> None:
        """Keep the fault: `new` tokens from `first` on are read in its step."""
        self.target, self.rows = target, slice(first, first + new)
        self.corruption = injection.corruption

    def logits(self, tokens: Sequence[int]) -> np.ndarray:
        """Return the scores of a whole text."""
        x = WEIGHTS["tokens"][list(tokens)] + WEIGHTS["positions"][: len(tokens)]
        x = self.hit("embedded", x)
        for at in (f"layer.{n}" for n in range(SHAPE.layers)):
            x = x + self.hit(f"{at}.mix.out", self.attention(x, at) @ WEIGHTS[f"{at}.mix"])
            inner = norm(x, f"{at}.norm2") @ WEIGHTS[f"{at}.up"]
            x = x + self.hit(f"{at}.relu", np.maximum(inner, 0)) @ WEIGHTS[f"{at}.down"]
        return np.asarray(norm(x, "norm") @ WEIGHTS["head"])

    def hit(self, name: str, x: np.ndarray) -> np.ndarray:
        """Overwrite the rows of the step, if this is the target."""
        if name == self.target and self.rows.stop <= len(x):
            x = x.copy()
            part = self.corruption.apply(np.ascontiguousarray(x[None, self.rows]))
            x[self.rows] = part[0]
        return x

    def attention(self, x: np.ndarray, at: str) -> np.ndarray:
        """Return the joined heads; rows before the fault read a cache without it."""
        inner, size = norm(x, f"{at}.norm1"), SHAPE.width // SHAPE.heads
        query, key, value = (
            (inner @ WEIGHTS[f"{at}.{name}"]).reshape(len(x), SHAPE.heads, size).swapaxes(0, 1)
            for name in ("query", "key", "value")
        )
        layer = at.removeprefix("layer.")
        keys, values = (
            self.cached(f"present.{layer}.key", key),
            self.cached(f"present.{layer}.value", value),
        )
        mixed = np.zeros((len(x), SHAPE.heads, size), np.float32)
        for row in range(len(x)):
            late = row >= self.rows.start
            for head in range(SHAPE.heads):
                seen = (keys if late else key)[head, : row + 1]
                scores = seen @ query[head, row] / np.sqrt(np.float32(size))
                powers = np.exp(scores - scores.max())
                mixed[row, head] = (
                    powers / powers.sum() @ (values if late else value)[head, : row + 1]
                )
        return mixed.reshape(len(x), -1)

    def cached(self, name: str, x: np.ndarray) -> np.ndarray:
        """Overwrite the keys or values up to the step, if this is the target."""
        if name != self.target or self.rows.stop > x.shape[1]:
            return x
        x = x.copy()
        part = self.corruption.apply(np.ascontiguousarray(x[None, :, : self.rows.stop]))
        x[:, : self.rows.stop] = part[0]
        return x


def norm(x: np.ndarray, at: str) -> np.ndarray:
    spread = np.sqrt(x.var(-1, keepdims=True) + np.float32(EPSILON))
    centred = (x - x.mean(-1, keepdims=True)) / spread
    return np.asarray(centred * WEIGHTS[f"{at}.scale"] + WEIGHTS[f"{at}.b"])


def check(injection: SequenceInjection, golden: GoldenSequence, target: str) -> bool:
    """Compare an injection with whole texts, and return whether it changed a token."""
    lengths = [x["position_ids"].shape[1] for x in golden.given]
    first = sum(lengths[: injection.step])
    scratch = Scratch(target, first, lengths[injection.step], injection)
    made, read, text = greedy_tokens(injection.outputs), 0, list(PROMPT)
    for step, new in enumerate(lengths):
        read += new
        logits = scratch.logits(text[:read])[read - new :]
        got = injection.outputs[step]["logits"][0]
        np.testing.assert_allclose(got, logits, rtol=1e-4, atol=1e-4)
        if read >= len(PROMPT):
            assert made[step] == logits[-1].argmax()
            text.append(made[step])
    return made != greedy_tokens(golden.outputs)


def injector(target: str) -> SequenceInjector:
    return SequenceInjector(
        onnxfi.load(decoder_model(SHAPE, WEIGHTS)),
        target,
        state={"present.*": "past_key_values.*"},
        feedback={"logits": "input_ids"},
        threads=1,
    )


def compare(target: str, count: int, *, whole: bool) -> None:
    # Large enough to change tokens, and small enough not to overflow.
    faults = "constant:value=40"
    with injector(target) as made:
        inputs = decoder_inputs(
            onnxfi.load(decoder_model(SHAPE, WEIGHTS)), PROMPT, STEPS, whole=whole
        )
        golden = made.golden(inputs)
        changed = [check(x, golden, target) for x in made.inject(golden, faults, count=count)]
    assert any(changed)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("whole", [True, False], ids=["whole prompt", "token by token"])
def test_faults_equal_those_in_whole_texts(target: str, whole: bool) -> None:
    compare(target, 8, whole=whole)


@pytest.mark.thorough
@pytest.mark.parametrize("target", TARGETS)
def test_many_faults_equal_those_in_whole_texts(target: str) -> None:
    compare(target, 200, whole=True)


def test_reading_the_prompt_at_once_or_by_tokens_gives_the_same_text() -> None:
    model = onnxfi.load(decoder_model(SHAPE, WEIGHTS))
    with injector("embedded") as made:
        whole, single = (
            greedy_tokens(made.golden(decoder_inputs(model, PROMPT, STEPS, whole=x)).outputs)
            for x in (True, False)
        )
    assert whole == single[len(PROMPT) - 1 :]
    assert len(whole) == STEPS


def shown(inputs: Sequence[Mapping[str, np.ndarray]]) -> list[dict[str, Any]]:
    return [{name: x.tolist() for name, x in step.items()} for step in inputs]


def test_inputs_by_rule() -> None:
    model = onnxfi.load(decoder_model(SHAPE, WEIGHTS))
    assert shown(decoder_inputs(model, [5, 6], 2)) == [
        {"input_ids": [[5, 6]], "attention_mask": [[1, 1]], "position_ids": [[0, 1]]},
        {"attention_mask": [[1, 1, 1]], "position_ids": [[2]]},
    ]
    assert shown(decoder_inputs(model, [5, 6], 1, whole=False)) == [
        {"input_ids": [[5]], "attention_mask": [[1]], "position_ids": [[0]]},
        {"input_ids": [[6]], "attention_mask": [[1, 1]], "position_ids": [[1]]},
    ]
    assert all(x.dtype == np.int64 for x in decoder_inputs(model, [5], 1)[0].values())


def test_prompts_that_do_not_fit_are_refused() -> None:
    model = onnxfi.load(decoder_model(SHAPE, WEIGHTS))
    for prompt, steps in (([], 1), ([1], 0)):
        with pytest.raises(InputError, match="at least one token and at least one step"):
            decoder_inputs(model, prompt, steps)
    with pytest.raises(InputError, match="'ids' must be an input of the model"):
        decoder_inputs(model, [1], 1, tokens="ids")


def test_tokens_end_where_a_step_failed() -> None:
    scores = {"logits": np.array([[[0.0, 1.0], [3.0, 2.0]]])}
    unknown = {"logits": np.array([[np.nan, 1.0]])}
    assert greedy_tokens([scores, unknown, {}]) == (0, 1)
    with pytest.raises(InputError, match="must be an output of each step"):
        greedy_tokens([scores], "scores")
    with pytest.raises(InputError, match="one sample"):
        greedy_tokens([{"logits": np.zeros((2, 3))}])


def test_another_size_has_its_own_weights() -> None:
    wide = replace(SHAPE, layers=3)
    assert len(wide.weights()) > len(SHAPE.weights())

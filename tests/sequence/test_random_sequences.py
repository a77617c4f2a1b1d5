"""Faults in random recurrent graphs, against running whole sequences unoptimised and not split."""

import numpy as np
import onnx
import pytest
from onnx import helper

import onnxfi
from onnxfi.sequence import Lifetime, SequenceInjector
from tests.sequence.whole_sequences import Brute, made, value

STEPS, SIZE = 6, 5
UNARY = ("Tanh", "Relu", "Sigmoid", "Neg", "MatMul")
BINARY = ("Add", "Sub", "Mul", "Max")
LIFETIMES = (Lifetime(), Lifetime("permanent"), Lifetime("until", steps=2))


def random_model(rng: np.random.Generator, states: int) -> tuple[onnx.ModelProto, list[str]]:
    """Draw a graph in which each output depends on drawn tensors; return its activations, too."""
    tensors, nodes, weights = ["x", *(f"h{n}" for n in range(states))], [], {}
    for number in range(int(rng.integers(4, 9))):
        name = f"t{number}"
        if rng.random() < 0.5:
            op, read = str(rng.choice(UNARY)), [str(rng.choice(tensors))]
        else:
            op, read = str(rng.choice(BINARY)), [str(x) for x in rng.choice(tensors, 2)]
        if op == "MatMul":
            weights[f"w{number}"] = rng.normal(0, 0.5, (SIZE, SIZE)).astype(np.float32)
            read.append(f"w{number}")
        nodes.append(helper.make_node(op, read, [name], name=f"node{number}"))
        tensors.append(name)
    inner = tensors[1 + states :]
    outputs = ["y", *(f"h{n}_out" for n in range(states))]
    for output in outputs:  # bounded, so that no sequence grows without end
        source = str(rng.choice(inner[-3:]))
        nodes.append(helper.make_node("Tanh", [source], [output], name=f"make_{output}"))
    inputs = [value(x, ["N", SIZE]) for x in tensors[: 1 + states]]
    proto = made(nodes, inputs, [value(x, ["N", SIZE]) for x in outputs], weights)
    needed = {name for node in nodes[-len(outputs) :] for name in node.input}
    for node in reversed(nodes[: -len(outputs)]):
        if needed & {*node.output}:
            needed |= {*node.input}
    return proto, [x for x in inner if x in needed]


def compare(seed: int) -> None:
    rng = np.random.default_rng(seed)
    states = int(rng.integers(1, 3))
    proto, activations = random_model(rng, states)
    target = str(rng.choice(activations))
    lifetime = LIFETIMES[int(rng.integers(len(LIFETIMES)))]
    frames = rng.normal(size=(STEPS, 1, SIZE)).astype(np.float32)
    brute = Brute(proto, target)
    with SequenceInjector(
        onnxfi.load(proto), target, state={"h*_out": "h*"}, threads=1
    ) as injector:
        golden = injector.golden([{"x": frame} for frame in frames])
        # A constant is written at the same sites in each step of the fault.
        found = list(injector.inject(golden, "constant:value=3", count=6, lifetime=lifetime))
    for injection in found:
        state = {f"h{n}": np.zeros((1, SIZE), np.float32) for n in range(states)}
        active = lifetime.active(injection.step, STEPS, rng=rng)
        for step, frame in enumerate(frames):
            corrupt = injection.corruption.apply if active[step] else None
            outputs = brute.step({"x": frame, **state}, corrupt)
            state = {f"h{n}": outputs[f"h{n}_out"] for n in range(states)}
            np.testing.assert_allclose(
                injection.outputs[step]["y"], outputs["y"], rtol=1e-4, atol=1e-5
            )
        if injection.masked_at_step is not None:
            for name, array in state.items():
                kept = golden.outputs[-1][f"{name}_out"]
                np.testing.assert_allclose(array, kept, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("seed", range(8))
def test_random_graphs(seed: int) -> None:
    compare(seed)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(8, 100))
def test_many_random_graphs(seed: int) -> None:
    compare(seed)

"""Sets the seeds of the nodes that draw random numbers."""

import hashlib
from collections.abc import Iterator, Mapping

import numpy as np

from onnxfi.graph import Model, bodies, draws_noise
from onnxfi.onnx_ir import ir

# ONNX Runtime reads most seeds from a float32, which represents all integers up to this one.
_SEEDS = 1 << 24
_INTEGER_SEEDS = frozenset(["Dropout", "BiasDropout", "BitmaskBiasDropout", "BitmaskDropout"])


def with_seeds(model: Model, *, seed: int, inputs: Mapping[str, np.ndarray]) -> Model:
    """Return the model with a seed on each node that draws noise and has no seed.

    In a session that is opened for one run, the random numbers depend on nothing else.

    Args:
        model: the model.
        seed: seed of all random numbers.
        inputs: the inputs of the run: other inputs get other random numbers.
    """
    seeded = Model(model.ir_model.clone(), model.files)
    digest = hashlib.blake2b(str(seed).encode())
    _add(digest, sorted(inputs))
    for name in sorted(inputs):
        _add(digest, inputs[name])
    for path, node in _drawing(seeded.graph):
        if "seed" not in node.attributes:
            own = digest.copy()
            _add(own, path)
            number = int.from_bytes(own.digest()[:8], "big") % (_SEEDS - 1) + 1
            integer = node.op_type in _INTEGER_SEEDS
            node.attributes["seed"] = (
                ir.AttrInt64("seed", number) if integer else ir.AttrFloat32("seed", float(number))
            )
    return seeded


def _drawing(graph: ir.Graph, path: str = "") -> Iterator[tuple[str, ir.Node]]:
    """Yield the nodes that draw noise, also in bodies, each with a unique path."""
    for node in filter(draws_noise, graph):
        name = next(x.name or "" for x in node.outputs if x.name)
        holds_one = False
        for number, body in enumerate(bodies(node)):
            holds_one = True
            yield from _drawing(body, f"{path}{name}/{number}/")
        if not holds_one:
            yield path + name, node


def _add(digest: "hashlib.blake2b", value: object) -> None:
    """Add a tensor, a sequence of tensors, a text or None to a digest."""
    if isinstance(value, list | tuple):
        digest.update(f"{len(value)};".encode())
        for element in value:
            _add(digest, element)
    elif isinstance(value, np.ndarray) and value.dtype.hasobject:
        _add(digest, [value.shape, value.reshape(-1).tolist()])
    elif isinstance(value, np.ndarray):
        digest.update(f"{value.dtype}{value.shape};".encode())
        digest.update(value.tobytes())
    else:
        text = repr(value)
        digest.update(f"{len(text)};{text}".encode())

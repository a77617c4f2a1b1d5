"""Train a small decoder on docstrings of the standard library, and write it as ONNX.

Its tokens are bytes, and the model reads and writes a cache. Needs PyTorch, and about a minute:

    python -m tools.make_decoder decoder.onnx --seconds 60
"""

import argparse
import ast
import sysconfig
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from torch.nn import functional

from tools.decoder_graph import EPSILON, DecoderShape, decoder_model, random_weights

SHAPE = DecoderShape(layers=2, width=96, heads=4, positions=128)
SEED = 0
BATCH = 16
LONGEST = 64  # bytes of a text in training
RATE = 4e-3  # of AdamW, the highest; it falls to a twentieth


def docstrings() -> bytes:
    """Return the docstrings of the modules of the standard library, without further packages."""
    found = []
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        owners = (x for x in nodes if isinstance(x, ast.Module | ast.ClassDef | ast.FunctionDef))
        found += [ast.get_docstring(x) or "" for x in owners]
    return "\n\n".join(x for x in found if x).encode("ascii", "replace")


def logits(
    shape: DecoderShape, weights: dict[str, torch.Tensor], tokens: torch.Tensor
) -> torch.Tensor:
    """Return the scores of whole texts, without a cache: `decoder_model` in PyTorch."""

    def norm(x: torch.Tensor, at: str) -> torch.Tensor:
        scale, shift = weights[f"{at}.scale"], weights[f"{at}.b"]
        return functional.layer_norm(x, (shape.width,), scale, shift, EPSILON)

    samples, length = tokens.shape
    x = weights["tokens"][tokens] + weights["positions"][:length]
    for at in (f"layer.{n}" for n in range(shape.layers)):
        inner = norm(x, f"{at}.norm1")
        query, key, value = (
            (inner @ weights[f"{at}.{name}"]).view(samples, length, shape.heads, -1).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + mixed.transpose(1, 2).reshape(samples, length, -1) @ weights[f"{at}.mix"]
        inner = norm(x, f"{at}.norm2") @ weights[f"{at}.up"]
        x = x + functional.relu(inner) @ weights[f"{at}.down"]
    return norm(x, "norm") @ weights["head"]


def train(shape: DecoderShape, text: bytes, *, seconds: float) -> dict[str, np.ndarray]:
    """Train for some time, and return the weights; report the loss in bits for each byte."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # such small products gain nothing from more
    begun = random_weights(shape, rng=np.random.default_rng(SEED))
    begun |= {x: begun[x] * np.float32(0.1) for x in ("tokens", "positions", "head")}
    weights = {name: torch.tensor(x, requires_grad=True) for name, x in begun.items()}
    optimizer = torch.optim.AdamW(weights.values(), RATE)
    data = torch.from_numpy(np.frombuffer(text, np.uint8).astype(np.int64))
    start, step, loss = time.monotonic(), 0, torch.zeros(())
    while (passed := (time.monotonic() - start) / seconds) < 1:
        optimizer.param_groups[0]["lr"] = RATE * max(1 - passed, 0.05)
        places = torch.randint(len(data) - LONGEST - 1, (BATCH,))
        texts = torch.stack([data[x : x + LONGEST + 1] for x in places.tolist()])
        scores = logits(shape, weights, texts[:, :-1])
        loss = functional.cross_entropy(scores.flatten(0, 1), texts[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
    print(f"{step} steps, {loss.item() / np.log(2):.2f} bits for each byte in the last")
    return {name: x.detach().numpy() for name, x in weights.items()}


def make(out: Path, *, seconds: float = 60, shape: DecoderShape = SHAPE) -> None:
    """Train a decoder, and write it."""
    onnx.save(decoder_model(shape, train(shape, docstrings(), seconds=seconds)), out)


def main() -> None:
    """Read the arguments, and make the decoder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    make(arguments.out, seconds=arguments.seconds)


if __name__ == "__main__":
    main()

"""A model ready to run."""

from typing import Literal

import numpy as np
import onnx_ir as ir

from onnxfi.graph import Model
from onnxfi.runtime.opened_model import OpenedModel, PreparedModel
from onnxfi.surgery import WEIGHTS_FILE, keep_definition, large_initializers


class Session(OpenedModel):
    """An ONNX Runtime session over a model; safe to run from several threads at once.

    The weights are handed to ONNX Runtime beside the model, not copied into it, so the sessions of
    a prefix and its suffix share what they have in common.
    """

    def __init__(
        self,
        model: Model,
        *,
        provider: Literal["cpu", "cuda"] = "cpu",
        threads: int | None = None,
        merge: bool = True,
        arena: bool = True,
    ) -> None:
        """Open the session.

        Args:
            model: the model; it is left as it is.
            provider: as `choose_provider` returns it.
            threads: intra-op threads; None leaves the number to ONNX Runtime.
            merge: whether ONNX Runtime may merge and rewrite nodes, unless the model is of low
                precision. If not, it runs slower, opens sooner, and the bits of a tensor do not
                depend on what else the model computes.
            arena: whether the session keeps working memory for its next run, as much as its largest
                run took; else it shares the process's.

        Raises:
            ModelFormatError: ONNX Runtime refuses the model.
        """
        super().__init__(
            prepare(model, provider=provider, threads=threads, merge=merge, arena=arena)
        )


def prepare(
    model: Model,
    *,
    provider: Literal["cpu", "cuda"],
    threads: int | None,
    merge: bool,
    arena: bool,
) -> PreparedModel:
    """Return what a `Session` is opened from, with the same arguments."""
    copy = model.ir_model.clone()
    if model.is_low_precision:
        keep_definition(copy)
    weights = _take_weights_out(copy)
    return PreparedModel(
        ir.serde.serialize_model(copy).SerializeToString(),
        weights,
        provider=provider,
        threads=threads,
        merge=merge and not model.is_low_precision,
        arena=arena,
    )


def _take_weights_out(model: ir.Model) -> dict[str, tuple[np.ndarray, int]]:
    """Let a model refer to its large weights, and return these."""
    weights = {}
    for name, value in list(model.graph.initializers.items()):
        # ONNX Runtime drops what nothing reads, and then refuses to be handed it.
        if not (value.uses() or value.is_graph_output()):
            del model.graph.initializers[name]
    for name, value in large_initializers(model.graph).items():
        tensor = value.const_value
        if tensor is None:
            continue
        weights[name] = (np.asarray(tensor.numpy()), tensor.dtype.value)
        value.const_value = ir.ExternalTensor(
            WEIGHTS_FILE,
            0,
            tensor.nbytes,
            tensor.dtype,
            shape=ir.Shape(tensor.shape.numpy()),
            name=name,
        )
    return weights

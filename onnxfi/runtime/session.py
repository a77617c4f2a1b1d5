"""A model ready to run."""

from typing import Literal

import numpy as np
import onnx_ir as ir

from onnxfi.graph import Model
from onnxfi.runtime.opened_model import OpenedModel, PreparedModel
from onnxfi.surgery.weights_file import WEIGHTS_FILE, large_initializers


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
            merge: whether ONNX Runtime may merge and rewrite nodes. If not, it runs slower, opens
                sooner, and the bits of a tensor do not depend on what else the model computes.
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
    entries = {}
    if _takes_scales(model):
        # Its integer kernels take for granted how the scales of a bias and its operands relate.
        entries["session.disable_quant_qdq"] = "1"
    light, weights = _take_weights_out(model)
    return PreparedModel(
        ir.serde.serialize_model(light).SerializeToString(),
        weights,
        provider=provider,
        threads=threads,
        merge=merge,
        arena=arena,
        entries=entries,
    )


def _takes_scales(model: Model) -> bool:
    """Return whether an input is the scale or the zero point of a quantisation."""
    return any(
        value in model.graph.inputs
        for node in model.graph
        if node.op_type in ("QuantizeLinear", "DequantizeLinear")
        for value in node.inputs[1:]
    )


def _take_weights_out(model: Model) -> tuple[ir.Model, dict[str, tuple[np.ndarray, int]]]:
    """Return a copy of the model that refers to its large weights, and these weights."""
    light = model.ir_model.clone()
    weights = {}
    for name, value in list(light.graph.initializers.items()):
        # ONNX Runtime drops what nothing reads, and then refuses to be handed it.
        if not (value.uses() or value.is_graph_output()):
            del light.graph.initializers[name]
    for name, value in large_initializers(Model(light)).items():
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
    return light, weights

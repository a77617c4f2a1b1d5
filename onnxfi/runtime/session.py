"""Opens a model as a session of ONNX Runtime."""

from typing import Literal

import numpy as np

from onnxfi.graph import Model
from onnxfi.onnx_ir import ir
from onnxfi.runtime.opened_model import OpenedModel, PreparedModel
from onnxfi.surgery import WEIGHTS_FILE, keep_definition, large_initializers


class Session(OpenedModel):
    """An ONNX Runtime session over a model; safe to run from several threads at once.

    The weights are passed to ONNX Runtime separately, not copied into the model, so the sessions of
    a prefix and its suffix share their common weights.
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
            model: the model; it is not changed.
            provider: as `choose_provider` returns it.
            threads: intra-op threads; None leaves the number to ONNX Runtime.
            merge: whether ONNX Runtime may merge and rewrite nodes, unless the model is of low
                precision. If not, it runs slower, opens faster, and the bits of a tensor do not
                depend on the rest of the model.
            arena: whether the session keeps the working memory of its largest run for the next run;
                otherwise it uses the memory of the process.

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
    """Return the model in the form that `Session` opens, with the same arguments."""
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
    """Replace the large weights of a model by references, and return them."""
    weights = {}
    for name, value in list(model.graph.initializers.items()):
        # ONNX Runtime removes unread weights, and then refuses them as external initializers.
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

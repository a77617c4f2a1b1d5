"""Changes models: splits them at targets, exposes tensors as outputs, embeds faults."""

from onnxfi.surgery.cut import prefix_outputs
from onnxfi.surgery.definition import keep_definition
from onnxfi.surgery.embedding import counts_samples, embed, sample_shape
from onnxfi.surgery.exposing import expose
from onnxfi.surgery.extract import extract
from onnxfi.surgery.free_batch import with_free_batch
from onnxfi.surgery.free_name import free_name
from onnxfi.surgery.node_builder import NodeBuilder, constant, copy_node
from onnxfi.surgery.noise.dropout_masks import with_masks_apart
from onnxfi.surgery.noise.replay import (
    changed_noise,
    check_replayable,
    draws,
    noise_nodes,
    noise_note,
)
from onnxfi.surgery.noise.seeds import with_seeds
from onnxfi.surgery.rounding import Rounded, round_weights
from onnxfi.surgery.splitting import Split, Stage, split, split_at
from onnxfi.surgery.weights_file import WEIGHTS_FILE, large_initializers

__all__ = [
    "WEIGHTS_FILE",
    "NodeBuilder",
    "Rounded",
    "Split",
    "Stage",
    "changed_noise",
    "check_replayable",
    "constant",
    "copy_node",
    "counts_samples",
    "draws",
    "embed",
    "expose",
    "extract",
    "free_name",
    "keep_definition",
    "large_initializers",
    "noise_nodes",
    "noise_note",
    "prefix_outputs",
    "round_weights",
    "sample_shape",
    "split",
    "split_at",
    "with_free_batch",
    "with_masks_apart",
    "with_seeds",
]

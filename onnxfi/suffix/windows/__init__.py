"""Computes only the part of an image that a corruption can reach.

Behind a convolution a corruption is no longer sparse, but it still reaches only a small part of the
image. The same operators compute this part from a window: a crop with all elements that they read.
The rest of the image is golden. Windows are used only if they give the bits of whole images.
"""

from onnxfi.suffix.windows.boxes import Boxes
from onnxfi.suffix.windows.changes import SparseChange
from onnxfi.suffix.windows.finding import find_pieces, model_behind
from onnxfi.suffix.windows.piece import NoWindowsError, Piece
from onnxfi.suffix.windows.windowed import LaneChange, Windowed, choose_pieces

__all__ = [
    "Boxes",
    "LaneChange",
    "NoWindowsError",
    "Piece",
    "SparseChange",
    "Windowed",
    "choose_pieces",
    "find_pieces",
    "model_behind",
]

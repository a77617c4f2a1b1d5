"""Windows: computing only the part of an image that a corruption can reach.

Behind a convolution a corruption is no longer sparse, but it still reaches a small part of the
image. That part is computed by the same operators on a window cut out of the image, which has all
that they read there; the rest of the image is golden. Kernels of ONNX Runtime are seen to give the
same bits for a window as for the image; where they do not, windows are not used.
"""

from onnxfi.suffix.windows.boxes import Boxes
from onnxfi.suffix.windows.changes import SparseChange
from onnxfi.suffix.windows.finding import Pieces, find_pieces
from onnxfi.suffix.windows.piece import NoWindowsError, Piece
from onnxfi.suffix.windows.windowed import LaneChange, Windowed, choose_pieces

__all__ = [
    "Boxes",
    "LaneChange",
    "NoWindowsError",
    "Piece",
    "Pieces",
    "SparseChange",
    "Windowed",
    "choose_pieces",
    "find_pieces",
]

"""Maps names to spatial patterns, one file each.

The patterns, their parameters and their rules come from CLASSES:
Bolchini, Cassano, Miele, Toschi, "Fast and Accurate Error Simulation for CNNs Against Soft
Errors", IEEE Transactions on Computers, 2022, doi 10.1109/TC.2022.3184274, and of the thesis
politesi 10589/210019, which added the parameters.
"""

from typing import Final

from onnxfi.error_models.sites.canonical_layout import Shape
from onnxfi.error_models.spatial.patterns.bullet_wake import BulletWake
from onnxfi.error_models.spatial.patterns.full_channels import FullChannels
from onnxfi.error_models.spatial.patterns.multi_channel_block import MultiChannelBlock
from onnxfi.error_models.spatial.patterns.multiple_channels_uncategorized import (
    MultipleChannelsUncategorized,
)
from onnxfi.error_models.spatial.patterns.pattern import Parameters, Pattern
from onnxfi.error_models.spatial.patterns.quasi_shattered_channel import QuasiShatteredChannel
from onnxfi.error_models.spatial.patterns.rectangles import Rectangles
from onnxfi.error_models.spatial.patterns.same_column import SameColumn
from onnxfi.error_models.spatial.patterns.same_row import SameRow
from onnxfi.error_models.spatial.patterns.shattered_channel import ShatteredChannel
from onnxfi.error_models.spatial.patterns.single import Single
from onnxfi.error_models.spatial.patterns.single_block import SingleBlock
from onnxfi.error_models.spatial.patterns.single_channel_alternated_blocks import (
    SingleChannelAlternatedBlocks,
)
from onnxfi.error_models.spatial.patterns.single_channel_random import SingleChannelRandom
from onnxfi.error_models.spatial.patterns.skip_x import SkipX

PATTERNS: Final[dict[str, Pattern]] = {
    "single": Single(),
    "same_row": SameRow(),
    "same_column": SameColumn(),
    "bullet_wake": BulletWake(),
    "skip_2": SkipX(2),
    "skip_4": SkipX(4),
    "single_block": SingleBlock(),
    "single_channel_alternated_blocks": SingleChannelAlternatedBlocks(),
    "single_channel_random": SingleChannelRandom(),
    "full_channels": FullChannels(),
    "rectangles": Rectangles(),
    "multi_channel_block": MultiChannelBlock(),
    "shattered_channel": ShatteredChannel(),
    "quasi_shattered_channel": QuasiShatteredChannel(),
    "multiple_channels_uncategorized": MultipleChannelsUncategorized(),
}

__all__ = ["PATTERNS", "Parameters", "Pattern", "Shape"]

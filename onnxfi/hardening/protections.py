"""Defines the protections that a model can get."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from onnxfi.error_models import Profile

#: What follows an alarm: ``flag`` reports it as an output and changes nothing; ``clip``, ``zero``
#: and ``recompute`` also put another value in the place of the wrong one.
OnAlarm = Literal["flag", "clip", "zero", "recompute"]


@dataclass(frozen=True, slots=True)
class Ranger:
    """Keeps activation functions, and what follows them to the next layer, in their range.

    Pooling, reshapes and concatenations behind an activation function get its range too.

    Source: Z. Chen, G. Li, K. Pattabiraman, A Low-cost Fault Corrector for Deep Neural Networks
    through Range Restriction, DSN 2021 (arXiv 2003.13874).

    Attributes:
        profile: the range of each tensor without faults.
        on_alarm: what happens to a value out of range: clip, zero or flag; None clips it without
            an alarm.
    """

    profile: Profile
    on_alarm: OnAlarm | None = None

    name = "ranger"


@dataclass(frozen=True, slots=True)
class Clip:
    """Keeps every activation of a profile in its range, whichever operator makes it.

    Attributes:
        profile: the range of each tensor without faults.
        on_alarm: as for `Ranger`.
    """

    profile: Profile
    on_alarm: OnAlarm | None = None

    name = "clip"


@dataclass(frozen=True, slots=True)
class Abft:
    """Checks products by checksums of their weights.

    Source: K.-H. Huang, J. A. Abraham, Algorithm-Based Fault Tolerance for Matrix Operations,
    IEEE Trans. Comput. C-33 (1984), 518-528; for convolutions K. Zhao et al., FT-CNN, IEEE TPDS 32
    (2021), 1677-1689.

    Attributes:
        operators: some of ``conv``, ``gemm`` and ``matmul``, integer ones included.
        on_alarm: what follows an alarm: flag; zero, all channels of the positions whose sum is
            wrong; or recompute.
    """

    operators: Sequence[str] = ("conv", "gemm", "matmul")
    on_alarm: OnAlarm | None = None

    name = "abft"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Computes an operator twice, with a second copy of its weights, and compares.

    Attributes:
        layer: the target that it makes: a tensor, layer or node.
        on_alarm: what follows an alarm: flag, or zero. Two results do not tell which is right.
    """

    layer: str
    on_alarm: OnAlarm | None = None

    name = "duplicate"


@dataclass(frozen=True, slots=True)
class Tmr:
    """Stores weights three times, and uses what two of three agree on.

    Attributes:
        weights: a weight tensor, or the layer whose weights are meant; None for all.
    """

    weights: str | None = None

    name = "tmr"


@dataclass(frozen=True, slots=True)
class Parity:
    """Compares a checksum of stored weights with their sum, at each inference.

    Attributes:
        weights: a weight tensor, or the layer whose weights are meant; None for all.
    """

    weights: str | None = None

    name = "parity"


Protection = Ranger | Clip | Abft | Duplicate | Tmr | Parity

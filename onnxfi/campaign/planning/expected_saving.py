"""Estimates how many injections sampling by severity saves."""

# Where the severest few percent of the faults cause nearly all sdc, a rate p with the relative
# half-width r takes about 4.8 / (r p) injections: 3.7 / (r p) leave an upper limit of r p on the
# other faults, and the severest take the rest. Uniform draws take 3.84 (1 - p) / (p r^2). Measured
# at r = 0.1: 4.8 and 4.9 on weights of two float32 networks (tools/benchmark/estimation.py), 4.1 on
# activations of the demo (tools/benchmark/sampling.py).
_UNIFORM, _SEVERITY = 3.84, 4.8


def expected_saving(relative: float, *, rate: float = 0.01) -> float:
    """Return how many times fewer injections than uniform draws are expected, at least 1.

    It holds where severity tells dangerous faults from harmless ones, such as flips of single bits
    of floating-point numbers. Where it does not, nothing is saved.

    Args:
        relative: the half-width as a share of the rate.
        rate: the rate that is expected.
    """
    return max(1.0, _UNIFORM / _SEVERITY * (1 - rate) / relative)

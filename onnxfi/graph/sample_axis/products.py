"""Rules for products of matrices."""

from onnxfi.graph.sample_axis.laned_node import LanedNode, MixedError

_CONTRACTS = "sums along the axis of the samples"


def matmul(laned: LanedNode) -> int:
    """Multiply samples that are matrices, rows of the first operand or columns of the second."""
    laned_operands(laned, 0, 1)
    return _matmul(laned, 0, 1, exact=False)


def matmul_integer(laned: LanedNode) -> int:
    """Multiply with shared zero points, not one for each row."""
    laned_operands(laned, 0, 1)
    _whole_tensor(laned, 2, 3)
    return _matmul(laned, 0, 1)


def qlinear_matmul(laned: LanedNode) -> int:
    """Multiply with shared scales and zero points, or one for each column."""
    laned_operands(laned, 0, 3)
    _whole_tensor(laned, 1, 2, 6, 7, *((4, 5) if laned.axes[3] is not None else ()))
    return _matmul(laned, 0, 3)


def matmul_of_packed(laned: LanedNode) -> int:
    """Multiply with a second operand that is packed in blocks of few bits."""
    laned.only(0)
    laned.apart({laned.rank() - 1}, "sums")
    laned.rows_of_one_product()
    return laned.axis


def laned_operands(laned: LanedNode, *positions: int) -> None:
    """Require that only the given inputs have samples.

    Raises:
        MixedError: another input has samples.
    """
    for position, axis in enumerate(laned.axes):
        if axis is not None and position not in positions:
            raise MixedError(f"reads its input {position} from the samples")


def _whole_tensor(laned: LanedNode, *positions: int) -> None:
    for position in positions:
        if laned.has(position) and any(x != 1 for x in laned.sizes(position)):
            raise MixedError("reads a number for each row, and rows may be samples")


def _matmul(laned: LanedNode, one: int, other: int, *, exact: bool = True) -> int:
    ranks = laned.rank(one), laned.rank(other)
    places = laned.axes[one], laned.axes[other]
    if 1 in ranks:
        if not exact:
            laned.rows_of_one_product()
        return _with_vector(ranks, places)
    rank, found = max(ranks), set()
    for number, (own, place) in enumerate(zip(ranks, places, strict=True)):
        if place is None:
            continue
        if place == own - (1, 2)[number]:
            raise MixedError(_CONTRACTS)
        if place == own - (2, 1)[number]:  # rows, or columns: all share the other operand
            if places[1 - number] is not None:
                raise MixedError("multiplies samples by samples")
            if not exact:
                laned.rows_of_one_product()
            return place + rank - own
        found.add(place + rank - own)
    if len(found) != 1:
        raise MixedError("aligns the samples of one input with another axis of the other")
    (axis,) = found
    for position, own, place in zip((one, other), ranks, places, strict=True):
        shared = axis - (rank - own)
        if place is None and shared >= 0 and laned.sizes(position)[shared] != 1:
            raise MixedError("aligns the samples with an axis of a shared input")
    return axis


def _with_vector(ranks: tuple[int, int], places: tuple[int | None, int | None]) -> int:
    """Multiply matrices by a shared vector, or a shared vector by matrices."""
    vector = ranks.index(1)
    place, rank = places[1 - vector], ranks[1 - vector]
    if places[vector] is not None or place is None or rank == 1:
        raise MixedError(_CONTRACTS)
    if place == rank - (1, 2)[1 - vector]:
        raise MixedError(_CONTRACTS)
    return place - (vector == 0 and place == rank - 1)


def gemm(laned: LanedNode) -> int:
    """Multiply samples that are rows of the first operand or columns of the second."""
    laned_operands(laned, 0, 1, 2)
    laned.rows_of_one_product()
    found = set()
    for position, name in ((0, "transA"), (1, "transB")):
        place = laned.axes[position]
        if place is not None:
            if place == (1 - position) ^ (laned.number(name, 0) != 0):
                raise MixedError(_CONTRACTS)
            found.add(position)
    if not laned.has(2):
        return _only_one(found)
    rank = laned.rank(2)
    if laned.axes[2] is not None:
        found.add(laned.axes[2] + 2 - rank)
    axis = _only_one(found)
    own = axis - (2 - rank)
    if laned.axes[2] is None and own >= 0 and laned.sizes(2)[own] != 1:
        raise MixedError("adds a different number to each sample")
    if laned.axes[2] is not None and laned.axes[0] is None and laned.axes[1] is None:
        raise MixedError("adds samples to a shared product")
    return axis


def _only_one(found: set[int]) -> int:
    if len(found) != 1:
        raise MixedError("multiplies samples by samples")
    return found.pop()


def einsum(laned: LanedNode) -> int:
    """Keep the letter of the samples in the result; shared operands must not have it."""
    laned.rows_of_one_product()
    equation = laned.node.attributes.get_string("equation", "").replace(" ", "")
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if "." in equation or not arrow or len(terms) != len(laned.axes):
        raise MixedError("has an equation that does not name all axes")
    letters = {x[y] for x, y in zip(terms, laned.axes, strict=True) if y is not None}
    letter = letters.pop()
    shared = (x for x, y in zip(terms, laned.axes, strict=True) if y is None)
    repeated = any(x.count(letter) > 1 for x in (*terms, right))
    if letters or letter not in right or repeated or any(letter in x for x in shared):
        raise MixedError(_CONTRACTS)
    return right.index(letter)


def attention(laned: LanedNode) -> int:
    """Attend within each sample, which has its own queries, keys and values."""
    laned_operands(laned, *range(6))
    if any(laned.axes[x] != 0 for x in range(3)):
        raise MixedError("multiplies samples by samples")
    for position in (4, 5):
        if laned.has(position) and laned.axes[position] != 0:
            raise MixedError("shares past keys or values between samples")
    if laned.has(3):
        rank, axis = laned.rank(3), laned.axes[3]
        if (axis is not None and (rank < 4 or axis != 0)) or (
            axis is None and rank > 3 and laned.sizes(3)[0] != 1
        ):
            raise MixedError("aligns the samples with another axis of the mask")
    return 0

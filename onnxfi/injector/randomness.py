"""Makes the random generator of an injection."""

import numpy as np

_BLOCK = 256
_MOST_WORDS = 1 << 12
_MASK_32, _MASK_128 = 2**32 - 1, 2**128 - 1
# The constants of NumPy's SeedSequence and PCG64, which NumPy promises to keep.
_INIT_A, _MULT_A = 0x43B0D7E5, 0x931E8875
_INIT_B, _MULT_B = 0x8B51F9DD, 0x58F38DED
_MIX_L, _MIX_R = np.uint32(0xCA01F9DD), np.uint32(0x4973F715)
_SHIFT = np.uint32(16)
_PCG_MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645
_POOL = 4


def injection_rng(seed: int, injection_id: int) -> np.random.Generator:
    """Return the generator that an injection draws from.

    It depends on the two numbers alone, so that an injection is the same in any order, lane,
    worker, process or machine.

    Args:
        seed: seed of the campaign, at least 0.
        injection_id: id of the injection in the campaign, at least 0.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(injection_id,)))


class InjectionGenerators:
    """Gives what `injection_rng` gives, several times faster for ids that follow one another.

    It computes the seeds of many ids at once, and sets the state of one generator again and again;
    or it computes what many generators begin with. For one thread.
    """

    def __init__(self, seed: int) -> None:
        """Keep the campaign's seed, at least 0."""
        self._seed = seed
        self._rng = np.random.Generator(np.random.PCG64(0))
        self._first = 0
        self._words: list[list[int]] = []

    def at(self, injection_id: int) -> np.random.Generator:
        """Return the generator of an injection; it is another's as soon as that is asked for."""
        if not 0 <= injection_id - self._first < len(self._words):
            self._first = injection_id
            self._words = _seed_words(self._seed, injection_id, _BLOCK).tolist()
        high, low, sequence_high, sequence_low = self._words[injection_id - self._first]
        increment = ((sequence_high << 64 | sequence_low) << 1 | 1) & _MASK_128
        state = ((increment + (high << 64 | low)) * _PCG_MULTIPLIER + increment) & _MASK_128
        self._rng.bit_generator.state = {
            "bit_generator": "PCG64",
            "state": {"state": state, "inc": increment},
            "has_uint32": 0,
            "uinteger": 0,
        }
        return self._rng

    def first_words(self, ids: range) -> np.ndarray:
        """Return the first 64 bits that the generator of each injection gives, uint64."""
        parts: list[np.ndarray] = []
        start = ids.start
        while start < ids.stop:
            words = _seed_words(self._seed, start, min(_MOST_WORDS, ids.stop - start))
            parts.append(_first_outputs(words))
            start += len(words)
        return np.concatenate(parts) if parts else np.empty(0, np.uint64)


def _first_outputs(words: np.ndarray) -> np.ndarray:
    """Return the first output of PCG64 for rows of seed words, shape (n, 4).

    PCG64 is a linear congruential generator of 128 bits whose output is XSL-RR (M. O'Neill, PCG: A
    Family of Simple Fast Space-Efficient Statistically Good Algorithms, 2014).
    """
    high, low, sequence_high, sequence_low = words.T
    one = np.uint64(1)
    increment = (sequence_high << one | sequence_low >> np.uint64(63), sequence_low << one | one)
    # The first of the two steps of seeding starts from 0, and gives the increment.
    state = _add_128(increment, (high, low))
    for _ in range(2):  # the second one, and the one before an output
        state = _add_128(_times_multiplier(state), increment)
    mixed, rotation = state[0] ^ state[1], state[0] >> np.uint64(58)
    outputs: np.ndarray = mixed >> rotation | mixed << (-rotation & np.uint64(63))
    return outputs


_Wide = tuple[np.ndarray, np.ndarray]  # the upper and the lower 64 bits


def _add_128(one: _Wide, other: _Wide) -> _Wide:
    low = one[1] + other[1]
    return one[0] + other[0] + (low < one[1]).astype(np.uint64), low


def _times_multiplier(state: _Wide) -> _Wide:
    """Return the lower 128 bits of the product with PCG64's multiplier."""
    high, low = state
    factor_high = np.uint64(_PCG_MULTIPLIER >> 64)
    factor_low = np.uint64(_PCG_MULTIPLIER & 2**64 - 1)
    half, mask = np.uint64(32), np.uint64(_MASK_32)
    a, b = low >> half, low & mask
    c, d = factor_low >> half, factor_low & mask
    middle = a * d + (b * d >> half)
    other = b * c + (middle & mask)
    carried = a * c + (middle >> half) + (other >> half)
    return high * factor_low + low * factor_high + carried, low * factor_low


def _seed_words(seed: int, first_id: int, count: int) -> np.ndarray:
    """Return ``SeedSequence(seed, spawn_key=(id,)).generate_state(4, uint64)`` of many ids.

    Args:
        seed: the seed.
        first_id: the first id.
        count: number of ids.

    Returns:
        uint64, shape (n, 4); n is count, or less where later ids take more words than the first.
    """
    words = max(1, -(-first_id.bit_length() // 32))
    ids = np.arange(min(count, (1 << 32 * words) - first_id), dtype=np.uint64)
    lowest = ids + np.uint64(first_id & _MASK_32)
    key = [(lowest & np.uint64(_MASK_32)).astype(np.uint32)]
    ids_above = [first_id + i >> 32 for i in range(ids.size)] if words > 1 else []
    for word in range(1, words):
        above = [x >> 32 * (word - 1) & _MASK_32 for x in ids_above]
        key.append(np.array(above, np.uint32))
    entropy = [seed >> 32 * i & _MASK_32 for i in range(max(_POOL, -(-seed.bit_length() // 32)))]
    # Wrapping around is what is meant, and arrays do it silently.
    columns = [np.full(ids.size, x, np.uint32) for x in entropy] + key
    mixer = _Hash(_INIT_A, _MULT_A)
    pool = [mixer(x) for x in columns[:_POOL]]
    for source in range(_POOL):
        for place in range(_POOL):
            if source != place:
                pool[place] = _mix(pool[place], mixer(pool[source]))
    for column in columns[_POOL:]:
        for place in range(_POOL):
            pool[place] = _mix(pool[place], mixer(column))
    output = _Hash(_INIT_B, _MULT_B)
    halves = [output(pool[i % _POOL]).astype(np.uint64) for i in range(2 * _POOL)]
    return np.stack(
        [low | high << np.uint64(32) for low, high in zip(halves[::2], halves[1::2], strict=True)],
        axis=1,
    )


class _Hash:
    """SeedSequence's hash, whose constant changes with each use."""

    def __init__(self, start: int, multiplier: int) -> None:
        self._constant = start
        self._multiplier = multiplier

    def __call__(self, values: np.ndarray) -> np.ndarray:
        mixed = values ^ np.uint32(self._constant)
        self._constant = self._constant * self._multiplier & _MASK_32
        mixed = mixed * np.uint32(self._constant)
        return _fold(mixed)


def _mix(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _fold(x * _MIX_L - y * _MIX_R)


def _fold(values: np.ndarray) -> np.ndarray:
    folded: np.ndarray = np.bitwise_xor(values, np.right_shift(values, _SHIFT))
    return folded

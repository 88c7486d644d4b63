"""Counters and histograms of the hot path, read at scrape: the plain twin of `_speedups/counters.pyx`."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from math import isfinite, isnan

COUNT_BITS = 64
"""Width of a count. At a million a second it wraps after 580,000 years."""


class Counters:
    """A fixed number of unsigned 64-bit counts, all zero at first. A wrong index raises IndexError."""

    __slots__ = ("_counts",)

    def __init__(self, size: int) -> None:
        if size < 0:
            raise ValueError("size must not be negative")
        self._counts = [0] * size

    def add(self, index: int, amount: int = 1) -> None:
        """Add `amount`. A negative one, or one of more than 64 bits, raises OverflowError."""
        if not 0 <= amount < 1 << COUNT_BITS:
            raise OverflowError("amount does not fit an unsigned 64-bit count")
        self._counts[self._checked(index)] = (self._counts[self._checked(index)] + amount) % (1 << COUNT_BITS)

    def value(self, index: int) -> int:
        """Return the count at `index`."""
        return self._counts[self._checked(index)]

    def __len__(self) -> int:
        return len(self._counts)

    def _checked(self, index: int) -> int:
        if not 0 <= index < len(self._counts):
            raise IndexError("counter index out of range")
        return index


class Histogram:
    """Counts observations by bucket. A bucket holds what is at most its bound; one more holds all that is greater.

    `bounds` are finite, strictly increasing, in the unit of what is observed.
    """

    __slots__ = ("_bounds", "_buckets", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = [float(bound) for bound in bounds]
        if not self._bounds:
            raise ValueError("a histogram needs at least one bound")
        if not all(map(isfinite, self._bounds)) or any(low >= high for low, high in pairwise(self._bounds)):
            raise ValueError("bounds must be finite and strictly increasing")
        self._buckets = [0] * (len(self._bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count one observation. Not-a-number raises ValueError: it would spoil the sum for ever."""
        if isnan(value):
            raise ValueError("cannot observe NaN")
        self._buckets[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def buckets(self) -> list[int]:
        """Return the count of each bucket alone (not cumulative); the last is that of +Inf."""
        return list(self._buckets)

    @property
    def sum(self) -> float:
        """The sum of everything observed."""
        return self._sum

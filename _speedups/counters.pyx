"""Counters and histograms of the hot path, read at scrape. Their plain twin is gateway/hot/counters.py."""

cimport cython
from libc.math cimport isfinite, isnan
from libc.stdint cimport uint64_t
from libc.stdlib cimport calloc, free


@cython.final
cdef class Counters:
    """A fixed number of unsigned 64-bit counts, all zero at first. A wrong index raises IndexError."""

    cdef uint64_t* counts
    cdef Py_ssize_t size

    def __cinit__(self, Py_ssize_t size):
        if size < 0:
            raise ValueError("size must not be negative")
        self.counts = <uint64_t*> calloc(max(size, 1), sizeof(uint64_t))
        if self.counts is NULL:
            raise MemoryError
        self.size = size

    def __dealloc__(self):
        free(self.counts)

    def add(self, Py_ssize_t index, uint64_t amount=1):
        """Add `amount`. A negative one, or one of more than 64 bits, raises OverflowError."""
        self.counts[self.checked(index)] += amount

    def value(self, Py_ssize_t index):
        """Return the count at `index`."""
        return self.counts[self.checked(index)]

    def __len__(self):
        return self.size

    cdef Py_ssize_t checked(self, Py_ssize_t index) except -1:
        if not 0 <= index < self.size:
            raise IndexError("counter index out of range")
        return index


@cython.final
cdef class Histogram:
    """Counts observations by bucket. A bucket holds what is at most its bound; one more holds all that is greater.

    `bounds` are finite, strictly increasing, in the unit of what is observed.
    """

    cdef double* bounds
    cdef uint64_t* counts
    cdef Py_ssize_t size            # of bounds; there is one bucket more
    cdef readonly double sum        # the sum of everything observed

    def __cinit__(self, bounds):
        cdef Py_ssize_t index
        self.size = len(bounds)
        if self.size == 0:
            raise ValueError("a histogram needs at least one bound")
        self.bounds = <double*> calloc(self.size, sizeof(double))
        self.counts = <uint64_t*> calloc(self.size + 1, sizeof(uint64_t))
        if self.bounds is NULL or self.counts is NULL:
            raise MemoryError
        for index in range(self.size):
            self.bounds[index] = bounds[index]
            if not isfinite(self.bounds[index]) or (index and self.bounds[index - 1] >= self.bounds[index]):
                raise ValueError("bounds must be finite and strictly increasing")

    def __dealloc__(self):
        free(self.bounds)
        free(self.counts)

    def observe(self, double value):
        """Count one observation. Not-a-number raises ValueError: it would spoil the sum for ever."""
        cdef Py_ssize_t index = 0
        if isnan(value):
            raise ValueError("cannot observe NaN")
        while index < self.size and value > self.bounds[index]:
            index += 1
        self.counts[index] += 1
        self.sum += value

    def buckets(self):
        """Return the count of each bucket alone (not cumulative); the last is that of +Inf."""
        return [self.counts[index] for index in range(self.size + 1)]

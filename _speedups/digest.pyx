"""A 64-bit digest of bytes: the compiled form of `gateway/hot/digest.py`, which says what it is."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

cdef uint64_t PRIME_1 = 0x9E3779B185EBCA87
cdef uint64_t PRIME_2 = 0xC2B2AE3D27D4EB4F
cdef uint64_t PRIME_3 = 0x165667B19E3779F9
cdef uint64_t PRIME_4 = 0x85EBCA77C2B2AE63
cdef uint64_t PRIME_5 = 0x27D4EB2F165667C5


def digest64(bytes content not None, seed):
    """Return the XXH64 of `content`, from 0 to 2**64 - 1. `seed` is of the same range; a larger one is cut."""
    return xxh64(content, len(content), <uint64_t>(seed & 0xFFFFFFFFFFFFFFFF))


cdef inline uint64_t rotate(uint64_t value, int bits) noexcept nogil:
    return value << bits | value >> (64 - bits)


cdef inline uint64_t mix(uint64_t lane, uint64_t word) noexcept nogil:
    return rotate(lane + word * PRIME_2, 31) * PRIME_1


cdef inline uint64_t word_at(const uint8_t* place) noexcept nogil:
    """Eight bytes as a little-endian number (the machines we build for are little-endian)."""
    cdef uint64_t word
    memcpy(&word, place, 8)
    return word


cdef uint64_t xxh64(const uint8_t* place, Py_ssize_t size, uint64_t seed) noexcept nogil:
    cdef const uint8_t* end = place + size
    cdef uint64_t a, b, c, d, accumulator
    cdef uint32_t half
    if size < 32:
        accumulator = seed + PRIME_5
    else:
        a, b, c, d = seed + PRIME_1 + PRIME_2, seed + PRIME_2, seed, seed - PRIME_1
        while end - place >= 32:
            a = mix(a, word_at(place))
            b = mix(b, word_at(place + 8))
            c = mix(c, word_at(place + 16))
            d = mix(d, word_at(place + 24))
            place += 32
        accumulator = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)
        accumulator = (accumulator ^ mix(0, a)) * PRIME_1 + PRIME_4
        accumulator = (accumulator ^ mix(0, b)) * PRIME_1 + PRIME_4
        accumulator = (accumulator ^ mix(0, c)) * PRIME_1 + PRIME_4
        accumulator = (accumulator ^ mix(0, d)) * PRIME_1 + PRIME_4
    accumulator += <uint64_t>size
    while end - place >= 8:
        accumulator = rotate(accumulator ^ mix(0, word_at(place)), 27) * PRIME_1 + PRIME_4
        place += 8
    if end - place >= 4:
        memcpy(&half, place, 4)
        accumulator = rotate(accumulator ^ half * PRIME_1, 23) * PRIME_2 + PRIME_3
        place += 4
    while place < end:
        accumulator = rotate(accumulator ^ place[0] * PRIME_5, 11) * PRIME_1
        place += 1
    accumulator = (accumulator ^ accumulator >> 33) * PRIME_2
    accumulator = (accumulator ^ accumulator >> 29) * PRIME_3
    return accumulator ^ accumulator >> 32

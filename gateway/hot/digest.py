"""A 64-bit digest of bytes, to tell a repeated message from a new one: the plain twin of `_speedups/digest.pyx`.

It is XXH64 (the xxHash fast digest algorithm, specification 0.1.1, section XXH64): not cryptographic, and it need not
be, for a station that sought collisions would only hide its own messages from itself.
"""

from struct import unpack_from

_MASK = (1 << 64) - 1
_PRIME_1 = 0x9E3779B185EBCA87
_PRIME_2 = 0xC2B2AE3D27D4EB4F
_PRIME_3 = 0x165667B19E3779F9
_PRIME_4 = 0x85EBCA77C2B2AE63
_PRIME_5 = 0x27D4EB2F165667C5
_STRIPE_BYTES = 32


def digest64(content: bytes, seed: int) -> int:
    """Return the XXH64 of `content`, from 0 to 2**64 - 1. `seed` is of the same range; a larger one is cut."""
    seed &= _MASK
    size = len(content)
    position = 0
    if size < _STRIPE_BYTES:
        accumulator = (seed + _PRIME_5) & _MASK
    else:
        lanes = [seed + _PRIME_1 + _PRIME_2, seed + _PRIME_2, seed, seed - _PRIME_1]
        while position <= size - _STRIPE_BYTES:
            lanes = [
                _round(lane, word) for lane, word in zip(lanes, unpack_from("<4Q", content, position), strict=True)
            ]
            position += _STRIPE_BYTES
        accumulator = sum(_rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & _MASK
        for lane in lanes:
            accumulator = ((accumulator ^ _round(0, lane)) * _PRIME_1 + _PRIME_4) & _MASK
    accumulator = (accumulator + size) & _MASK
    while position <= size - 8:
        (word,) = unpack_from("<Q", content, position)
        accumulator = (_rotate(accumulator ^ _round(0, word), 27) * _PRIME_1 + _PRIME_4) & _MASK
        position += 8
    if position <= size - 4:
        (word,) = unpack_from("<I", content, position)
        accumulator = (_rotate(accumulator ^ (word * _PRIME_1 & _MASK), 23) * _PRIME_2 + _PRIME_3) & _MASK
        position += 4
    for byte in content[position:]:
        accumulator = _rotate(accumulator ^ (byte * _PRIME_5 & _MASK), 11) * _PRIME_1 & _MASK
    accumulator = (accumulator ^ accumulator >> 33) * _PRIME_2 & _MASK
    accumulator = (accumulator ^ accumulator >> 29) * _PRIME_3 & _MASK
    return accumulator ^ accumulator >> 32


def _rotate(value: int, bits: int) -> int:
    value &= _MASK
    return (value << bits | value >> (64 - bits)) & _MASK


def _round(lane: int, word: int) -> int:
    return _rotate(lane + word * _PRIME_2, 31) * _PRIME_1 & _MASK

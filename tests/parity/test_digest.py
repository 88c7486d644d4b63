"""The compiled digest against its twin, and both against what the xxHash project publishes.

Its self-test (`xxhsum --benchmark-verify`, XSUM_sanityCheck) digests the start of one generated buffer with two seeds;
the sizes lie on both sides of every step of the algorithm. The reference library gave the values that it leaves out.
"""

import importlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.hot import digest as plain

compiled = importlib.import_module("gateway._speedups.digest")

Digest64 = Callable[[bytes, int], int]

PRIME_32 = 2654435761
PRIME_64 = 11400714785074694797

SELF_TEST = [
    (0, 0xEF46DB3751D8E999, 0xAC75FDA2929B17EF),
    (1, 0xE934A84ADB052768, 0x5014607643A9B4C3),
    (3, 0xFF7E1959CB50794A, 0xAA8584E83660F7D1),
    (4, 0x9136A0DCA57457EE, 0xCAAB286BD8E9FDB5),
    (7, 0x6C83909A9F01ED25, 0xF98D03B1AD6F9293),
    (8, 0xCDBCF538E71D1348, 0xFE0C047A5353CDAC),
    (12, 0x0723BF50086EAD9A, 0x8252819F4E506951),
    (14, 0x8282DCC4994E35C8, 0xC3BD6BF63DEB6DF0),
    (31, 0x299B39A290E6D783, 0xDA673D5FEB5C1D79),
    (32, 0x18B216492BB44B70, 0xB3F33BDF93ADE409),
    (33, 0x55C8DC3E578F5B59, 0xE92C292F64BC3071),
    (63, 0xA9EFBE0FA0F3F4E7, 0x6C911FADB05B6FC2),
    (64, 0xEF558F8ACAC2B5CD, 0xB5EEBA99264CC44F),
    (222, 0xB641AE8CB691C174, 0x20CB8AB7AE10C14A),
    (1201, 0xC9517C4AAA35A42A, 0xE76B0F144E7074CA),
]
"""Bytes, digest with seed 0, digest with seed PRIME_32."""


@pytest.fixture(params=[plain.digest64, compiled.digest64], ids=["plain", "compiled"])
def digest64(request: pytest.FixtureRequest) -> Digest64:
    digest: Digest64 = request.param
    return digest


def self_test_buffer(size: int) -> bytes:
    """Return the first bytes of the buffer that the self-test of xxHash generates."""
    generator, content = PRIME_32, bytearray()
    for _ in range(size):
        content.append(generator >> 56)
        generator = generator * PRIME_64 % 2**64
    return bytes(content)


@pytest.mark.parametrize(("size", "unseeded", "seeded"), SELF_TEST)
def test_the_digests_of_the_self_test_of_xxhash(digest64: Digest64, size: int, unseeded: int, seeded: int) -> None:
    content = self_test_buffer(size)
    assert (digest64(content, 0), digest64(content, PRIME_32)) == (unseeded, seeded)


def test_the_digest_of_abc(digest64: Digest64) -> None:
    assert digest64(b"abc", 0) == 0x44BC2CF5AD770999


@pytest.mark.parametrize("seed", [2**64, -(2**64), 2**200])
def test_a_seed_beyond_64_bits_is_cut(digest64: Digest64, seed: int) -> None:
    assert digest64(b"abc", seed) == digest64(b"abc", 0)
    assert digest64(b"abc", seed + 7) == digest64(b"abc", 7)


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200), st.integers(-(2**65), 2**65))
def test_both_forms_agree(content: bytes, seed: int) -> None:
    digest = compiled.digest64(content, seed)
    assert digest == plain.digest64(content, seed)
    assert 0 <= digest < 2**64

"""Memory that was freed goes back to the system."""

import ctypes
import platform
import re
from pathlib import Path

import pytest

from gateway.io import heap

KIB = 1024
SMALL = 50_000
"""Below the size of a block that is mapped by itself."""
BLOCKS = 400


def resident_bytes() -> int:
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * KIB


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has malloc_trim")
def test_free_pages_below_a_block_in_use_are_given_back():
    c = ctypes.CDLL("libc.so.6")
    c.malloc.restype = ctypes.c_void_p
    c.free.argtypes = [ctypes.c_void_p]
    blocks = [c.malloc(SMALL) for _ in range(BLOCKS)]
    for block in blocks:
        ctypes.memset(block, 1, SMALL)
    for block in blocks[:-1]:
        c.free(block)
    before = resident_bytes()
    heap.trim()
    assert resident_bytes() < before - BLOCKS * SMALL // 2
    c.free(blocks[-1])

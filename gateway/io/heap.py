"""Memory that was freed, given back to the system. glibc only; with other C libraries this does nothing.

uvloop takes a block of 256 KiB for each connection with TLS and uses a page or two of it. When such blocks are made
from memory that others have used before, all of their pages are resident: after some rounds of reconnecting, a
connection took 140 KiB instead of 24, and rising.
"""

import ctypes
from collections.abc import Callable
from typing import Final

_MMAP_THRESHOLD: Final = -3
"""M_MMAP_THRESHOLD of mallopt(3)."""

_BLOCK_BYTES: Final = 128 * 1024
"""From this size on a block is mapped by itself: glibc's own default, but it would raise that at the first such block
that is freed."""


def _function(name: str) -> Callable[..., int] | None:
    try:
        function: Callable[..., int] = getattr(ctypes.CDLL("libc.so.6"), name)
    except (OSError, AttributeError):
        return None
    return function


_mallopt: Final = _function("mallopt")
_malloc_trim: Final = _function("malloc_trim")


def map_large_blocks() -> None:
    """Have large blocks mapped by themselves for good, so that they begin with pages that nobody has touched."""
    if _mallopt is not None:
        _mallopt(_MMAP_THRESHOLD, _BLOCK_BYTES)


def trim() -> None:
    """Give free pages back. Takes half a millisecond, and some more after much was freed."""
    if _malloc_trim is not None:
        _malloc_trim(0)

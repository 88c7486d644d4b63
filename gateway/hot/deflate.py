"""Payloads of permessage-deflate (RFC 7692 section 7.2), with no memory from one message to the next.

Where both sides give up context takeover, a message can be inflated and deflated without anything that belongs to its
connection, which then costs no more than without the extension. With contexts it would be 23 KiB more
(windows of 4 KiB) to 115 KiB (zlib's defaults). zlib does the work, so there is nothing here to compile.
"""

import zlib
from typing import Final

_TAIL: Final = b"\x00\x00\xff\xff"
"""What a sender takes off the end of a message and a receiver puts back: an empty stored block, but for its header."""

_END: Final = _TAIL + b"\x03\x00"
"""The tail, and a last block without content: zlib reaches its end only if the message did not break off in a block."""

_ENDED_EARLY: Final = (b"", b"\x00" + _END, _END)
"""What may be left behind the last block: nothing, or our own _END if the sender's stream has a last block of its own
(RFC 7692 section 7.2.3.4; some leave out the zero byte behind it)."""

_WINDOW_BITS: Final = 15
_LEVEL: Final = 1
"""zlib's fastest: for OCPP messages level 6 saves 1 to 4 % more and takes up to twice as long."""
_MEMORY_LEVEL: Final = 5
"""Size of the table of matches, 8 KiB: it is cleared after each message, and messages are short."""


class InflateError(ValueError):
    """The payload is no compressed message."""


def inflate(payload: bytes, bytes_max: int) -> bytes:
    """Return the message that `payload` compresses, but at most `bytes_max` + 1 bytes of it: one more says too long.

    So a small payload that would become gigabytes costs no more than the longest message. Raises InflateError for what
    is no DEFLATE stream, breaks off, or goes on behind its last block.
    """
    if not payload:
        return b""  # not a stream (RFC 7692 section 7.2.3.6 demands one zero byte), but nobody can misread it
    stream = zlib.decompressobj(-_WINDOW_BITS)
    try:
        message = stream.decompress(payload, bytes_max + 1)
        if len(message) > bytes_max:
            return message
        behind = stream.decompress(_END)  # never content, or else the payload breaks off within a block
    except zlib.error:
        raise InflateError("the payload is no DEFLATE stream") from None
    if behind or not (stream.eof and stream.unused_data in _ENDED_EARLY):
        raise InflateError("the DEFLATE stream does not end with the payload")
    return message


class Deflater:
    """Compresses messages, each for itself, with a window of 2 ** `window_bits` bytes (9 to 15), for any connection.

    One object holds up to 150 KiB. A full flush after each message makes it forget all that went before.
    """

    __slots__ = ("_stream",)

    def __init__(self, window_bits: int) -> None:
        self._stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, -window_bits, _MEMORY_LEVEL)

    def deflate(self, message: bytes) -> bytes:
        """Return the payload that compresses `message`, which must not be empty."""
        payload = self._stream.compress(message) + self._stream.flush(zlib.Z_FULL_FLUSH)
        assert payload.endswith(_TAIL), "a flush of something ends with an empty stored block"
        return payload[: -len(_TAIL)]

"""WebSocket frames as a server reads and writes them (RFC 6455 section 5): the plain twin of `_speedups/frames.pyx`."""

from gateway.hot.deflate import InflateError, inflate

CONTINUATION = 0
TEXT = 1
BINARY = 2
CLOSE = 8
PING = 9
PONG = 10
FAILED = -1
"""The connection must be failed (RFC 6455 section 7.1.7); its payload is that of the Close frame to send."""

COMPRESSED = 0x40
"""Reserved bit 1, added to an opcode: the payload is a compressed message (RFC 7692 section 6)."""

FRAGMENTS_MAX = 65_536
"""Most frames in one message. Empty fragments cost no memory, so only a count can end them. 4 MiB in pieces of 64
bytes, the finest that the Autobahn test suite sends, still pass."""

CONTROL_BYTES_MAX = 125
"""Longest payload of a control frame (RFC 6455 section 5.5)."""

PROTOCOL_ERROR = 1002
NOT_UTF8 = 1007
POLICY_VIOLATION = 1008
TOO_BIG = 1009


class FrameReader:
    """Turns the bytes of one client into events: whole messages, control frames, at most one failure.

    `message_bytes_max` bounds the payload of a message, over all of its fragments. What is longer fails as soon as its
    header is read, so that no more than the limit and one read is ever held.

    `deflate` says that permessage-deflate was negotiated, without context takeover by the client (RFC 7692): then a
    message may be compressed. The limit holds for what arrives and for what that is inflated to.
    """

    __slots__ = (
        "_buffer",
        "_compressed",
        "_deflate",
        "_ended",
        "_fragments",
        "_message",
        "_message_bytes_max",
        "_message_opcode",
    )

    def __init__(self, message_bytes_max: int, deflate: bool = False) -> None:
        if message_bytes_max < 1:
            raise ValueError("message_bytes_max must be at least 1")
        self._message_bytes_max = message_bytes_max
        self._deflate = deflate
        self._buffer = b""
        self._message = b""
        self._message_opcode = CONTINUATION
        self._compressed = False
        self._fragments = 0
        self._ended = False

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the events that `data` completes, in order, as (opcode, payload).

        TEXT and BINARY carry a whole message, inflated (text is valid UTF-8); PING and PONG their payload; CLOSE its
        valid raw payload (empty, or code and reason). FAILED carries the payload of the Close frame to answer with: two
        bytes of code and an ASCII reason. After CLOSE or FAILED everything is ignored.
        """
        events: list[tuple[int, bytes]] = []
        if self._ended:
            return events
        self._buffer += data
        try:
            while not self._ended and (frame := self._next_frame()) is not None:
                event = self._event(*frame)
                if event is not None:
                    events.append(event)
                    self._ended = event[0] == CLOSE
        except _ViolationError as violation:
            self._ended = True
            events.append((FAILED, violation.code.to_bytes(2, "big") + violation.reason.encode("ascii")))
        if self._ended:
            self._buffer = self._message = b""
        return events

    def __sizeof__(self) -> int:
        """Bytes held, buffers included."""
        return object.__sizeof__(self) + len(self._buffer) + len(self._message)

    def _next_frame(self) -> tuple[bool, bool, int, bytes] | None:
        """Take one whole frame off the buffer: (is it final, is it compressed, opcode, unmasked payload).

        None: more bytes are needed.
        """
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        final, reserved, opcode = bool(buffer[0] & 0x80), buffer[0] & 0x70, buffer[0] & 0x0F
        compressed = reserved == COMPRESSED and self._deflate and opcode in (TEXT, BINARY)
        if reserved and not compressed:
            raise _ViolationError(PROTOCOL_ERROR, "reserved bits are set")
        self._check_opcode(final, opcode)
        if not buffer[1] & 0x80:
            raise _ViolationError(PROTOCOL_ERROR, "frame is not masked")
        length = buffer[1] & 0x7F
        if opcode >= CLOSE and length > CONTROL_BYTES_MAX:
            raise _ViolationError(PROTOCOL_ERROR, "control frame is too long")
        extension = {126: 2, 127: 8}.get(length, 0)
        if len(buffer) < 2 + extension:
            return None
        if extension:
            length = int.from_bytes(buffer[2 : 2 + extension], "big")
            if length >> 63:
                raise _ViolationError(PROTOCOL_ERROR, "length has its highest bit set")
        if opcode < CLOSE and length > self._message_bytes_max - len(self._message):
            raise _ViolationError(TOO_BIG, f"message exceeds {self._message_bytes_max} bytes")
        start = 2 + extension + 4
        if len(buffer) < start + length:
            return None
        self._buffer = buffer[start + length :]
        return final, compressed, opcode, _unmasked(buffer[start : start + length], buffer[start - 4 : start])

    def _check_opcode(self, final: bool, opcode: int) -> None:
        if opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise _ViolationError(PROTOCOL_ERROR, "opcode is unknown")
        if opcode >= CLOSE:
            if not final:
                raise _ViolationError(PROTOCOL_ERROR, "control frame is fragmented")
            return
        if opcode == CONTINUATION and not self._fragments:
            raise _ViolationError(PROTOCOL_ERROR, "continuation without a message")
        if opcode != CONTINUATION and self._fragments:
            raise _ViolationError(PROTOCOL_ERROR, "message begins inside another")
        if self._fragments == FRAGMENTS_MAX:
            raise _ViolationError(POLICY_VIOLATION, "message has too many fragments")

    def _event(self, final: bool, compressed: bool, opcode: int, payload: bytes) -> tuple[int, bytes] | None:
        """Return the event that this frame completes, or None for a fragment."""
        if opcode >= CLOSE:
            if opcode == CLOSE:
                _check_close(payload)
            return opcode, payload
        if opcode != CONTINUATION:
            self._message_opcode, self._compressed = opcode, compressed
        self._message += payload
        self._fragments += 1
        if not final:
            return None
        opcode, message = self._message_opcode, self._message
        self._message, self._fragments = b"", 0
        if self._compressed:
            message = self._inflated(message)
        if opcode == TEXT and not _is_utf8(message):
            raise _ViolationError(NOT_UTF8, "text is not UTF-8")
        return opcode, message

    def _inflated(self, payload: bytes) -> bytes:
        try:
            message = inflate(payload, self._message_bytes_max)
        except InflateError:
            raise _ViolationError(PROTOCOL_ERROR, "message does not inflate") from None
        if len(message) > self._message_bytes_max:
            raise _ViolationError(TOO_BIG, f"message exceeds {self._message_bytes_max} bytes")
        return message


def server_frame(opcode: int, payload: bytes) -> bytes:
    """Return one unmasked, final frame (RFC 6455 section 5.1: a server never masks). `opcode` may have COMPRESSED."""
    size = len(payload)
    if size <= CONTROL_BYTES_MAX:
        head = bytes((0x80 | opcode, size))
    elif size < 1 << 16:
        head = bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big")
    return head + payload


class _ViolationError(Exception):
    """The client broke the protocol; `code` and `reason` go into the Close frame."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


def _unmasked(payload: bytes, key: bytes) -> bytes:
    return bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _check_close(payload: bytes) -> None:
    """Check the payload of a Close frame (RFC 6455 section 7.4 and the IANA registry of close codes)."""
    if not payload:
        return
    if len(payload) == 1:
        raise _ViolationError(PROTOCOL_ERROR, "close frame of one byte")
    code = int.from_bytes(payload[:2], "big")
    if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        raise _ViolationError(PROTOCOL_ERROR, "close code is not allowed")
    if not _is_utf8(payload[2:]):
        raise _ViolationError(NOT_UTF8, "close reason is not UTF-8")

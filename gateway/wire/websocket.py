"""An open WebSocket connection to one station, without its socket (RFC 6455 sections 5 to 7)."""

from collections.abc import Callable, Iterator
from enum import Enum
from math import inf
from typing import Final, TypeAlias

from msgspec import Struct

from gateway.hot import BINARY, CLOSE, COMPRESSED, FAILED, PING, PONG, TEXT, Deflater, FrameReader, server_frame

Write: TypeAlias = Callable[[bytes], None]

NORMAL_CLOSURE: Final = 1000
GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
UNSUPPORTED: Final = 1003
NO_STATUS: Final = 1005
"""What `close_code` says of a Close frame without a code (RFC 6455 section 7.1.5). Never sent."""
ABNORMAL_CLOSURE: Final = 1006
"""What `close_code` says if there was no Close frame at all. Never sent."""
POLICY_VIOLATION: Final = 1008
INTERNAL_ERROR: Final = 1011
SERVICE_RESTART: Final = 1012
TRY_AGAIN_LATER: Final = 1013

CLOSE_REASON_BYTES_MAX: Final = 123
"""What a control frame of 125 bytes has left behind the code (RFC 6455 section 5.5)."""

DEFLATE_BYTES_MIN: Final = 256
"""Shortest message that is worth compressing. The answers to stations are shorter: compressed they would save a few
bytes for 3 us each. A charging profile of 440 bytes becomes 250 for 5 us, a local list of 30 tokens a fifth."""

_PING_FRAME: Final = server_frame(PING, b"")


class State(Enum):
    """OPEN: messages flow. CLOSING: our Close frame is sent, the peer's awaited. CLOSED: end the TCP connection."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class WebSocketSettings(Struct, frozen=True):
    """What all connections of one listener share. Times in seconds.

    `silence_max_s` is for a peer that has never answered a ping, as some stations do not: it is gone when nothing at
    all was heard for so long. It must leave room for the heartbeats of such a station. Shorter messages than
    `deflate_bytes_min`, which is at least 1, are not compressed.
    """

    message_bytes_max: int
    ping_interval_s: float
    pong_timeout_s: float
    silence_max_s: float
    close_timeout_s: float = 5.0
    deflate_bytes_min: int = DEFLATE_BYTES_MIN


class WebSocket:
    """One connection from the end of its handshake on. Nothing that the peer sends makes it raise.

    Feed what the socket reads to `receive`, call `tick` at `next_deadline`, and look at `state` after each call: once
    it is CLOSED, close the TCP connection (as the server, we do so first: RFC 6455 section 7.1.1), or abort it if
    `is_unresponsive`, for then nobody reads what is still to be sent. All times are monotonic seconds.

    With a `deflater` messages may be compressed in both directions (permessage-deflate, RFC 7692); the handshake must
    have agreed that neither side takes context over.

    `close_code` and `close_reason` are those of the first Close frame in either direction, and `closed_by_peer` says
    whose it was; NO_STATUS and ABNORMAL_CLOSURE stand in for what is missing.
    """

    __slots__ = (
        "_answers_pings",
        "_close_deadline_s",
        "_deflater",
        "_next_ping_s",
        "_reader",
        "_settings",
        "_write",
        "close_code",
        "close_reason",
        "closed_by_peer",
        "is_unresponsive",
        "received_monotonic_s",
        "state",
    )

    def __init__(self, write: Write, settings: WebSocketSettings, now: float, deflater: Deflater | None = None) -> None:
        self._write = write
        self._settings = settings
        self._deflater = deflater
        self._reader = FrameReader(settings.message_bytes_max, deflater is not None)
        self._next_ping_s = now + settings.ping_interval_s
        self._close_deadline_s = inf
        self._answers_pings = False
        self.received_monotonic_s = now
        self.state = State.OPEN
        self.close_code: int | None = None
        self.close_reason = ""
        self.closed_by_peer = False
        self.is_unresponsive = False

    def receive(self, data: bytes, now: float) -> list[bytes]:
        """Return the text messages that `data` completes, as valid UTF-8; answer pings and the closing handshake.

        What arrives after our own Close frame is not delivered: it could not be answered.
        """
        self.received_monotonic_s = now
        messages = []
        for opcode, payload in self._reader.feed(data):
            if opcode == TEXT and self.state is State.OPEN:
                messages.append(payload)
            elif opcode == BINARY and self.state is State.OPEN:
                self._fail(UNSUPPORTED.to_bytes(2, "big") + b"OCPP-J messages are text")
            else:
                self._receive_control(opcode, payload)
        return messages

    def receive_any(self, data: bytes, now: float) -> Iterator[tuple[int, bytes]]:
        """Yield text and binary messages as (opcode, payload), each before what follows it is looked at.

        Otherwise as `receive`; it must be read to its end.
        """
        self.received_monotonic_s = now
        for opcode, payload in self._reader.feed(data):
            if opcode in (TEXT, BINARY) and self.state is State.OPEN:
                yield opcode, payload
            else:
                self._receive_control(opcode, payload)

    def send(self, message: bytes, opcode: int = TEXT) -> bool:
        """Write one message, compressed where that pays; False, and nothing written, once it is not open."""
        if self.state is not State.OPEN:
            return False
        if self._deflater is not None and len(message) >= self._settings.deflate_bytes_min:
            message = self._deflater.deflate(message)
            opcode |= COMPRESSED
        self._write(server_frame(opcode, message))
        return True

    def close(self, code: int, reason: str, now: float) -> None:
        """Start the closing handshake. Does nothing if it has been started. A reason too long is cut."""
        if self.state is not State.OPEN:
            return
        self._close_deadline_s = now + self._settings.close_timeout_s
        self.state = State.CLOSING
        encoded = reason.encode()[:CLOSE_REASON_BYTES_MAX].decode(errors="ignore").encode()
        self._write_close(code.to_bytes(2, "big") + encoded)

    def connection_lost(self) -> None:
        """Take note that the TCP connection is gone, whoever ended it."""
        self.state = State.CLOSED
        if self.close_code is None:
            self.close_code = ABNORMAL_CLOSURE
            self.closed_by_peer = True

    @property
    def deflates(self) -> bool:
        """Whether messages may be compressed."""
        return self._deflater is not None

    @property
    def next_deadline(self) -> float:
        """When `tick` is due. It may move later as bytes arrive, and earlier only by `close`."""
        if self.state is State.OPEN:
            return min(self._next_ping_s, self._silence_deadline_s)
        return self._close_deadline_s if self.state is State.CLOSING else inf

    def tick(self, now: float) -> None:
        """Do what is due: ping, or give up on a peer that is silent or does not answer our Close frame.

        Any byte counts as life. A station that never answers pings is tolerated while it talks, however seldom (see
        `WebSocketSettings.silence_max_s`).
        """
        if self.state is State.CLOSING and now >= self._close_deadline_s:
            self.state = State.CLOSED
            self.is_unresponsive = True
        if self.state is not State.OPEN:
            return
        if now >= self._silence_deadline_s:
            self.state = State.CLOSED
            self.is_unresponsive = True
            self.close_code = ABNORMAL_CLOSURE
            self.close_reason = "nothing received"
        elif now >= self._next_ping_s:
            self._next_ping_s = now + self._settings.ping_interval_s
            self._write(_PING_FRAME)

    @property
    def _silence_deadline_s(self) -> float:
        settings = self._settings
        answered_s = settings.ping_interval_s + settings.pong_timeout_s
        return self.received_monotonic_s + (answered_s if self._answers_pings else settings.silence_max_s)

    def _receive_control(self, opcode: int, payload: bytes) -> None:
        """Take any event but a message on an open connection."""
        if self.state is not State.OPEN:
            self._receive_closing(opcode)
        elif opcode == PING:
            self._write(server_frame(PONG, payload))
        elif opcode == CLOSE:
            self._receive_close(payload)
        elif opcode == FAILED:
            self._fail(payload)
        else:
            self._answers_pings = True

    def _receive_close(self, payload: bytes) -> None:
        """Answer the peer's Close frame with its code (RFC 6455 section 5.5.1)."""
        self.closed_by_peer = True
        self.state = State.CLOSED
        self._note_close(payload)
        self._write(server_frame(CLOSE, payload[:2]))

    def _receive_closing(self, opcode: int) -> None:
        """Wait for the peer's Close frame; a violation of the protocol also ends the wait."""
        if opcode in (CLOSE, FAILED):
            self.state = State.CLOSED

    def _fail(self, payload: bytes) -> None:
        """Fail the connection without waiting for the peer's Close frame (RFC 6455 section 7.1.7)."""
        self.state = State.CLOSED
        self._write_close(payload)

    def _write_close(self, payload: bytes) -> None:
        self._note_close(payload)
        self._write(server_frame(CLOSE, payload))

    def _note_close(self, payload: bytes) -> None:
        self.close_code = int.from_bytes(payload[:2], "big") if payload else NO_STATUS
        self.close_reason = payload[2:].decode()

"""A WebSocket that sends back what it gets, for test suites of the WebSocket protocol. Never on in production."""

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from gateway.hot import Deflater
from gateway.io.timers import TimerWheel
from gateway.wire.websocket import State, WebSocket, WebSocketSettings


class EchoConnection(asyncio.Protocol):
    """An open connection whose text and binary messages are echoed, through the code that serves stations.

    With a `deflater` every echo is compressed that is not empty, for it is compression that shall be tested.

    `closed` is called once with the connection after its end. While the peer does not read, nothing more is read from
    it: the echo of what one read brought is the most that waits.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        settings: WebSocketSettings,
        deflater: Deflater | None,
        *,
        wheel: TimerWheel,
        monotonic: Callable[[], float],
        closed: Callable[["EchoConnection"], None],
    ) -> None:
        self._transport = transport
        self._wheel = wheel
        self._monotonic = monotonic
        self._closed = closed
        self._close_timeout_s = settings.close_timeout_s
        self._web_socket = WebSocket(transport.write, replace(settings, deflate_bytes_min=1), monotonic(), deflater)
        wheel.schedule(self, self._web_socket.next_deadline)

    def data_received(self, data: bytes) -> None:
        """Echo each message that `data` completes."""
        web_socket = self._web_socket
        for opcode, message in web_socket.receive_any(data, self._monotonic()):
            web_socket.send(message, opcode)
        if web_socket.state is State.CLOSED:
            self._transport.close()
            self._wheel.schedule(self, self._monotonic() + self._close_timeout_s)

    def pause_writing(self) -> None:
        """Read no more while the peer does not."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the listener."""
        self._web_socket.connection_lost()
        self._closed(self)

    def tick(self, now: float) -> float | None:
        """Ping, or give up (see `WebSocket.tick`)."""
        self._web_socket.tick(now)
        if self._web_socket.state is State.CLOSED:
            self.abort()
            return None
        return self._web_socket.next_deadline

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()

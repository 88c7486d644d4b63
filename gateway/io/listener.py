"""The station's end of the gateway: TCP connections become WebSockets, and their messages go to sessions.

Callbacks on the transport; no coroutine per station. A connection is a `Handshaking` until its upgrade, and one small
`StationConnection` from then on.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from ssl import SSLContext, SSLError
from typing import Final, cast

from msgspec import Struct

from gateway.core.admission import NOT_FOUND, Admission, Turned
from gateway.core.registry import Registry
from gateway.core.service import Log, Service
from gateway.core.session import Session
from gateway.core.stations import Station
from gateway.hot import CLOSE, Counters, Deflater, server_frame
from gateway.io import heap
from gateway.io.echo import EchoConnection
from gateway.io.timers import TimerWheel
from gateway.io.tls import start_tls
from gateway.wire.handshake import (
    Handshake,
    HandshakeError,
    Request,
    choose_subprotocol,
    identity_problem,
    is_version_2,
)
from gateway.wire.websocket import (
    GOING_AWAY,
    INTERNAL_ERROR,
    PROTOCOL_ERROR,
    SERVICE_RESTART,
    TRY_AGAIN_LATER,
    State,
    WebSocket,
    WebSocketSettings,
)

BAD_REQUEST: Final = 400

HANDSHAKES: Final = (
    "accepted",
    "no_subprotocol",
    "refused_request",
    "tls_failed",
    "not_found",
    "unauthorized",
    "full",
    "journal_full",
    "draining",
    "timeout",
    "abandoned",
)
"""How a handshake ended."""

DISCONNECTS: Final = (
    "closed_by_station",
    "lost",
    "silent",
    "protocol_error",
    "replaced",
    "drained",
    "journal_full",
    "failed",
    "too_slow",
)
"""Why a connection ended: with a Close frame of the station; without one; nothing heard for too long; against the
WebSocket protocol; a newer connection of the same station; our stop; no room in the journal, if that disconnects; an
error of ours; it did not read our answers."""

WRITE_BYTES_MAX: Final = 256 * 1024
"""Unsent bytes after which a station that does not read is cut off: it would take no answer anyway."""

SERVICE_UNAVAILABLE: Final = 503
RETRY_AFTER_S: Final = 30
"""What a station is told that comes when there is no place for it."""

TURNED_AWAY_MAX: Final = 64
"""Connections beyond `connections_max` that are heard out, only to be told 503; who comes then is cut off at once. Open
files are reckoned for `connections_max` and few others: idle peers must not take those of the store and the journal."""

TRIM_EVERY: Final = 64
"""Ended connections after which memory is given back, if there is TLS: what they leave is 16 MiB at most."""

PACE_POLL_S: Final = 0.02
"""Time between two looks at how many connections should be closed by now."""


class ListenerSettings(Struct, frozen=True):
    """What all connections of the listener share. `deflate`: permessage-deflate is accepted where it is offered."""

    path_prefix: str
    connections_max: int
    stations_max: int
    handshake_timeout_s: float
    web_socket: WebSocketSettings
    deflate: bool = True
    echo_path: str | None = None


class StationListener:
    """Accepts stations, on one address or several, and keeps count of their connections.

    `services` are by subprotocol; `is_strict` tells for an identity whether undecodable messages are refused.
    `connected` and `gone` hear of each station whose connection began or ended.
    """

    def __init__(
        self,
        settings: ListenerSettings,
        *,
        admission: Admission,
        registry: Registry,
        services: Mapping[str, Service],
        is_strict: Callable[[str], bool],
        wheel: TimerWheel,
        monotonic: Callable[[], float],
        log: Log,
        connected: Callable[[Station], None] = lambda _station: None,
        gone: Callable[[Station], None] = lambda _station: None,
    ) -> None:
        self.settings = settings
        self.admission = admission
        self.registry = registry
        self.services = services
        self.is_strict = is_strict
        self.wheel = wheel
        self.monotonic = monotonic
        self.log = log
        self.connected = connected
        self.gone = gone
        self.draining = False
        self.turns_away = False
        """Whether new stations are refused for now (see `io.turning_away`)."""
        self.handshakes = Counters(len(HANDSHAKES))
        self.disconnects = Counters(len(DISCONNECTS))
        self.handshaking: set[Handshaking] = set()
        self.open: set[StationConnection] = set()
        self.echoing: set[EchoConnection] = set()
        self._servers: list[asyncio.Server] = []
        self._has_tls = False
        self._ended = 0
        self._deflaters: dict[int, Deflater] = {}

    async def start(self, host: str, port: int, *, backlog: int, context: SSLContext | None = None) -> tuple[str, int]:
        """Listen, with TLS if there is a `context`, and return the address. Raises OSError if that cannot be done.

        TLS needs uvloop: what a station sends right behind its handshake would be lost with asyncio's own loop.
        """
        loop = asyncio.get_running_loop()
        if context is not None:
            self._has_tls = True
            heap.map_large_blocks()
        server = await loop.create_server(lambda: Handshaking(self, context), host, port, backlog=backlog)
        self._servers.append(server)
        address = server.sockets[0].getsockname()
        return address[0], address[1]

    @property
    def connections(self) -> int:
        """Open connections, those in their handshake included."""
        return len(self.open) + len(self.handshaking) + len(self.echoing)

    @property
    def deflating(self) -> int:
        """Stations whose connection agreed on permessage-deflate."""
        return sum(connection.deflates for connection in self.open)

    def deflater(self, window_bits: int | None) -> Deflater | None:
        """Return what compresses for all connections with this window; None for None."""
        if window_bits is None:
            return None
        if window_bits not in self._deflaters:
            self._deflaters[window_bits] = Deflater(window_bits)
        return self._deflaters[window_bits]

    def connections_by_version(self) -> dict[tuple[str], int]:
        """Return how many stations are connected, by subprotocol."""
        counts = Counter(connection.session.subprotocol for connection in self.open)
        return {(subprotocol,): counts[subprotocol] for subprotocol in self.services}

    async def drain(
        self, *, closes_per_s: float, grace_s: float, progress: Callable[[int], None] = lambda _left: None
    ) -> None:
        """Accept nobody more, and close all connections at a pace, those without a running transaction first.

        A connection with an answer under way is closed after it. What is left after `grace_s` is told so and cut.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        self.draining = True
        for server in self._servers:
            server.close()
        for handshaking in list(self.handshaking):
            handshaking.abort("draining")
        for echo in list(self.echoing):
            echo.abort()
        leaving = self.in_order_of_leaving()
        while self.open and (elapsed := loop.time() - started) < grace_s:
            for connection in leaving[: 1 + int(elapsed * closes_per_s)]:
                if connection.session.idle:
                    connection.take_leave()
            progress(len(self.open))
            await asyncio.sleep(PACE_POLL_S)
        for connection in self.open:
            connection.take_leave()
        if self.open:
            await asyncio.sleep(PACE_POLL_S)
        for connection in list(self.open):
            connection.abort("drained")
        await asyncio.sleep(0)

    def in_order_of_leaving(self) -> list["StationConnection"]:
        """Return who is connected, those without a running transaction first."""
        return sorted(self.open, key=lambda connection: len(connection.session.station.running_transactions()))

    def note_end(self) -> None:
        """Take note that a connection ended; with TLS, give memory back now and then (see `io.heap`)."""
        self._ended += 1
        if self._has_tls and self._ended % TRIM_EVERY == 0:
            heap.trim()

    def count_handshake(self, result: str) -> None:
        """Count how a handshake ended."""
        self.handshakes.add(HANDSHAKES.index(result))


class Handshaking(asyncio.Protocol):
    """A connection until its upgrade: first the handshake of TLS, if there is a `context`, then that of WebSocket."""

    def __init__(self, listener: StationListener, context: SSLContext | None) -> None:
        settings = listener.settings
        self._listener = listener
        self._context = context
        self._handshake: Handshake | None = Handshake(
            settings.path_prefix, echo_path=settings.echo_path, deflate=settings.deflate
        )
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, if there is any place; both handshakes together have a deadline."""
        listener = self._listener
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        if listener.connections >= listener.settings.connections_max + TURNED_AWAY_MAX:
            self._handshake = None
            listener.count_handshake("full")
            self._transport.abort()
            return
        listener.handshaking.add(self)
        listener.wheel.schedule(self, listener.monotonic() + listener.settings.handshake_timeout_s)
        if self._context is not None:
            start_tls(
                self._transport,
                self,
                self._context,
                handshake_timeout_s=listener.settings.handshake_timeout_s,
                shutdown_timeout_s=listener.settings.web_socket.close_timeout_s,
                done=self._secured,
            )

    def _secured(self, secured: asyncio.Transport | OSError) -> None:
        """Go on inside TLS, as without it."""
        if not isinstance(secured, OSError):
            self._transport = secured
        else:
            self.connection_lost(secured)

    def data_received(self, data: bytes) -> None:
        """Take in a part of the request; answer it once it is whole."""
        if self._handshake is None:
            return
        try:
            request = self._handshake.receive(data)
        except HandshakeError as error:
            self._end("refused_request", error.response, reason=error.reason, status=error.status)
            return
        if request is not None:
            self._answer(self._handshake, request)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget a peer that went away, or with which TLS could not be agreed upon."""
        if self._handshake is None:
            return
        if isinstance(error, SSLError):
            self._end("tls_failed", b"", reason=error.reason)
        else:
            self._end("timeout" if isinstance(error, ConnectionAbortedError) else "abandoned", b"")

    def tick(self, now: float) -> None:
        """Give up on a peer that does not finish its request, or does not read its refusal."""
        self.abort("timeout")
        if self._transport is not None:
            self._transport.abort()

    def abort(self, result: str) -> None:
        """Cut the connection, unless its handshake is over."""
        if self._handshake is not None:
            self._end(result, b"")

    def _answer(self, handshake: Handshake, request: Request) -> None:
        listener = self._listener
        if listener.draining:
            self._refuse_for_now(handshake, "draining", "Stopping")
            return
        if listener.connections > listener.settings.connections_max:
            self._refuse_for_now(handshake, "full", "No place")
            return
        if request.identity is None:
            self._upgrade_to_echo(handshake)
            return
        if listener.turns_away:
            self._refuse_for_now(handshake, "journal_full", "The journal is full")
            return
        subprotocol = choose_subprotocol(request.subprotocols, listener.services)
        if problem := identity_problem(request.identity, subprotocol):
            self._end("refused_request", handshake.refuse(BAD_REQUEST, f"The identity {problem}"), reason=problem)
            return
        ignore_case = is_version_2(subprotocol)
        judged = listener.admission.judge(request.identity, request.credentials, ignore_case=ignore_case)
        if isinstance(judged, Turned):
            result = "not_found" if judged.status == NOT_FOUND else "unauthorized"
            response = handshake.refuse(judged.status, judged.reason)
            self._end(result, response, station=request.identity, reason=judged.reason)
        elif subprotocol is None:
            close = server_frame(CLOSE, PROTOCOL_ERROR.to_bytes(2, "big") + b"no subprotocol in common")
            response = handshake.accept(None) + close
            self._end("no_subprotocol", response, station=request.identity, offered=request.subprotocols)
        else:
            registry = listener.registry
            identity = registry.spelling(judged.identity) if ignore_case else judged.identity
            if identity not in registry and len(registry) >= listener.settings.stations_max:
                self._refuse_for_now(handshake, "full", "No place")
            else:
                self._upgrade(handshake, identity, subprotocol)

    def _upgrade(self, handshake: Handshake, identity: str, subprotocol: str) -> None:
        """Hand the transport to a StationConnection."""
        listener = self._listener
        transport = self._accept(handshake, subprotocol)
        station, service = listener.registry.station(identity), listener.services[subprotocol.lower()]
        deflater = listener.deflater(handshake.deflate_window_bits)
        self._hand_over(transport, StationConnection(listener, transport, station, service, deflater), handshake.rest)

    def _upgrade_to_echo(self, handshake: Handshake) -> None:
        listener = self._listener
        transport = self._accept(handshake, None)
        echo = EchoConnection(
            transport,
            listener.settings.web_socket,
            listener.deflater(handshake.deflate_window_bits),
            wheel=listener.wheel,
            monotonic=listener.monotonic,
            closed=listener.echoing.discard,
        )
        listener.echoing.add(echo)
        self._hand_over(transport, echo, handshake.rest)

    def _accept(self, handshake: Handshake, subprotocol: str | None) -> asyncio.Transport:
        """Answer 101, and return the transport, which is somebody else's from now on."""
        transport = self._transport
        assert transport is not None
        self._handshake = self._transport = None
        self._listener.handshaking.discard(self)
        self._listener.count_handshake("accepted")
        transport.write(handshake.accept(subprotocol))
        return transport

    def _hand_over(self, transport: asyncio.Transport, connection: asyncio.Protocol, rest: bytes) -> None:
        """Give the transport its new protocol, with what the peer has sent already."""
        transport.set_protocol(connection)
        if rest:
            connection.data_received(rest)

    def _refuse_for_now(self, handshake: Handshake, result: str, text: str) -> None:
        self._end(result, handshake.refuse(SERVICE_UNAVAILABLE, text, retry_after_s=RETRY_AFTER_S))

    def _end(self, result: str, response: bytes, **fields: object) -> None:
        assert self._transport is not None
        self._handshake = None
        self._listener.handshaking.discard(self)
        self._listener.count_handshake(result)
        self._listener.note_end()
        level = "debug" if result == "abandoned" else "info"
        peer = _peer(self._transport)
        self._listener.log("handshake_ended", level=level, result=result, peer=peer, **fields)
        if response:
            self._transport.write(response)
            self._transport.close()
        else:
            self._transport.abort()


class StationConnection(asyncio.Protocol):
    """An open connection: bytes in, through the WebSocket, to the session, whose link it is; answers out."""

    __slots__ = ("__weakref__", "_ended", "_listener", "_transport", "_web_socket", "session")

    def __init__(
        self,
        listener: StationListener,
        transport: asyncio.Transport,
        station: Station,
        service: Service,
        deflater: Deflater | None,
    ) -> None:
        now = listener.monotonic()
        self._listener = listener
        self._transport = transport
        self._ended: str | None = None
        self._web_socket = WebSocket(transport.write, listener.settings.web_socket, now, deflater)
        self.session = Session(station, service, self, strict=listener.is_strict(station.identity))
        transport.set_write_buffer_limits(high=WRITE_BYTES_MAX)
        older, station.session = station.session, self.session
        listener.open.add(self)
        listener.wheel.schedule(self, self._web_socket.next_deadline)
        listener.log(
            "station_connected", station=station.identity, version=self.session.subprotocol, peer=_peer(transport)
        )
        if older is not None:
            older.supersede()
        listener.connected(station)

    @property
    def deflates(self) -> bool:
        """Whether messages may be compressed."""
        return self._web_socket.deflates

    @property
    def unsent_bytes(self) -> int:
        """Bytes that were written and not taken by the operating system yet."""
        return self._transport.get_write_buffer_size()

    def data_received(self, data: bytes) -> None:
        """Hand the messages that `data` completes to the session. An error of ours ends this connection only."""
        web_socket = self._web_socket
        try:
            for text in web_socket.receive(data, self._listener.monotonic()):
                self.session.receive(text)
        except Exception as error:
            self.failed(error)
        if web_socket.state is State.CLOSED:
            self._end("closed_by_station" if web_socket.closed_by_peer else "protocol_error")

    def eof_received(self) -> None:
        """Let the transport close: a station that has no more to say takes no answers either."""

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection; the end of an old one does not touch its station's newer one."""
        listener = self._listener
        reason = self._ended or "lost"
        session = self.session
        station = session.station
        self._web_socket.connection_lost()
        listener.open.discard(self)
        listener.disconnects.add(DISCONNECTS.index(reason))
        listener.log("station_disconnected", station=station.identity, reason=reason, code=self._web_socket.close_code)
        session.close()
        listener.note_end()
        if station.session is session:
            station.session = None
            listener.gone(station)
            listener.registry.forget_if_empty(station)

    def pause_writing(self) -> None:
        """Cut off a station that does not read its answers."""
        self.abort("too_slow")

    def tick(self, now: float) -> float | None:
        """Ping, or give up (see `WebSocket.tick`). What is closed but not gone by now does not read: cut it."""
        web_socket = self._web_socket
        if not self._transport.is_reading():
            web_socket.received_monotonic_s = now  # what is not read is no silence
        web_socket.tick(now)
        if web_socket.state is State.CLOSED:
            self.abort("silent")
            return None
        return web_socket.next_deadline

    def write(self, message: bytes) -> bool:
        """Send one OCPP-J message; False, and nothing sent, once the connection is closing."""
        return self._web_socket.send(message)

    def pause_reading(self) -> None:
        """Read nothing more for now."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def superseded(self) -> None:
        """Close: the station has a newer connection."""
        self.close(GOING_AWAY, "a newer connection of this station", "replaced")

    def failed(self, error: Exception) -> None:
        """Log an error of ours, and close."""
        self._listener.log("session_failed", level="error", station=self.session.station.identity, error=repr(error))
        self.close(INTERNAL_ERROR, "internal error", "failed")

    def take_leave(self) -> None:
        """Close: the gateway is stopping."""
        self.close(SERVICE_RESTART, "the gateway is stopping", "drained")

    def send_elsewhere(self) -> None:
        """Close: the journal is full, and another gateway may have room."""
        self.close(TRY_AGAIN_LATER, "the journal is full", "journal_full")

    def close(self, code: int, reason: str, ended: str) -> None:
        """Begin the closing handshake; it has a deadline. `ended` is why, for the count."""
        if self._web_socket.state is not State.OPEN:
            return
        self._ended = ended
        self._web_socket.close(code, reason, self._listener.monotonic())
        self._listener.wheel.schedule(self, self._web_socket.next_deadline)
        self.resume_reading()

    def abort(self, ended: str) -> None:
        """Cut the connection."""
        self._ended = self._ended or ended
        self._transport.abort()

    def _end(self, ended: str) -> None:
        """Close the TCP connection once everything is sent; the closing handshake is over."""
        self._ended = self._ended or ended
        self._transport.close()
        listener = self._listener
        listener.wheel.schedule(self, listener.monotonic() + listener.settings.web_socket.close_timeout_s)


def _peer(transport: asyncio.Transport) -> str | None:
    """Return who is at the other end, for the log: a proxy, if there is one in front."""
    address = transport.get_extra_info("peername")
    return f"{address[0]} port {address[1]}" if address else None

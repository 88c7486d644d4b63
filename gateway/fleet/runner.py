"""One station on one connection: lets time pass, sends one CALL at a time, and serves the server's."""

import asyncio
from datetime import datetime

import msgspec

from gateway.fleet.clock import Clock, seconds_from, wait
from gateway.fleet.dialect import Dialect
from gateway.fleet.dice import Dice
from gateway.fleet.intents import StreamData
from gateway.fleet.link import (
    CALL,
    CALL_RESULT,
    CALL_RESULT_ERROR,
    Dial,
    LinkLost,
    MalformedMessage,
    Message,
    Socket,
    decode,
    encode_call,
    encode_result_error,
    encode_send,
)
from gateway.fleet.outbox import Outgoing
from gateway.fleet.serving import Served, Serving
from gateway.fleet.station import SimulatedStation

RECONNECT_S_MIN, RECONNECT_S_MAX = 1.0, 60.0
"""The first and the longest wait between two attempts to connect, in real seconds; each is twice the one before."""

TIMEOUTS_IN_A_ROW_MAX = 3
"""After so many calls without an answer the server is taken for dead, and the connection for half open."""


REASONS_MAX = 20
"""Different reasons for failed connects that are kept: a server gives a handful."""


class Tally(msgspec.Struct):
    """What has passed over the links of all stations together."""

    connects: int = 0
    losses: int = 0
    calls: int = 0
    results: int = 0
    errors: int = 0
    timeouts: int = 0
    served: int = 0
    refused: int = 0
    malformed: int = 0
    sends: int = 0
    result_errors: int = 0


class DialFailure(msgspec.Struct):
    """A reason why stations of a version could not be connected; `station` is the one that met it first."""

    version: str
    reason: str
    station: str
    count: int = 0


class DialFailures:
    """The different reasons, the first REASONS_MAX of them."""

    __slots__ = ("_by_reason",)

    def __init__(self) -> None:
        self._by_reason: dict[tuple[str, str], DialFailure] = {}

    def add(self, version: str, station: str, reason: str) -> None:
        """Count one."""
        key = version, reason
        if key not in self._by_reason and len(self._by_reason) < REASONS_MAX:
            self._by_reason[key] = DialFailure(version, reason, station)
        if key in self._by_reason:
            self._by_reason[key].count += 1

    def all(self) -> list[DialFailure]:
        """In the order in which they were met."""
        return list(self._by_reason.values())


class OpenCall(msgspec.Struct):
    """The CALL that waits for its answer."""

    message_id: str
    outgoing: Outgoing
    deadline_at: datetime


class Runner:
    """Runs one station, in two tasks: `run` sends, and a listener, while there is a connection, receives."""

    def __init__(
        self,
        station: SimulatedStation,
        dialect: Dialect,
        *,
        dial: Dial,
        dialling: asyncio.Semaphore,
        clock: Clock,
        tally: Tally,
        failures: DialFailures,
        dice: Dice,
        dial_at: datetime,
        answer_timeout_s: float,
        serving: Serving,
    ) -> None:
        """`dialling` bounds the handshakes of all stations at one time; `answer_timeout_s` is in real seconds."""
        self.station = station
        self._dialect = dialect
        self._dial = dial
        self._dialling = dialling
        self._clock = clock
        self._tally = tally
        self._failures = failures
        self._dice = dice
        self._dial_at = dial_at
        self._answer_timeout_s = answer_timeout_s
        self._serving = serving
        self._wake = asyncio.Event()
        self._socket: Socket | None = None
        self._listener: asyncio.Task[None] | None = None
        self._open: OpenCall | None = None
        self._message_count = 0
        self._attempts = 0
        self._timeouts_in_a_row = 0

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self._socket is not None

    @property
    def idle(self) -> bool:
        """Whether no call is open and no transaction message waits."""
        return self._open is None and self.station.outbox.steps_waiting == 0

    def nudge(self) -> None:
        """Look at the station again: it has been told something."""
        self._wake.set()

    def finish(self) -> None:
        """Have the station end what runs, and begin nothing more."""
        self.station.finish(self._clock.now())
        self.nudge()

    async def run(self) -> None:
        """Run until cancelled; then close the connection in good order."""
        try:
            while True:
                self.station.tick(self._clock.now())
                await self._mind_link()
                await self._answer_late()
                await self._send_next()
                await wait(self._clock, self._wake, self._next_at())
                self._raise_listeners_error()
        finally:
            socket, self._socket = self._socket, None
            if socket is not None:
                await socket.close()
            if self._listener is not None:
                self._listener.cancel()

    def _next_at(self) -> datetime | None:
        moments = [self.station.next_after(self._clock.now()), self._serving.next_at]
        if self._open is not None:
            moments.append(self._open.deadline_at)
        if self._socket is None and self.station.link_wanted:
            moments.append(self._dial_at)
        return min((at for at in moments if at is not None), default=None)

    async def _mind_link(self) -> None:
        now = self._clock.now()
        if self._socket is not None and not self.station.link_wanted:
            self._drop()
        elif self._open is not None and self._open.deadline_at <= now:
            self._timed_out(self._open, now)
        elif self._socket is None and self.station.link_wanted and self._dial_at <= now:
            await self._connect()

    async def _connect(self) -> None:
        self._attempts += 1
        try:
            async with self._dialling:
                socket = await self._dial(self.station.identity, self._dialect.subprotocol)
        except LinkLost as error:
            self._failures.add(self.station.version, self.station.identity, str(error))
            self._dial_at = self._after_back_off()
            return
        self._socket = socket
        self._tally.connects += 1
        self._timeouts_in_a_row = 0
        self._listener = asyncio.create_task(self._listen(socket))
        self.station.link_up(self._clock.now())

    async def _send_next(self) -> None:
        """Send what the station wants to say next, unless a call is open. Some intents have no message in a version."""
        while self._socket is not None and self._open is None:
            now = self._clock.now()
            outgoing = self.station.next_call(now)
            if outgoing is None:
                return
            if not outgoing.action:
                call = self._dialect.call(outgoing.intent)
                if call is None:
                    self.station.outbox.remove(outgoing)
                    continue
                outgoing.action, outgoing.payload = call[0], msgspec.json.encode(call[1])
            self._message_count += 1
            message_id = str(self._message_count)
            if isinstance(outgoing.intent, StreamData):
                self._tally.sends += 1
                self.station.outbox.remove(outgoing)
                await self._send(self._socket, encode_send(message_id, outgoing.action, outgoing.payload))
                continue
            deadline_at = seconds_from(now, self._answer_timeout_s * self._clock.speed)
            self._open = OpenCall(message_id, outgoing, deadline_at)
            self._tally.calls += 1
            await self._send(self._socket, encode_call(message_id, outgoing.action, outgoing.payload))

    async def _send(self, socket: Socket, text: bytes) -> None:
        try:
            await socket.send(text)
        except LinkLost:
            self._lost(socket)

    async def _listen(self, socket: Socket) -> None:
        try:
            while True:
                try:
                    message = decode(await socket.receive())
                except MalformedMessage:
                    self._tally.malformed += 1
                    continue
                if message.kind == CALL:
                    await self._serve(socket, message)
                elif message.kind == CALL_RESULT_ERROR:
                    self._tally.result_errors += 1
                elif self._socket is socket:
                    await self._settle(socket, message)
                self._wake.set()
        except LinkLost:
            self._lost(socket)

    async def _serve(self, socket: Socket, message: Message) -> None:
        served = self._serving.serve(socket, message, self._clock.now())
        if served is not None:
            await self._give(socket, served)

    async def _answer_late(self) -> None:
        """Give the answers that were put off until now."""
        socket = self._socket
        for served in self._serving.come_due(socket, self._clock.now()):
            if socket is not None:
                await self._give(socket, served)

    async def _give(self, socket: Socket, served: Served) -> None:
        if served.refused:
            self._tally.refused += 1
        else:
            self._tally.served += 1
        await self._send(socket, served.answer)

    async def _settle(self, socket: Socket, message: Message) -> None:
        """Take an answer. One to no open call is late, and means nothing any more."""
        call = self._open
        if call is None or call.message_id != message.message_id:
            return
        self._open = None
        self._timeouts_in_a_row = 0
        self._attempts = 0
        now = self._clock.now()
        if message.kind == CALL_RESULT:
            try:
                answer = self._dialect.answer(call.outgoing.intent, message.payload)
            except msgspec.ValidationError as error:
                self._tally.malformed += 1
                if self._dialect.refuses_results:
                    refusal = encode_result_error(message.message_id, "FormatViolation", str(error)[:255])
                    await self._send(socket, refusal)
            else:
                self._tally.results += 1
                self.station.answered(call.outgoing, answer, now)
                return
        else:
            self._tally.errors += 1
        self._failed(call, now)

    def _timed_out(self, call: OpenCall, now: datetime) -> None:
        self._open = None
        self._tally.timeouts += 1
        self._timeouts_in_a_row += 1
        self._failed(call, now)
        if self._timeouts_in_a_row >= TIMEOUTS_IN_A_ROW_MAX:
            self._drop()
            self.station.link_down(now)
            self._dial_at = self._after_back_off()

    def _failed(self, call: OpenCall, now: datetime) -> None:
        if self.station.failed(call.outgoing, now, speed=self._clock.speed):
            self._dialect.lost(call.outgoing.intent)

    def _drop(self) -> None:
        """Take the connection away, as a broken cable does. What is open stays unanswered in the queue."""
        socket, self._socket = self._socket, None
        self._open = None
        if socket is not None:
            socket.abort()

    def _lost(self, socket: Socket) -> None:
        """The connection is gone. Called twice or late, by the sender and the listener, it does nothing."""
        if self._socket is not socket:
            return
        self._socket = None
        self._open = None
        self._tally.losses += 1
        self.station.link_down(self._clock.now())
        self._dial_at = self._after_back_off()
        self._wake.set()

    def _after_back_off(self) -> datetime:
        """When to dial next. The network does not live faster than we do, so the wait is in real seconds."""
        back_off_s = min(RECONNECT_S_MAX, RECONNECT_S_MIN * 2.0 ** min(self._attempts, 16))
        return seconds_from(self._clock.now(), back_off_s * self._dice.between(0.5, 1.0) * self._clock.speed)

    def _raise_listeners_error(self) -> None:
        if self._listener is not None and self._listener.done() and not self._listener.cancelled():
            error = self._listener.exception()
            if error is not None:
                raise error

"""The one who carries out flows: calls, records and waits, on the event loop."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from gateway.core.calls import CallEnded, Outcome
from gateway.core.commands import Commander, CommandError, Fault
from gateway.core.device_model import VariablePage, VariableQuery
from gateway.core.recorder import Recorder
from gateway.core.records import Record
from gateway.core.registry import TRANSACTION_ID_EPOCH_S
from gateway.core.stations import Station
from gateway.core.token_history import TokenHistory

REQUEST_ID_MAX: Final = 2**31 - 1
"""Ids of requests are int32 in some stations."""

DURABLE_S: Final = 5.0
"""How long a record may take to be on disk: it takes milliseconds. Where the disk is full it may take hours, and what
was asked for then must not be done when nobody waits for it any more."""

JOURNAL_FULL: Final = "the journal is full: nothing can be kept now"
DISK_FULL: Final = "the journal's disk takes nothing now"

HEARING_S_MAX: Final = 1800.0
"""Longest wait for all of a report, however steadily its parts come: some reports never end, and flows must."""


class Known(Struct, frozen=True):
    """What flows may look up: the store's variables of a station, and the id tokens that its local list should hold."""

    stored_variables: Callable[[Station, VariableQuery], Awaitable[VariablePage]]
    token_history: Callable[[Station], TokenHistory | None]


class LoopOperator:
    """An Operator (`gateway.core.flows.flow`) on asyncio, for one command. `timeout_s` is how long a call may take."""

    def __init__(
        self,
        commander: Commander,
        recorder: Recorder,
        *,
        now: Callable[[], datetime],
        timeout_s: float,
        known: Known,
    ) -> None:
        self._known = known
        self.acted = False
        """Whether anything was done so far: a call put on its way, or something recorded."""
        self._called = False
        self._commander = commander
        self._recorder = recorder
        self._now = now
        self._timeout_s = timeout_s

    def now(self) -> datetime:
        """Return the time."""
        return self._now()

    def version(self, station: Station) -> str:
        """Return the subprotocol that the station speaks, or spoke last. Raises CommandError if it never booted."""
        version = self._commander.version(station)
        if version is None:
            raise CommandError(Fault.STATION_UNKNOWN, "the station never booted, so its version is not known")
        return version.subprotocol

    def next_request_id(self, station: Station) -> int:
        """Return the seconds since 2026, or more if this station was given that: so no restart gives one out again."""
        seconds = int(self._now().timestamp()) - TRANSACTION_ID_EPOCH_S
        station.last_request_id = max(station.last_request_id + 1, seconds) % REQUEST_ID_MAX
        return station.last_request_id

    async def call(
        self, station: Station, action: str, request: Mapping[str, Any], *, timeout_s: float | None = None
    ) -> CallEnded:
        """Send one call and return its end. Raises CommandError."""
        return await self.send(station, action, msgspec.json.encode(request), timeout_s=timeout_s)

    async def send(self, station: Station, action: str, payload: bytes, *, timeout_s: float | None = None) -> CallEnded:
        """Send one call whose request is JSON already, and return its end. Raises CommandError.

        Once a call was sent, one that cannot follow it ends as not sent: what the first brought is not lost with it.
        """
        future: asyncio.Future[CallEnded] = asyncio.get_running_loop().create_future()

        def ended(end: CallEnded) -> None:
            if not future.done():
                future.set_result(end)

        try:
            self._commander.send(station, action, payload, timeout_s=timeout_s or self._timeout_s, ended=ended)
        except CommandError as error:
            if not self._called or error.fault is Fault.INVALID:
                raise
            return CallEnded(Outcome.OFFLINE, sent=False, reason=str(error))
        self.acted = self._called = True
        return await future

    def reaches(self, station: Station, action: str, request: Mapping[str, Any]) -> bool:
        """Whether `call` would reach the station now: False if it is not connected. Raises CommandError."""
        return self._commander.reaches(station, action, msgspec.json.encode(request))

    async def record(self, station: Station, records: list[Record]) -> None:
        """Let records take effect, and return once they are on disk.

        Raises CommandError if the journal is full, or they are not on disk for `DURABLE_S`.
        """
        if not self._recorder.has_room:
            raise CommandError(Fault.JOURNAL_FULL, JOURNAL_FULL)
        self.acted = True
        if not await recorded(self._recorder, station, records, self._now()):
            raise CommandError(Fault.JOURNAL_FULL, DISK_FULL)

    def hear(
        self, station: Station, action: str, take: Callable[[Any], bool | None], *, timeout_s: float
    ) -> "LoopHearing":
        """Listen from now on to what the station sends as `action`."""
        return LoopHearing(station, action, take, timeout_s)

    async def stored_variables(self, station: Station, query: VariableQuery) -> VariablePage:
        """Return what the store has of the station's variables. Raises CommandError if it cannot be read."""
        return await self._known.stored_variables(station, query)

    def token_history(self, station: Station) -> TokenHistory | None:
        """Return the id tokens that the station's local list should hold; None if it is not kept in step."""
        return self._known.token_history(station)


async def recorded(recorder: Recorder, station: Station, records: list[Record], now: datetime) -> bool:
    """Let records take effect, and return whether they are on disk within `DURABLE_S`."""
    durable = asyncio.Event()
    recorder.record(station, records, now, durable.set)
    try:
        async with asyncio.timeout(DURABLE_S):
            await durable.wait()
    except TimeoutError:
        return False
    return True


class LoopHearing:
    """A Hearing (`gateway.core.flows.flow`) on asyncio."""

    def __init__(self, station: Station, action: str, take: Callable[[Any], bool | None], timeout_s: float) -> None:
        self._station = station
        self._action = action
        self._take = take
        self._timeout_s = timeout_s
        self._heard = asyncio.Event()
        self._done = False
        station.listeners = [*(station.listeners or ()), self._listen]

    async def end(self) -> bool:
        """Wait until `take` has returned True for a request; False if no news came for `timeout_s`, or no end."""
        loop = asyncio.get_running_loop()
        until = loop.time() + HEARING_S_MAX
        try:
            while not self._done:
                async with asyncio.timeout_at(min(loop.time() + self._timeout_s, until)):
                    await self._heard.wait()
                self._heard.clear()
        except TimeoutError:
            return False
        finally:
            self.stop()
        return True

    def stop(self) -> None:
        """Listen no more."""
        listeners = [listener for listener in self._station.listeners or () if listener != self._listen]
        self._station.listeners = listeners or None

    def _listen(self, action: str, request: Any) -> None:
        if action != self._action or self._done:
            return
        taken = self._take(request)
        if taken is not None:
            self._done = taken
            self._heard.set()

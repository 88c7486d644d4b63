"""The way of an order: its reservation onto disk, its message to the station, its end back to the controller."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from gateway.core.calls import CallEnded
from gateway.core.charging.description import EvseKey
from gateway.core.charging.journalled import RESERVATIONS, shortfall_s
from gateway.core.charging.ledger import SavedReservation
from gateway.core.charging.messages import ending_of
from gateway.core.charging.orders import Ending, Order
from gateway.core.commands import Commander, CommandError, Fault
from gateway.core.recorder import Recorder
from gateway.core.records import Record
from gateway.core.stations import Station

CALL_S: Final = 30.0
"""How long a station may take to answer a limit, in seconds of its own clock: as long as stations wait themselves."""

CALL_S_MIN: Final = 2.0
"""The same in real seconds, where clocks run faster: the network does not."""

LOWERING_S: Final = 0.25
"""How long a limit that only takes away may wait for the disk, in real seconds. A commit takes milliseconds."""

LATE_S: Final = 10.0
"""How long any other may wait for it: what was decided longer ago is decided anew."""

Message: TypeAlias = Callable[[Order, Station, float], tuple[str, Mapping[str, Any]] | None]
"""The call that an order becomes at its station now: (order, station, now) -> (action, request); None: not now."""

Ended: TypeAlias = Callable[[Order, Ending, float | None], None]
"""Hears of the end of an order, once, and after how many seconds the station wants to be asked again, if it says."""


class Way(Struct, eq=False):
    """An order that is not with its station yet. `sent` is what may be said of it now: None before it is on disk."""

    order: Order
    station: Station
    sent: Order | None
    since_s: float
    timer: asyncio.TimerHandle | None = None
    is_over: bool = False


class OrderPost:
    """Sends the orders of all sites. `now` is in seconds of the epoch and runs `speed` times as fast as `loop.time`.

    An order takes effect on disk first (`charging_reservation`), so that a restart knows what may be in force. One that
    only takes away does not depend on the disk: what is there already reserves more. Then its message lasts no longer
    than that reservation does.
    """

    def __init__(
        self,
        commander: Commander,
        recorder: Recorder,
        *,
        message: Message,
        ended: Ended,
        now: Callable[[], datetime],
        speed: float,
        log: Callable[..., None],
    ) -> None:
        self._commander = commander
        self._recorder = recorder
        self._message = message
        self._hear_end = ended
        self._now = now
        self._timeout_s = max(CALL_S / speed, CALL_S_MIN)
        self._log = log
        self._on_disk: dict[EvseKey, SavedReservation] = {}
        self._waiting: dict[EvseKey, Way] = {}
        self._stopping = False
        self.endings: Final[Counter[Ending]] = Counter()
        """How many orders ended, by how."""

    @property
    def waiting(self) -> int:
        """How many orders wait for the disk."""
        return len(self._waiting)

    def restore(self, key: EvseKey, saved: SavedReservation) -> None:
        """Take note of what is on disk."""
        self._on_disk[key] = saved

    def send(self, order: Order, station: Station, reservation: SavedReservation) -> None:
        """Send an order whose EVSE reserves `reservation` with it; its end is told once, maybe before this returns."""
        key = order.key
        loop = asyncio.get_running_loop()
        now = self._now()
        lowering = self._without_disk(order, reservation, now.timestamp())
        way = Way(order, station, lowering, loop.time())
        if (older := self._waiting.pop(key, None)) is not None:
            self._drop(older)
        has_room = self._recorder.has_room
        if self._stopping or station.session is None or not (has_room or lowering):
            self._end(order, Ending.NOT_SENT, None)
            return
        self._waiting[key] = way
        if lowering is not None:
            way.timer = loop.call_later(LOWERING_S, self._dispatch, way)
        if has_room:
            self._record(station, {key: reservation}, now, partial(self._durable, way))
        else:  # its message goes after the answers that are withheld, if these come in time
            self._recorder.journal.barrier(partial(self._dispatch, way))

    def _without_disk(self, order: Order, reservation: SavedReservation, now: float) -> Order | None:
        """Return the order as it may be sent whatever becomes of the disk, None if it may not."""
        shortfall = shortfall_s(self._on_disk.get(order.key), reservation, order)
        if shortfall is None:
            return None
        if order.expires_at is None or not shortfall:
            return order
        expires_at = order.expires_at - shortfall
        return msgspec.structs.replace(order, expires_at=expires_at) if expires_at > now else None

    def keep(self, station: Station, reservations: Mapping[EvseKey, SavedReservation]) -> bool:
        """Let what EVSEs of a station reserve now be known after a restart. Returns whether there is room for it."""
        news = {key: saved for key, saved in reservations.items() if self._on_disk.get(key) != saved}
        if news and not self._recorder.has_room:
            return False
        if news:
            self._record(station, news, self._now(), lambda: None)
        return True

    def stop(self) -> None:
        """Send nothing more. What is with its station ends as the connection does."""
        self._stopping = True
        for way in list(self._waiting.values()):
            self._drop(way)
        self._waiting.clear()

    def _record(
        self,
        station: Station,
        reservations: Mapping[EvseKey, SavedReservation],
        now: datetime,
        durable: Callable[[], None],
    ) -> None:
        records: list[Record] = [RESERVATIONS.holds(str(key[1]), saved, now) for key, saved in reservations.items()]

        def on_disk() -> None:
            self._on_disk.update(reservations)
            durable()

        self._recorder.record(station, records, now, on_disk)

    def _durable(self, way: Way) -> None:
        """Give an order to its station that is on disk now, unless that took too long."""
        is_late = way.sent is None and asyncio.get_running_loop().time() - way.since_s > LATE_S
        way.sent = way.order
        if not way.is_over and is_late:
            self._drop(way)
        else:
            self._dispatch(way)

    def _dispatch(self, way: Way) -> None:
        """Give an order to its station, unless that was done or is in vain by now."""
        if way.is_over:
            return
        self._leave(way)
        assert way.sent is not None
        order, station = way.order, way.station
        try:
            message = self._message(way.sent, station, self._now().timestamp())
        except Exception as error:  # the journal calls this, and has others to tell
            self._log("limit_invalid", level="error", station=station.identity, error=repr(error))
            message = None
        if message is None:
            self._end(order, Ending.NOT_SENT, None)
            return
        action, request = message
        try:
            self._commander.send(
                station,
                action,
                msgspec.json.encode(request),
                timeout_s=self._timeout_s,
                ended=partial(self._called, order),
            )
        except CommandError as error:
            if error.fault is Fault.INVALID:
                self._log("limit_invalid", level="error", station=station.identity, path=error.path, reason=str(error))
            self._end(order, Ending.NOT_SENT, None)

    def _called(self, order: Order, end: CallEnded) -> None:
        ending, retry_s = ending_of(end)
        if ending is Ending.REJECTED:
            self._log(
                "limit_rejected",
                level="warning",
                station=order.key[0],
                evse=order.key[1],
                limit_a=order.limit_ma / 1000,
                error_code=end.error_code,
                reason=end.reason,
            )
        self._end(order, ending, retry_s)

    def _drop(self, way: Way) -> None:
        self._leave(way)
        self._end(way.order, Ending.NOT_SENT, None)

    def _leave(self, way: Way) -> None:
        """Let an order wait no more."""
        way.is_over = True
        if way.timer is not None:
            way.timer.cancel()
        if self._waiting.get(way.order.key) is way:
            del self._waiting[way.order.key]

    def _end(self, order: Order, ending: Ending, retry_s: float | None) -> None:
        self.endings[ending] += 1
        self._hear_end(order, ending, retry_s)

"""One row per charging transaction, put together from whatever has been heard of it, in whatever order it came.

Stations replay queued events days later and lose some of them, so no event can be relied upon to come first, last, or
at all. Every value therefore carries a rank, text that sorts as time does, and a value of higher (or lower) rank wins
whenever it comes. Rows can be merged with each other by the same rules.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Final, TypeAlias

import msgspec

from gateway.core.records import Readings, TransactionEvent
from gateway.hot import Updates

Key: TypeAlias = tuple[str, str]
"""Station and transaction."""

_AFTER_ALL = "~"
"""The rank of a value that has not been heard where the lowest wins: sorts behind every digit."""

_SAID_AT_START = "0"
_START_UNREADABLE = "0~"
_SAID_LATER = "1"
"""How the rank of a start register begins. What a station says at the start outranks any meter value, whatever the
meter's clock says, and so does that it said something that could not be read: any later register is too much."""

SECONDS_KEPT: Final = 4096
"""Seconds whose text is remembered: what stations say of one time comes together. Each takes about 200 bytes."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_decode_seq_nos = msgspec.msgpack.Decoder(list[int]).decode

COLUMNS = (
    "station",
    "transaction",
    "evse",
    "connector",
    "id_token_rank",
    "id_token",
    "started_at",
    "ended_at",
    "start_rank",
    "start_wh",
    "end_rank",
    "end_wh",
    "register_rank",
    "register_wh",
    "stopped_reason_rank",
    "stopped_reason",
    "charging_state_rank",
    "charging_state",
    "last_event_at",
    "missing_seq_nos",
    "offline",
)
"""The table's columns, in the order of `ChargingTransaction.values`."""

_values_of: Callable[["ChargingTransaction"], tuple[object, ...]] = attrgetter(*COLUMNS)


def iso(time: datetime) -> str:
    """`time` as ranks and rows have it: UTC, milliseconds, fixed width."""
    if time.tzinfo is not UTC:
        time = time.astimezone(UTC)
    return time.isoformat(timespec="milliseconds")[:23] + "Z"


def iso_of(time_ms: int) -> str:
    """A time in milliseconds since 1970 as `iso` gives it."""
    return f"{_iso_of_second(time_ms // 1000)}.{time_ms % 1000:03}Z"


@lru_cache(SECONDS_KEPT)
def _iso_of_second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]


def _event_rank(time: str, seq_no: int | None) -> str:
    """Timestamps often have whole seconds: between equal ones the sequence number decides."""
    return time if seq_no is None else f"{time}{seq_no:020}"


class ChargingTransaction:
    """What is known of one transaction. Attributes are the table's columns."""

    __slots__ = COLUMNS

    def __init__(self, station: str, transaction: str) -> None:
        self.station = station
        self.transaction = transaction
        self.evse: int | None = None
        self.connector: int | None = None
        self.id_token_rank = _AFTER_ALL
        self.id_token: str | None = None
        self.started_at: str | None = None
        self.ended_at: str | None = None
        self.start_rank = _AFTER_ALL
        self.start_wh: float | None = None
        self.end_rank = ""
        self.end_wh: float | None = None
        self.register_rank = ""
        self.register_wh: float | None = None
        self.stopped_reason_rank = ""
        self.stopped_reason: str | None = None
        self.charging_state_rank = ""
        self.charging_state: str | None = None
        self.last_event_at: str | None = None
        self.missing_seq_nos = "[]"
        self.offline = 0

    @classmethod
    def from_values(cls, values: tuple[object, ...]) -> "ChargingTransaction":
        """A row as it was stored."""
        row = cls("", "")
        for column, value in zip(COLUMNS, values, strict=True):
            setattr(row, column, value)
        return row

    @property
    def values(self) -> tuple[object, ...]:
        """The row's values in the order of COLUMNS."""
        return _values_of(self)

    def add_event(self, event: TransactionEvent, time: str) -> None:
        """Take in one event; `time` is the event's, as text."""
        self._place(event.evse, event.connector)
        rank = _event_rank(time, event.seq_no)
        if event.id_token is not None:
            self._identify(rank, event.id_token)
        if event.event == "Started":
            self._start(time)
        elif event.event == "Ended":
            self._end(time)
            if event.register_wh is not None:
                self._end_register(rank, event.register_wh)
        if event.stopped_reason is not None:
            self._stop_reason(rank, event.stopped_reason)
        if event.charging_state is not None:
            self._charging_state(rank, event.charging_state)
        if event.register_wh is not None:
            said = _SAID_AT_START if event.event == "Started" else _SAID_LATER
            self._start_register(f"{said} {time}", event.register_wh)
            self._register(time, event.register_wh)
        self._mention(time)
        self.missing_seq_nos = str(event.missing_seq_nos)
        self.offline |= event.offline

    def add_updates(self, said: Updates) -> None:
        """Take in events Updated that were added up. Other events of that time must have been taken in before."""
        self._place(said.evse, said.connector)
        if said.charging_state is not None:
            self._charging_state(_event_rank(iso_of(said.state_ms), said.state_seq_no), said.charging_state.decode())
        if said.first_wh is not None and said.register_wh is not None:
            self.add_registers(None, None, (said.first_ms, said.first_wh), (said.register_ms, said.register_wh))
        self._mention(iso_of(said.last_ms))
        if said.missing_seq_nos is not None:
            self.missing_seq_nos = str(_decode_seq_nos(said.missing_seq_nos))
        self.offline |= said.offline

    def add_register(self, readings: Readings, time: str, register_wh: float) -> None:
        """Take in one value of the energy import register; `time` is the meter's, as text."""
        self._place(readings.evse, readings.connector)
        self._start_register(f"{_SAID_LATER} {time}", register_wh)
        self._register(time, register_wh)

    def add_registers(
        self, evse: int | None, connector: int | None, first: tuple[int, float], highest: tuple[int, float]
    ) -> None:
        """Take in the first and the highest of many register values, each with a time in ms since 1970."""
        self._place(evse, connector)
        for time_ms, register_wh in (first,) if first == highest else (first, highest):
            time = iso_of(time_ms)
            self._start_register(f"{_SAID_LATER} {time}", register_wh)
            self._register(time, register_wh)

    def add_raw_start(self, time: str) -> None:
        """Take in that it started, in a message that could not be read; `time` is that of receipt, as text."""
        self._start(time)
        self._start_register(_START_UNREADABLE, None)

    def merge(self, newer: "ChargingTransaction") -> None:
        """Take in what another row knows. It arrived later, which matters for the missing sequence numbers only."""
        self._place(newer.evse, newer.connector)
        if newer.id_token is not None:
            self._identify(newer.id_token_rank, newer.id_token)
        if newer.started_at is not None:
            self._start(newer.started_at)
        if newer.ended_at is not None:
            self._end(newer.ended_at)
        self._start_register(newer.start_rank, newer.start_wh)
        if newer.end_wh is not None:
            self._end_register(newer.end_rank, newer.end_wh)
        if newer.register_wh is not None:
            self._register(newer.register_rank, newer.register_wh)
        if newer.stopped_reason is not None:
            self._stop_reason(newer.stopped_reason_rank, newer.stopped_reason)
        if newer.charging_state is not None:
            self._charging_state(newer.charging_state_rank, newer.charging_state)
        if newer.last_event_at is not None:
            self._mention(newer.last_event_at)
            self.missing_seq_nos = newer.missing_seq_nos
        self.offline |= newer.offline

    def _place(self, evse: int | None, connector: int | None) -> None:
        """A transaction happens at one EVSE; a message that says None or 0 does not know at which."""
        if evse is not None:
            self.evse = evse if self.evse is None else max(self.evse, evse)
        if connector is not None:
            self.connector = connector if self.connector is None else max(self.connector, connector)

    def _identify(self, rank: str, id_token: str) -> None:
        """Who began pays: the first token counts, not the one that stopped."""
        if self.id_token is None or (rank, id_token) < (self.id_token_rank, self.id_token):
            self.id_token_rank, self.id_token = rank, id_token

    def _start(self, time: str) -> None:
        self.started_at = time if self.started_at is None else min(self.started_at, time)

    def _end(self, time: str) -> None:
        self.ended_at = time if self.ended_at is None else max(self.ended_at, time)

    def _start_register(self, rank: str, register_wh: float | None) -> None:
        """Of one rank, values are all None or none of them is."""
        if (rank, register_wh or 0.0) < (self.start_rank, self.start_wh or 0.0):
            self.start_rank, self.start_wh = rank, register_wh

    def _end_register(self, rank: str, register_wh: float) -> None:
        if self.end_wh is None or (rank, register_wh) > (self.end_rank, self.end_wh):
            self.end_rank, self.end_wh = rank, register_wh

    def _register(self, rank: str, register_wh: float) -> None:
        """A register never falls, so the highest is the latest, whatever a clock that was put right says of it."""
        if self.register_wh is None or (register_wh, rank) > (self.register_wh, self.register_rank):
            self.register_rank, self.register_wh = rank, register_wh

    def _stop_reason(self, rank: str, reason: str) -> None:
        if self.stopped_reason is None or (rank, reason) > (self.stopped_reason_rank, self.stopped_reason):
            self.stopped_reason_rank, self.stopped_reason = rank, reason

    def _charging_state(self, rank: str, state: str) -> None:
        if self.charging_state is None or (rank, state) > (self.charging_state_rank, self.charging_state):
            self.charging_state_rank, self.charging_state = rank, state

    def _mention(self, time: str) -> None:
        self.last_event_at = time if self.last_event_at is None else max(self.last_event_at, time)

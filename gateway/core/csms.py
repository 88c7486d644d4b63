"""What every version shares in answering a station: registration, authorisation, clock, transaction ids.

The modules `core.ocpp16` and `core.ocpp2` turn the requests of their version into records in 2.x words, and the
decisions made here into answers of their version.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Final, Protocol, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gateway.core.authorisation import Authoriser
from gateway.core.clock import ClockPolicy
from gateway.core.records import Event, MeterValue, RawMessage, Record, RegistrationStatus, Sample
from gateway.core.registry import Registry
from gateway.core.stations import Station
from gateway.wire.payloads import decode_request
from gateway.wire.versions import Action, Send

EMPTY: Final = b"{}"
"""The payload of an answer that says nothing but "received"."""

INTEGER_MAX: Final = 2**53
"""Largest integer that goes into a record. JSON readers that use doubles are exact up to here (RFC 8259 section 6)."""

encode: Final = msgspec.json.encode


class OutOfBounds(Exception):  # noqa: N818 - it says what the value is
    """A request keeps to its schema, but a value in it is beyond what a record can hold."""


class Deviation(Enum):
    """What stations do against the specification, or with a clock that is wrong, and is counted."""

    VALUE_UNREADABLE = "value_unreadable"
    CLOCK_NOT_BELIEVED = "clock_not_believed"
    SEQ_NO_REUSED = "seq_no_reused"
    TRANSACTION_UNKNOWN = "transaction_unknown"
    CALL_BEFORE_ANSWER = "call_before_answer"
    ANSWER_WITHOUT_CALL = "answer_without_call"
    RESULT_REFUSED = "result_refused"
    RESULT_INVALID = "result_invalid"
    MESSAGE_TYPE_UNKNOWN = "message_type_unknown"
    MESSAGE_UNREADABLE = "message_unreadable"


class Reply(Struct, frozen=True, gc=False):
    """The payload of the CALLRESULT, as JSON, and the records that must be on disk before it is sent."""

    answer: bytes
    records: list[Record]


class Registrar(Protocol):
    """How a station that boots is registered (see `core.admission`)."""

    def __call__(self, identity: str, *, ignore_case: bool) -> RegistrationStatus:
        """Return the status to answer."""


class Csms:
    """The charging station management system, as far as a station's questions go."""

    def __init__(
        self,
        *,
        registry: Registry,
        authoriser: Authoriser,
        clock: ClockPolicy,
        registration: Registrar,
        heartbeat_interval_s: int,
        retry_interval_s: int,
        deviated: Callable[[Deviation], None],
    ) -> None:
        self.registry = registry
        self.authoriser = authoriser
        self.clock = clock
        self.deviated = deviated
        self._registration = registration
        self._heartbeat_interval_s = heartbeat_interval_s
        self._retry_interval_s = retry_interval_s

    def registration(self, station: Station, *, ignore_case: bool) -> tuple[RegistrationStatus, int]:
        """Return the answer to a BootNotification: status and interval in seconds. 2.x identities `ignore_case`.

        The interval is that of the heartbeat when Accepted, and the delay before the next try otherwise
        (OCPP 1.6 section 4.2, OCPP 2.0.1 use cases B01 to B03).
        """
        status = self._registration(station.identity, ignore_case=ignore_case)
        return status, self._heartbeat_interval_s if status == "Accepted" else self._retry_interval_s

    def next_transaction_id(self) -> int:
        """Return the id for a transaction of OCPP 1.6. It is taken once a record that holds it is applied."""
        return self.registry.next_transaction_id

    def time_of(self, station_time: datetime | None, received_at: datetime) -> datetime:
        """Return the time to record for what a station stamped `station_time` (see `ClockPolicy`)."""
        time = self.clock.time_of(station_time, received_at)
        if station_time is not None and time is not station_time:
            self.deviated(Deviation.CLOCK_NOT_BELIEVED)
        return time

    def meter_value(self, samples: list[Sample], unreadable: int, station_time: datetime, now: datetime) -> MeterValue:
        """Return samples under the time to record for them."""
        if unreadable:
            self.deviated(Deviation.VALUE_UNREADABLE)
        time = self.time_of(station_time, now)
        return MeterValue(time, samples, None if time is station_time else evidence(station_time))


def record_meter_values(
    csms: Csms,
    sent: Iterable[tuple[datetime, tuple[list[Sample], int]]],
    request: object,
    *,
    said: tuple[str, str],
    now: datetime,
    records: list[Record],
) -> list[MeterValue]:
    """Return meter values from (the station's time, (samples, how many values could not be read)).

    Where a value could not be read, the whole `request`, which was `said` in (version, action), joins `records`.
    """
    built = []
    for station_time, (samples, unreadable) in sent:
        if unreadable and not records:
            reason = "a value is no number, or beyond any meter"
            records.append(RawMessage(*said, Deviation.VALUE_UNREADABLE.value, reason, encode(request)))
        built.append(csms.meter_value(samples, unreadable, station_time, now))
    return built


def bounded(value: int) -> int:
    """Return `value` if a record can hold it. Raises OutOfBounds."""
    if -INTEGER_MAX <= value <= INTEGER_MAX:
        return value
    raise OutOfBounds


def given(value: int | UnsetType) -> int | None:
    """Return `value` as a record has it: None where it was not sent. Raises OutOfBounds."""
    return None if value is UNSET else bounded(value)


def kept(kind: str, time: datetime, request: object) -> Event:
    """Return a request as the event that keeps it, digit for digit."""
    return Event(time, kind, encode(request).decode())


def evidence(station_time: datetime) -> datetime | None:
    """Return a station's timestamp as it was said, or None at the ends of the calendar, where UTC cannot say it."""
    return station_time if 2 <= station_time.year <= 9998 else None


Handle: TypeAlias = Callable[[Csms, Station, Any, datetime], Reply]
"""Answers one request of a station: (csms, station, decoded request, now) -> reply."""

Decode: TypeAlias = Callable[[Action | Send, bytes], Any]
"""Decodes a request strictly. Raises PayloadError."""

AnswerRaw: TypeAlias = Callable[[Csms, Station, bytes, datetime], tuple[bytes, str | None]]
"""Answers a transaction message that cannot be decoded: -> (payload of the answer, transaction id given out)."""


Registration: TypeAlias = RegistrationStatus | None
"""How a station is registered; None is one that never sent a BootNotification."""

UNTIL_ACCEPTED: Final[frozenset[Registration]] = frozenset({None, "Pending", "Rejected"})
WHILE_REJECTED: Final[frozenset[Registration]] = frozenset({"Rejected"})
NEVER: Final[frozenset[Registration]] = frozenset()


class Treatment(Enum):
    """What becomes of a request, as the table of actions tells operators (`app.actions_page`)."""

    HANDLED = "handled"
    """What it says takes effect: readings, transactions, statuses, state."""
    STORED = "stored"
    """It is kept as an event for who asks the store, and acknowledged; nothing here acts on it."""
    REFUSED = "refused"
    """It is answered, as the specification has it, that nothing here can serve it."""


class Rule(Struct, frozen=True):
    """How one action of a station is treated, for the session, and in `treatment` and `note` for a reader.

    A request that is `keyed` has a business key, so that the same payload again is a repeat and not news. A status has
    none: its timestamp is of seconds, in which a connector may come back to where it was.
    `answer_raw` is there for transaction messages: what cannot be decoded is kept and answered.
    `refused_while` are the registrations in which it is answered with SecurityError (OCPP 2.0.1 use cases B01 to B03;
    OCPP 1.6 section 4.2).
    """

    handle: Handle
    treatment: Treatment
    note: str
    decode: Decode = decode_request
    keyed: bool = False
    answer_raw: AnswerRaw | None = None
    refused_while: frozenset[Registration] = UNTIL_ACCEPTED


Rules: TypeAlias = Mapping[str, Rule]
"""The actions a station may send in one version."""

"""How a station answers its server's calls: at once, and as it should, unless its faults are in the way."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from gateway.fleet.clock import seconds_from
from gateway.fleet.dialect import Dialect, Payload, Refusal
from gateway.fleet.faults import Course, Misbehaviour
from gateway.fleet.link import Message, encode_error, encode_result
from gateway.fleet.station import SimulatedStation

LATE_MAX: Final = 64
"""Answers that a station withholds at one time; one that has more to withhold forgets the oldest."""


class Served(Struct, frozen=True):
    """What is to be sent; `refused` where it is a CALLERROR."""

    answer: bytes
    refused: bool


class Late(Struct, frozen=True):
    """What is answered at `at`, on the same connection or not at all: a call that is yet to be served, or its answer.

    A call is served also if its connection is gone by then: it was taken.
    """

    at: datetime
    connection: object
    message: Message
    served: Served | None


class Serving:
    """Serves the calls on all connections of one station."""

    def __init__(self, station: SimulatedStation, dialect: Dialect, misbehaviour: Misbehaviour) -> None:
        self._station = station
        self._dialect = dialect
        self._misbehaviour = misbehaviour
        self._late: list[Late] = []

    @property
    def next_at(self) -> datetime | None:
        """When something is answered late."""
        return min((late.at for late in self._late), default=None)

    def serve(self, connection: object, message: Message, now: datetime) -> Served | None:
        """Serve a call that has come on `connection`; None where there is no answer, or none yet."""
        course = self._misbehaviour.course(message.action, now)
        match course:
            case Course.REJECTS:
                return _result(message, {"status": "Rejected"})
            case Course.ERRORS:
                return _failed(message)
            case Course.TOO_MANY:
                return self._too_many(message, now)
            case Course.STALLS:
                self._withhold(connection, message, None, now)
                return None
        if course is Course.APPLIES_LATE:
            self._station.equipment.profiles.be_slow(seconds_from(now, self._misbehaviour.apply_s()))
        served = self._serve(message, now)
        match course:
            case Course.ERRORS_AFTER:
                return _failed(message)
            case Course.LOSES_ANSWER:
                return None
            case Course.ANSWERS_LATE:
                self._withhold(connection, message, served, now)
                return None
        return served

    def come_due(self, connection: object, now: datetime) -> list[Served]:
        """Serve what was put off until `now`, and return the answers that are for `connection`."""
        due = [late for late in self._late if late.at <= now]
        if not due:
            return []
        self._late = [late for late in self._late if late.at > now]
        done = [(late, late.served or self._serve(late.message, now)) for late in due]
        return [served for late, served in done if late.connection is connection]

    def _serve(self, message: Message, now: datetime) -> Served:
        try:
            payload = self._dialect.serve(message.action, message.payload, now)
        except Refusal as refusal:
            return Served(encode_error(message.message_id, refusal.code, refusal.description), refused=True)
        return _result(message, payload)

    def _too_many(self, message: Message, now: datetime) -> Served:
        """Refuse as stations of the version do: 1.6 has no word for it, 2.x has a reason (K01.FR.56 of 2.1)."""
        if self._dialect.subprotocol == "ocpp1.6":
            return Served(encode_error(message.message_id, "GenericError", "too many profiles"), refused=True)
        retry_s = self._misbehaviour.retry_s(now)
        about = {"reasonCode": "RateLimitExceeded", "additionalInfo": f"{retry_s} seconds before retry"}
        return _result(message, {"status": "Rejected", "statusInfo": about})

    def _withhold(self, connection: object, message: Message, served: Served | None, now: datetime) -> None:
        late = Late(seconds_from(now, self._misbehaviour.late_s()), connection, message, served)
        self._late = [*self._late[1 - LATE_MAX :], late]


def _result(message: Message, payload: Payload) -> Served:
    return Served(encode_result(message.message_id, payload), refused=False)


def _failed(message: Message) -> Served:
    return Served(encode_error(message.message_id, "InternalError", "simulated"), refused=True)

"""Reservations of one station, from the request to what became of them (OCPP 2.x use cases H01 to H04)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from gateway.core.facts.kind import FactKind, in_full
from gateway.core.records import Record
from gateway.core.stations import Station

State: TypeAlias = Literal["unanswered", "active", "used", "cancelled", "expired", "removed", "no_transaction"]

ENDED_MAX: Final = 8
"""Ended reservations remembered per station; the store has more."""

_UPDATES: Final[Mapping[str, State]] = {
    "Expired": "expired",
    "NoTransaction": "no_transaction",
    "Removed": "removed",
}
"""ReservationUpdateStatusEnumType of 2.x."""


class Reservation(Struct, frozen=True, omit_defaults=True):
    """One reservation. `evse` None: any EVSE, of `connector_type` if that is given.

    A state of `unanswered` says that nobody knows whether the station has heard of it. `transaction` is the one that
    used it, `ended_at` is when it was over.
    """

    reservation_id: int
    id_token: str
    expires_at: datetime
    made_at: datetime
    state: State = "active"
    evse: int | None = None
    connector_type: str | None = None
    group_id_token: str | None = None
    transaction: str | None = None
    ended_at: datetime | None = None

    @property
    def ended(self) -> bool:
        """Whether it no longer holds, as far as is said; its time may be over for all that."""
        return self.state not in ("active", "unanswered")

    def at(self, now: datetime) -> "Reservation":
        """Return it as it is at `now`: a 1.6 station does not say that a reservation has expired."""
        if self.ended or now < self.expires_at:
            return self
        return msgspec.structs.replace(self, state="expired", ended_at=self.expires_at)


RESERVATIONS: Final = FactKind("reservation", Reservation)


def records_of_made(station: Station, reservation: Reservation, now: datetime) -> list[Record]:
    """Return the records by which a reservation begins, or one with its id is replaced.

    The oldest of those that are over are forgotten.
    """
    key = str(reservation.reservation_id)
    over = [other for name, other in RESERVATIONS.of(station).items() if name != key and other.at(now).ended]
    return [
        RESERVATIONS.holds(key, reservation, now),
        *(RESERVATIONS.ends(str(other.reservation_id), now) for other in over[: -(ENDED_MAX - 1)]),
    ]


def records_of_acceptance(station: Station, reservation_id: int, now: datetime) -> list[Record]:
    """Return the records by which a reservation holds, unless it has ended since it was asked for."""
    reservation = RESERVATIONS.get(station, str(reservation_id))
    if reservation is None or reservation.state != "unanswered":
        return []
    return [RESERVATIONS.holds(str(reservation_id), msgspec.structs.replace(reservation, state="active"), now)]


def records_of_refusal(
    station: Station, reservation_id: int, before: Reservation | None, now: datetime
) -> list[Record]:
    """Return the records by which a reservation never was: what it would have replaced, `before`, holds again."""
    reservation = RESERVATIONS.get(station, str(reservation_id))
    if reservation is None or reservation.state != "unanswered":
        return []
    key = str(reservation_id)
    return [RESERVATIONS.ends(key, now) if before is None else RESERVATIONS.holds(key, before, now)]


def records_of_end(
    station: Station, reservation_id: int, state: State, now: datetime, *, transaction: str | None = None
) -> list[Record]:
    """Return the records by which a reservation ends as `state`; none if it is not known, or has ended before."""
    reservation = RESERVATIONS.get(station, str(reservation_id))
    if reservation is None or reservation.ended:
        return []
    ended = msgspec.structs.replace(reservation, state=state, transaction=transaction, ended_at=now)
    return [RESERVATIONS.holds(str(reservation_id), ended, now)]


def records_of_status(station: Station, request: Any, now: datetime) -> list[Record]:
    """Return what a ReservationStatusUpdate of 2.x changes."""
    return records_of_end(station, request.reservation_id, _UPDATES[request.reservation_update_status], now)


def records_of_use(station: Station, reservation_id: int | None, transaction: str, now: datetime) -> list[Record]:
    """Return what it changes that a transaction says it uses a reservation: that one ends (use case H03)."""
    if reservation_id is None:
        return []
    return records_of_end(station, reservation_id, "used", now, transaction=transaction)


def shown(station: Station, parameters: Mapping[str, str], now: datetime) -> list[dict[str, Any]]:
    """Return all reservations, the newest first."""
    reservations = sorted(RESERVATIONS.of(station).values(), key=lambda known: known.made_at, reverse=True)
    return [in_full(reservation.at(now)) for reservation in reservations]

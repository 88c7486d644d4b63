"""Reservations of single EVSEs: OCPP 1.6 section 5.13, 2.x use cases H01 to H04."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from gateway.fleet.features.timed import Home
from gateway.fleet.intents import ReservationEnded, Stage
from gateway.fleet.outlet import Outlet


class Reservation(Struct, frozen=True):
    """`evse` is kept for `id_token` until `expires_at`."""

    reservation_id: int
    evse: int
    id_token: str
    expires_at: datetime


class Reservations:
    """The reservations of a station, at most one for an EVSE."""

    __slots__ = ("_by_evse", "_home", "_outlets")

    def __init__(self, home: Home, outlets: Sequence[Outlet]) -> None:
        self._home = home
        self._outlets = outlets
        self._by_evse: dict[int, Reservation] = {}

    @property
    def next_at(self) -> datetime | None:
        """See `Timed.next_at`."""
        if not self._by_evse:
            return None
        return min(reservation.expires_at for reservation in self._by_evse.values())

    def tick(self, now: datetime) -> None:
        """Let what has expired go, and tell it; what the EVSE can no longer keep is told as removed."""
        for reservation in list(self._by_evse.values()):
            if reservation.expires_at <= now:
                self._end(reservation, now, "Expired")

    def reserve(self, wanted: Reservation, now: datetime) -> str:
        """Keep an EVSE: Accepted, Occupied, Unavailable or Rejected. The same id again replaces it (H01.FR.02)."""
        if not 1 <= wanted.evse <= len(self._outlets) or wanted.expires_at <= now:
            return "Rejected"
        held = next((r for r in self._by_evse.values() if r.reservation_id == wanted.reservation_id), None)
        if held is not None:
            self._free(held, now)
        outlet = self._outlets[wanted.evse - 1]
        if outlet.stage is Stage.UNAVAILABLE or not outlet.operative:
            return "Unavailable"
        if outlet.stage is not Stage.AVAILABLE:
            return "Occupied"
        self._by_evse[wanted.evse] = wanted
        outlet.set_reserved(True, now)
        return "Accepted"

    def cancel(self, reservation_id: int, now: datetime) -> str:
        """Give up a reservation: Accepted, or Rejected where there is none of this id."""
        held = next((r for r in self._by_evse.values() if r.reservation_id == reservation_id), None)
        if held is None:
            return "Rejected"
        self._free(held, now)
        return "Accepted"

    def use(self, evse: int, id_token: str) -> int | None:
        """Use up the reservation of `evse` if it is for `id_token`; its id."""
        held = self._by_evse.get(evse)
        if held is None or held.id_token != id_token:
            return None
        del self._by_evse[evse]
        return held.reservation_id

    def holder(self, evse: int) -> str | None:
        """For which token `evse` is kept."""
        held = self._by_evse.get(evse)
        return None if held is None else held.id_token

    def withdrawn(self, evse: int, now: datetime) -> None:
        """The EVSE went out of service: its reservation is removed, and that is told (H01.FR.11)."""
        held = self._by_evse.get(evse)
        if held is not None:
            self._end(held, now, "Removed")

    def _end(self, reservation: Reservation, now: datetime, status: str) -> None:
        self._free(reservation, now)
        self._home.say(ReservationEnded(reservation.reservation_id, status))

    def _free(self, reservation: Reservation, now: datetime) -> None:
        del self._by_evse[reservation.evse]
        self._outlets[reservation.evse - 1].set_reserved(False, now)

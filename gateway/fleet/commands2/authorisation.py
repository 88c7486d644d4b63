"""Local lists and reservations (Part 2, blocks D and H)."""

from datetime import datetime

from gateway.fleet.commands2.answers import bound, status
from gateway.fleet.dialect import Payload, Serve
from gateway.fleet.features.local_list import ENTRIES_PER_MESSAGE_MAX, ListEntry
from gateway.fleet.features.reservations import Reservation
from gateway.fleet.payloads2 import CancelReservation, Nothing, ReserveNow, SendLocalList
from gateway.fleet.station import SimulatedStation


def list_version(station: SimulatedStation, asked: Nothing, now: datetime) -> Payload:
    """D02."""
    return {"versionNumber": station.equipment.local_list.version}


def send_list(station: SimulatedStation, asked: SendLocalList, now: datetime) -> Payload:
    """D01."""
    bound(asked.local_authorization_list, ENTRIES_PER_MESSAGE_MAX, "localAuthorizationList")
    entries = [
        ListEntry(listed.id_token.id_token, listed.id_token_info.status if listed.id_token_info else None)
        for listed in asked.local_authorization_list
    ]
    differential = asked.update_type == "Differential"
    return status(station.equipment.local_list.update(asked.version_number, entries, differential=differential))


def reserve(station: SimulatedStation, asked: ReserveNow, now: datetime) -> Payload:
    """H01. Only a certain EVSE can be reserved (NonEvseSpecific false)."""
    if asked.evse_id is None:
        return status("Rejected", "NotSupported")
    wanted = Reservation(asked.id, asked.evse_id, asked.id_token.id_token, asked.expiry_date_time)
    return status(station.equipment.reservations.reserve(wanted, now))


def cancel_reservation(station: SimulatedStation, asked: CancelReservation, now: datetime) -> Payload:
    """H02."""
    return status(station.equipment.reservations.cancel(asked.reservation_id, now))


SERVED = {
    "CancelReservation": Serve(CancelReservation, cancel_reservation),
    "GetLocalListVersion": Serve(Nothing, list_version),
    "ReserveNow": Serve(ReserveNow, reserve),
    "SendLocalList": Serve(SendLocalList, send_list),
}

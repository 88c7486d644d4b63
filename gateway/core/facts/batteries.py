"""Batteries in the slots of a battery swap station (OCPP 2.1 use cases S01 to S03)."""

from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from gateway.core.csms import bounded
from gateway.core.facts.kind import FactKind
from gateway.core.records import Record
from gateway.core.stations import Station


class Battery(Struct, frozen=True):
    """The battery in a slot (an EVSE of the station), as it was when it was put in."""

    evse: int
    serial: str
    state_of_charge_percent: float
    state_of_health_percent: float
    put_in_at: datetime


BATTERIES: Final = FactKind("battery", Battery)


def records_of_swap(station: Station, request: Any, now: datetime) -> list[Record]:
    """Return what a BatterySwap changes. A battery that nobody took in time (BatteryOutTimeout) stays where it is."""
    records: list[Record] = []
    for said in request.battery_data:
        key = str(bounded(said.evse_id))
        if request.event_type == "BatteryIn":
            battery = Battery(said.evse_id, said.serial_number, said.so_c, said.so_h, now)
            records.append(BATTERIES.holds(key, battery, now))
        elif request.event_type == "BatteryOut":
            records.append(BATTERIES.ends(key, now))
    return records

"""What a 2.x station tells of charging that others decide: external limits, a vehicle's needs, priority.

OCPP 2.x use cases K11 to K14 (external limits), K15 to K17 (needs of a vehicle over ISO 15118) and, in 2.1, K21
(priority charging). Nothing here is answered with a charging profile.
"""

from datetime import datetime
from typing import Any, Final

from msgspec import UNSET, Struct

from gateway.core.csms import bounded, given
from gateway.core.facts.kind import FactKind
from gateway.core.records import Record
from gateway.core.stations import Station
from gateway.wire.schema_types import or_none


class ExternalLimit(Struct, frozen=True):
    """A limit that somebody else set on an EVSE (0: on the whole station), such as `EMS` or `SO`.

    Its schedules are in the event that brought it; they are too large to be remembered for every station.
    """

    evse: int
    source: str
    said_at: datetime
    grid_critical: bool | None = None
    local_generation: bool | None = None


class ChargingNeeds(Struct, frozen=True):
    """What the vehicle at an EVSE said that it needs, in base units; None where it did not say."""

    evse: int
    said_at: datetime
    energy_transfer: str
    departure_at: datetime | None = None
    energy_wh: float | None = None
    state_of_charge_percent: int | None = None
    min_current_a: float | None = None
    max_current_a: float | None = None
    max_voltage_v: float | None = None
    max_power_w: float | None = None
    control_mode: str | None = None


class PriorityCharging(Struct, frozen=True):
    """A transaction that charges with priority, because its driver asked for it at the station."""

    transaction: str
    said_at: datetime


EXTERNAL_LIMITS: Final = FactKind("external_limit", ExternalLimit)
CHARGING_NEEDS: Final = FactKind("charging_needs", ChargingNeeds)
PRIORITY_CHARGING: Final = FactKind("priority_charging", PriorityCharging)


def records_of_limit(station: Station, request: Any, now: datetime) -> list[Record]:
    """Return what a NotifyChargingLimit changes."""
    evse = given(request.evse_id) or 0
    about = request.charging_limit
    limit = ExternalLimit(
        evse=evse,
        source=about.charging_limit_source,
        said_at=now,
        grid_critical=or_none(about.is_grid_critical),
        local_generation=or_none(getattr(about, "is_local_generation", UNSET)),
    )
    return [EXTERNAL_LIMITS.holds(_limit_key(evse, limit.source), limit, now)]


def records_of_cleared_limit(station: Station, request: Any, now: datetime) -> list[Record]:
    """Return what a ClearedChargingLimit changes: without an EVSE the source has no limit anywhere any more."""
    evse = given(request.evse_id)
    source = request.charging_limit_source
    if evse is not None:
        return [EXTERNAL_LIMITS.ends(_limit_key(evse, source), now)]
    limits = EXTERNAL_LIMITS.of(station)
    return [EXTERNAL_LIMITS.ends(key, now) for key, limit in limits.items() if limit.source == source]


def _limit_key(evse: int, source: str) -> str:
    return f"{evse} {source}"


def records_of_needs(station: Station, request: Any, now: datetime) -> list[Record]:
    """Return what a NotifyEVChargingNeeds tells."""
    evse = bounded(request.evse_id)
    said = request.charging_needs
    ac, dc = said.ac_charging_parameters, said.dc_charging_parameters
    limits: dict[str, Any] = {}
    if ac is not UNSET:
        limits = {"energy_wh": ac.energy_amount, "min_current_a": ac.ev_min_current}
    elif dc is not UNSET:
        limits = {
            "energy_wh": or_none(dc.energy_amount),
            "state_of_charge_percent": or_none(dc.state_of_charge),
            "max_power_w": or_none(dc.ev_max_power),
        }
    for either in (ac, dc):
        if either is not UNSET:
            limits |= {"max_current_a": either.ev_max_current, "max_voltage_v": either.ev_max_voltage}
            break
    needs = ChargingNeeds(
        evse=evse,
        said_at=now,
        energy_transfer=said.requested_energy_transfer,
        departure_at=or_none(said.departure_time),
        control_mode=or_none(getattr(said, "control_mode", UNSET)),
        **limits,
    )
    return [CHARGING_NEEDS.holds(str(evse), needs, now)]


def records_of_priority(station: Station, request: Any, now: datetime) -> list[Record]:
    """Return what a NotifyPriorityCharging of 2.1 changes."""
    transaction = request.transaction_id
    if not request.activated:
        return [PRIORITY_CHARGING.ends(transaction, now)]
    return [PRIORITY_CHARGING.holds(transaction, PriorityCharging(transaction, now), now)]


def records_of_departure(station: Station, evse: int | None, transaction: str, now: datetime) -> list[Record]:
    """Return what it changes that a transaction has ended: the vehicle's needs and its priority are gone."""
    records: list[Record] = []
    if evse is not None and str(evse) in station.facts(CHARGING_NEEDS.kind):
        records.append(CHARGING_NEEDS.ends(str(evse), now))
    if transaction in station.facts(PRIORITY_CHARGING.kind):
        records.append(PRIORITY_CHARGING.ends(transaction, now))
    return records

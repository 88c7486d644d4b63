"""Distributed energy resources of a 2.1 station (OCPP 2.1 use cases R02 to R06): its grid controls and alarms."""

from datetime import datetime
from typing import Any, Final

from msgspec import UNSET, Struct

from gateway.core.facts.kind import FactKind
from gateway.core.records import Record
from gateway.core.stations import Station


class DerControl(Struct, frozen=True):
    """A grid control that the station has, by its id. What was not said yet is None.

    `active` is whether it has started and not ended; `superseded` whether another one of higher priority took over.
    """

    control_id: str
    said_at: datetime
    type: str | None = None
    default: bool | None = None
    superseded: bool = False
    active: bool | None = None


class DerAlarm(Struct, frozen=True):
    """A grid event that has not ended, by the type of the control that noticed it."""

    type: str
    since: datetime
    fault: str | None = None


DER_CONTROLS: Final = FactKind("der_control", DerControl)
DER_ALARMS: Final = FactKind("der_alarm", DerAlarm)

_TYPES: Final = {
    "enter_service": "EnterService",
    "fixed_pf_absorb": "FixedPFAbsorb",
    "fixed_pf_inject": "FixedPFInject",
    "fixed_var": "FixedVar",
    "freq_droop": "FreqDroop",
    "gradient": "Gradients",
    "limit_max_discharge": "LimitMaxDischarge",
}
"""Lists of a ReportDERControl whose items do not name their type -> DERControlEnumType. Those of `curve` do."""


def records_of_start_stop(station: Station, request: Any, now: datetime) -> list[Record]:
    """Return what a NotifyDERStartStop changes: one control starts or ends, and may supersede others."""
    known = DER_CONTROLS.get(station, request.control_id)
    control = DerControl(
        request.control_id,
        now,
        type=None if known is None else known.type,
        default=None if known is None else known.default,
        active=request.started,
    )
    records: list[Record] = [DER_CONTROLS.holds(control.control_id, control, now)]
    superseded = [] if request.superseded_ids is UNSET else request.superseded_ids
    for control_id in superseded:
        if (other := DER_CONTROLS.get(station, control_id)) is not None and control_id != request.control_id:
            over = DerControl(control_id, now, other.type, other.default, superseded=True, active=False)
            records.append(DER_CONTROLS.holds(control_id, over, now))
    return records


def records_of_report(station: Station, request: Any, now: datetime) -> list[Record]:
    """Return what one part of a ReportDERControl tells."""
    listed = [(curve.curve_type, curve) for curve in _items(request.curve)]
    for name, control_type in _TYPES.items():
        listed += [(control_type, item) for item in _items(getattr(request, name))]
    records: list[Record] = []
    for control_type, item in listed:
        known = DER_CONTROLS.get(station, item.id)
        superseded = getattr(item, "is_superseded", False)
        active = False if superseded else None if known is None else known.active
        control = DerControl(item.id, now, control_type, getattr(item, "is_default", None), superseded, active)
        records.append(DER_CONTROLS.holds(item.id, control, now))
    return records


def records_of_alarm(station: Station, request: Any, now: datetime) -> list[Record]:
    """Return what a NotifyDERAlarm changes."""
    if request.alarm_ended is True:
        return [DER_ALARMS.ends(request.control_type, now)]
    fault = None if request.grid_event_fault is UNSET else request.grid_event_fault
    return [DER_ALARMS.holds(request.control_type, DerAlarm(request.control_type, request.timestamp, fault), now)]


def _items(listed: Any) -> list[Any]:
    return [] if listed is UNSET else listed

"""Variable monitors of a 2.x station: what is watched, by the id under which the station speaks of it.

Learnt from the answers to SetVariableMonitoring and from NotifyMonitoringReport (OCPP 2.x use cases N02 and N04). A
periodic event stream of 2.1 names its monitor only by this id.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import UNSET, Struct

from gateway.core.facts.kind import FactKind, in_full
from gateway.core.records import Record
from gateway.core.stations import Station
from gateway.wire.schema_types import or_none


class Monitor(Struct, frozen=True, omit_defaults=True):
    """What one monitor watches and when it speaks: `value` is a threshold, a delta or an interval, by `type`.

    `kind` is the eventNotificationType of 2.1: who put the monitor there.
    """

    monitor_id: int
    component: str
    variable: str
    type: str
    value: float
    severity: int
    component_instance: str | None = None
    evse: int | None = None
    connector: int | None = None
    variable_instance: str | None = None
    transaction: bool = False
    kind: str | None = None


MONITORS: Final = FactKind("monitor", Monitor)


def monitor_of(station: Station, monitor_id: int) -> Monitor | None:
    """Return the monitor with this id, None if it is not known."""
    return MONITORS.get(station, str(monitor_id))


def records_of_set(monitors: Sequence[Monitor], now: datetime) -> list[Record]:
    """Return the records by which a station has these monitors."""
    return [_holds(monitor, now) for monitor in monitors]


def matched(wanted: Sequence[Monitor], results: Sequence[Any]) -> list[Any]:
    """Return for each monitor that was asked for its result in the answer to a SetVariableMonitoring, None without one.

    An answer repeats component, variable, type and severity of each item, which need not stand in the order asked;
    names are case-insensitive (2.x Part 1 section 4.1).
    """
    left = list(results)
    found = []
    for monitor in wanted:
        place = _place(monitor)
        result = next((result for result in left if _place_of(result) == place), None)
        if result is not None:
            left.remove(result)
        found.append(result)
    return found


def records_of_report(request: Any, now: datetime) -> list[Record]:
    """Return what one part of a NotifyMonitoringReport tells."""
    return [_holds(monitor, now) for watched in request.monitor or () for monitor in monitors_of(watched)]


def monitors_of(watched: Any) -> list[Monitor]:
    """Return the monitors of one variable, as a report lists them."""
    return [_monitor(monitoring.id, watched, monitoring) for monitoring in watched.variable_monitoring]


def records_of_cleared(monitor_ids: Sequence[int], now: datetime) -> list[Record]:
    """Return the records by which monitors are no more."""
    return [MONITORS.ends(str(monitor_id), now) for monitor_id in monitor_ids]


def shown(station: Station, parameters: Mapping[str, str], now: datetime) -> list[dict[str, Any]]:
    """Return the monitors that are known, by their ids."""
    return [in_full(known) for known in sorted(MONITORS.of(station).values(), key=lambda m: m.monitor_id)]


def _holds(monitor: Monitor, now: datetime) -> Record:
    return MONITORS.holds(str(monitor.monitor_id), monitor, now)


def _place(monitor: Monitor) -> tuple[object, ...]:
    return (
        monitor.component.lower(),
        (monitor.component_instance or "").lower(),
        monitor.evse,
        monitor.connector,
        monitor.variable.lower(),
        (monitor.variable_instance or "").lower(),
        monitor.type,
        monitor.severity,
    )


def _place_of(result: Any) -> tuple[object, ...]:
    component, variable, evse = result.component, result.variable, result.component.evse
    return (
        component.name.lower(),
        (component.instance or "").lower(),
        None if evse is UNSET else evse.id,
        None if evse is UNSET else or_none(evse.connector_id),
        variable.name.lower(),
        (variable.instance or "").lower(),
        result.type,
        result.severity,
    )


def _monitor(monitor_id: int, watched: Any, monitoring: Any) -> Monitor:
    component, variable = watched.component, watched.variable
    evse = component.evse
    return Monitor(
        monitor_id=monitor_id,
        component=component.name,
        variable=variable.name,
        type=monitoring.type,
        value=monitoring.value,
        severity=monitoring.severity,
        component_instance=or_none(component.instance),
        evse=None if evse is UNSET else evse.id,
        connector=None if evse is UNSET else or_none(evse.connector_id),
        variable_instance=or_none(variable.instance),
        transaction=monitoring.transaction is True,
        kind=or_none(getattr(monitoring, "event_notification_type", UNSET)),
    )

"""NotifyEvent of 2.x (use cases N07 and N08): kept, and read for what it tells: connector state, values, streams.

2.1 deprecates StatusNotification: there a connector's state is an event of its variable AvailabilityState (use case
G01). Stations of 2.0.1 may send it too.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, cast, get_args

import msgspec
from msgspec import UNSET

from gateway.core import device_model, event_streams
from gateway.core.csms import EMPTY, Csms, Reply, bounded, kept
from gateway.core.records import ConnectorStatus, ConnectorStatusName, Record
from gateway.core.stations import Station

AVAILABILITY_STATE: Final = "availabilitystate"
"""In lower case, as the names of components and variables are case-insensitive (Part 1 section 4.1)."""

STATUSES: Final = frozenset(get_args(ConnectorStatusName))


def notify_event(csms: Csms, station: Station, request: Any, now: datetime) -> Reply:
    """Keep the events, and let what they tell take effect."""
    events = request.event_data
    records: list[Record] = [kept("NotifyEvent", now, _without_secrets(request))]
    records += statuses(csms, events, now)
    records += device_model.records_of_events(request, now)
    records += event_streams.records_of_events(station, events, now)
    return Reply(EMPTY, records)


def statuses(csms: Csms, events: Sequence[Any], now: datetime) -> list[ConnectorStatus]:
    """Return the states of connectors in events. Connector 0 is an EVSE as a whole, EVSE 0 the station itself."""
    said = []
    for event in events:
        place = _place(event)
        if place is None or event.actual_value not in STATUSES:
            continue
        faulted = event.actual_value == "Faulted"
        said.append(
            ConnectorStatus(
                time=csms.time_of(event.timestamp, now),
                evse=place[0],
                connector=place[1],
                status=cast(ConnectorStatusName, event.actual_value),
                error_code=event.tech_code or None if faulted else None,
                detail=event.tech_info or None if faulted else None,
            )
        )
    return said


def _place(event: Any) -> tuple[int, int] | None:
    """Return (EVSE, connector) if the event is of the availability of one, or of the EVSE or the station as a whole."""
    component = event.component
    if event.variable.name.lower() != AVAILABILITY_STATE:
        return None
    evse = component.evse
    match component.name.lower():
        case "connector" if evse is not UNSET and evse.connector_id is not UNSET:
            return bounded(evse.id), bounded(evse.connector_id)
        case "evse" if evse is not UNSET:
            return bounded(evse.id), 0
        case "chargingstation":
            return 0, 0
    return None


def _without_secrets(request: Any) -> Any:
    """Return the request as it may be kept: an event of a secret variable has no value."""
    events = request.event_data
    if not any(device_model.is_secret(event.variable.name) for event in events):
        return request
    told = [
        msgspec.structs.replace(event, actual_value="") if device_model.is_secret(event.variable.name) else event
        for event in events
    ]
    return msgspec.structs.replace(request, event_data=told)


def notify_report(csms: Csms, station: Station, request: Any, now: datetime) -> Reply:
    """Keep what a part of a NotifyReport (use cases B07 and B08) says, variable by variable, without secrets."""
    return Reply(EMPTY, [*device_model.records_of_report(request, now)])

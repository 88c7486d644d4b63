"""Periodic event streams (OCPP 2.1 use cases N11 to N15): the values of a monitored variable, many to a message.

A station opens a stream for one of its monitors, then sends messages that are never answered. Their values become
readings. What is measured follows from the monitor, where it is known.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct

from gateway.core.csms import EMPTY, Csms, OutOfBounds, Reply, bounded, given, kept, record_meter_values
from gateway.core.facts.kind import FactKind
from gateway.core.facts.monitors import monitor_of
from gateway.core.metering import DEFAULT_CONTEXT, DEFAULT_LOCATION, number_of
from gateway.core.records import Channel, Readings, Record, Sample
from gateway.core.stations import Station
from gateway.wire import ocpp21 as wire

ACCEPTED: Final = b'{"status":"Accepted"}'

PHASES: Final = frozenset({"L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"})
"""PhaseEnumType. A variable whose instance is one of these is of that phase."""

UNITS: Final = {
    "accurrent": "A",
    "acvoltage": "V",
    "current": "A",
    "dccurrent": "A",
    "dcvoltage": "V",
    "energy": "Wh",
    "frequency": "Hz",
    "power": "W",
    "stateofcharge": "Percent",
    "temperature": "Celsius",
    "voltage": "V",
}
"""Units that the device model fixes for its standard variables (Part 2 appendices, section 3.2). Others have none.
By names in lower case: names are case-insensitive."""


class Watched(Struct, frozen=True):
    """A variable of a component, as a monitor or an event names it."""

    component: str
    variable: str
    component_instance: str | None = None
    variable_instance: str | None = None
    evse: int | None = None
    connector: int | None = None


class EventStream(Struct, frozen=True):
    """An open stream. `watched` is the variable that it reports; None where that is unknown."""

    stream_id: int
    monitor_id: int
    opened_at: datetime
    interval_s: int | None = None
    values: int | None = None
    watched: Watched | None = None  # kept only as an event told it: what a monitor says is looked up, see `watched_by`


EVENT_STREAMS: Final = FactKind("event_stream", EventStream)


def open_stream(csms: Csms, station: Station, request: wire.OpenPeriodicEventStreamRequest, now: datetime) -> Reply:
    """Take a stream. Of more than live state remembers, the one opened first loses its name, not its values."""
    about = request.constant_stream_data
    stream = EventStream(
        stream_id=bounded(about.id),
        monitor_id=bounded(about.variable_monitoring_id),
        opened_at=now,
        interval_s=given(about.params.interval),
        values=given(about.params.values),
    )
    key = str(stream.stream_id)
    return Reply(ACCEPTED, [kept("OpenPeriodicEventStream", now, request), EVENT_STREAMS.holds(key, stream, now)])


def close_stream(csms: Csms, station: Station, request: wire.ClosePeriodicEventStreamRequest, now: datetime) -> Reply:
    """Forget a stream."""
    ends = EVENT_STREAMS.ends(str(bounded(request.id)), now)
    return Reply(EMPTY, [kept("ClosePeriodicEventStream", now, request), ends])


def take_values(csms: Csms, station: Station, request: wire.NotifyPeriodicEventStreamRequest, now: datetime) -> Reply:
    """Return the values of a message as readings. Where one is no number, the whole message is kept beside them.

    Raises OutOfBounds for a time that is in no calendar.
    """
    stream = EVENT_STREAMS.get(station, str(request.id))
    watched = None if stream is None else watched_by(station, stream)
    channel = _channel(f"PeriodicEventStream.{bounded(request.id)}") if watched is None else channel_of(watched)
    records: list[Record] = []
    said = ("ocpp2.1", "NotifyPeriodicEventStream")
    values = _values(channel, request.basetime, request.data)
    meter_values = record_meter_values(csms, values, request, said=said, now=now, records=records)
    evse, connector = (None, None) if watched is None else (watched.evse, watched.connector)
    meter_values = [meter_value for meter_value in meter_values if meter_value.samples]
    if meter_values:
        records.append(Readings(evse, connector, None, meter_values))
    return Reply(EMPTY, records)


def _values(
    channel: Channel, base_time: datetime, data: Sequence[wire.StreamDataElement]
) -> Iterator[tuple[datetime, tuple[list[Sample], int]]]:
    for element in data:
        try:
            time = base_time + timedelta(seconds=element.t)
        except OverflowError:
            raise OutOfBounds from None
        value = number_of(element.v)
        yield time, ([], 1) if value is None else ([Sample(channel, value)], 0)


def has_nameless_stream(station: Station) -> bool:
    """Whether a stream is open of whose monitor nothing is known, so that its readings have a number for a name."""
    return any(watched_by(station, stream) is None for stream in EVENT_STREAMS.of(station).values())


def records_of_events(station: Station, events: Sequence[Any], now: datetime) -> list[Record]:
    """Return what events tell of the monitors of open streams whose variable is not known yet."""
    streams = station.facts(EVENT_STREAMS.kind)
    if not streams:
        return []
    records: list[Record] = []
    unknown = {stream.monitor_id: stream for stream in EVENT_STREAMS.of(station).values() if stream.watched is None}
    for event in events:
        stream = None if event.variable_monitoring_id is UNSET else unknown.pop(event.variable_monitoring_id, None)
        if stream is not None and monitor_of(station, stream.monitor_id) is None:
            learnt = msgspec.structs.replace(stream, watched=_watched(event))
            records.append(EVENT_STREAMS.holds(str(stream.stream_id), learnt, now))
    return records


def shown(station: Station, parameters: Mapping[str, str], now: datetime) -> list[dict[str, Any]]:
    """Return the streams that are open, the one opened first before the others."""
    streams = EVENT_STREAMS.of(station).values()
    return [
        msgspec.to_builtins(msgspec.structs.replace(stream, watched=watched_by(station, stream))) for stream in streams
    ]


def _watched(event: Any) -> Watched:
    component, variable = event.component, event.variable
    evse = connector = None
    if component.evse is not UNSET:
        evse, connector = bounded(component.evse.id), given(component.evse.connector_id)
    return Watched(
        component=component.name,
        variable=variable.name,
        component_instance=component.instance or None,
        variable_instance=variable.instance or None,
        evse=evse,
        connector=connector,
    )


def watched_by(station: Station, stream: EventStream) -> Watched | None:
    """Return what a stream reports: as an event told, or as its monitor says; None if neither is known."""
    if stream.watched is not None:
        return stream.watched
    monitor = monitor_of(station, stream.monitor_id)
    if monitor is None:
        return None
    return Watched(
        monitor.component,
        monitor.variable,
        monitor.component_instance,
        monitor.variable_instance,
        monitor.evse,
        monitor.connector,
    )


def channel_of(watched: Watched) -> Channel:
    """Return the channel of a variable: `Component[instance].Variable[instance]`, an instance that is a phase apart."""
    instance = watched.variable_instance
    phase = instance if instance in PHASES else None
    component = _named(watched.component, watched.component_instance)
    variable = _named(watched.variable, None if phase else instance)
    return _channel(f"{component}.{variable}", phase, UNITS.get(watched.variable.lower(), ""))


@lru_cache(maxsize=4096)
def _channel(measurand: str, phase: str | None = None, unit: str = "") -> Channel:
    return Channel(measurand, phase, DEFAULT_CONTEXT, DEFAULT_LOCATION, unit)


def _named(name: str, instance: str | None) -> str:
    return name if instance is None else f"{name}[{instance}]"

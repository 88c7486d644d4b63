"""Monitors, their reports and streams (Part 2, block N)."""

from datetime import datetime

from gateway.fleet.commands2.answers import bound, meant, place_of, report, status
from gateway.fleet.device_model import Entry, find
from gateway.fleet.dialect import Payload, Serve, timestamp
from gateway.fleet.features.monitors import Monitor
from gateway.fleet.payloads2 import (
    ClearVariableMonitoring,
    GetMonitoringReport,
    Nothing,
    SetMonitor,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetVariableMonitoring,
)
from gateway.fleet.payloads21 import AdjustPeriodicEventStream
from gateway.fleet.station import SimulatedStation
from gateway.fleet.variables import ITEMS_PER_MONITORING_MAX, ITEMS_PER_REPORT


def set_monitoring(station: SimulatedStation, asked: SetVariableMonitoring, now: datetime) -> Payload:
    """N04; in 2.1 with streams (N11)."""
    bound(asked.set_monitoring_data, ITEMS_PER_MONITORING_MAX, "setMonitoringData")
    return {"setMonitoringResult": [_set_monitor(station, wanted, now) for wanted in asked.set_monitoring_data]}


def clear_monitoring(station: SimulatedStation, asked: ClearVariableMonitoring, now: datetime) -> Payload:
    """N06."""
    bound(asked.id, ITEMS_PER_MONITORING_MAX, "id")
    monitors = station.equipment.monitors
    return {"clearMonitoringResult": [{"id": wanted, "status": monitors.clear(wanted)} for wanted in asked.id]}


def set_base(station: SimulatedStation, asked: SetMonitoringBase, now: datetime) -> Payload:
    """N05. No monitor came with the station, so all but `All` means none."""
    if asked.monitoring_base != "All":
        station.equipment.monitors.clear_custom()
    return status("Accepted")


def set_level(station: SimulatedStation, asked: SetMonitoringLevel, now: datetime) -> Payload:
    """N04."""
    if not 0 <= asked.severity <= 9:
        return status("Rejected", "InvalidValue")
    station.equipment.monitors.level = asked.severity
    return status("Accepted")


def get_report(station: SimulatedStation, asked: GetMonitoringReport, now: datetime) -> Payload:
    """N02."""
    places = asked.component_variable
    found = station.equipment.monitors.matching(
        asked.monitoring_criteria,
        lambda held: not places or any(meant(held, place) for place in places),
    )
    if not found:
        return status("EmptyResultSet")
    origin = {} if station.version == "ocpp2.0.1" else {"eventNotificationType": "CustomMonitor"}
    items = [monitor.place | {"variableMonitoring": [_reported(monitor) | origin]} for monitor in found]
    common = {"requestId": asked.request_id, "generatedAt": timestamp(now), "seqNo": 0}
    report(station, "NotifyMonitoringReport", common, "monitor", items, ITEMS_PER_REPORT)
    return status("Accepted")


def adjust_stream(station: SimulatedStation, asked: AdjustPeriodicEventStream, now: datetime) -> Payload:
    """N13 of 2.1."""
    params = asked.params
    known = station.equipment.monitors.streams.adjust(asked.id, params.interval, params.values, now)
    return status("Accepted" if known else "Rejected")


def get_streams(station: SimulatedStation, asked: Nothing, now: datetime) -> Payload:
    """N12 of 2.1."""
    streams = [
        {
            "id": stream.stream_id,
            "variableMonitoringId": stream.monitor_id,
            "params": {"interval": stream.interval_s} | ({"values": stream.values} if stream.values else {}),
        }
        for stream in station.equipment.monitors.streams.all()
    ]
    return {"constantStreamData": streams} if streams else {}


def _set_monitor(station: SimulatedStation, wanted: SetMonitor, now: datetime) -> Payload:
    result: Payload = {"type": wanted.type, "severity": wanted.severity}
    place = place_of(wanted)
    result |= place
    entry, word = find(station, place["component"], place["variable"], "Actual")
    if entry is None:
        return result | {"status": word}
    if not entry.monitored:
        return result | {"status": "Rejected", "statusInfo": {"reasonCode": "UnsupportedRequest"}}
    monitor = _monitor(entry, wanted, now)
    stream = wanted.periodic_event_stream
    word = station.equipment.monitors.set(
        monitor, now, is_new=wanted.id is None, stream=None if stream is None else (stream.interval, stream.values)
    )
    return result | {"status": word} | ({"id": monitor.monitor_id} if word == "Accepted" else {})


def _monitor(entry: Entry, wanted: SetMonitor, now: datetime) -> Monitor:
    return Monitor(
        monitor_id=wanted.id or 0,
        place=entry.place,
        kind=wanted.type,
        value=wanted.value,
        severity=wanted.severity,
        transaction=wanted.transaction,
        measure=entry.measure,
        reference=entry.measure(now),
    )


def _reported(monitor: Monitor) -> Payload:
    return {
        "id": monitor.monitor_id,
        "transaction": monitor.transaction,
        "value": monitor.value,
        "type": monitor.kind,
        "severity": monitor.severity,
    }


SERVED = {
    "ClearVariableMonitoring": Serve(ClearVariableMonitoring, clear_monitoring),
    "GetMonitoringReport": Serve(GetMonitoringReport, get_report),
    "SetMonitoringBase": Serve(SetMonitoringBase, set_base),
    "SetMonitoringLevel": Serve(SetMonitoringLevel, set_level),
    "SetVariableMonitoring": Serve(SetVariableMonitoring, set_monitoring),
}

SERVED_21 = {
    "AdjustPeriodicEventStream": Serve(AdjustPeriodicEventStream, adjust_stream),
    "GetPeriodicEventStream": Serve(Nothing, get_streams),
}
"""What only 2.1 has."""

"""Intents as messages of OCPP 2.0.1 and 2.1. Every EVSE has one connector, number 1."""

from datetime import datetime

from gateway.fleet.device_model import availability
from gateway.fleet.dialect import Payload, quantities, timestamp
from gateway.fleet.intents import Boot, MonitorEvent, StageChanged, Step, StreamData, StreamOpened
from gateway.fleet.meter import Reading


def boot_notification(boot: Boot) -> Payload:
    """BootNotificationRequest."""
    plate = boot.nameplate
    station = {
        "serialNumber": plate.serial,
        "model": plate.model,
        "vendorName": plate.vendor,
        "firmwareVersion": plate.firmware,
    }
    return {"reason": boot.reason, "chargingStation": station}


def transaction_event(step: Step, tariff: str | None) -> Payload:
    """TransactionEventRequest. `tariff` is the id of the transaction's tariff (2.1)."""
    told: Payload = {"transactionId": step.transaction, "chargingState": step.charging_state}
    if step.stopped_reason is not None:
        told["stoppedReason"] = step.stopped_reason
    if step.remote_start_id is not None:
        told["remoteStartId"] = step.remote_start_id
    if tariff is not None:
        told["tariffId"] = tariff
    payload: Payload = {
        "eventType": step.event,
        "timestamp": timestamp(step.at),
        "triggerReason": step.trigger,
        "seqNo": step.seq_no,
        "transactionInfo": told,
        "evse": {"id": step.evse, "connectorId": 1},
    }
    if step.offline:
        payload["offline"] = True
    if step.reservation_id is not None:
        payload["reservationId"] = step.reservation_id
    if step.id_token is not None:
        payload["idToken"] = {"idToken": step.id_token, "type": "ISO14443"}
    if step.reading is not None:
        payload["meterValue"] = [meter_value(step.at, step.reading, step.context)]
    return payload


def told_availability(changed: StageChanged) -> str | None:
    """The ConnectorStatusEnumType to be told; None where finer stages say nothing new, and for the station."""
    before = None if changed.before is None else availability(changed.before)
    after = availability(changed.after)
    return None if changed.evse == 0 or after == before else after


def status_notification(changed: StageChanged, status: str) -> Payload:
    """StatusNotificationRequest."""
    return {
        "timestamp": timestamp(changed.at),
        "connectorStatus": status,
        "evseId": changed.evse,
        "connectorId": 1,
    }


def availability_event(changed: StageChanged, status: str, event_id: int) -> Payload:
    """NotifyEventRequest of a connector's AvailabilityState, by which 2.1 replaces StatusNotification (G01)."""
    at = timestamp(changed.at)
    event = {
        "eventId": event_id,
        "timestamp": at,
        "trigger": "Delta",
        "actualValue": status,
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "Connector", "evse": {"id": changed.evse, "connectorId": 1}},
        "variable": {"name": "AvailabilityState"},
    }
    return {"generatedAt": at, "seqNo": 0, "eventData": [event]}


def monitor_event(told: MonitorEvent, event_id: int, *, severity: bool) -> Payload:
    """NotifyEventRequest of a monitor. 2.1 also tells its severity."""
    at = timestamp(told.at)
    event: Payload = {
        "eventId": event_id,
        "timestamp": at,
        "trigger": told.trigger,
        "actualValue": str(told.value),
        "eventNotificationType": "CustomMonitor",
        "variableMonitoringId": told.monitor_id,
        **told.place,
    }
    if told.cleared:
        event["cleared"] = True
    if severity:
        event["severity"] = told.severity
    return {"generatedAt": at, "seqNo": 0, "eventData": [event]}


def open_stream(opened: StreamOpened) -> Payload:
    """OpenPeriodicEventStreamRequest."""
    params = {"interval": opened.interval_s} | ({"values": opened.values} if opened.values else {})
    stream = {"id": opened.stream_id, "variableMonitoringId": opened.monitor_id, "params": params}
    return {"constantStreamData": stream}


def stream_data(told: StreamData) -> Payload:
    """NotifyPeriodicEventStream: offsets from the first sample, in seconds."""
    first_at = told.samples[0][0]
    samples = [{"t": round((at - first_at).total_seconds(), 3), "v": str(value)} for at, value in told.samples]
    return {"id": told.stream_id, "pending": 0, "basetime": timestamp(first_at), "data": samples}


def meter_value(at: datetime, reading: Reading, context: str) -> Payload:
    """MeterValueType."""
    samples = []
    for quantity in quantities(reading):
        sample: Payload = {
            "value": quantity.value,
            "context": context,
            "measurand": quantity.measurand,
            "location": quantity.location,
            "unitOfMeasure": {"unit": quantity.unit},
        }
        if quantity.phase is not None:
            sample["phase"] = quantity.phase
        samples.append(sample)
    return {"timestamp": timestamp(at), "sampledValue": samples}

"""OCPP 2.0.1 (edition 3) and 2.1, as a simulated station speaks them: one dialect in two editions."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from gateway.fleet import says2
from gateway.fleet.dialect import Payload, Serve, serve_from, timestamp
from gateway.fleet.intents import (
    Acknowledged,
    Answer,
    Ask,
    Authorised,
    Beat,
    Boot,
    FirmwareProgress,
    Intent,
    Measured,
    MonitorEvent,
    Registered,
    Report,
    ReservationEnded,
    Secured,
    StageChanged,
    Step,
    StreamAnswered,
    StreamClosed,
    StreamData,
    StreamOpened,
    UploadProgress,
)
from gateway.fleet.payloads2 import (
    AuthorizeResult,
    BootResult,
    HeartbeatResult,
    StatusResult,
    TransactionEventResult,
)
from gateway.fleet.station import SimulatedStation


class Edition(Struct, frozen=True):
    """What tells the versions apart. `served` is what a server may ask here, `known` all that the version has.

    `is_21`: connector state is an event (2.1 deprecates StatusNotification), and bad results are answered.
    """

    subprotocol: str
    served: Mapping[str, Serve]
    known: frozenset[str]
    is_21: bool


class Ocpp2:
    """The `Dialect` of one edition for one station."""

    __slots__ = ("_edition", "_event_id", "_station", "refuses_results", "subprotocol")

    def __init__(self, station: SimulatedStation, edition: Edition) -> None:
        self.subprotocol = edition.subprotocol
        self.refuses_results = edition.is_21
        self._station = station
        self._edition = edition
        self._event_id = 0

    def call(self, intent: Intent) -> tuple[str, Payload] | None:
        """See `Dialect.call`. A connector is only free, kept, taken or out of order: finer stages say nothing here."""
        match intent:
            case Step():
                tariff = self._station.equipment.tariffs.of(intent.transaction) if self._edition.is_21 else None
                return "TransactionEvent", says2.transaction_event(intent, tariff)
            case StageChanged():
                return self._availability(intent)
            case Measured():
                meter_value = [says2.meter_value(intent.at, intent.reading, "Trigger")]
                return "MeterValues", {"evseId": intent.evse, "meterValue": meter_value}
            case Ask():
                return "Authorize", {"idToken": {"idToken": intent.id_token, "type": "ISO14443"}}
            case Beat():
                return "Heartbeat", {}
            case Boot():
                return "BootNotification", says2.boot_notification(intent)
            case Report():
                return intent.action, intent.payload
            case Secured():
                return "SecurityEventNotification", {"type": intent.kind, "timestamp": timestamp(intent.at)}
            case FirmwareProgress():
                return "FirmwareStatusNotification", _progress(intent)
            case UploadProgress():
                return "LogStatusNotification", _progress(intent)
            case ReservationEnded():
                ended = {"reservationId": intent.reservation_id, "reservationUpdateStatus": intent.status}
                return "ReservationStatusUpdate", ended
            case MonitorEvent():
                return "NotifyEvent", says2.monitor_event(intent, self._next_event(), severity=self._edition.is_21)
            case StreamOpened():
                return "OpenPeriodicEventStream", says2.open_stream(intent)
            case StreamClosed():
                return "ClosePeriodicEventStream", {"id": intent.stream_id}
            case StreamData():
                return "NotifyPeriodicEventStream", says2.stream_data(intent)

    def answer(self, intent: Intent, payload: Payload) -> Answer:
        """See `Dialect.answer`."""
        match intent:
            case Boot():
                boot = msgspec.convert(payload, BootResult)
                return Registered(boot.status, boot.interval)
            case Ask():
                return Authorised(msgspec.convert(payload, AuthorizeResult).id_token_info.status == "Accepted")
            case Step():
                verdict = msgspec.convert(payload, TransactionEventResult).id_token_info
                return Authorised(None if verdict is None else verdict.status == "Accepted")
            case Beat():
                msgspec.convert(payload, HeartbeatResult)
            case StreamOpened():
                return StreamAnswered(msgspec.convert(payload, StatusResult).status == "Accepted")
        return Acknowledged()

    def lost(self, intent: Intent) -> None:
        """See `Dialect.lost`. Nothing depends on it: transaction ids are the station's."""

    def serve(self, action: str, payload: Payload, now: datetime) -> Payload:
        """See `Dialect.serve`."""
        edition = self._edition
        return serve_from(edition.served, edition.known, "FormatViolation", self._station, action, payload, now)

    def _availability(self, changed: StageChanged) -> tuple[str, Payload] | None:
        status = says2.told_availability(changed)
        if status is None:
            return None
        if self._edition.is_21:
            return "NotifyEvent", says2.availability_event(changed, status, self._next_event())
        return "StatusNotification", says2.status_notification(changed, status)

    def _next_event(self) -> int:
        self._event_id += 1
        return self._event_id


def _progress(intent: FirmwareProgress | UploadProgress) -> Payload:
    return {"status": intent.status} | ({} if intent.request_id is None else {"requestId": intent.request_id})

"""OCPP 2.0.1: each request of a station becomes records and an answer. Use cases are those of Part 2."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import UNSET

from gateway.core.alike import answer_raw, data_transfer, heartbeat, reported, security_event, sign_certificate
from gateway.core.authorisation import Verdict
from gateway.core.csms import (
    EMPTY,
    NEVER,
    WHILE_REJECTED,
    Csms,
    Deviation,
    Handle,
    Reply,
    Rule,
    Rules,
    bounded,
    encode,
    given,
    record_meter_values,
)
from gateway.core.metering import register_wh, samples_2
from gateway.core.records import (
    ConnectorStatus,
    MeterValue,
    Readings,
    Record,
    StationBooted,
    TransactionEvent,
)
from gateway.core.stations import Station
from gateway.core.transactions import SeqNos, Transaction
from gateway.wire import ocpp201 as wire
from gateway.wire.messages import timestamp

VERSION: Final = "ocpp2.0.1"

NO_AUTHORIZATION: Final = "NoAuthorization"
"""The type of an id token that stands for nobody (start button, use case C02): always accepted, never recorded."""


def _token_answer(verdict: Verdict) -> dict[str, object]:
    """Return an IdTokenInfoType."""
    answer: dict[str, object] = {"status": verdict.status}
    if verdict.expires_at is not None:
        answer["cacheExpiryDateTime"] = timestamp(verdict.expires_at)
    if verdict.group is not None:
        answer["groupIdToken"] = {"idToken": verdict.group[:36], "type": "Central"}
    return answer


def _verdict(csms: Csms, token: wire.IdToken, now: datetime) -> Verdict:
    if token.type == NO_AUTHORIZATION:
        return Verdict("Accepted")
    return csms.authoriser.verdict(token.id_token, now)


def _authorize(csms: Csms, station: Station, request: wire.AuthorizeRequest, now: datetime) -> Reply:
    return Reply(encode({"idTokenInfo": _token_answer(_verdict(csms, request.id_token, now))}), [])


def _boot_notification(csms: Csms, station: Station, request: wire.BootNotificationRequest, now: datetime) -> Reply:
    status, interval_s = csms.registration(station, ignore_case=True)
    about = request.charging_station
    booted = StationBooted(
        VERSION,
        about.vendor_name,
        about.model,
        about.serial_number or None,
        about.firmware_version or None,
        request.reason,
        status,
    )
    return Reply(encode({"status": status, "currentTime": timestamp(now), "interval": interval_s}), [booted])


def _status_notification(csms: Csms, station: Station, request: wire.StatusNotificationRequest, now: datetime) -> Reply:
    time = csms.time_of(request.timestamp, now)
    return Reply(
        EMPTY,
        [ConnectorStatus(time, bounded(request.evse_id), bounded(request.connector_id), request.connector_status)],
    )


def _meter_values(csms: Csms, station: Station, request: wire.MeterValuesRequest, now: datetime) -> Reply:
    records: list[Record] = []
    meter_values = _to_meter_values(csms, request.meter_value, request, "MeterValues", now, records)
    records.append(Readings(bounded(request.evse_id), None, None, meter_values))
    return Reply(EMPTY, records)


def _to_meter_values(
    csms: Csms, sent: Sequence[wire.MeterValue], request: object, action: str, now: datetime, records: list[Record]
) -> list[MeterValue]:
    stamped = ((meter_value.timestamp, samples_2(meter_value.sampled_value)) for meter_value in sent)
    return record_meter_values(csms, stamped, request, said=(VERSION, action), now=now, records=records)


def _transaction_event(csms: Csms, station: Station, request: wire.TransactionEventRequest, now: datetime) -> Reply:
    """Use cases E01 to E15. The answer has no way to reject; it speaks of the id token only if the request did."""
    about = request.transaction_info
    known = station.transaction(about.transaction_id) or Transaction(about.transaction_id)
    evse, connector = known.evse, known.connector
    if request.evse is not UNSET:
        evse = bounded(request.evse.id)
        connector = connector if request.evse.connector_id is UNSET else bounded(request.evse.connector_id)
    sent = [] if request.meter_value is UNSET else request.meter_value
    records: list[Record] = []
    meter_values = _to_meter_values(csms, sent, request, "TransactionEvent", now, records)
    token = request.id_token
    records.append(
        TransactionEvent(
            time=csms.time_of(request.timestamp, now),
            event=request.event_type,
            transaction=about.transaction_id,
            evse=evse,
            connector=connector,
            trigger=request.trigger_reason,
            seq_no=bounded(request.seq_no),
            id_token=None if token is UNSET or token.type == NO_AUTHORIZATION else token.id_token,
            charging_state=about.charging_state or None,
            stopped_reason=_stopped_reason(request),
            register_wh=_last_register_wh(meter_values),
            offline=bool(request.offline),
            missing_seq_nos=_missing_behind(csms, known, request),
            remote_start_id=given(about.remote_start_id),
            reservation_id=given(request.reservation_id),
        )
    )
    if meter_values:
        records.append(Readings(evse, connector, about.transaction_id, meter_values))
    if token is UNSET:
        return Reply(EMPTY, records)
    return Reply(encode({"idTokenInfo": _token_answer(_verdict(csms, token, now))}), records)


def _stopped_reason(request: wire.TransactionEventRequest) -> str | None:
    """Return why it stopped; an Ended event without a reason means Local (TransactionType.stoppedReason)."""
    if request.event_type != "Ended":
        return None
    return request.transaction_info.stopped_reason or "Local"


def _last_register_wh(meter_values: list[MeterValue]) -> float | None:
    """Return the register of the latest meter value that has one; they need not be in the order of their times."""
    latest: tuple[datetime, float] | None = None
    for meter_value in meter_values:
        register = register_wh(meter_value.samples)
        if register is not None and (latest is None or meter_value.time >= latest[0]):
            latest = meter_value.time, register
    return None if latest is None else latest[1]


def _missing_behind(csms: Csms, known: Transaction, request: wire.TransactionEventRequest) -> list[int]:
    """Return the sequence numbers missing once this event has arrived; `known` itself changes only when applied."""
    before = known.seq_nos
    seq_nos = SeqNos() if before is None else SeqNos(before.highest, list(before.missing))
    if not seq_nos.add(request.seq_no, started=request.event_type == "Started"):
        csms.deviated(Deviation.SEQ_NO_REUSED)
    return seq_nos.missing


def _refused(answer: bytes) -> Handle:
    """Return the answer to a question that nothing here can serve; it is not kept."""

    def refuse(csms: Csms, station: Station, request: object, now: datetime) -> Reply:
        return Reply(answer, [])

    return refuse


RULES: Final[Rules] = {
    "Authorize": Rule(_authorize),
    "BootNotification": Rule(_boot_notification, refused_while=NEVER),
    "ClearedChargingLimit": Rule(reported("ClearedChargingLimit")),
    "DataTransfer": Rule(data_transfer),
    "FirmwareStatusNotification": Rule(reported("FirmwareStatusNotification")),
    "Get15118EVCertificate": Rule(_refused(b'{"status":"Failed","exiResponse":""}')),
    "GetCertificateStatus": Rule(_refused(b'{"status":"Failed"}')),
    "Heartbeat": Rule(heartbeat),
    "LogStatusNotification": Rule(reported("LogStatusNotification")),
    "MeterValues": Rule(_meter_values, keyed=True, answer_raw=answer_raw),
    "NotifyChargingLimit": Rule(reported("NotifyChargingLimit")),
    "NotifyCustomerInformation": Rule(reported("NotifyCustomerInformation"), keyed=True),
    "NotifyDisplayMessages": Rule(reported("NotifyDisplayMessages")),
    "NotifyEVChargingNeeds": Rule(reported("NotifyEVChargingNeeds", b'{"status":"Rejected"}')),
    "NotifyEVChargingSchedule": Rule(reported("NotifyEVChargingSchedule", b'{"status":"Accepted"}')),
    "NotifyEvent": Rule(reported("NotifyEvent"), keyed=True),
    "NotifyMonitoringReport": Rule(reported("NotifyMonitoringReport"), keyed=True),
    "NotifyReport": Rule(reported("NotifyReport"), keyed=True),
    "PublishFirmwareStatusNotification": Rule(reported("PublishFirmwareStatusNotification")),
    "ReportChargingProfiles": Rule(reported("ReportChargingProfiles")),
    "ReservationStatusUpdate": Rule(reported("ReservationStatusUpdate")),
    "SecurityEventNotification": Rule(security_event, keyed=True, refused_while=WHILE_REJECTED),
    "SignCertificate": Rule(sign_certificate),
    "StatusNotification": Rule(_status_notification),
    "TransactionEvent": Rule(_transaction_event, keyed=True, answer_raw=answer_raw),
}
"""What a station may send in OCPP 2.0.1. What needs a certificate authority or ISO 15118 is refused in the answer."""

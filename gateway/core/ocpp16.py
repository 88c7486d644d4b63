"""OCPP 1.6 in 2.x words: each request of a station becomes records and an answer.

Connector n of 1.6 is EVSE n with its connector 1; connector 0 is the station itself (EVSE 0). Sections are those of the
OCPP 1.6 specification and of the security whitepaper.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import UNSET

from gateway.core.alike import (
    DATA_TRANSFER,
    HEARTBEAT,
    SECURITY_EVENT,
    SIGN_CERTIFICATE,
    answer_raw,
    job_status,
    noticed,
)
from gateway.core.authorisation import UNKNOWN, Verdict, fitting_group
from gateway.core.csms import (
    EMPTY,
    NEVER,
    Csms,
    Deviation,
    Reply,
    Rule,
    Rules,
    Treatment,
    bounded,
    encode,
    evidence,
    given,
    record_meter_values,
)
from gateway.core.facts import jobs, reservations
from gateway.core.metering import BEGIN, END, read_meter_values_16, samples_16
from gateway.core.records import (
    Channel,
    ConnectorStatus,
    ConnectorStatusName,
    Event,
    MeterValue,
    Readings,
    Record,
    Sample,
    StationBooted,
    TransactionEvent,
)
from gateway.core.stations import Station
from gateway.hot import MeterValues
from gateway.wire import ocpp16 as wire
from gateway.wire.messages import timestamp
from gateway.wire.payloads import decode_request
from gateway.wire.schema_types import Payload
from gateway.wire.versions import Action, Send

VERSION: Final = "ocpp1.6"

REGISTER_CHANNELS: Final = {
    context: Channel("Energy.Active.Import.Register", None, context, "Outlet", "Wh") for context in (BEGIN, END)
}

STATUSES: Final[dict[str, ConnectorStatusName]] = {
    "Available": "Available",
    "Preparing": "Occupied",
    "Charging": "Occupied",
    "SuspendedEVSE": "Occupied",
    "SuspendedEV": "Occupied",
    "Finishing": "Occupied",
    "Reserved": "Reserved",
    "Unavailable": "Unavailable",
    "Faulted": "Faulted",
}
"""Section 7.7 -> ConnectorStatusEnumType of 2.x."""

CHARGING_STATES: Final = {
    "Preparing": "EVConnected",
    "Charging": "Charging",
    "SuspendedEVSE": "SuspendedEVSE",
    "SuspendedEV": "SuspendedEV",
    "Finishing": "EVConnected",
}
"""Section 7.7, of a connector with a running transaction -> ChargingStateEnumType of 2.x."""

STOPPED_REASONS: Final = {
    "HardReset": "ImmediateReset",
    "SoftReset": "ImmediateReset",
    "UnlockCommand": "Remote",
}
"""Reasons of section 7.36 that 2.x words otherwise -> ReasonEnumType of 2.x; the others are spelt alike."""

STOP_TRIGGERS: Final = {
    "DeAuthorized": "Deauthorized",
    "EmergencyStop": "AbnormalCondition",
    "EVDisconnected": "EVDeparted",
    "HardReset": "ResetCommand",
    "Local": "StopAuthorized",
    "Other": "AbnormalCondition",
    "PowerLoss": "AbnormalCondition",
    "Reboot": "AbnormalCondition",
    "Remote": "RemoteStop",
    "SoftReset": "ResetCommand",
    "UnlockCommand": "UnlockCommand",
}
"""Reasons of section 7.36 -> TriggerReasonEnumType of 2.x."""

AUTHORIZATION_STATUSES: Final = {
    "Accepted": "Accepted",
    "Blocked": "Blocked",
    "ConcurrentTx": "ConcurrentTx",
    "Expired": "Expired",
    "NoCredit": "Blocked",
    "NotAllowedTypeEVSE": "Blocked",
    "NotAtThisLocation": "Blocked",
    "NotAtThisTime": "Blocked",
}
"""Section 7.2 knows fewer; what is missing here is Invalid."""


def _token_answer(verdict: Verdict) -> dict[str, str]:
    """Return an IdTagInfo (section 7.27)."""
    answer = {"status": AUTHORIZATION_STATUSES.get(verdict.status, "Invalid")}
    if verdict.expires_at is not None:
        answer["expiryDate"] = timestamp(verdict.expires_at)
    if (group := fitting_group(verdict.group, VERSION)) is not None:
        answer["parentIdTag"] = group
    return answer


def _transaction_name(transaction_id: int) -> str | None:
    """Return the id as recorded, or None: 0 and -1 are what stations send when they were never given one."""
    return str(bounded(transaction_id)) if transaction_id > 0 else None


def _authorize(csms: Csms, station: Station, request: wire.AuthorizeRequest, now: datetime) -> Reply:
    return Reply(encode({"idTagInfo": _token_answer(csms.authoriser.verdict(request.id_tag, now))}), [])


def _boot_notification(csms: Csms, station: Station, request: wire.BootNotificationRequest, now: datetime) -> Reply:
    status, interval_s = csms.registration(station, ignore_case=False)
    booted = StationBooted(
        VERSION,
        request.charge_point_vendor,
        request.charge_point_model,
        request.charge_point_serial_number or None,
        request.firmware_version or None,
        None,
        status,
    )
    return Reply(encode({"status": status, "currentTime": timestamp(now), "interval": interval_s}), [booted])


def _decode_meter_values(action: Action | Send, payload: bytes) -> MeterValues | Payload:
    """Return what a MeterValues request says: already as samples if it is of the plain form, else as the request."""
    return read_meter_values_16(payload) or decode_request(action, payload)


def _meter_values(csms: Csms, station: Station, request: MeterValues | wire.MeterValuesRequest, now: datetime) -> Reply:
    records: list[Record] = []
    if isinstance(request, tuple):
        evse, transaction_id, plain = request
        meter_values = [csms.meter_value(samples, 0, time, now) for time, samples in plain]
    else:
        evse = bounded(request.connector_id)
        transaction_id = given(request.transaction_id)
        meter_values = _to_meter_values(csms, request.meter_value, request, "MeterValues", now, records)
    transaction = str(transaction_id) if transaction_id is not None and transaction_id > 0 else None
    records.append(Readings(evse, None if transaction is None else 1, transaction, meter_values))
    return Reply(EMPTY, records)


def _to_meter_values(
    csms: Csms,
    sent: Sequence[wire.MeterValue | wire.TransactionData],
    request: object,
    action: str,
    now: datetime,
    records: list[Record],
) -> list[MeterValue]:
    stamped = ((meter_value.timestamp, samples_16(meter_value.sampled_value)) for meter_value in sent)
    return record_meter_values(csms, stamped, request, said=(VERSION, action), now=now, records=records)


def _start_transaction(csms: Csms, station: Station, request: wire.StartTransactionRequest, now: datetime) -> Reply:
    transaction_id = csms.next_transaction_id()
    time = csms.time_of(request.timestamp, now)
    started = TransactionEvent(
        time=time,
        event="Started",
        transaction=str(transaction_id),
        evse=bounded(request.connector_id),
        connector=1,
        trigger="Authorized",
        seq_no=None,
        id_token=request.id_tag,
        charging_state=None,
        stopped_reason=None,
        register_wh=float(bounded(request.meter_start)),
        reservation_id=given(request.reservation_id),
    )
    register = _register(BEGIN, request.meter_start, request.timestamp, time)
    readings = Readings(bounded(request.connector_id), 1, str(transaction_id), [register])
    verdict = csms.authoriser.verdict(request.id_tag, now)
    answer = encode({"transactionId": transaction_id, "idTagInfo": _token_answer(verdict)})
    used = reservations.records_of_use(station, started.reservation_id, started.transaction, now)
    return Reply(answer, [started, readings, *used])


def _stop_transaction(csms: Csms, station: Station, request: wire.StopTransactionRequest, now: datetime) -> Reply:
    time = csms.time_of(request.timestamp, now)
    name = _transaction_name(request.transaction_id)
    if name is None:
        # several stops may carry -1: each is a transaction of its own, told apart by its time (OCPP 1.6 section 3.7.1)
        name = f"{bounded(request.transaction_id)}@{request.timestamp.isoformat()}"
    known = station.transaction(name)
    if known is None:
        csms.deviated(Deviation.TRANSACTION_UNKNOWN)
    evse = None if known is None else known.evse
    reason = "Local" if request.reason is UNSET else request.reason
    ended = TransactionEvent(
        time=time,
        event="Ended",
        transaction=name,
        evse=evse,
        connector=None if evse is None else 1,
        trigger=STOP_TRIGGERS[reason],
        seq_no=None,
        id_token=None if known is None else known.id_token,
        charging_state=None,
        stopped_reason=STOPPED_REASONS.get(reason, reason),
        register_wh=float(bounded(request.meter_stop)),
    )
    records: list[Record] = []
    sent = [] if request.transaction_data is UNSET else request.transaction_data
    meter_values = _to_meter_values(csms, sent, request, "StopTransaction", now, records)
    meter_values.append(_register(END, request.meter_stop, request.timestamp, time))
    records += [ended, Readings(evse, None if evse is None else 1, name, meter_values)]
    if request.id_tag is UNSET:
        return Reply(EMPTY, records)
    return Reply(encode({"idTagInfo": _token_answer(csms.authoriser.verdict(request.id_tag, now))}), records)


def _register(context: str, value_wh: int, station_time: datetime, time: datetime) -> MeterValue:
    """Return meterStart or meterStop as the meter value that a 2.x station sends for it."""
    sample = Sample(REGISTER_CHANNELS[context], float(value_wh))
    return MeterValue(time, [sample], None if time is station_time else evidence(station_time))


def _status_notification(csms: Csms, station: Station, request: wire.StatusNotificationRequest, now: datetime) -> Reply:
    evse = bounded(request.connector_id)
    time = csms.time_of(None if request.timestamp is UNSET else request.timestamp, now)
    status = ConnectorStatus(
        time=time,
        evse=evse,
        connector=min(evse, 1),
        status=STATUSES[request.status],
        error_code=None if request.error_code == "NoError" else request.error_code,
        detail=request.info or request.vendor_error_code or None,
    )
    running = station.running_on(evse) if evse else None
    charging_state = CHARGING_STATES.get(request.status)
    if running is None or charging_state is None or charging_state == running.charging_state:
        return Reply(EMPTY, [status])
    changed = TransactionEvent(
        time=time,
        event="Updated",
        transaction=running.transaction,
        evse=evse,
        connector=1,
        trigger="ChargingStateChanged",
        seq_no=None,
        id_token=None,
        charging_state=charging_state,
        stopped_reason=None,
        register_wh=None,
    )
    return Reply(EMPTY, [status, changed])


def _diagnostics_status(
    csms: Csms, station: Station, request: wire.DiagnosticsStatusNotificationRequest, now: datetime
) -> Reply:
    status = "UploadFailure" if request.status == "UploadFailed" else request.status
    records: list[Record] = [Event(now, "LogStatusNotification", encode({"status": status}).decode())]
    return Reply(EMPTY, records + jobs.records_of_status(station, "DiagnosticsStatusNotification", request, now))


def _answer_raw_start(csms: Csms, station: Station, payload: bytes, now: datetime) -> tuple[bytes, str | None]:
    """Give out a transaction id, so that the stop finds its start; the token is read where it can be."""
    transaction_id = csms.next_transaction_id()
    id_tag = re.search(rb'"idTag"\s*:\s*"([^"\\]{1,20})"', payload)
    verdict = UNKNOWN if id_tag is None else csms.authoriser.verdict(id_tag[1].decode("utf-8", "replace"), now)
    answer = encode({"transactionId": transaction_id, "idTagInfo": _token_answer(verdict)})
    return answer, str(transaction_id)


RULES: Final[Rules] = {
    "Authorize": Rule(_authorize, Treatment.HANDLED, "from the token list"),
    "BootNotification": Rule(_boot_notification, Treatment.HANDLED, "registers the station", refused_while=NEVER),
    "DataTransfer": DATA_TRANSFER,
    "DiagnosticsStatusNotification": Rule(
        _diagnostics_status, Treatment.HANDLED, "follows a log upload; kept as a LogStatusNotification"
    ),
    "FirmwareStatusNotification": noticed(
        "FirmwareStatusNotification", "follows a firmware update", job_status("FirmwareStatusNotification")
    ),
    "Heartbeat": HEARTBEAT,
    "LogStatusNotification": noticed(
        "LogStatusNotification", "follows a log upload", job_status("LogStatusNotification")
    ),
    "MeterValues": Rule(
        _meter_values,
        Treatment.HANDLED,
        "becomes readings",
        decode=_decode_meter_values,
        keyed=True,
        answer_raw=answer_raw,
    ),
    "SecurityEventNotification": SECURITY_EVENT,
    "SignCertificate": SIGN_CERTIFICATE,
    "SignedFirmwareStatusNotification": noticed(
        "FirmwareStatusNotification",
        "follows a firmware update; kept as a FirmwareStatusNotification",
        job_status("SignedFirmwareStatusNotification"),
    ),
    "StartTransaction": Rule(
        _start_transaction,
        Treatment.HANDLED,
        "begins a transaction; ends the reservation that it uses",
        keyed=True,
        answer_raw=_answer_raw_start,
    ),
    "StatusNotification": Rule(
        _status_notification, Treatment.HANDLED, "becomes the state of a connector and of its transaction"
    ),
    "StopTransaction": Rule(
        _stop_transaction, Treatment.HANDLED, "ends a transaction; becomes readings", keyed=True, answer_raw=answer_raw
    ),
}
"""What a station may send in OCPP 1.6, with the security extensions."""

"""OCPP 2.x: what 2.0.1 and 2.1 have in common. Each request becomes records and an answer. Use cases are of Part 2.

A version's own module (`core.ocpp201`, `core.ocpp21`) has its table of rules, from `shared_rules` and what differs.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeAlias

from msgspec import UNSET

from gateway.core.alike import (
    DATA_TRANSFER,
    HEARTBEAT,
    SECURITY_EVENT,
    SIGN_CERTIFICATE,
    answer_raw,
    job_status,
    noticed,
    refused,
    stored,
)
from gateway.core.authorisation import Verdict, fitting_group
from gateway.core.csms import (
    EMPTY,
    NEVER,
    Csms,
    Deviation,
    Reply,
    Rule,
    Treatment,
    bounded,
    encode,
    given,
    record_meter_values,
)
from gateway.core.device_events import notify_event, notify_report
from gateway.core.facts import charging_notices, display_messages, monitors, reservations
from gateway.core.metering import register_wh, samples_2
from gateway.core.records import ConnectorStatus, MeterValue, Readings, Record, StationBooted, TransactionEvent
from gateway.core.stations import Station
from gateway.core.transactions import SeqNos, Transaction
from gateway.wire import ocpp21, ocpp201
from gateway.wire.messages import timestamp

AuthorizeRequest: TypeAlias = ocpp201.AuthorizeRequest | ocpp21.AuthorizeRequest
BootNotificationRequest: TypeAlias = ocpp201.BootNotificationRequest | ocpp21.BootNotificationRequest
IdToken: TypeAlias = ocpp201.IdToken | ocpp21.IdToken
MeterValuesRequest: TypeAlias = ocpp201.MeterValuesRequest | ocpp21.MeterValuesRequest
SentMeterValues: TypeAlias = Sequence[ocpp201.MeterValue] | Sequence[ocpp21.MeterValue]
StatusNotificationRequest: TypeAlias = ocpp201.StatusNotificationRequest | ocpp21.StatusNotificationRequest
TransactionEventRequest: TypeAlias = ocpp201.TransactionEventRequest | ocpp21.TransactionEventRequest

NO_AUTHORIZATION: Final = "NoAuthorization"
"""The type of an id token that stands for nobody (start button, use case C02): always accepted, never recorded."""

UNVERIFIED_CONTRACT: Final = encode({"idTokenInfo": {"status": "Invalid"}, "certificateStatus": "CertChainError"})
"""The answer to a contract certificate (use case C07): nothing here can verify it, so it opens nothing."""


_SAYS_STARTED: Final = re.compile(rb'"eventType"\s*:\s*"Started"')
_TRANSACTION_ID: Final = re.compile(rb'"transactionId"\s*:\s*"([ !#-\[\]-~]{1,36})"')
"""Places in a TransactionEvent that cannot be decoded. An id with escapes, or beyond ASCII, is not read."""


class Dialect:
    """The handlers that need to know which of the two versions speaks: `subprotocol`, such as `ocpp2.1`."""

    def __init__(self, subprotocol: str) -> None:
        self.subprotocol = subprotocol

    def authorize(self, csms: Csms, station: Station, request: AuthorizeRequest, now: datetime) -> Reply:
        """Use case C01. What comes with a contract certificate is refused (C07): see UNVERIFIED_CONTRACT."""
        if request.certificate is not UNSET or request.iso15118_certificate_hash_data is not UNSET:
            return Reply(UNVERIFIED_CONTRACT, [])
        return Reply(encode({"idTokenInfo": self._token_answer(_verdict(csms, request.id_token, now))}), [])

    def boot_notification(self, csms: Csms, station: Station, request: BootNotificationRequest, now: datetime) -> Reply:
        """Use cases B01 to B03."""
        status, interval_s = csms.registration(station, ignore_case=True)
        about = request.charging_station
        booted = StationBooted(
            self.subprotocol,
            about.vendor_name,
            about.model,
            about.serial_number or None,
            about.firmware_version or None,
            request.reason,
            status,
        )
        return Reply(encode({"status": status, "currentTime": timestamp(now), "interval": interval_s}), [booted])

    def meter_values(self, csms: Csms, station: Station, request: MeterValuesRequest, now: datetime) -> Reply:
        """Use case J01: meter values outside a transaction."""
        records: list[Record] = []
        meter_values = self._to_meter_values(csms, request.meter_value, request, "MeterValues", now, records)
        records.append(Readings(bounded(request.evse_id), None, None, meter_values))
        return Reply(EMPTY, records)

    def transaction_event(self, csms: Csms, station: Station, request: TransactionEventRequest, now: datetime) -> Reply:
        """Use cases E01 to E15. The answer has no way to reject; it speaks of the id token only if the request did."""
        about = request.transaction_info
        known = station.transaction(about.transaction_id) or Transaction(about.transaction_id)
        evse, connector = known.evse, known.connector
        if request.evse is not UNSET:
            evse = bounded(request.evse.id)
            connector = connector if request.evse.connector_id is UNSET else bounded(request.evse.connector_id)
        sent: SentMeterValues = () if request.meter_value is UNSET else request.meter_value
        records: list[Record] = []
        meter_values = self._to_meter_values(csms, sent, request, "TransactionEvent", now, records)
        token = request.id_token
        event = TransactionEvent(
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
        records.append(event)
        if meter_values:
            records.append(Readings(evse, connector, about.transaction_id, meter_values))
        records += reservations.records_of_use(station, event.reservation_id, about.transaction_id, now)
        if event.event == "Ended":
            records += charging_notices.records_of_departure(station, evse, about.transaction_id, now)
        if token is UNSET:
            return Reply(EMPTY, records)
        return Reply(encode({"idTokenInfo": self._token_answer(_verdict(csms, token, now))}), records)

    def _to_meter_values(
        self, csms: Csms, sent: SentMeterValues, request: object, action: str, now: datetime, records: list[Record]
    ) -> list[MeterValue]:
        stamped = ((meter_value.timestamp, samples_2(meter_value.sampled_value)) for meter_value in sent)
        return record_meter_values(csms, stamped, request, said=(self.subprotocol, action), now=now, records=records)

    def _token_answer(self, verdict: Verdict) -> dict[str, object]:
        """Return an IdTokenInfoType."""
        answer: dict[str, object] = {"status": verdict.status}
        if verdict.expires_at is not None:
            answer["cacheExpiryDateTime"] = timestamp(verdict.expires_at)
        if (group := fitting_group(verdict.group, self.subprotocol)) is not None:
            answer["groupIdToken"] = {"idToken": group, "type": "Central"}
        return answer


def _verdict(csms: Csms, token: IdToken, now: datetime) -> Verdict:
    if token.type == NO_AUTHORIZATION:
        return Verdict("Accepted")
    return csms.authoriser.verdict(token.id_token, now)


def _status_notification(csms: Csms, station: Station, request: StatusNotificationRequest, now: datetime) -> Reply:
    """Use case G01."""
    time = csms.time_of(request.timestamp, now)
    return Reply(
        EMPTY,
        [ConnectorStatus(time, bounded(request.evse_id), bounded(request.connector_id), request.connector_status)],
    )


def answer_raw_event(csms: Csms, station: Station, payload: bytes, now: datetime) -> tuple[bytes, str | None]:
    """Answer a TransactionEvent that cannot be decoded; the transaction is read where it can be, if it starts."""
    if not _SAYS_STARTED.search(payload):
        return EMPTY, None
    transaction = _TRANSACTION_ID.search(payload)
    return EMPTY, None if transaction is None else transaction[1].decode()


def _stopped_reason(request: TransactionEventRequest) -> str | None:
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


def _missing_behind(csms: Csms, known: Transaction, request: TransactionEventRequest) -> list[int]:
    """Return the sequence numbers missing once this event has arrived; `known` itself changes only when applied."""
    before = known.seq_nos
    seq_nos = SeqNos() if before is None else SeqNos(before.highest, list(before.missing))
    if not seq_nos.add(request.seq_no, started=request.event_type == "Started"):
        csms.deviated(Deviation.SEQ_NO_REUSED)
    return seq_nos.missing


def shared_rules(dialect: Dialect) -> dict[str, Rule]:
    """Return the rules of the actions that a station may send in both versions."""
    return {
        "Authorize": Rule(
            dialect.authorize,
            Treatment.HANDLED,
            "from the token list; a contract certificate is answered CertChainError, as nothing here verifies it",
        ),
        "BootNotification": Rule(
            dialect.boot_notification, Treatment.HANDLED, "registers the station", refused_while=NEVER
        ),
        "ClearedChargingLimit": noticed(
            "ClearedChargingLimit", "ends an external limit", charging_notices.records_of_cleared_limit
        ),
        "DataTransfer": DATA_TRANSFER,
        "FirmwareStatusNotification": noticed(
            "FirmwareStatusNotification", "follows a firmware update", job_status("FirmwareStatusNotification")
        ),
        "Get15118EVCertificate": refused(
            b'{"status":"Failed","exiResponse":""}', "Failed: there is no contract certificate pool"
        ),
        "GetCertificateStatus": refused(b'{"status":"Failed"}', "Failed: there is no OCSP responder to ask"),
        "Heartbeat": HEARTBEAT,
        "LogStatusNotification": noticed(
            "LogStatusNotification", "follows a log upload", job_status("LogStatusNotification")
        ),
        "MeterValues": Rule(
            dialect.meter_values, Treatment.HANDLED, "becomes readings", keyed=True, answer_raw=answer_raw
        ),
        "NotifyChargingLimit": noticed(
            "NotifyChargingLimit", "begins an external limit", charging_notices.records_of_limit
        ),
        "NotifyCustomerInformation": stored("NotifyCustomerInformation", "part by part", keyed=True),
        "NotifyDisplayMessages": noticed(
            "NotifyDisplayMessages",
            "the messages that the station has",
            lambda station, request, now: display_messages.records_of_report(request, now),
        ),
        "NotifyEVChargingNeeds": noticed(
            "NotifyEVChargingNeeds",
            "needs are remembered; answered Rejected, as no schedule will follow",
            charging_notices.records_of_needs,
            b'{"status":"Rejected"}',
        ),
        "NotifyEVChargingSchedule": stored(
            "NotifyEVChargingSchedule", "Accepted, which approves nothing", b'{"status":"Accepted"}'
        ),
        "NotifyEvent": Rule(
            notify_event,
            Treatment.HANDLED,
            "kept as an event; AvailabilityState becomes a connector's state, values those of variables",
            keyed=True,
        ),
        "NotifyMonitoringReport": noticed(
            "NotifyMonitoringReport",
            "the monitors that the station has",
            lambda station, request, now: monitors.records_of_report(request, now),
            keyed=True,
        ),
        "NotifyReport": Rule(
            notify_report, Treatment.HANDLED, "variables, each with its newest value, without secrets", keyed=True
        ),
        "PublishFirmwareStatusNotification": noticed(
            "PublishFirmwareStatusNotification",
            "follows a firmware publication",
            job_status("PublishFirmwareStatusNotification"),
        ),
        "ReportChargingProfiles": stored("ReportChargingProfiles", "part by part"),
        "ReservationStatusUpdate": noticed(
            "ReservationStatusUpdate", "ends a reservation", reservations.records_of_status
        ),
        "SecurityEventNotification": SECURITY_EVENT,
        "SignCertificate": SIGN_CERTIFICATE,
        "StatusNotification": Rule(_status_notification, Treatment.HANDLED, "becomes the state of a connector"),
        "TransactionEvent": Rule(
            dialect.transaction_event,
            Treatment.HANDLED,
            "becomes a transaction's event and readings; ends the reservation that it uses",
            keyed=True,
            answer_raw=answer_raw_event,
        ),
    }

"""OCPP 2.1: what it has beyond 2.0.1 (`core.ocpp2`). Use cases are those of Part 2."""

from datetime import datetime, timedelta
from typing import Final

from msgspec import UNSET

from gateway.core.alike import noticed, refused, stored
from gateway.core.csms import Csms, Reply, Rule, Rules, Treatment, encode
from gateway.core.event_streams import close_stream, open_stream, take_values
from gateway.core.facts import batteries, charging_notices, der
from gateway.core.ocpp2 import Dialect, answer_raw_event, shared_rules
from gateway.core.records import Event
from gateway.core.stations import Station
from gateway.wire import ocpp21 as wire
from gateway.wire.messages import timestamp
from gateway.wire.versions import OCPP21

CERTIFICATE_RETRY: Final = timedelta(days=1)
"""When a station may ask again for the status of a certificate that nobody here can tell."""

_DIALECT: Final = Dialect(OCPP21.subprotocol)


def _transaction_event(csms: Csms, station: Station, request: wire.TransactionEventRequest, now: datetime) -> Reply:
    """As in 2.0.1; what the station says of its costs (use cases I07 to I12) is kept as an event beside it."""
    reply = _DIALECT.transaction_event(csms, station, request, now)
    about = request.transaction_info
    if request.cost_details is UNSET and about.tariff_id is UNSET:
        return reply
    said = {
        "transactionId": about.transaction_id,
        "tariffId": None if about.tariff_id is UNSET else about.tariff_id,
        "costDetails": None if request.cost_details is UNSET else request.cost_details,
    }
    told = {name: value for name, value in said.items() if value is not None}
    reply.records.append(Event(csms.time_of(request.timestamp, now), "CostDetails", encode(told).decode()))
    return reply


def _certificate_chain_status(
    csms: Csms, station: Station, request: wire.GetCertificateChainStatusRequest, now: datetime
) -> Reply:
    """Use case A05: one status for each certificate asked for. There is nobody to ask, so each is Failed."""
    ask_again_at = timestamp(now + CERTIFICATE_RETRY)
    statuses = [
        {
            "certificateHashData": asked.certificate_hash_data,
            "source": asked.source,
            "status": "Failed",
            "nextUpdate": ask_again_at,
        }
        for asked in request.certificate_status_requests
    ]
    return Reply(encode({"certificateStatus": statuses}), [])


def _vat_number_validation(
    csms: Csms, station: Station, request: wire.VatNumberValidationRequest, now: datetime
) -> Reply:
    """Use case I13: nobody here knows VAT numbers."""
    answer: dict[str, object] = {"status": "Rejected", "vatNumber": request.vat_number}
    if request.evse_id is not UNSET:
        answer["evseId"] = request.evse_id
    return Reply(encode(answer), [])


RULES: Final[Rules] = {
    **shared_rules(_DIALECT),
    "BatterySwap": noticed("BatterySwap", "the battery of each slot", batteries.records_of_swap),
    "ClosePeriodicEventStream": Rule(close_stream, Treatment.HANDLED, "forgets a stream"),
    "GetCertificateChainStatus": Rule(
        _certificate_chain_status, Treatment.REFUSED, "Failed for each certificate: there is no OCSP responder to ask"
    ),
    "NotifyDERAlarm": noticed("NotifyDERAlarm", "grid alarms that have not ended", der.records_of_alarm),
    "NotifyDERStartStop": noticed("NotifyDERStartStop", "which grid controls are active", der.records_of_start_stop),
    "NotifyEVChargingNeeds": noticed(
        "NotifyEVChargingNeeds",
        "needs are remembered; answered NoChargingProfile, as no schedule will follow",
        charging_notices.records_of_needs,
        b'{"status":"NoChargingProfile"}',
    ),
    "NotifyPeriodicEventStream": Rule(take_values, Treatment.HANDLED, "becomes readings; never answered (SEND)"),
    "NotifyPriorityCharging": noticed(
        "NotifyPriorityCharging", "transactions with priority", charging_notices.records_of_priority
    ),
    "NotifySettlement": stored("NotifySettlement", "a payment's settlement", keyed=True),
    "OpenPeriodicEventStream": Rule(open_stream, Treatment.HANDLED, "Accepted; remembers which monitor it reports"),
    "PullDynamicScheduleUpdate": refused(
        b'{"status":"Rejected"}', "Rejected: there is no dynamic schedule to give out"
    ),
    "ReportDERControl": noticed("ReportDERControl", "the grid controls that the station has", der.records_of_report),
    "TransactionEvent": Rule(
        _transaction_event,
        Treatment.HANDLED,
        "as in 2.0.1; its tariff and costs are kept as an event",
        keyed=True,
        answer_raw=answer_raw_event,
    ),
    "VatNumberValidation": Rule(_vat_number_validation, Treatment.REFUSED, "Rejected: VAT numbers are not known here"),
}
"""What a station may send in OCPP 2.1."""

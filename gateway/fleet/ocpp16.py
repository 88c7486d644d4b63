"""OCPP 1.6 (edition 2), as a simulated station speaks it."""

from datetime import datetime

import msgspec

from gateway.fleet.commands16 import KNOWN, SERVED
from gateway.fleet.dialect import Payload, Quantity, quantities, serve_from, timestamp
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
    Registered,
    Report,
    Secured,
    Stage,
    StageChanged,
    Step,
    UploadProgress,
)
from gateway.fleet.meter import Reading
from gateway.fleet.payloads16 import AuthorizeResult, BootResult, StartResult, StopResult
from gateway.fleet.station import SimulatedStation

STATUS = {
    Stage.AVAILABLE: "Available",
    Stage.RESERVED: "Reserved",
    Stage.CONNECTED: "Preparing",
    Stage.CHARGING: "Charging",
    Stage.SUSPENDED_EV: "SuspendedEV",
    Stage.SUSPENDED_EVSE: "SuspendedEVSE",
    Stage.FINISHING: "Finishing",
    Stage.UNAVAILABLE: "Unavailable",
}
"""ChargePointStatus (section 7.7)."""

STOP_REASONS = {"ImmediateReset": "HardReset", "Reboot": "SoftReset"}
"""The reasons of 2.x that 1.6 calls otherwise (section 7.36)."""

UNITLESS = frozenset({"Hz"})
"""Units that UnitOfMeasure does not have (section 7.45): such a value is sent without one."""

FAILED_TRANSACTION = -1
"""What a station sends for a transaction whose start the server never answered (errata 3.18)."""

FIRMWARE = frozenset(
    {"Downloaded", "DownloadFailed", "Downloading", "Idle", "InstallationFailed", "Installing", "Installed"}
)
"""FirmwareStatus without the security extension (section 7.25): what else there is goes untold."""


class Ocpp16:
    """The `Dialect` of 1.6 for one station. A connector's number is that of the EVSE."""

    __slots__ = ("_ids", "station")

    subprotocol = "ocpp1.6"
    refuses_results = False

    def __init__(self, station: SimulatedStation) -> None:
        self.station = station
        self._ids: dict[str, int] = {}
        """The server's ids of the transactions that are not over, by ours."""

    def call(self, intent: Intent) -> tuple[str, Payload] | None:
        """See `Dialect.call`. A change of the charging state is told by StatusNotification alone.

        Monitors and streams are not of this version; that a reservation ends shows in the status alone.
        """
        match intent:
            case Step():
                return self._transaction_call(intent)
            case StageChanged():
                status = {"connectorId": intent.evse, "errorCode": "NoError", "status": STATUS[intent.after]}
                return "StatusNotification", status | {"timestamp": timestamp(intent.at)}
            case Measured():
                payload = self._meter_values(intent.evse, intent.at, intent.reading, "Trigger")
                if intent.transaction is not None:
                    payload["transactionId"] = self._ids.get(intent.transaction, FAILED_TRANSACTION)
                return "MeterValues", payload
            case Ask():
                return "Authorize", {"idTag": intent.id_token}
            case Beat():
                return "Heartbeat", {}
            case Boot():
                plate = intent.nameplate
                return "BootNotification", {
                    "chargePointVendor": plate.vendor,
                    "chargePointModel": plate.model,
                    "chargePointSerialNumber": plate.serial,
                    "firmwareVersion": plate.firmware,
                    "meterSerialNumber": plate.meter_serial,
                }
            case Secured():
                return "SecurityEventNotification", {"type": intent.kind, "timestamp": timestamp(intent.at)}
            case FirmwareProgress():
                return _firmware_status(intent)
            case UploadProgress():
                return _upload_status(intent)
            case Report():
                return intent.action, intent.payload
        return None

    def answer(self, intent: Intent, payload: Payload) -> Answer:
        """See `Dialect.answer`. Remembers the id that the server gives a transaction."""
        if isinstance(intent, Boot):
            boot = msgspec.convert(payload, BootResult)
            return Registered(boot.status, boot.interval)
        if isinstance(intent, Ask):
            return Authorised(msgspec.convert(payload, AuthorizeResult).id_tag_info.status == "Accepted")
        if isinstance(intent, Step) and intent.event == "Started":
            start = msgspec.convert(payload, StartResult)
            self._ids[intent.transaction] = start.transaction_id
            truth = self.station.truth(intent.transaction)
            if truth is not None:
                truth.server_id = start.transaction_id
            return Authorised(start.id_tag_info.status == "Accepted")
        if isinstance(intent, Step) and intent.event == "Ended":
            msgspec.convert(payload, StopResult)
            self._ids.pop(intent.transaction, None)
        return Acknowledged()

    def lost(self, intent: Intent) -> None:
        """See `Dialect.lost`."""
        if isinstance(intent, Step) and intent.event == "Ended":
            self._ids.pop(intent.transaction, None)

    def serve(self, action: str, payload: Payload, now: datetime) -> Payload:
        """See `Dialect.serve`."""
        return serve_from(SERVED, KNOWN, "FormationViolation", self, action, payload, now)

    def ours(self, transaction_id: int) -> str | None:
        """The transaction to which the server has given this id."""
        return next((ours for ours, theirs in self._ids.items() if theirs == transaction_id), None)

    def _transaction_call(self, step: Step) -> tuple[str, Payload] | None:
        if step.event == "Started":
            assert step.reading is not None
            return "StartTransaction", {
                "connectorId": step.evse,
                "idTag": step.id_token,
                "meterStart": step.reading.register_wh,
                "timestamp": timestamp(step.at),
            } | ({} if step.reservation_id is None else {"reservationId": step.reservation_id})
        transaction_id = self._ids.get(step.transaction, FAILED_TRANSACTION)
        if step.event == "Updated":
            if step.reading is None:
                return None
            payload = self._meter_values(step.evse, step.at, step.reading, step.context)
            return "MeterValues", payload | {"transactionId": transaction_id}
        assert step.reading is not None
        assert step.stopped_reason is not None
        payload = {
            "transactionId": transaction_id,
            "timestamp": timestamp(step.at),
            "meterStop": step.reading.register_wh,
            "reason": STOP_REASONS.get(step.stopped_reason, step.stopped_reason),
        }
        return "StopTransaction", payload | ({"idTag": step.id_token} if step.id_token else {})

    def _meter_values(self, connector: int, at: datetime, reading: Reading, context: str) -> Payload:
        samples = [_sampled_value(quantity, context) for quantity in quantities(reading)]
        return {"connectorId": connector, "meterValue": [{"timestamp": timestamp(at), "sampledValue": samples}]}


def _firmware_status(told: FirmwareProgress) -> tuple[str, Payload] | None:
    if told.signed:
        request = {} if told.request_id is None else {"requestId": told.request_id}
        return "SignedFirmwareStatusNotification", {"status": told.status} | request
    return ("FirmwareStatusNotification", {"status": told.status}) if told.status in FIRMWARE else None


def _upload_status(told: UploadProgress) -> tuple[str, Payload] | None:
    """Diagnostics have no id; a log whose upload was replaced has no word for it."""
    if told.request_id is None:
        status = "UploadFailed" if told.status == "UploadFailure" else told.status
        return "DiagnosticsStatusNotification", {"status": status}
    if told.status == "AcceptedCanceled":
        return None
    return "LogStatusNotification", {"status": told.status, "requestId": told.request_id}


def _sampled_value(quantity: Quantity, context: str) -> Payload:
    sampled: Payload = {
        "value": str(quantity.value),
        "context": context,
        "measurand": quantity.measurand,
        "location": quantity.location,
    }
    if quantity.phase is not None:
        sampled["phase"] = quantity.phase
    if quantity.unit not in UNITLESS:
        sampled["unit"] = quantity.unit
    return sampled

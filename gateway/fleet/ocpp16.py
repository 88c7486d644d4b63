"""OCPP 1.6 (edition 2), as a simulated station speaks it."""

from datetime import datetime

import msgspec

from gateway.fleet.dialect import Payload, Quantity, Serve, quantities, serve_from, timestamp
from gateway.fleet.intents import (
    Acknowledged,
    Answer,
    Ask,
    Authorised,
    Beat,
    Boot,
    Intent,
    Inventory,
    Measured,
    Registered,
    Stage,
    StageChanged,
    Step,
)
from gateway.fleet.meter import Reading
from gateway.fleet.payloads16 import (
    AuthorizeResult,
    BootResult,
    ChangeAvailability,
    ChangeConfiguration,
    GetConfiguration,
    RemoteStart,
    RemoteStop,
    Reset,
    StartResult,
    StopResult,
    TriggerMessage,
)
from gateway.fleet.station import SimulatedStation
from gateway.fleet.variables import ATTEMPT_INTERVAL, ATTEMPTS, HEARTBEAT_INTERVAL, METER_INTERVAL

STATUS = {
    Stage.AVAILABLE: "Available",
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

KEYS = {
    "HeartbeatInterval": HEARTBEAT_INTERVAL,
    "MeterValueSampleInterval": METER_INTERVAL,
    "TransactionMessageAttempts": ATTEMPTS,
    "TransactionMessageRetryInterval": ATTEMPT_INTERVAL,
}
"""Configuration keys (section 9) that a server may set, and where they live in the device model."""

ACTIONS = frozenset(
    {
        "CancelReservation",
        "CertificateSigned",
        "ClearCache",
        "ClearChargingProfile",
        "DataTransfer",
        "DeleteCertificate",
        "ExtendedTriggerMessage",
        "GetCompositeSchedule",
        "GetDiagnostics",
        "GetInstalledCertificateIds",
        "GetLocalListVersion",
        "GetLog",
        "InstallCertificate",
        "ReserveNow",
        "SendLocalList",
        "SetChargingProfile",
        "SignedUpdateFirmware",
        "UnlockConnector",
        "UpdateFirmware",
    }
)
"""What a server may also ask in this version. Smart charging moves from here into the table of `Ocpp16.__init__`."""


class Ocpp16:
    """The `Dialect` of 1.6 for one station. A connector's number is that of the EVSE."""

    subprotocol = "ocpp1.6"

    def __init__(self, station: SimulatedStation) -> None:
        self._station = station
        self._ids: dict[str, int] = {}
        """The server's ids of the transactions that are not over, by ours."""
        self._table = {
            "ChangeAvailability": Serve(ChangeAvailability, self._change_availability),
            "ChangeConfiguration": Serve(ChangeConfiguration, self._change_configuration),
            "GetConfiguration": Serve(GetConfiguration, self._get_configuration),
            "RemoteStartTransaction": Serve(RemoteStart, self._remote_start),
            "RemoteStopTransaction": Serve(RemoteStop, self._remote_stop),
            "Reset": Serve(Reset, self._reset),
            "TriggerMessage": Serve(TriggerMessage, self._trigger),
        }

    def call(self, intent: Intent) -> tuple[str, Payload] | None:
        """See `Dialect.call`. A change of the charging state is told by StatusNotification alone."""
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
            case Inventory():
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
            truth = self._station.truth(intent.transaction)
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
        return serve_from(self._table, ACTIONS, "FormationViolation", action, payload, now)

    def _transaction_call(self, step: Step) -> tuple[str, Payload] | None:
        if step.event == "Started":
            assert step.reading is not None
            return "StartTransaction", {
                "connectorId": step.evse,
                "idTag": step.id_token,
                "meterStart": step.reading.register_wh,
                "timestamp": timestamp(step.at),
            }
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

    def _change_availability(self, asked: ChangeAvailability, now: datetime) -> Payload:
        operative = asked.type == "Operative"
        return {"status": self._station.change_availability(asked.connector_id, operative, now)}

    def _change_configuration(self, asked: ChangeConfiguration, now: datetime) -> Payload:
        variable = KEYS.get(asked.key)
        if variable is None:
            return {"status": "Rejected" if asked.key in self._constants() else "NotSupported"}
        return {"status": "Accepted" if self._station.set_variable(variable, asked.value) else "Rejected"}

    def _get_configuration(self, asked: GetConfiguration, now: datetime) -> Payload:
        known = {key: (self._station.variable(variable), False) for key, variable in KEYS.items()}
        known |= {key: (value, True) for key, value in self._constants().items()}
        wanted = asked.key or list(known)
        answer: Payload = {
            "configurationKey": [
                {"key": key, "readonly": known[key][1], "value": known[key][0]} for key in wanted if key in known
            ]
        }
        unknown = [key for key in wanted if key not in known]
        return answer | ({"unknownKey": unknown} if unknown else {})

    def _constants(self) -> dict[str, str]:
        return {
            "AuthorizeRemoteTxRequests": "false",
            "NumberOfConnectors": str(len(self._station.outlets)),
            "SupportedFeatureProfiles": "Core,RemoteTrigger",
        }

    def _remote_start(self, asked: RemoteStart, now: datetime) -> Payload:
        started = self._station.request_start(asked.connector_id, asked.id_tag, None, now)
        return {"status": "Rejected" if started is None else "Accepted"}

    def _remote_stop(self, asked: RemoteStop, now: datetime) -> Payload:
        ours = next((ours for ours, theirs in self._ids.items() if theirs == asked.transaction_id), None)
        stopped = ours is not None and self._station.request_stop(ours, now)
        return {"status": "Accepted" if stopped else "Rejected"}

    def _reset(self, asked: Reset, now: datetime) -> Payload:
        """Both kinds stop what runs at once; a soft reset only gives another reason."""
        reason = "ImmediateReset" if asked.type == "Hard" else "Reboot"
        return {"status": self._station.reset(now, on_idle=False, reason=reason)}

    def _trigger(self, asked: TriggerMessage, now: datetime) -> Payload:
        return {"status": self._station.trigger(asked.requested_message, asked.connector_id, now)}


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

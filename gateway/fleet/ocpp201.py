"""OCPP 2.0.1 (edition 3), as a simulated station speaks it."""

from datetime import datetime
from typing import Any

import msgspec

from gateway.fleet.dialect import Payload, Serve, quantities, serve_from, timestamp
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
from gateway.fleet.payloads201 import (
    AuthorizeResult,
    BootResult,
    ChangeAvailability,
    Component,
    GetBaseReport,
    GetVariable,
    GetVariables,
    RequestStart,
    RequestStop,
    Reset,
    SetVariable,
    SetVariables,
    TransactionEventResult,
    TriggerMessage,
    Variable,
)
from gateway.fleet.station import SimulatedStation
from gateway.fleet.variables import VARIABLES
from gateway.fleet.variables import Variable as Setting

ACTIONS = frozenset(
    {
        "CancelReservation",
        "CertificateSigned",
        "ClearCache",
        "ClearChargingProfile",
        "ClearDisplayMessage",
        "ClearVariableMonitoring",
        "CostUpdated",
        "CustomerInformation",
        "DataTransfer",
        "DeleteCertificate",
        "GetChargingProfiles",
        "GetCompositeSchedule",
        "GetDisplayMessages",
        "GetInstalledCertificateIds",
        "GetLocalListVersion",
        "GetLog",
        "GetMonitoringReport",
        "GetReport",
        "GetTransactionStatus",
        "InstallCertificate",
        "PublishFirmware",
        "ReserveNow",
        "SendLocalList",
        "SetChargingProfile",
        "SetDisplayMessage",
        "SetMonitoringBase",
        "SetMonitoringLevel",
        "SetNetworkProfile",
        "SetVariableMonitoring",
        "UnlockConnector",
        "UnpublishFirmware",
        "UpdateFirmware",
    }
)
"""What a server may also ask in this version. Smart charging moves from here into the table of `Ocpp201.__init__`."""


class Ocpp201:
    """The `Dialect` of 2.0.1 for one station. Every EVSE has one connector, number 1."""

    subprotocol = "ocpp2.0.1"

    def __init__(self, station: SimulatedStation) -> None:
        self._station = station
        self._table = {
            "ChangeAvailability": Serve(ChangeAvailability, self._change_availability),
            "GetBaseReport": Serve(GetBaseReport, self._get_base_report),
            "GetVariables": Serve(GetVariables, self._get_variables),
            "RequestStartTransaction": Serve(RequestStart, self._request_start),
            "RequestStopTransaction": Serve(RequestStop, self._request_stop),
            "Reset": Serve(Reset, self._reset),
            "SetVariables": Serve(SetVariables, self._set_variables),
            "TriggerMessage": Serve(TriggerMessage, self._trigger),
        }

    def call(self, intent: Intent) -> tuple[str, Payload] | None:
        """See `Dialect.call`. A connector is only free, occupied or out of order: finer stages say nothing new here."""
        match intent:
            case Step():
                return "TransactionEvent", _transaction_event(intent)
            case StageChanged():
                return _status_notification(intent)
            case Measured():
                meter_value = [_meter_value(intent.at, intent.reading, "Trigger")]
                return "MeterValues", {"evseId": intent.evse, "meterValue": meter_value}
            case Ask():
                return "Authorize", {"idToken": {"idToken": intent.id_token, "type": "ISO14443"}}
            case Beat():
                return "Heartbeat", {}
            case Boot():
                plate = intent.nameplate
                station = {
                    "serialNumber": plate.serial,
                    "model": plate.model,
                    "vendorName": plate.vendor,
                    "firmwareVersion": plate.firmware,
                }
                return "BootNotification", {"reason": intent.reason, "chargingStation": station}
            case Inventory():
                return "NotifyReport", {
                    "requestId": intent.request_id,
                    "generatedAt": timestamp(intent.at),
                    "seqNo": 0,
                    "reportData": [_reported(setting, self._station.variable(setting)) for setting in VARIABLES],
                }

    def answer(self, intent: Intent, payload: Payload) -> Answer:
        """See `Dialect.answer`."""
        if isinstance(intent, Boot):
            boot = msgspec.convert(payload, BootResult)
            return Registered(boot.status, boot.interval)
        if isinstance(intent, Ask):
            return Authorised(msgspec.convert(payload, AuthorizeResult).id_token_info.status == "Accepted")
        if isinstance(intent, Step):
            info = msgspec.convert(payload, TransactionEventResult).id_token_info
            return Authorised(None if info is None else info.status == "Accepted")
        return Acknowledged()

    def lost(self, intent: Intent) -> None:
        """See `Dialect.lost`. Nothing depends on it: transaction ids are the station's."""

    def serve(self, action: str, payload: Payload, now: datetime) -> Payload:
        """See `Dialect.serve`."""
        return serve_from(self._table, ACTIONS, "FormatViolation", action, payload, now)

    def _change_availability(self, asked: ChangeAvailability, now: datetime) -> Payload:
        evse = asked.evse.id if asked.evse else None
        return {"status": self._station.change_availability(evse, asked.operational_status == "Operative", now)}

    def _get_base_report(self, asked: GetBaseReport, now: datetime) -> Payload:
        if asked.report_base == "SummaryInventory":
            return {"status": "NotSupported"}
        self._station.report(asked.request_id, now)
        return {"status": "Accepted"}

    def _get_variables(self, asked: GetVariables, now: datetime) -> Payload:
        return {"getVariableResult": [self._get_variable(wanted) for wanted in asked.get_variable_data]}

    def _get_variable(self, wanted: GetVariable) -> Payload:
        setting, status = _find(wanted.component, wanted.variable, wanted.attribute_type)
        result = _named(wanted.component, wanted.variable) | {"attributeStatus": status}
        return result | ({} if setting is None else {"attributeValue": self._station.variable(setting)})

    def _set_variables(self, asked: SetVariables, now: datetime) -> Payload:
        return {"setVariableResult": [self._set_variable(wanted) for wanted in asked.set_variable_data]}

    def _set_variable(self, wanted: SetVariable) -> Payload:
        setting, status = _find(wanted.component, wanted.variable, wanted.attribute_type)
        if setting is not None and not self._station.set_variable(setting, wanted.attribute_value):
            status = "Rejected"
        return _named(wanted.component, wanted.variable) | {"attributeStatus": status}

    def _request_start(self, asked: RequestStart, now: datetime) -> Payload:
        transaction = self._station.request_start(asked.evse_id, asked.id_token.id_token, asked.remote_start_id, now)
        return {"status": "Rejected"} if transaction is None else {"status": "Accepted", "transactionId": transaction}

    def _request_stop(self, asked: RequestStop, now: datetime) -> Payload:
        return {"status": "Accepted" if self._station.request_stop(asked.transaction_id, now) else "Rejected"}

    def _reset(self, asked: Reset, now: datetime) -> Payload:
        """One EVSE alone cannot be reset here (AllowReset false)."""
        if asked.evse_id is not None:
            return {"status": "Rejected"}
        return {"status": self._station.reset(now, on_idle=asked.type == "OnIdle")}

    def _trigger(self, asked: TriggerMessage, now: datetime) -> Payload:
        evse = asked.evse.id if asked.evse else None
        return {"status": self._station.trigger(asked.requested_message, evse, now)}


def _transaction_event(step: Step) -> Payload:
    info: Payload = {"transactionId": step.transaction, "chargingState": step.charging_state}
    if step.stopped_reason is not None:
        info["stoppedReason"] = step.stopped_reason
    if step.remote_start_id is not None:
        info["remoteStartId"] = step.remote_start_id
    payload: Payload = {
        "eventType": step.event,
        "timestamp": timestamp(step.at),
        "triggerReason": step.trigger,
        "seqNo": step.seq_no,
        "transactionInfo": info,
        "evse": {"id": step.evse, "connectorId": 1},
    }
    if step.offline:
        payload["offline"] = True
    if step.id_token is not None:
        payload["idToken"] = {"idToken": step.id_token, "type": "ISO14443"}
    if step.reading is not None:
        payload["meterValue"] = [_meter_value(step.at, step.reading, step.context)]
    return payload


def _status_notification(changed: StageChanged) -> tuple[str, Payload] | None:
    before = None if changed.before is None else _connector_status(changed.before)
    after = _connector_status(changed.after)
    if changed.evse == 0 or after == before:
        return None
    return "StatusNotification", {
        "timestamp": timestamp(changed.at),
        "connectorStatus": after,
        "evseId": changed.evse,
        "connectorId": 1,
    }


def _connector_status(stage: Stage) -> str:
    """ConnectorStatusEnumType (Part 2, 3.18)."""
    return str(stage) if stage in (Stage.AVAILABLE, Stage.UNAVAILABLE) else "Occupied"


def _meter_value(at: datetime, reading: Reading, context: str) -> Payload:
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


def _find(component: Component, variable: Variable, attribute_type: str) -> tuple[Setting | None, str]:
    """The setting that is meant, and the status of an answer about it. Names are case-insensitive."""
    of_component = [s for s in VARIABLES if s.component.lower() == component.name.lower()]
    if not of_component:
        return None, "UnknownComponent"
    wanted = (variable.name.lower(), variable.instance)
    setting = next((s for s in of_component if (s.name.lower(), s.instance) == wanted), None)
    if setting is None:
        return None, "UnknownVariable"
    return (setting, "Accepted") if attribute_type == "Actual" else (None, "NotSupportedAttributeType")


def _named(component: Component, variable: Variable) -> dict[str, Any]:
    return {"component": msgspec.to_builtins(component), "variable": msgspec.to_builtins(variable)}


def _reported(setting: Setting, value: str) -> Payload:
    variable = {"name": setting.name} | ({"instance": setting.instance} if setting.instance else {})
    mutability = "ReadWrite" if setting.mutable else "ReadOnly"
    return {
        "component": {"name": setting.component},
        "variable": variable,
        "variableAttribute": [{"value": value, "mutability": mutability}],
        "variableCharacteristics": {"dataType": "integer", "supportsMonitoring": False},
    }

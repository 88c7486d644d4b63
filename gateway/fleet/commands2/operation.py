"""Starting, stopping, availability, reset, triggers (Part 2, blocks B, E, F, G, P)."""

from datetime import datetime
from typing import Any

from gateway.fleet.commands2.answers import status
from gateway.fleet.commands2.charging import install
from gateway.fleet.dialect import Payload, Serve
from gateway.fleet.payloads2 import (
    ChangeAvailability,
    CostUpdated,
    DataTransfer,
    GetTransactionStatus,
    Nothing,
    RequestStart,
    RequestStop,
    Reset,
    SetNetworkProfile,
    TriggerMessage,
    UnlockConnector,
)
from gateway.fleet.station import SimulatedStation
from gateway.fleet.triggers import trigger as send_triggered

NETWORK_SLOTS = (0, 1, 2)
"""configurationSlots that a station has (NetworkConfigurationPriority)."""


def change_availability(station: SimulatedStation, asked: ChangeAvailability, now: datetime) -> Payload:
    """G03, G04: the station, an EVSE, or its one connector."""
    if asked.evse is not None and asked.evse.connector_id not in (None, 1):
        return status("Rejected", "UnknownConnectorId")
    evse = asked.evse.id if asked.evse else None
    return status(station.change_availability(evse, asked.operational_status == "Operative", now))


def request_start(station: SimulatedStation, asked: RequestStart, now: datetime) -> Payload:
    """F01, F02. A charging profile in it must be a TxProfile, and applies to the new transaction (F01.FR.08 to .11)."""
    profile = asked.charging_profile
    if profile is not None and profile.get("chargingProfilePurpose") != "TxProfile":
        return status("Rejected", "InvalidProfile")
    transaction = station.request_start(asked.evse_id, asked.id_token.id_token, asked.remote_start_id, now)
    if transaction is None:
        return status("Rejected")
    outlet = station.running_at(transaction)
    if profile is not None and outlet is not None:
        install(station, outlet.number, profile | {"transactionId": transaction}, now)
    return {"status": "Accepted", "transactionId": transaction}


def request_stop(station: SimulatedStation, asked: RequestStop, now: datetime) -> Payload:
    """F03."""
    return status("Accepted" if station.request_stop(asked.transaction_id, now) else "Rejected")


def unlock(station: SimulatedStation, asked: UnlockConnector, now: datetime) -> Payload:
    """F05: never in a transaction."""
    if not 1 <= asked.evse_id <= len(station.outlets) or asked.connector_id != 1:
        return status("UnknownConnector")
    outlet = station.outlets[asked.evse_id - 1]
    if outlet.charge is not None:
        return status("OngoingAuthorizedTransaction")
    outlet.unlock(now)
    return status("Unlocked")


def reset(station: SimulatedStation, asked: Reset, now: datetime) -> Payload:
    """B11, B12. One EVSE alone cannot be reset (AllowReset false), and no transaction is resumed after it."""
    if asked.evse_id is not None or asked.type == "ImmediateAndResume":
        return status("Rejected", "NotSupported")
    return status(station.reset(now, on_idle=asked.type == "OnIdle"))


def trigger(station: SimulatedStation, asked: TriggerMessage, now: datetime) -> Payload:
    """F06."""
    return status(send_triggered(station, asked.requested_message, asked.evse.id if asked.evse else None, now))


def transaction_status(station: SimulatedStation, asked: GetTransactionStatus, now: datetime) -> Payload:
    """E14: whether it runs, and whether messages about it, or about any, wait."""
    if asked.transaction_id is None:
        return {"messagesInQueue": station.outbox.steps_waiting > 0}
    return {
        "ongoingIndicator": asked.transaction_id in station.transactions,
        "messagesInQueue": station.outbox.holds_steps_of(asked.transaction_id),
    }


def cost_updated(station: SimulatedStation, asked: CostUpdated, now: datetime) -> Payload:
    """I02."""
    if asked.transaction_id in station.transactions:
        station.equipment.costs[asked.transaction_id] = asked.total_cost
    return {}


def clear_cache(station: SimulatedStation, asked: Nothing, now: datetime) -> Payload:
    """C11. The cache is always empty: a station asks each time."""
    return status("Accepted")


def data_transfer(station: SimulatedStation, asked: DataTransfer, now: datetime) -> Payload:
    """P01. The vendor's own message `Echo` is known, and answered with what it brought."""
    if asked.vendor_id != station.nameplate.vendor:
        return status("UnknownVendorId")
    if asked.message_id != "Echo":
        return status("UnknownMessageId")
    answer: dict[str, Any] = status("Accepted")
    return answer if asked.data is None else answer | {"data": asked.data}


def set_network_profile(station: SimulatedStation, asked: SetNetworkProfile, now: datetime) -> Payload:
    """B09. Kept, not used: the simulated station stays with the server that it was given."""
    if asked.configuration_slot not in NETWORK_SLOTS or asked.connection_data.get("ocppTransport") != "JSON":
        return status("Rejected", "InvalidNetworkConf")
    station.equipment.networks[asked.configuration_slot] = asked.connection_data
    return status("Accepted")


SERVED = {
    "ChangeAvailability": Serve(ChangeAvailability, change_availability),
    "ClearCache": Serve(Nothing, clear_cache),
    "CostUpdated": Serve(CostUpdated, cost_updated),
    "DataTransfer": Serve(DataTransfer, data_transfer),
    "GetTransactionStatus": Serve(GetTransactionStatus, transaction_status),
    "RequestStartTransaction": Serve(RequestStart, request_start),
    "RequestStopTransaction": Serve(RequestStop, request_stop),
    "Reset": Serve(Reset, reset),
    "SetNetworkProfile": Serve(SetNetworkProfile, set_network_profile),
    "TriggerMessage": Serve(TriggerMessage, trigger),
    "UnlockConnector": Serve(UnlockConnector, unlock),
}

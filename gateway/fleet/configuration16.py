"""Configuration keys of OCPP 1.6 (section 9, and the security extension), on the variables of the device model."""

from collections.abc import Mapping
from typing import Any

from gateway.fleet.features.local_list import ENTRIES_MAX, ENTRIES_PER_MESSAGE_MAX
from gateway.fleet.features.profiles import PERIODS_MAX
from gateway.fleet.station import SimulatedStation
from gateway.fleet.variables import (
    ALIGNED_INTERVAL,
    ATTEMPT_INTERVAL,
    ATTEMPTS,
    AUTHORIZE_OFFLINE,
    AUTHORIZE_REMOTE,
    CONNECTION_TIMEOUT,
    HEARTBEAT_INTERVAL,
    LIST_ENABLED,
    METER_INTERVAL,
    ORGANISATION,
    PING_INTERVAL,
    PRE_AUTHORIZE,
    PROFILES_KEPT,
    RATE_UNIT,
    RESET_RETRIES,
    SAMPLED_MEASURANDS,
    SECURITY_PROFILE,
    STACK_LEVEL,
    STOP_ON_DISCONNECT,
    STOP_ON_INVALID_ID,
    UNKNOWN_OFFLINE,
    UNLOCK_ON_DISCONNECT,
    Variable,
)

UNITS = {"A": "Current", "W": "Power"}
"""Units of limits, as ChargingScheduleAllowedChargingRateUnit has them."""

KEYS_PER_MESSAGE_MAX = 20
"""GetConfigurationMaxKeys: fewer than there are, so that a server meets the limit."""

SETTINGS: Mapping[str, Variable] = {
    "AllowOfflineTxForUnknownId": UNKNOWN_OFFLINE,
    "AuthorizeRemoteTxRequests": AUTHORIZE_REMOTE,
    "ChargeProfileMaxStackLevel": STACK_LEVEL,
    "ChargingScheduleAllowedChargingRateUnit": RATE_UNIT,
    "ClockAlignedDataInterval": ALIGNED_INTERVAL,
    "ConnectionTimeOut": CONNECTION_TIMEOUT,
    "CpoName": ORGANISATION,
    "HeartbeatInterval": HEARTBEAT_INTERVAL,
    "LocalAuthListEnabled": LIST_ENABLED,
    "LocalAuthorizeOffline": AUTHORIZE_OFFLINE,
    "LocalPreAuthorize": PRE_AUTHORIZE,
    "MaxChargingProfilesInstalled": PROFILES_KEPT,
    "MeterValueSampleInterval": METER_INTERVAL,
    "MeterValuesSampledData": SAMPLED_MEASURANDS,
    "ResetRetries": RESET_RETRIES,
    "SecurityProfile": SECURITY_PROFILE,
    "StopTransactionOnEVSideDisconnect": STOP_ON_DISCONNECT,
    "StopTransactionOnInvalidId": STOP_ON_INVALID_ID,
    "TransactionMessageAttempts": ATTEMPTS,
    "TransactionMessageRetryInterval": ATTEMPT_INTERVAL,
    "UnlockConnectorOnEVSideDisconnect": UNLOCK_ON_DISCONNECT,
    "WebSocketPingInterval": PING_INTERVAL,
}
"""Keys that 2.x knows as variables, some of which may be set."""

CONSTANTS: Mapping[str, str] = {
    "AdditionalRootCertificateCheck": "false",
    "CertificateStoreMaxLength": "10",
    "ChargingScheduleMaxPeriods": str(PERIODS_MAX),
    "ConnectorPhaseRotation": "NotApplicable",
    "GetConfigurationMaxKeys": str(KEYS_PER_MESSAGE_MAX),
    "LocalAuthListMaxLength": str(ENTRIES_MAX),
    "MeterValuesAlignedData": "",
    "ReserveConnectorZeroSupported": "false",
    "SendLocalListMaxLength": str(ENTRIES_PER_MESSAGE_MAX),
    "StopTxnAlignedData": "",
    "StopTxnSampledData": "",
    "SupportedFeatureProfiles": (
        "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger"
    ),
}
"""Keys that never change and that all stations have alike."""


KEYS = tuple(sorted([*SETTINGS, *CONSTANTS, "NumberOfConnectors"]))
"""All keys, in the order in which they are told."""


def read(station: SimulatedStation, key: str) -> dict[str, Any]:
    """A key as GetConfiguration tells it. KeyError for one that there is not."""
    variable = SETTINGS.get(key)
    if variable is not None:
        value = station.variable(variable)
        if variable is RATE_UNIT:
            value = ",".join(UNITS[unit] for unit in value.split(","))
        return {"key": key, "readonly": not variable.mutable, "value": value}
    value = str(len(station.outlets)) if key == "NumberOfConnectors" else CONSTANTS[key]
    return {"key": key, "readonly": True, "value": value}


def change(station: SimulatedStation, key: str, value: str) -> str:
    """Set a key: Accepted, RebootRequired, Rejected, or NotSupported where there is no such key."""
    if key not in KEYS:
        return "NotSupported"
    variable = SETTINGS.get(key)
    return "Rejected" if variable is None else station.set_variable(variable, value)

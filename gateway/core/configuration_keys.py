"""Configuration keys of OCPP 1.6 (section 9, security white paper, ISO 15118 application note) as variables of 2.x.

A key is here if the variable means the same in the same unit; every other key is a variable of the same name of the
component `ChargePoint`. Either name can be used for a station that speaks 1.6.
"""

from collections.abc import Mapping
from typing import Final

from gateway.core.device_model import VariableAddress

OTHER_KEYS: Final = "ChargePoint"
"""The component of keys that 2.x has no variable for."""

_KEYS: Final[Mapping[str, tuple[str, str, str | None]]] = {
    "AdditionalRootCertificateCheck": ("SecurityCtrlr", "AdditionalRootCertificateCheck", None),
    "AllowOfflineTxForUnknownId": ("AuthCtrlr", "OfflineTxForUnknownIdEnabled", None),
    "AuthorizationCacheEnabled": ("AuthCacheCtrlr", "Enabled", None),
    "AuthorizeRemoteTxRequests": ("AuthCtrlr", "AuthorizeRemoteStart", None),
    "CentralContractValidationAllowed": ("ISO15118Ctrlr", "CentralContractValidationAllowed", None),
    "CertSigningRepeatTimes": ("SecurityCtrlr", "CertSigningRepeatTimes", None),
    "CertSigningWaitMinimum": ("SecurityCtrlr", "CertSigningWaitMinimum", None),
    "CertificateSignedMaxChainSize": ("SecurityCtrlr", "MaxCertificateChainSize", None),
    "ChargeProfileMaxStackLevel": ("SmartChargingCtrlr", "ProfileStackLevel", None),
    "ChargingScheduleMaxPeriods": ("SmartChargingCtrlr", "PeriodsPerSchedule", None),
    "ClockAlignedDataInterval": ("AlignedDataCtrlr", "Interval", None),
    "ConnectionTimeOut": ("TxCtrlr", "EVConnectionTimeOut", None),
    "ConnectorSwitch3to1PhaseSupported": ("SmartChargingCtrlr", "Phases3to1", None),
    "ContractValidationOffline": ("ISO15118Ctrlr", "ContractValidationOffline", None),
    "CpoName": ("SecurityCtrlr", "OrganizationName", None),
    "GetConfigurationMaxKeys": ("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables"),
    "HeartbeatInterval": ("OCPPCommCtrlr", "HeartbeatInterval", None),
    "ISO15118PnCEnabled": ("ISO15118Ctrlr", "PnCEnabled", None),
    "LocalAuthListEnabled": ("LocalAuthListCtrlr", "Enabled", None),
    "LocalAuthorizeOffline": ("AuthCtrlr", "LocalAuthorizeOffline", None),
    "LocalPreAuthorize": ("AuthCtrlr", "LocalPreAuthorize", None),
    "MaxChargingProfilesInstalled": ("SmartChargingCtrlr", "Entries", "ChargingProfiles"),
    "MaxEnergyOnInvalidId": ("TxCtrlr", "MaxEnergyOnInvalidId", None),
    "MeterValueSampleInterval": ("SampledDataCtrlr", "TxUpdatedInterval", None),
    "MeterValuesAlignedData": ("AlignedDataCtrlr", "Measurands", None),
    "MeterValuesSampledData": ("SampledDataCtrlr", "TxUpdatedMeasurands", None),
    "ReserveConnectorZeroSupported": ("ReservationCtrlr", "NonEvseSpecific", None),
    "ResetRetries": ("OCPPCommCtrlr", "ResetRetries", None),
    "SecurityProfile": ("SecurityCtrlr", "SecurityProfile", None),
    "SendLocalListMaxLength": ("LocalAuthListCtrlr", "ItemsPerMessage", None),
    "StopTransactionOnEVSideDisconnect": ("TxCtrlr", "StopTxOnEVSideDisconnect", None),
    "StopTransactionOnInvalidId": ("TxCtrlr", "StopTxOnInvalidId", None),
    "StopTxnAlignedData": ("AlignedDataCtrlr", "TxEndedMeasurands", None),
    "StopTxnSampledData": ("SampledDataCtrlr", "TxEndedMeasurands", None),
    "SupportedFileTransferProtocols": ("OCPPCommCtrlr", "FileTransferProtocols", None),
    "TransactionMessageAttempts": ("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent"),
    "TransactionMessageRetryInterval": ("OCPPCommCtrlr", "MessageAttemptInterval", "TransactionEvent"),
    "UnlockConnectorOnEVSideDisconnect": ("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", None),
    "WebSocketPingInterval": ("OCPPCommCtrlr", "WebSocketPingInterval", None),
}

OTHER_STANDARD_KEYS: Final = (
    "AuthorizationKey",
    "BlinkRepeat",
    "CertificateStoreMaxLength",
    "ChargingScheduleAllowedChargingRateUnit",
    "ConnectorPhaseRotation",
    "ConnectorPhaseRotationMaxLength",
    "LightIntensity",
    "LocalAuthListMaxLength",
    "MeterValuesAlignedDataMaxLength",
    "MeterValuesSampledDataMaxLength",
    "MinimumStatusDuration",
    "NumberOfConnectors",
    "StopTxnAlignedDataMaxLength",
    "StopTxnSampledDataMaxLength",
    "SupportedFeatureProfiles",
    "SupportedFeatureProfilesMaxLength",
)
"""Keys of the specification whose variable in 2.x is another, or counts otherwise, or does not exist."""

STANDARD_KEYS: Final = (*_KEYS, *OTHER_STANDARD_KEYS)
"""All keys of the specification: what a station is asked for that does not tell all its keys at once."""

REQUIRED_KEYS: Final = frozenset({"HeartbeatInterval", "NumberOfConnectors", "GetConfigurationMaxKeys"})
"""Some keys that every station has (section 9.1): an answer without one of them is not whole."""

_KEY_OF: Final = {name: key for key, name in _KEYS.items()}
_NAME_OF: Final = {key.lower(): name for key, name in _KEYS.items()}


def address_of_key(key: str) -> VariableAddress:
    """Return where a key is in the device model. Keys are case-insensitive (section 7.29, CiString50Type)."""
    component, variable, instance = _NAME_OF.get(key.lower(), (OTHER_KEYS, key, None))
    return VariableAddress(component=component, variable=variable, instance=instance)


def key_of_address(address: VariableAddress) -> str | None:
    """Return the key that an address means, None if 1.6 has none: there, EVSEs have no variables of their own."""
    if address.evse or address.connector or address.component_instance or address.attribute != "Actual":
        return None
    if address.component == OTHER_KEYS and address.instance is None:
        return address.variable
    return _KEY_OF.get((address.component, address.variable, address.instance))

"""The settings of a simulated station, by the names of the device model of OCPP 2.x (Part 2, appendices)."""

from msgspec import Struct

from gateway.fleet.features.displays import FORMATS, MESSAGES_MAX
from gateway.fleet.features.local_list import ENTRIES_PER_MESSAGE_MAX
from gateway.fleet.features.profiles import PERIODS_MAX

ITEMS_PER_GET_MAX, ITEMS_PER_SET_MAX = 20, 10
"""Variables in one GetVariables and one SetVariables: small, so that a server meets the limits."""

ITEMS_PER_MONITORING_MAX = 10
"""Monitors in one SetVariableMonitoring or ClearVariableMonitoring."""

ITEMS_PER_REPORT = 20
"""Variables in one NotifyReport: an inventory takes several."""

MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Voltage",
    "Frequency",
    "SoC",
)


class Variable(Struct, frozen=True):
    """One variable. Its value lives where `attribute` points to from the station, else among its settings.

    `kind` is a DataEnumType. For an integer `low` and `high` bound the value, for a string `high` its length; of an
    OptionList or MemberList `options` are the words. One that `reboots` takes effect after the next boot. Those
    `only_21` are unknown to 2.0.1.
    """

    component: str
    name: str
    instance: str | None = None
    attribute: str | None = None
    default: str = ""
    kind: str = "integer"
    mutable: bool = True
    low: int = 0
    high: int = 9_999_999
    options: tuple[str, ...] = ()
    reboots: bool = False
    unit: str | None = None
    only_21: bool = False

    def allows(self, value: str) -> bool:
        """Whether `value` may be set."""
        match self.kind:
            case "integer":
                return value.isascii() and value.isdigit() and len(value) < 8 and self.low <= int(value) <= self.high
            case "boolean":
                return value in ("true", "false")
            case "OptionList":
                return value in self.options
            case "MemberList" | "SequenceList":
                words = value.split(",") if value else []
                return len(set(words)) == len(words) and all(word in self.options for word in words)
        return len(value) <= self.high


def _constant(component: str, name: str, value: object, kind: str = "integer", instance: str | None = None) -> Variable:
    return Variable(component, name, instance, default=str(value), kind=kind, mutable=False)


def _switch(component: str, name: str, value: str) -> Variable:
    return Variable(component, name, default=value, kind="boolean")


HEARTBEAT_INTERVAL = Variable("OCPPCommCtrlr", "HeartbeatInterval", attribute="heartbeat_s", low=1, unit="s")
METER_INTERVAL = Variable("SampledDataCtrlr", "TxUpdatedInterval", attribute="meter_interval_s", unit="s")
ATTEMPTS = Variable("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent", attribute="attempts_max", low=1)
ATTEMPT_INTERVAL = Variable(
    "OCPPCommCtrlr", "MessageAttemptInterval", "TransactionEvent", attribute="attempt_interval_s", unit="s"
)
PING_INTERVAL = Variable("OCPPCommCtrlr", "WebSocketPingInterval", default="0", reboots=True, unit="s")
RESET_RETRIES = Variable("OCPPCommCtrlr", "ResetRetries", default="1")
CONNECTION_TIMEOUT = Variable("TxCtrlr", "EVConnectionTimeOut", default="120", low=1, unit="s")
STOP_ON_INVALID_ID = _switch("TxCtrlr", "StopTxOnInvalidId", "true")
STOP_ON_DISCONNECT = _constant("TxCtrlr", "StopTxOnEVSideDisconnect", "true", "boolean")
UNLOCK_ON_DISCONNECT = _constant("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", "true", "boolean")
AUTHORIZE_REMOTE = _constant("AuthCtrlr", "AuthorizeRemoteStart", "false", "boolean")
AUTHORIZE_OFFLINE = _switch("AuthCtrlr", "LocalAuthorizeOffline", "true")
PRE_AUTHORIZE = _constant("AuthCtrlr", "LocalPreAuthorize", "false", "boolean")
UNKNOWN_OFFLINE = _switch("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true")
ALIGNED_INTERVAL = _constant("AlignedDataCtrlr", "Interval", 0)
SAMPLED_MEASURANDS = _constant("SampledDataCtrlr", "TxUpdatedMeasurands", ",".join(MEASURANDS), "MemberList")
SECURITY_PROFILE = _constant("SecurityCtrlr", "SecurityProfile", 1)
ORGANISATION = Variable("SecurityCtrlr", "OrganizationName", default="Simulated Charging", kind="string", high=64)
LIST_ENABLED = _switch("LocalAuthListCtrlr", "Enabled", "true")
LIST_ENTRIES = Variable("LocalAuthListCtrlr", "Entries", attribute="equipment.local_list.size", mutable=False)
PROFILES_KEPT = Variable(
    "SmartChargingCtrlr", "Entries", "ChargingProfiles", attribute="equipment.profiles.profiles_max", mutable=False
)
STACK_LEVEL = Variable(
    "SmartChargingCtrlr", "ProfileStackLevel", attribute="equipment.profiles.stack_level_max", mutable=False
)
RATE_UNIT = Variable(
    "SmartChargingCtrlr", "RateUnit", attribute="equipment.profiles.rate_unit", kind="MemberList", mutable=False
)
DYNAMIC = Variable(
    "SmartChargingCtrlr",
    "SupportsDynamicProfiles",
    default="true",
    kind="boolean",
    mutable=False,
    only_21=True,
)
SUPPLY_PHASES = Variable("ChargingStation", "SupplyPhases", attribute="phases", mutable=False)

VARIABLES: tuple[Variable, ...] = (
    Variable("ChargingStation", "VendorName", attribute="nameplate.vendor", kind="string", mutable=False),
    Variable("ChargingStation", "Model", attribute="nameplate.model", kind="string", mutable=False),
    Variable("ChargingStation", "SerialNumber", attribute="nameplate.serial", kind="string", mutable=False),
    Variable("ChargingStation", "FirmwareVersion", attribute="firmware_version", kind="string", mutable=False),
    SUPPLY_PHASES,
    HEARTBEAT_INTERVAL,
    ATTEMPTS,
    ATTEMPT_INTERVAL,
    PING_INTERVAL,
    RESET_RETRIES,
    UNLOCK_ON_DISCONNECT,
    Variable("OCPPCommCtrlr", "OfflineThreshold", default="300", unit="s"),
    Variable(
        "OCPPCommCtrlr", "NetworkConfigurationPriority", default="0", kind="SequenceList", options=("0", "1", "2")
    ),
    _constant("OCPPCommCtrlr", "FileTransferProtocols", "HTTPS", "MemberList"),
    _constant("OCPPCommCtrlr", "MessageTimeout", 30, instance="Default"),
    METER_INTERVAL,
    SAMPLED_MEASURANDS,
    _constant("SampledDataCtrlr", "TxStartedMeasurands", ",".join(MEASURANDS), "MemberList"),
    _constant("SampledDataCtrlr", "TxEndedMeasurands", ",".join(MEASURANDS), "MemberList"),
    _constant("SampledDataCtrlr", "TxEndedInterval", 0),
    ALIGNED_INTERVAL,
    CONNECTION_TIMEOUT,
    STOP_ON_INVALID_ID,
    STOP_ON_DISCONNECT,
    _constant("TxCtrlr", "TxStartPoint", "Authorized", "MemberList"),
    _constant("TxCtrlr", "TxStopPoint", "Authorized,EVConnected", "MemberList"),
    AUTHORIZE_REMOTE,
    AUTHORIZE_OFFLINE,
    PRE_AUTHORIZE,
    UNKNOWN_OFFLINE,
    _constant("ClockCtrlr", "TimeSource", "Heartbeat", "SequenceList"),
    LIST_ENABLED,
    LIST_ENTRIES,
    _constant("LocalAuthListCtrlr", "ItemsPerMessage", ENTRIES_PER_MESSAGE_MAX),
    _constant("DeviceDataCtrlr", "ItemsPerMessage", ITEMS_PER_GET_MAX, instance="GetVariables"),
    _constant("DeviceDataCtrlr", "ItemsPerMessage", ITEMS_PER_SET_MAX, instance="SetVariables"),
    _constant("DeviceDataCtrlr", "ItemsPerMessage", ITEMS_PER_REPORT, instance="GetReport"),
    _constant("MonitoringCtrlr", "Enabled", "true", "boolean"),
    _constant("MonitoringCtrlr", "ItemsPerMessage", ITEMS_PER_MONITORING_MAX, instance="SetVariableMonitoring"),
    _constant("MonitoringCtrlr", "ItemsPerMessage", ITEMS_PER_MONITORING_MAX, instance="ClearVariableMonitoring"),
    _constant("ReservationCtrlr", "Enabled", "true", "boolean"),
    _constant("ReservationCtrlr", "NonEvseSpecific", "false", "boolean"),
    _constant("SmartChargingCtrlr", "Enabled", "true", "boolean"),
    PROFILES_KEPT,
    _constant("SmartChargingCtrlr", "PeriodsPerSchedule", PERIODS_MAX),
    STACK_LEVEL,
    RATE_UNIT,
    DYNAMIC,
    _constant("DisplayMessageCtrlr", "Enabled", "true", "boolean"),
    _constant("DisplayMessageCtrlr", "DisplayMessages", MESSAGES_MAX),
    _constant("DisplayMessageCtrlr", "SupportedFormats", ",".join(FORMATS), "MemberList"),
    SECURITY_PROFILE,
    ORGANISATION,
)
"""All of the station. What its EVSEs have is in `device_model`."""

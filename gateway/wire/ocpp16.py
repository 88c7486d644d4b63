"""The payload types of OCPP 1.6.

Generated from the schemas in v16 of the ocpp package 2.1.0.
Do not edit: change gateway/wire/codegen.py and run `python -m gateway.wire.codegen`.
"""

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from gateway.wire.schema_types import Payload, Tenths, Timestamp, require_tenths

String20: TypeAlias = Annotated[str, Meta(max_length=20)]
String25: TypeAlias = Annotated[str, Meta(max_length=25)]
String40: TypeAlias = Annotated[str, Meta(max_length=40)]
String50: TypeAlias = Annotated[str, Meta(max_length=50)]
String128: TypeAlias = Annotated[str, Meta(max_length=128)]
String255: TypeAlias = Annotated[str, Meta(max_length=255)]
String500: TypeAlias = Annotated[str, Meta(max_length=500)]
String512: TypeAlias = Annotated[str, Meta(max_length=512)]
String800: TypeAlias = Annotated[str, Meta(max_length=800)]
String5500: TypeAlias = Annotated[str, Meta(max_length=5500)]
String10000: TypeAlias = Annotated[str, Meta(max_length=10000)]


class AuthorizeRequest(Payload, frozen=True, kw_only=True):
    """The Authorize request of OCPP 1.6."""

    id_tag: String20


AuthorizationStatus: TypeAlias = Literal["Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"]


class IdTagInfo(Payload, frozen=True, kw_only=True):
    expiry_date: Timestamp | UnsetType = UNSET
    parent_id_tag: String20 | UnsetType = UNSET
    status: AuthorizationStatus


class AuthorizeResponse(Payload, frozen=True, kw_only=True):
    """The Authorize response of OCPP 1.6."""

    id_tag_info: IdTagInfo


class BootNotificationRequest(Payload, frozen=True, kw_only=True):
    """The BootNotification request of OCPP 1.6."""

    charge_point_vendor: String20
    charge_point_model: String20
    charge_point_serial_number: String25 | UnsetType = UNSET
    charge_box_serial_number: String25 | UnsetType = UNSET
    firmware_version: String50 | UnsetType = UNSET
    iccid: String20 | UnsetType = UNSET
    imsi: String20 | UnsetType = UNSET
    meter_type: String25 | UnsetType = UNSET
    meter_serial_number: String25 | UnsetType = UNSET


RegistrationStatus: TypeAlias = Literal["Accepted", "Pending", "Rejected"]


class BootNotificationResponse(Payload, frozen=True, kw_only=True):
    """The BootNotification response of OCPP 1.6."""

    status: RegistrationStatus
    current_time: Timestamp
    interval: int


class CancelReservationRequest(Payload, frozen=True, kw_only=True):
    """The CancelReservation request of OCPP 1.6."""

    reservation_id: int


CancelReservationStatus: TypeAlias = Literal["Accepted", "Rejected"]


class CancelReservationResponse(Payload, frozen=True, kw_only=True):
    """The CancelReservation response of OCPP 1.6."""

    status: CancelReservationStatus


class CertificateSignedRequest(Payload, frozen=True, kw_only=True):
    """The CertificateSigned request of OCPP 1.6."""

    certificate_chain: String10000


CertificateSignedStatusEnum: TypeAlias = Literal["Accepted", "Rejected"]


class CertificateSignedResponse(Payload, frozen=True, kw_only=True):
    """The CertificateSigned response of OCPP 1.6."""

    status: CertificateSignedStatusEnum


AvailabilityType: TypeAlias = Literal["Inoperative", "Operative"]


class ChangeAvailabilityRequest(Payload, frozen=True, kw_only=True):
    """The ChangeAvailability request of OCPP 1.6."""

    connector_id: int
    type: AvailabilityType


AvailabilityStatus: TypeAlias = Literal["Accepted", "Rejected", "Scheduled"]


class ChangeAvailabilityResponse(Payload, frozen=True, kw_only=True):
    """The ChangeAvailability response of OCPP 1.6."""

    status: AvailabilityStatus


class ChangeConfigurationRequest(Payload, frozen=True, kw_only=True):
    """The ChangeConfiguration request of OCPP 1.6."""

    key: String50
    value: String500


ConfigurationStatus: TypeAlias = Literal["Accepted", "Rejected", "RebootRequired", "NotSupported"]


class ChangeConfigurationResponse(Payload, frozen=True, kw_only=True):
    """The ChangeConfiguration response of OCPP 1.6."""

    status: ConfigurationStatus


class ClearCacheRequest(Payload, frozen=True, kw_only=True):
    """The ClearCache request of OCPP 1.6."""


ClearCacheStatus: TypeAlias = Literal["Accepted", "Rejected"]


class ClearCacheResponse(Payload, frozen=True, kw_only=True):
    """The ClearCache response of OCPP 1.6."""

    status: ClearCacheStatus


ChargingProfilePurpose: TypeAlias = Literal["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]


class ClearChargingProfileRequest(Payload, frozen=True, kw_only=True):
    """The ClearChargingProfile request of OCPP 1.6."""

    id: int | UnsetType = UNSET
    connector_id: int | UnsetType = UNSET
    charging_profile_purpose: ChargingProfilePurpose | UnsetType = UNSET
    stack_level: int | UnsetType = UNSET


ClearChargingProfileStatus: TypeAlias = Literal["Accepted", "Unknown"]


class ClearChargingProfileResponse(Payload, frozen=True, kw_only=True):
    """The ClearChargingProfile response of OCPP 1.6."""

    status: ClearChargingProfileStatus


class DataTransferRequest(Payload, frozen=True, kw_only=True):
    """The DataTransfer request of OCPP 1.6."""

    vendor_id: String255
    message_id: String50 | UnsetType = UNSET
    data: str | UnsetType = UNSET


DataTransferStatus: TypeAlias = Literal["Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId"]


class DataTransferResponse(Payload, frozen=True, kw_only=True):
    """The DataTransfer response of OCPP 1.6."""

    status: DataTransferStatus
    data: str | UnsetType = UNSET


HashAlgorithmEnum: TypeAlias = Literal["SHA256", "SHA384", "SHA512"]


class CertificateHashData(Payload, frozen=True, kw_only=True):
    hash_algorithm: HashAlgorithmEnum
    issuer_name_hash: String128
    issuer_key_hash: String128
    serial_number: String40


class DeleteCertificateRequest(Payload, frozen=True, kw_only=True):
    """The DeleteCertificate request of OCPP 1.6."""

    certificate_hash_data: CertificateHashData


DeleteCertificateStatusEnum: TypeAlias = Literal["Accepted", "Failed", "NotFound"]


class DeleteCertificateResponse(Payload, frozen=True, kw_only=True):
    """The DeleteCertificate response of OCPP 1.6."""

    status: DeleteCertificateStatusEnum


DiagnosticsStatus: TypeAlias = Literal["Idle", "Uploaded", "UploadFailed", "Uploading"]


class DiagnosticsStatusNotificationRequest(Payload, frozen=True, kw_only=True):
    """The DiagnosticsStatusNotification request of OCPP 1.6."""

    status: DiagnosticsStatus


class DiagnosticsStatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The DiagnosticsStatusNotification response of OCPP 1.6."""


MessageTriggerEnum: TypeAlias = Literal[
    "BootNotification",
    "LogStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "MeterValues",
    "SignChargePointCertificate",
    "StatusNotification",
]


class ExtendedTriggerMessageRequest(Payload, frozen=True, kw_only=True):
    """The ExtendedTriggerMessage request of OCPP 1.6."""

    requested_message: MessageTriggerEnum
    connector_id: int | UnsetType = UNSET


TriggerMessageStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "NotImplemented"]


class ExtendedTriggerMessageResponse(Payload, frozen=True, kw_only=True):
    """The ExtendedTriggerMessage response of OCPP 1.6."""

    status: TriggerMessageStatusEnum


FirmwareStatus: TypeAlias = Literal[
    "Downloaded",
    "DownloadFailed",
    "Downloading",
    "Idle",
    "InstallationFailed",
    "Installing",
    "Installed",
]


class FirmwareStatusNotificationRequest(Payload, frozen=True, kw_only=True):
    """The FirmwareStatusNotification request of OCPP 1.6."""

    status: FirmwareStatus


class FirmwareStatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The FirmwareStatusNotification response of OCPP 1.6."""


ChargingRateUnit: TypeAlias = Literal["A", "W"]


class GetCompositeScheduleRequest(Payload, frozen=True, kw_only=True):
    """The GetCompositeSchedule request of OCPP 1.6."""

    connector_id: int
    duration: int
    charging_rate_unit: ChargingRateUnit | UnsetType = UNSET


GetCompositeScheduleStatus: TypeAlias = Literal["Accepted", "Rejected"]


class ChargingSchedulePeriod(Payload, frozen=True, kw_only=True):
    start_period: int
    limit: Tenths
    number_phases: int | UnsetType = UNSET

    def __post_init__(self) -> None:
        require_tenths(limit=self.limit)


class ChargingSchedule(Payload, frozen=True, kw_only=True):
    duration: int | UnsetType = UNSET
    start_schedule: Timestamp | UnsetType = UNSET
    charging_rate_unit: ChargingRateUnit
    charging_schedule_period: list[ChargingSchedulePeriod]
    min_charging_rate: Tenths | UnsetType = UNSET

    def __post_init__(self) -> None:
        require_tenths(min_charging_rate=self.min_charging_rate)


class GetCompositeScheduleResponse(Payload, frozen=True, kw_only=True):
    """The GetCompositeSchedule response of OCPP 1.6."""

    status: GetCompositeScheduleStatus
    connector_id: int | UnsetType = UNSET
    schedule_start: Timestamp | UnsetType = UNSET
    charging_schedule: ChargingSchedule | UnsetType = UNSET


class GetConfigurationRequest(Payload, frozen=True, kw_only=True):
    """The GetConfiguration request of OCPP 1.6."""

    key: list[String50] | UnsetType = UNSET


class KeyValue(Payload, frozen=True, kw_only=True):
    key: String50
    readonly: bool
    value: String500 | UnsetType = UNSET


class GetConfigurationResponse(Payload, frozen=True, kw_only=True):
    """The GetConfiguration response of OCPP 1.6."""

    configuration_key: list[KeyValue] | UnsetType = UNSET
    unknown_key: list[String50] | UnsetType = UNSET


class GetDiagnosticsRequest(Payload, frozen=True, kw_only=True):
    """The GetDiagnostics request of OCPP 1.6."""

    location: str
    retries: int | UnsetType = UNSET
    retry_interval: int | UnsetType = UNSET
    start_time: Timestamp | UnsetType = UNSET
    stop_time: Timestamp | UnsetType = UNSET


class GetDiagnosticsResponse(Payload, frozen=True, kw_only=True):
    """The GetDiagnostics response of OCPP 1.6."""

    file_name: String255 | UnsetType = UNSET


CertificateUseEnum: TypeAlias = Literal["CentralSystemRootCertificate", "ManufacturerRootCertificate"]


class GetInstalledCertificateIdsRequest(Payload, frozen=True, kw_only=True):
    """The GetInstalledCertificateIds request of OCPP 1.6."""

    certificate_type: CertificateUseEnum


GetInstalledCertificateStatusEnum: TypeAlias = Literal["Accepted", "NotFound"]


class GetInstalledCertificateIdsResponse(Payload, frozen=True, kw_only=True):
    """The GetInstalledCertificateIds response of OCPP 1.6."""

    certificate_hash_data: Annotated[list[CertificateHashData], Meta(min_length=1)] | UnsetType = UNSET
    status: GetInstalledCertificateStatusEnum


class GetLocalListVersionRequest(Payload, frozen=True, kw_only=True):
    """The GetLocalListVersion request of OCPP 1.6."""


class GetLocalListVersionResponse(Payload, frozen=True, kw_only=True):
    """The GetLocalListVersion response of OCPP 1.6."""

    list_version: int


class LogParameters(Payload, frozen=True, kw_only=True):
    remote_location: String512
    oldest_timestamp: Timestamp | UnsetType = UNSET
    latest_timestamp: Timestamp | UnsetType = UNSET


LogEnum: TypeAlias = Literal["DiagnosticsLog", "SecurityLog"]


class GetLogRequest(Payload, frozen=True, kw_only=True):
    """The GetLog request of OCPP 1.6."""

    log: LogParameters
    log_type: LogEnum
    request_id: int
    retries: int | UnsetType = UNSET
    retry_interval: int | UnsetType = UNSET


LogStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "AcceptedCanceled"]


class GetLogResponse(Payload, frozen=True, kw_only=True):
    """The GetLog response of OCPP 1.6."""

    status: LogStatusEnum
    filename: String255 | UnsetType = UNSET


class HeartbeatRequest(Payload, frozen=True, kw_only=True):
    """The Heartbeat request of OCPP 1.6."""


class HeartbeatResponse(Payload, frozen=True, kw_only=True):
    """The Heartbeat response of OCPP 1.6."""

    current_time: Timestamp


class InstallCertificateRequest(Payload, frozen=True, kw_only=True):
    """The InstallCertificate request of OCPP 1.6."""

    certificate_type: CertificateUseEnum
    certificate: String5500


InstallCertificateStatusEnum: TypeAlias = Literal["Accepted", "Failed", "Rejected"]


class InstallCertificateResponse(Payload, frozen=True, kw_only=True):
    """The InstallCertificate response of OCPP 1.6."""

    status: InstallCertificateStatusEnum


UploadLogStatusEnum: TypeAlias = Literal[
    "BadMessage",
    "Idle",
    "NotSupportedOperation",
    "PermissionDenied",
    "Uploaded",
    "UploadFailure",
    "Uploading",
]


class LogStatusNotificationRequest(Payload, frozen=True, kw_only=True):
    """The LogStatusNotification request of OCPP 1.6."""

    status: UploadLogStatusEnum
    request_id: int | UnsetType = UNSET


class LogStatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The LogStatusNotification response of OCPP 1.6."""


ReadingContext: TypeAlias = Literal[
    "Interruption.Begin",
    "Interruption.End",
    "Sample.Clock",
    "Sample.Periodic",
    "Transaction.Begin",
    "Transaction.End",
    "Trigger",
    "Other",
]
ValueFormat: TypeAlias = Literal["Raw", "SignedData"]
Measurand: TypeAlias = Literal[
    "Energy.Active.Export.Register",
    "Energy.Active.Import.Register",
    "Energy.Reactive.Export.Register",
    "Energy.Reactive.Import.Register",
    "Energy.Active.Export.Interval",
    "Energy.Active.Import.Interval",
    "Energy.Reactive.Export.Interval",
    "Energy.Reactive.Import.Interval",
    "Power.Active.Export",
    "Power.Active.Import",
    "Power.Offered",
    "Power.Reactive.Export",
    "Power.Reactive.Import",
    "Power.Factor",
    "Current.Import",
    "Current.Export",
    "Current.Offered",
    "Voltage",
    "Frequency",
    "Temperature",
    "SoC",
    "RPM",
]
Phase: TypeAlias = Literal["L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"]
Location: TypeAlias = Literal["Cable", "EV", "Inlet", "Outlet", "Body"]
UnitOfMeasure: TypeAlias = Literal[
    "Wh",
    "kWh",
    "varh",
    "kvarh",
    "W",
    "kW",
    "VA",
    "kVA",
    "var",
    "kvar",
    "A",
    "V",
    "K",
    "Celcius",
    "Celsius",
    "Fahrenheit",
    "Percent",
    "Hertz",
]


class SampledValue(Payload, frozen=True, kw_only=True):
    value: str
    context: ReadingContext | UnsetType = UNSET
    format: ValueFormat | UnsetType = UNSET
    measurand: Measurand | UnsetType = UNSET
    phase: Phase | UnsetType = UNSET
    location: Location | UnsetType = UNSET
    unit: UnitOfMeasure | UnsetType = UNSET


class MeterValue(Payload, frozen=True, kw_only=True):
    timestamp: Timestamp
    sampled_value: Annotated[list[SampledValue], Meta(min_length=1)]


class MeterValuesRequest(Payload, frozen=True, kw_only=True):
    """The MeterValues request of OCPP 1.6."""

    connector_id: int
    transaction_id: int | UnsetType = UNSET
    meter_value: Annotated[list[MeterValue], Meta(min_length=1)]


class MeterValuesResponse(Payload, frozen=True, kw_only=True):
    """The MeterValues response of OCPP 1.6."""


ChargingProfileKind: TypeAlias = Literal["Absolute", "Recurring", "Relative"]
RecurrencyKind: TypeAlias = Literal["Daily", "Weekly"]


class ChargingProfile(Payload, frozen=True, kw_only=True):
    charging_profile_id: int
    transaction_id: int | UnsetType = UNSET
    stack_level: int
    charging_profile_purpose: ChargingProfilePurpose
    charging_profile_kind: ChargingProfileKind
    recurrency_kind: RecurrencyKind | UnsetType = UNSET
    valid_from: Timestamp | UnsetType = UNSET
    valid_to: Timestamp | UnsetType = UNSET
    charging_schedule: ChargingSchedule


class RemoteStartTransactionRequest(Payload, frozen=True, kw_only=True):
    """The RemoteStartTransaction request of OCPP 1.6."""

    connector_id: int | UnsetType = UNSET
    id_tag: String20
    charging_profile: ChargingProfile | UnsetType = UNSET


RemoteStartStopStatus: TypeAlias = Literal["Accepted", "Rejected"]


class RemoteStartTransactionResponse(Payload, frozen=True, kw_only=True):
    """The RemoteStartTransaction response of OCPP 1.6."""

    status: RemoteStartStopStatus


class RemoteStopTransactionRequest(Payload, frozen=True, kw_only=True):
    """The RemoteStopTransaction request of OCPP 1.6."""

    transaction_id: int


class RemoteStopTransactionResponse(Payload, frozen=True, kw_only=True):
    """The RemoteStopTransaction response of OCPP 1.6."""

    status: RemoteStartStopStatus


class ReserveNowRequest(Payload, frozen=True, kw_only=True):
    """The ReserveNow request of OCPP 1.6."""

    connector_id: int
    expiry_date: Timestamp
    id_tag: String20
    parent_id_tag: String20 | UnsetType = UNSET
    reservation_id: int


ReservationStatus: TypeAlias = Literal["Accepted", "Faulted", "Occupied", "Rejected", "Unavailable"]


class ReserveNowResponse(Payload, frozen=True, kw_only=True):
    """The ReserveNow response of OCPP 1.6."""

    status: ReservationStatus


ResetType: TypeAlias = Literal["Hard", "Soft"]


class ResetRequest(Payload, frozen=True, kw_only=True):
    """The Reset request of OCPP 1.6."""

    type: ResetType


ResetStatus: TypeAlias = Literal["Accepted", "Rejected"]


class ResetResponse(Payload, frozen=True, kw_only=True):
    """The Reset response of OCPP 1.6."""

    status: ResetStatus


class SecurityEventNotificationRequest(Payload, frozen=True, kw_only=True):
    """The SecurityEventNotification request of OCPP 1.6."""

    type: String50
    timestamp: Timestamp
    tech_info: String255 | UnsetType = UNSET


class SecurityEventNotificationResponse(Payload, frozen=True, kw_only=True):
    """The SecurityEventNotification response of OCPP 1.6."""


class AuthorizationData(Payload, frozen=True, kw_only=True):
    id_tag: String20
    id_tag_info: IdTagInfo | UnsetType = UNSET


UpdateType: TypeAlias = Literal["Differential", "Full"]


class SendLocalListRequest(Payload, frozen=True, kw_only=True):
    """The SendLocalList request of OCPP 1.6."""

    list_version: int
    local_authorization_list: list[AuthorizationData] | UnsetType = UNSET
    update_type: UpdateType


UpdateStatus: TypeAlias = Literal["Accepted", "Failed", "NotSupported", "VersionMismatch"]


class SendLocalListResponse(Payload, frozen=True, kw_only=True):
    """The SendLocalList response of OCPP 1.6."""

    status: UpdateStatus


class SetChargingProfileRequest(Payload, frozen=True, kw_only=True):
    """The SetChargingProfile request of OCPP 1.6."""

    connector_id: int
    cs_charging_profiles: ChargingProfile


ChargingProfileStatus: TypeAlias = Literal["Accepted", "Rejected", "NotSupported"]


class SetChargingProfileResponse(Payload, frozen=True, kw_only=True):
    """The SetChargingProfile response of OCPP 1.6."""

    status: ChargingProfileStatus


class SignCertificateRequest(Payload, frozen=True, kw_only=True):
    """The SignCertificate request of OCPP 1.6."""

    csr: String5500


GenericStatusEnum: TypeAlias = Literal["Accepted", "Rejected"]


class SignCertificateResponse(Payload, frozen=True, kw_only=True):
    """The SignCertificate response of OCPP 1.6."""

    status: GenericStatusEnum


FirmwareStatusEnum: TypeAlias = Literal[
    "Downloaded",
    "DownloadFailed",
    "Downloading",
    "DownloadScheduled",
    "DownloadPaused",
    "Idle",
    "InstallationFailed",
    "Installing",
    "Installed",
    "InstallRebooting",
    "InstallScheduled",
    "InstallVerificationFailed",
    "InvalidSignature",
    "SignatureVerified",
]


class SignedFirmwareStatusNotificationRequest(Payload, frozen=True, kw_only=True):
    """The SignedFirmwareStatusNotification request of OCPP 1.6."""

    status: FirmwareStatusEnum
    request_id: int | UnsetType = UNSET


class SignedFirmwareStatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The SignedFirmwareStatusNotification response of OCPP 1.6."""


class Firmware(Payload, frozen=True, kw_only=True):
    location: String512
    retrieve_date_time: Timestamp
    install_date_time: Timestamp | UnsetType = UNSET
    signing_certificate: String5500
    signature: String800


class SignedUpdateFirmwareRequest(Payload, frozen=True, kw_only=True):
    """The SignedUpdateFirmware request of OCPP 1.6."""

    retries: int | UnsetType = UNSET
    retry_interval: int | UnsetType = UNSET
    request_id: int
    firmware: Firmware


UpdateFirmwareStatusEnum: TypeAlias = Literal[
    "Accepted",
    "Rejected",
    "AcceptedCanceled",
    "InvalidCertificate",
    "RevokedCertificate",
]


class SignedUpdateFirmwareResponse(Payload, frozen=True, kw_only=True):
    """The SignedUpdateFirmware response of OCPP 1.6."""

    status: UpdateFirmwareStatusEnum


class StartTransactionRequest(Payload, frozen=True, kw_only=True):
    """The StartTransaction request of OCPP 1.6."""

    connector_id: int
    id_tag: String20
    meter_start: int
    reservation_id: int | UnsetType = UNSET
    timestamp: Timestamp


class StartTransactionResponse(Payload, frozen=True, kw_only=True):
    """The StartTransaction response of OCPP 1.6."""

    id_tag_info: IdTagInfo
    transaction_id: int


ChargePointErrorCode: TypeAlias = Literal[
    "ConnectorLockFailure",
    "EVCommunicationError",
    "GroundFailure",
    "HighTemperature",
    "InternalError",
    "LocalListConflict",
    "NoError",
    "OtherError",
    "OverCurrentFailure",
    "PowerMeterFailure",
    "PowerSwitchFailure",
    "ReaderFailure",
    "ResetFailure",
    "UnderVoltage",
    "OverVoltage",
    "WeakSignal",
]
ChargePointStatus: TypeAlias = Literal[
    "Available",
    "Preparing",
    "Charging",
    "SuspendedEVSE",
    "SuspendedEV",
    "Finishing",
    "Reserved",
    "Unavailable",
    "Faulted",
]


class StatusNotificationRequest(Payload, frozen=True, kw_only=True):
    """The StatusNotification request of OCPP 1.6."""

    connector_id: int
    error_code: ChargePointErrorCode
    info: String50 | UnsetType = UNSET
    status: ChargePointStatus
    timestamp: Timestamp | UnsetType = UNSET
    vendor_id: String255 | UnsetType = UNSET
    vendor_error_code: String50 | UnsetType = UNSET


class StatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The StatusNotification response of OCPP 1.6."""


Reason: TypeAlias = Literal[
    "EmergencyStop",
    "EVDisconnected",
    "HardReset",
    "Local",
    "Other",
    "PowerLoss",
    "Reboot",
    "Remote",
    "SoftReset",
    "UnlockCommand",
    "DeAuthorized",
]
TransactionUnitOfMeasure: TypeAlias = Literal[
    "Wh",
    "kWh",
    "varh",
    "kvarh",
    "W",
    "kW",
    "VA",
    "kVA",
    "var",
    "kvar",
    "A",
    "V",
    "K",
    "Celcius",
    "Celsius",
    "Fahrenheit",
    "Percent",
]


class TransactionSampledValue(Payload, frozen=True, kw_only=True):
    value: str
    context: ReadingContext | UnsetType = UNSET
    format: ValueFormat | UnsetType = UNSET
    measurand: Measurand | UnsetType = UNSET
    phase: Phase | UnsetType = UNSET
    location: Location | UnsetType = UNSET
    unit: TransactionUnitOfMeasure | UnsetType = UNSET


class TransactionData(Payload, frozen=True, kw_only=True):
    timestamp: Timestamp
    sampled_value: list[TransactionSampledValue]


class StopTransactionRequest(Payload, frozen=True, kw_only=True):
    """The StopTransaction request of OCPP 1.6."""

    id_tag: String20 | UnsetType = UNSET
    meter_stop: int
    timestamp: Timestamp
    transaction_id: int
    reason: Reason | UnsetType = UNSET
    transaction_data: list[TransactionData] | UnsetType = UNSET


class StopTransactionResponse(Payload, frozen=True, kw_only=True):
    """The StopTransaction response of OCPP 1.6."""

    id_tag_info: IdTagInfo | UnsetType = UNSET


MessageTrigger: TypeAlias = Literal[
    "BootNotification",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "MeterValues",
    "StatusNotification",
]


class TriggerMessageRequest(Payload, frozen=True, kw_only=True):
    """The TriggerMessage request of OCPP 1.6."""

    requested_message: MessageTrigger
    connector_id: int | UnsetType = UNSET


TriggerMessageStatus: TypeAlias = Literal["Accepted", "Rejected", "NotImplemented"]


class TriggerMessageResponse(Payload, frozen=True, kw_only=True):
    """The TriggerMessage response of OCPP 1.6."""

    status: TriggerMessageStatus


class UnlockConnectorRequest(Payload, frozen=True, kw_only=True):
    """The UnlockConnector request of OCPP 1.6."""

    connector_id: int


UnlockStatus: TypeAlias = Literal["Unlocked", "UnlockFailed", "NotSupported"]


class UnlockConnectorResponse(Payload, frozen=True, kw_only=True):
    """The UnlockConnector response of OCPP 1.6."""

    status: UnlockStatus


class UpdateFirmwareRequest(Payload, frozen=True, kw_only=True):
    """The UpdateFirmware request of OCPP 1.6."""

    location: str
    retries: int | UnsetType = UNSET
    retrieve_date: Timestamp
    retry_interval: int | UnsetType = UNSET


class UpdateFirmwareResponse(Payload, frozen=True, kw_only=True):
    """The UpdateFirmware response of OCPP 1.6."""


CALLS: dict[str, tuple[type[Payload], type[Payload]]] = {
    "Authorize": (AuthorizeRequest, AuthorizeResponse),
    "BootNotification": (BootNotificationRequest, BootNotificationResponse),
    "CancelReservation": (CancelReservationRequest, CancelReservationResponse),
    "CertificateSigned": (CertificateSignedRequest, CertificateSignedResponse),
    "ChangeAvailability": (ChangeAvailabilityRequest, ChangeAvailabilityResponse),
    "ChangeConfiguration": (ChangeConfigurationRequest, ChangeConfigurationResponse),
    "ClearCache": (ClearCacheRequest, ClearCacheResponse),
    "ClearChargingProfile": (ClearChargingProfileRequest, ClearChargingProfileResponse),
    "DataTransfer": (DataTransferRequest, DataTransferResponse),
    "DeleteCertificate": (DeleteCertificateRequest, DeleteCertificateResponse),
    "DiagnosticsStatusNotification": (DiagnosticsStatusNotificationRequest, DiagnosticsStatusNotificationResponse),
    "ExtendedTriggerMessage": (ExtendedTriggerMessageRequest, ExtendedTriggerMessageResponse),
    "FirmwareStatusNotification": (FirmwareStatusNotificationRequest, FirmwareStatusNotificationResponse),
    "GetCompositeSchedule": (GetCompositeScheduleRequest, GetCompositeScheduleResponse),
    "GetConfiguration": (GetConfigurationRequest, GetConfigurationResponse),
    "GetDiagnostics": (GetDiagnosticsRequest, GetDiagnosticsResponse),
    "GetInstalledCertificateIds": (GetInstalledCertificateIdsRequest, GetInstalledCertificateIdsResponse),
    "GetLocalListVersion": (GetLocalListVersionRequest, GetLocalListVersionResponse),
    "GetLog": (GetLogRequest, GetLogResponse),
    "Heartbeat": (HeartbeatRequest, HeartbeatResponse),
    "InstallCertificate": (InstallCertificateRequest, InstallCertificateResponse),
    "LogStatusNotification": (LogStatusNotificationRequest, LogStatusNotificationResponse),
    "MeterValues": (MeterValuesRequest, MeterValuesResponse),
    "RemoteStartTransaction": (RemoteStartTransactionRequest, RemoteStartTransactionResponse),
    "RemoteStopTransaction": (RemoteStopTransactionRequest, RemoteStopTransactionResponse),
    "ReserveNow": (ReserveNowRequest, ReserveNowResponse),
    "Reset": (ResetRequest, ResetResponse),
    "SecurityEventNotification": (SecurityEventNotificationRequest, SecurityEventNotificationResponse),
    "SendLocalList": (SendLocalListRequest, SendLocalListResponse),
    "SetChargingProfile": (SetChargingProfileRequest, SetChargingProfileResponse),
    "SignCertificate": (SignCertificateRequest, SignCertificateResponse),
    "SignedFirmwareStatusNotification": (SignedFirmwareStatusNotificationRequest, SignedFirmwareStatusNotificationResponse),
    "SignedUpdateFirmware": (SignedUpdateFirmwareRequest, SignedUpdateFirmwareResponse),
    "StartTransaction": (StartTransactionRequest, StartTransactionResponse),
    "StatusNotification": (StatusNotificationRequest, StatusNotificationResponse),
    "StopTransaction": (StopTransactionRequest, StopTransactionResponse),
    "TriggerMessage": (TriggerMessageRequest, TriggerMessageResponse),
    "UnlockConnector": (UnlockConnectorRequest, UnlockConnectorResponse),
    "UpdateFirmware": (UpdateFirmwareRequest, UpdateFirmwareResponse),
}
"""The request and the response type of every action."""

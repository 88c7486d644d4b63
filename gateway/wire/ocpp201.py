"""The payload types of OCPP 2.0.1.

Generated from the schemas in v201 of the ocpp package 2.1.0.
Do not edit: change gateway/wire/codegen.py and run `python -m gateway.wire.codegen`.
"""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType, field

from gateway.wire.schema_types import CustomData, Payload, Timestamp

String6: TypeAlias = Annotated[str, Meta(max_length=6)]
String8: TypeAlias = Annotated[str, Meta(max_length=8)]
String16: TypeAlias = Annotated[str, Meta(max_length=16)]
String20: TypeAlias = Annotated[str, Meta(max_length=20)]
String25: TypeAlias = Annotated[str, Meta(max_length=25)]
String32: TypeAlias = Annotated[str, Meta(max_length=32)]
String36: TypeAlias = Annotated[str, Meta(max_length=36)]
String40: TypeAlias = Annotated[str, Meta(max_length=40)]
String50: TypeAlias = Annotated[str, Meta(max_length=50)]
String64: TypeAlias = Annotated[str, Meta(max_length=64)]
String128: TypeAlias = Annotated[str, Meta(max_length=128)]
String255: TypeAlias = Annotated[str, Meta(max_length=255)]
String500: TypeAlias = Annotated[str, Meta(max_length=500)]
String512: TypeAlias = Annotated[str, Meta(max_length=512)]
String800: TypeAlias = Annotated[str, Meta(max_length=800)]
String1000: TypeAlias = Annotated[str, Meta(max_length=1000)]
String2500: TypeAlias = Annotated[str, Meta(max_length=2500)]
String5500: TypeAlias = Annotated[str, Meta(max_length=5500)]
String5600: TypeAlias = Annotated[str, Meta(max_length=5600)]
String7500: TypeAlias = Annotated[str, Meta(max_length=7500)]
String10000: TypeAlias = Annotated[str, Meta(max_length=10000)]


class AdditionalInfo(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    additional_id_token: String36
    type: String50


IdTokenEnum: TypeAlias = Literal[
    "Central",
    "eMAID",
    "ISO14443",
    "ISO15693",
    "KeyCode",
    "Local",
    "MacAddress",
    "NoAuthorization",
]


class IdToken(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    additional_info: Annotated[list[AdditionalInfo], Meta(min_length=1)] | UnsetType = UNSET
    id_token: String36
    type: IdTokenEnum


HashAlgorithmEnum: TypeAlias = Literal["SHA256", "SHA384", "SHA512"]


class OCSPRequestData(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    hash_algorithm: HashAlgorithmEnum
    issuer_name_hash: String128
    issuer_key_hash: String128
    serial_number: String40
    responder_url: String512 = field(name="responderURL")


class AuthorizeRequest(Payload, frozen=True, kw_only=True):
    """The Authorize request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    id_token: IdToken
    certificate: String5500 | UnsetType = UNSET
    iso15118_certificate_hash_data: Annotated[list[OCSPRequestData], Meta(min_length=1, max_length=4)] | UnsetType = UNSET


AuthorizationStatusEnum: TypeAlias = Literal[
    "Accepted",
    "Blocked",
    "ConcurrentTx",
    "Expired",
    "Invalid",
    "NoCredit",
    "NotAllowedTypeEVSE",
    "NotAtThisLocation",
    "NotAtThisTime",
    "Unknown",
]
MessageFormatEnum: TypeAlias = Literal["ASCII", "HTML", "URI", "UTF8"]


class MessageContent(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    format: MessageFormatEnum
    language: String8 | UnsetType = UNSET
    content: String512


class IdTokenInfo(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    status: AuthorizationStatusEnum
    cache_expiry_date_time: Timestamp | UnsetType = UNSET
    charging_priority: int | UnsetType = UNSET
    language1: String8 | UnsetType = UNSET
    evse_id: Annotated[list[int], Meta(min_length=1)] | UnsetType = UNSET
    group_id_token: IdToken | UnsetType = UNSET
    language2: String8 | UnsetType = UNSET
    personal_message: MessageContent | UnsetType = UNSET


AuthorizeCertificateStatusEnum: TypeAlias = Literal[
    "Accepted",
    "SignatureError",
    "CertificateExpired",
    "CertificateRevoked",
    "NoCertificateAvailable",
    "CertChainError",
    "ContractCancelled",
]


class AuthorizeResponse(Payload, frozen=True, kw_only=True):
    """The Authorize response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    id_token_info: IdTokenInfo
    certificate_status: AuthorizeCertificateStatusEnum | UnsetType = UNSET


class Modem(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    iccid: String20 | UnsetType = UNSET
    imsi: String20 | UnsetType = UNSET


class ChargingStation(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    serial_number: String25 | UnsetType = UNSET
    model: String20
    modem: Modem | UnsetType = UNSET
    vendor_name: String50
    firmware_version: String50 | UnsetType = UNSET


BootReasonEnum: TypeAlias = Literal[
    "ApplicationReset",
    "FirmwareUpdate",
    "LocalReset",
    "PowerUp",
    "RemoteReset",
    "ScheduledReset",
    "Triggered",
    "Unknown",
    "Watchdog",
]


class BootNotificationRequest(Payload, frozen=True, kw_only=True):
    """The BootNotification request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    charging_station: ChargingStation
    reason: BootReasonEnum


RegistrationStatusEnum: TypeAlias = Literal["Accepted", "Pending", "Rejected"]


class StatusInfo(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    reason_code: String20
    additional_info: String512 | UnsetType = UNSET


class BootNotificationResponse(Payload, frozen=True, kw_only=True):
    """The BootNotification response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    current_time: Timestamp
    interval: int
    status: RegistrationStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


class CancelReservationRequest(Payload, frozen=True, kw_only=True):
    """The CancelReservation request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    reservation_id: int


CancelReservationStatusEnum: TypeAlias = Literal["Accepted", "Rejected"]


class CancelReservationResponse(Payload, frozen=True, kw_only=True):
    """The CancelReservation response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: CancelReservationStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


CertificateSigningUseEnum: TypeAlias = Literal["ChargingStationCertificate", "V2GCertificate"]


class CertificateSignedRequest(Payload, frozen=True, kw_only=True):
    """The CertificateSigned request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    certificate_chain: String10000
    certificate_type: CertificateSigningUseEnum | UnsetType = UNSET


CertificateSignedStatusEnum: TypeAlias = Literal["Accepted", "Rejected"]


class CertificateSignedResponse(Payload, frozen=True, kw_only=True):
    """The CertificateSigned response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: CertificateSignedStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


class EVSE(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    id: int
    connector_id: int | UnsetType = UNSET


OperationalStatusEnum: TypeAlias = Literal["Inoperative", "Operative"]


class ChangeAvailabilityRequest(Payload, frozen=True, kw_only=True):
    """The ChangeAvailability request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    evse: EVSE | UnsetType = UNSET
    operational_status: OperationalStatusEnum


ChangeAvailabilityStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "Scheduled"]


class ChangeAvailabilityResponse(Payload, frozen=True, kw_only=True):
    """The ChangeAvailability response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: ChangeAvailabilityStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


class ClearCacheRequest(Payload, frozen=True, kw_only=True):
    """The ClearCache request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


ClearCacheStatusEnum: TypeAlias = Literal["Accepted", "Rejected"]


class ClearCacheResponse(Payload, frozen=True, kw_only=True):
    """The ClearCache response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: ClearCacheStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


ChargingProfilePurposeEnum: TypeAlias = Literal[
    "ChargingStationExternalConstraints",
    "ChargingStationMaxProfile",
    "TxDefaultProfile",
    "TxProfile",
]


class ClearChargingProfile(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    evse_id: int | UnsetType = UNSET
    charging_profile_purpose: ChargingProfilePurposeEnum | UnsetType = UNSET
    stack_level: int | UnsetType = UNSET


class ClearChargingProfileRequest(Payload, frozen=True, kw_only=True):
    """The ClearChargingProfile request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    charging_profile_id: int | UnsetType = UNSET
    charging_profile_criteria: ClearChargingProfile | UnsetType = UNSET


ClearChargingProfileStatusEnum: TypeAlias = Literal["Accepted", "Unknown"]


class ClearChargingProfileResponse(Payload, frozen=True, kw_only=True):
    """The ClearChargingProfile response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: ClearChargingProfileStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


class ClearDisplayMessageRequest(Payload, frozen=True, kw_only=True):
    """The ClearDisplayMessage request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    id: int


ClearMessageStatusEnum: TypeAlias = Literal["Accepted", "Unknown"]


class ClearDisplayMessageResponse(Payload, frozen=True, kw_only=True):
    """The ClearDisplayMessage response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: ClearMessageStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


class ClearVariableMonitoringRequest(Payload, frozen=True, kw_only=True):
    """The ClearVariableMonitoring request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    id: Annotated[list[int], Meta(min_length=1)]


ClearMonitoringStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "NotFound"]


class ClearMonitoringResult(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    status: ClearMonitoringStatusEnum
    id: int
    status_info: StatusInfo | UnsetType = UNSET


class ClearVariableMonitoringResponse(Payload, frozen=True, kw_only=True):
    """The ClearVariableMonitoring response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    clear_monitoring_result: Annotated[list[ClearMonitoringResult], Meta(min_length=1)]


ChargingLimitSourceEnum: TypeAlias = Literal["EMS", "Other", "SO", "CSO"]


class ClearedChargingLimitRequest(Payload, frozen=True, kw_only=True):
    """The ClearedChargingLimit request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    charging_limit_source: ChargingLimitSourceEnum
    evse_id: int | UnsetType = UNSET


class ClearedChargingLimitResponse(Payload, frozen=True, kw_only=True):
    """The ClearedChargingLimit response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


class CostUpdatedRequest(Payload, frozen=True, kw_only=True):
    """The CostUpdated request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    total_cost: float
    transaction_id: String36


class CostUpdatedResponse(Payload, frozen=True, kw_only=True):
    """The CostUpdated response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


class CertificateHashData(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    hash_algorithm: HashAlgorithmEnum
    issuer_name_hash: String128
    issuer_key_hash: String128
    serial_number: String40


class CustomerInformationRequest(Payload, frozen=True, kw_only=True):
    """The CustomerInformation request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    customer_certificate: CertificateHashData | UnsetType = UNSET
    id_token: IdToken | UnsetType = UNSET
    request_id: int
    report: bool
    clear: bool
    customer_identifier: String64 | UnsetType = UNSET


CustomerInformationStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "Invalid"]


class CustomerInformationResponse(Payload, frozen=True, kw_only=True):
    """The CustomerInformation response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: CustomerInformationStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


class DataTransferRequest(Payload, frozen=True, kw_only=True):
    """The DataTransfer request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    message_id: String50 | UnsetType = UNSET
    data: Any | UnsetType = UNSET
    vendor_id: String255


DataTransferStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId"]


class DataTransferResponse(Payload, frozen=True, kw_only=True):
    """The DataTransfer response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: DataTransferStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    data: Any | UnsetType = UNSET


class DeleteCertificateRequest(Payload, frozen=True, kw_only=True):
    """The DeleteCertificate request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    certificate_hash_data: CertificateHashData


DeleteCertificateStatusEnum: TypeAlias = Literal["Accepted", "Failed", "NotFound"]


class DeleteCertificateResponse(Payload, frozen=True, kw_only=True):
    """The DeleteCertificate response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: DeleteCertificateStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


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


class FirmwareStatusNotificationRequest(Payload, frozen=True, kw_only=True):
    """The FirmwareStatusNotification request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: FirmwareStatusEnum
    request_id: int | UnsetType = UNSET


class FirmwareStatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The FirmwareStatusNotification response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


CertificateActionEnum: TypeAlias = Literal["Install", "Update"]


class Get15118EVCertificateRequest(Payload, frozen=True, kw_only=True):
    """The Get15118EVCertificate request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    iso15118_schema_version: String50
    action: CertificateActionEnum
    exi_request: String5600


Iso15118EVCertificateStatusEnum: TypeAlias = Literal["Accepted", "Failed"]


class Get15118EVCertificateResponse(Payload, frozen=True, kw_only=True):
    """The Get15118EVCertificate response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: Iso15118EVCertificateStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    exi_response: String7500


ReportBaseEnum: TypeAlias = Literal["ConfigurationInventory", "FullInventory", "SummaryInventory"]


class GetBaseReportRequest(Payload, frozen=True, kw_only=True):
    """The GetBaseReport request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    request_id: int
    report_base: ReportBaseEnum


GenericDeviceModelStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "NotSupported", "EmptyResultSet"]


class GetBaseReportResponse(Payload, frozen=True, kw_only=True):
    """The GetBaseReport response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: GenericDeviceModelStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


class GetCertificateStatusRequest(Payload, frozen=True, kw_only=True):
    """The GetCertificateStatus request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    ocsp_request_data: OCSPRequestData


GetCertificateStatusEnum: TypeAlias = Literal["Accepted", "Failed"]


class GetCertificateStatusResponse(Payload, frozen=True, kw_only=True):
    """The GetCertificateStatus response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: GetCertificateStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    ocsp_result: String5500 | UnsetType = UNSET


class ChargingProfileCriterion(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    charging_profile_purpose: ChargingProfilePurposeEnum | UnsetType = UNSET
    stack_level: int | UnsetType = UNSET
    charging_profile_id: Annotated[list[int], Meta(min_length=1)] | UnsetType = UNSET
    charging_limit_source: Annotated[list[ChargingLimitSourceEnum], Meta(min_length=1, max_length=4)] | UnsetType = UNSET


class GetChargingProfilesRequest(Payload, frozen=True, kw_only=True):
    """The GetChargingProfiles request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    request_id: int
    evse_id: int | UnsetType = UNSET
    charging_profile: ChargingProfileCriterion


GetChargingProfileStatusEnum: TypeAlias = Literal["Accepted", "NoProfiles"]


class GetChargingProfilesResponse(Payload, frozen=True, kw_only=True):
    """The GetChargingProfiles response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: GetChargingProfileStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


ChargingRateUnitEnum: TypeAlias = Literal["W", "A"]


class GetCompositeScheduleRequest(Payload, frozen=True, kw_only=True):
    """The GetCompositeSchedule request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    duration: int
    charging_rate_unit: ChargingRateUnitEnum | UnsetType = UNSET
    evse_id: int


GenericStatusEnum: TypeAlias = Literal["Accepted", "Rejected"]


class ChargingSchedulePeriod(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    start_period: int
    limit: float
    number_phases: int | UnsetType = UNSET
    phase_to_use: int | UnsetType = UNSET


class CompositeSchedule(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    charging_schedule_period: Annotated[list[ChargingSchedulePeriod], Meta(min_length=1)]
    evse_id: int
    duration: int
    schedule_start: Timestamp
    charging_rate_unit: ChargingRateUnitEnum


class GetCompositeScheduleResponse(Payload, frozen=True, kw_only=True):
    """The GetCompositeSchedule response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: GenericStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    schedule: CompositeSchedule | UnsetType = UNSET


MessagePriorityEnum: TypeAlias = Literal["AlwaysFront", "InFront", "NormalCycle"]
MessageStateEnum: TypeAlias = Literal["Charging", "Faulted", "Idle", "Unavailable"]


class GetDisplayMessagesRequest(Payload, frozen=True, kw_only=True):
    """The GetDisplayMessages request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    id: Annotated[list[int], Meta(min_length=1)] | UnsetType = UNSET
    request_id: int
    priority: MessagePriorityEnum | UnsetType = UNSET
    state: MessageStateEnum | UnsetType = UNSET


GetDisplayMessagesStatusEnum: TypeAlias = Literal["Accepted", "Unknown"]


class GetDisplayMessagesResponse(Payload, frozen=True, kw_only=True):
    """The GetDisplayMessages response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: GetDisplayMessagesStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


GetCertificateIdUseEnum: TypeAlias = Literal[
    "V2GRootCertificate",
    "MORootCertificate",
    "CSMSRootCertificate",
    "V2GCertificateChain",
    "ManufacturerRootCertificate",
]


class GetInstalledCertificateIdsRequest(Payload, frozen=True, kw_only=True):
    """The GetInstalledCertificateIds request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    certificate_type: Annotated[list[GetCertificateIdUseEnum], Meta(min_length=1)] | UnsetType = UNSET


GetInstalledCertificateStatusEnum: TypeAlias = Literal["Accepted", "NotFound"]


class CertificateHashDataChain(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    certificate_hash_data: CertificateHashData
    certificate_type: GetCertificateIdUseEnum
    child_certificate_hash_data: Annotated[list[CertificateHashData], Meta(min_length=1, max_length=4)] | UnsetType = UNSET


class GetInstalledCertificateIdsResponse(Payload, frozen=True, kw_only=True):
    """The GetInstalledCertificateIds response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: GetInstalledCertificateStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    certificate_hash_data_chain: Annotated[list[CertificateHashDataChain], Meta(min_length=1)] | UnsetType = UNSET


class GetLocalListVersionRequest(Payload, frozen=True, kw_only=True):
    """The GetLocalListVersion request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


class GetLocalListVersionResponse(Payload, frozen=True, kw_only=True):
    """The GetLocalListVersion response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    version_number: int


class LogParameters(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    remote_location: String512
    oldest_timestamp: Timestamp | UnsetType = UNSET
    latest_timestamp: Timestamp | UnsetType = UNSET


LogEnum: TypeAlias = Literal["DiagnosticsLog", "SecurityLog"]


class GetLogRequest(Payload, frozen=True, kw_only=True):
    """The GetLog request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    log: LogParameters
    log_type: LogEnum
    request_id: int
    retries: int | UnsetType = UNSET
    retry_interval: int | UnsetType = UNSET


LogStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "AcceptedCanceled"]


class GetLogResponse(Payload, frozen=True, kw_only=True):
    """The GetLog response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: LogStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    filename: String255 | UnsetType = UNSET


class Component(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    evse: EVSE | UnsetType = UNSET
    name: String50
    instance: String50 | UnsetType = UNSET


class Variable(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    name: String50
    instance: String50 | UnsetType = UNSET


class ComponentVariable(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    component: Component
    variable: Variable | UnsetType = UNSET


MonitoringCriterionEnum: TypeAlias = Literal["ThresholdMonitoring", "DeltaMonitoring", "PeriodicMonitoring"]


class GetMonitoringReportRequest(Payload, frozen=True, kw_only=True):
    """The GetMonitoringReport request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    component_variable: Annotated[list[ComponentVariable], Meta(min_length=1)] | UnsetType = UNSET
    request_id: int
    monitoring_criteria: Annotated[list[MonitoringCriterionEnum], Meta(min_length=1, max_length=3)] | UnsetType = UNSET


class GetMonitoringReportResponse(Payload, frozen=True, kw_only=True):
    """The GetMonitoringReport response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: GenericDeviceModelStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


ComponentCriterionEnum: TypeAlias = Literal["Active", "Available", "Enabled", "Problem"]


class GetReportRequest(Payload, frozen=True, kw_only=True):
    """The GetReport request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    component_variable: Annotated[list[ComponentVariable], Meta(min_length=1)] | UnsetType = UNSET
    request_id: int
    component_criteria: Annotated[list[ComponentCriterionEnum], Meta(min_length=1, max_length=4)] | UnsetType = UNSET


class GetReportResponse(Payload, frozen=True, kw_only=True):
    """The GetReport response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: GenericDeviceModelStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


class GetTransactionStatusRequest(Payload, frozen=True, kw_only=True):
    """The GetTransactionStatus request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    transaction_id: String36 | UnsetType = UNSET


class GetTransactionStatusResponse(Payload, frozen=True, kw_only=True):
    """The GetTransactionStatus response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    ongoing_indicator: bool | UnsetType = UNSET
    messages_in_queue: bool


AttributeEnum: TypeAlias = Literal["Actual", "Target", "MinSet", "MaxSet"]


class GetVariableData(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    attribute_type: AttributeEnum | UnsetType = UNSET
    component: Component
    variable: Variable


class GetVariablesRequest(Payload, frozen=True, kw_only=True):
    """The GetVariables request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    get_variable_data: Annotated[list[GetVariableData], Meta(min_length=1)]


GetVariableStatusEnum: TypeAlias = Literal[
    "Accepted",
    "Rejected",
    "UnknownComponent",
    "UnknownVariable",
    "NotSupportedAttributeType",
]


class GetVariableResult(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    attribute_status_info: StatusInfo | UnsetType = UNSET
    attribute_status: GetVariableStatusEnum
    attribute_type: AttributeEnum | UnsetType = UNSET
    attribute_value: String2500 | UnsetType = UNSET
    component: Component
    variable: Variable


class GetVariablesResponse(Payload, frozen=True, kw_only=True):
    """The GetVariables response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    get_variable_result: Annotated[list[GetVariableResult], Meta(min_length=1)]


class HeartbeatRequest(Payload, frozen=True, kw_only=True):
    """The Heartbeat request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


class HeartbeatResponse(Payload, frozen=True, kw_only=True):
    """The Heartbeat response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    current_time: Timestamp


InstallCertificateUseEnum: TypeAlias = Literal[
    "V2GRootCertificate",
    "MORootCertificate",
    "CSMSRootCertificate",
    "ManufacturerRootCertificate",
]


class InstallCertificateRequest(Payload, frozen=True, kw_only=True):
    """The InstallCertificate request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    certificate_type: InstallCertificateUseEnum
    certificate: String5500


InstallCertificateStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "Failed"]


class InstallCertificateResponse(Payload, frozen=True, kw_only=True):
    """The InstallCertificate response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: InstallCertificateStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


UploadLogStatusEnum: TypeAlias = Literal[
    "BadMessage",
    "Idle",
    "NotSupportedOperation",
    "PermissionDenied",
    "Uploaded",
    "UploadFailure",
    "Uploading",
    "AcceptedCanceled",
]


class LogStatusNotificationRequest(Payload, frozen=True, kw_only=True):
    """The LogStatusNotification request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: UploadLogStatusEnum
    request_id: int | UnsetType = UNSET


class LogStatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The LogStatusNotification response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


ReadingContextEnum: TypeAlias = Literal[
    "Interruption.Begin",
    "Interruption.End",
    "Other",
    "Sample.Clock",
    "Sample.Periodic",
    "Transaction.Begin",
    "Transaction.End",
    "Trigger",
]
MeasurandEnum: TypeAlias = Literal[
    "Current.Export",
    "Current.Import",
    "Current.Offered",
    "Energy.Active.Export.Register",
    "Energy.Active.Import.Register",
    "Energy.Reactive.Export.Register",
    "Energy.Reactive.Import.Register",
    "Energy.Active.Export.Interval",
    "Energy.Active.Import.Interval",
    "Energy.Active.Net",
    "Energy.Reactive.Export.Interval",
    "Energy.Reactive.Import.Interval",
    "Energy.Reactive.Net",
    "Energy.Apparent.Net",
    "Energy.Apparent.Import",
    "Energy.Apparent.Export",
    "Frequency",
    "Power.Active.Export",
    "Power.Active.Import",
    "Power.Factor",
    "Power.Offered",
    "Power.Reactive.Export",
    "Power.Reactive.Import",
    "SoC",
    "Voltage",
]
PhaseEnum: TypeAlias = Literal["L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"]
LocationEnum: TypeAlias = Literal["Body", "Cable", "EV", "Inlet", "Outlet"]


class SignedMeterValue(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    signed_meter_data: String2500
    signing_method: String50
    encoding_method: String50
    public_key: String2500


class UnitOfMeasure(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    unit: String20 | UnsetType = UNSET
    multiplier: int | UnsetType = UNSET


class SampledValue(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    value: float
    context: ReadingContextEnum | UnsetType = UNSET
    measurand: MeasurandEnum | UnsetType = UNSET
    phase: PhaseEnum | UnsetType = UNSET
    location: LocationEnum | UnsetType = UNSET
    signed_meter_value: SignedMeterValue | UnsetType = UNSET
    unit_of_measure: UnitOfMeasure | UnsetType = UNSET


class MeterValue(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    sampled_value: Annotated[list[SampledValue], Meta(min_length=1)]
    timestamp: Timestamp


class MeterValuesRequest(Payload, frozen=True, kw_only=True):
    """The MeterValues request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    evse_id: int
    meter_value: Annotated[list[MeterValue], Meta(min_length=1)]


class MeterValuesResponse(Payload, frozen=True, kw_only=True):
    """The MeterValues response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


class RelativeTimeInterval(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    start: int
    duration: int | UnsetType = UNSET


CostKindEnum: TypeAlias = Literal["CarbonDioxideEmission", "RelativePricePercentage", "RenewableGenerationPercentage"]


class Cost(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    cost_kind: CostKindEnum
    amount: int
    amount_multiplier: int | UnsetType = UNSET


class ConsumptionCost(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    start_value: float
    cost: Annotated[list[Cost], Meta(min_length=1, max_length=3)]


class SalesTariffEntry(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    relative_time_interval: RelativeTimeInterval
    e_price_level: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    consumption_cost: Annotated[list[ConsumptionCost], Meta(min_length=1, max_length=3)] | UnsetType = UNSET


class SalesTariff(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    id: int
    sales_tariff_description: String32 | UnsetType = UNSET
    num_e_price_levels: int | UnsetType = UNSET
    sales_tariff_entry: Annotated[list[SalesTariffEntry], Meta(min_length=1, max_length=1024)]


class ChargingSchedule(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    id: int
    start_schedule: Timestamp | UnsetType = UNSET
    duration: int | UnsetType = UNSET
    charging_rate_unit: ChargingRateUnitEnum
    charging_schedule_period: Annotated[list[ChargingSchedulePeriod], Meta(min_length=1, max_length=1024)]
    min_charging_rate: float | UnsetType = UNSET
    sales_tariff: SalesTariff | UnsetType = UNSET


class ChargingLimit(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    charging_limit_source: ChargingLimitSourceEnum
    is_grid_critical: bool | UnsetType = UNSET


class NotifyChargingLimitRequest(Payload, frozen=True, kw_only=True):
    """The NotifyChargingLimit request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    charging_schedule: Annotated[list[ChargingSchedule], Meta(min_length=1)] | UnsetType = UNSET
    evse_id: int | UnsetType = UNSET
    charging_limit: ChargingLimit


class NotifyChargingLimitResponse(Payload, frozen=True, kw_only=True):
    """The NotifyChargingLimit response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


class NotifyCustomerInformationRequest(Payload, frozen=True, kw_only=True):
    """The NotifyCustomerInformation request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    data: String512
    tbc: bool | UnsetType = UNSET
    seq_no: int
    generated_at: Timestamp
    request_id: int


class NotifyCustomerInformationResponse(Payload, frozen=True, kw_only=True):
    """The NotifyCustomerInformation response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


class MessageInfo(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    display: Component | UnsetType = UNSET
    id: int
    priority: MessagePriorityEnum
    state: MessageStateEnum | UnsetType = UNSET
    start_date_time: Timestamp | UnsetType = UNSET
    end_date_time: Timestamp | UnsetType = UNSET
    transaction_id: String36 | UnsetType = UNSET
    message: MessageContent


class NotifyDisplayMessagesRequest(Payload, frozen=True, kw_only=True):
    """The NotifyDisplayMessages request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    message_info: Annotated[list[MessageInfo], Meta(min_length=1)] | UnsetType = UNSET
    request_id: int
    tbc: bool | UnsetType = UNSET


class NotifyDisplayMessagesResponse(Payload, frozen=True, kw_only=True):
    """The NotifyDisplayMessages response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


class ACChargingParameters(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    energy_amount: int
    ev_min_current: int
    ev_max_current: int
    ev_max_voltage: int


class DCChargingParameters(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    ev_max_current: int
    ev_max_voltage: int
    energy_amount: int | UnsetType = UNSET
    ev_max_power: int | UnsetType = UNSET
    state_of_charge: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    ev_energy_capacity: int | UnsetType = UNSET
    full_so_c: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    bulk_so_c: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET


EnergyTransferModeEnum: TypeAlias = Literal["DC", "AC_single_phase", "AC_two_phase", "AC_three_phase"]


class ChargingNeeds(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    ac_charging_parameters: ACChargingParameters | UnsetType = UNSET
    dc_charging_parameters: DCChargingParameters | UnsetType = UNSET
    requested_energy_transfer: EnergyTransferModeEnum
    departure_time: Timestamp | UnsetType = UNSET


class NotifyEVChargingNeedsRequest(Payload, frozen=True, kw_only=True):
    """The NotifyEVChargingNeeds request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    max_schedule_tuples: int | UnsetType = UNSET
    charging_needs: ChargingNeeds
    evse_id: int


NotifyEVChargingNeedsStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "Processing"]


class NotifyEVChargingNeedsResponse(Payload, frozen=True, kw_only=True):
    """The NotifyEVChargingNeeds response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: NotifyEVChargingNeedsStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


class NotifyEVChargingScheduleRequest(Payload, frozen=True, kw_only=True):
    """The NotifyEVChargingSchedule request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    time_base: Timestamp
    charging_schedule: ChargingSchedule
    evse_id: int


class NotifyEVChargingScheduleResponse(Payload, frozen=True, kw_only=True):
    """The NotifyEVChargingSchedule response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: GenericStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


EventTriggerEnum: TypeAlias = Literal["Alerting", "Delta", "Periodic"]
EventNotificationEnum: TypeAlias = Literal[
    "HardWiredNotification",
    "HardWiredMonitor",
    "PreconfiguredMonitor",
    "CustomMonitor",
]


class EventData(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    event_id: int
    timestamp: Timestamp
    trigger: EventTriggerEnum
    cause: int | UnsetType = UNSET
    actual_value: String2500
    tech_code: String50 | UnsetType = UNSET
    tech_info: String500 | UnsetType = UNSET
    cleared: bool | UnsetType = UNSET
    transaction_id: String36 | UnsetType = UNSET
    component: Component
    variable_monitoring_id: int | UnsetType = UNSET
    event_notification_type: EventNotificationEnum
    variable: Variable


class NotifyEventRequest(Payload, frozen=True, kw_only=True):
    """The NotifyEvent request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    generated_at: Timestamp
    tbc: bool | UnsetType = UNSET
    seq_no: int
    event_data: Annotated[list[EventData], Meta(min_length=1)]


class NotifyEventResponse(Payload, frozen=True, kw_only=True):
    """The NotifyEvent response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


MonitorEnum: TypeAlias = Literal["UpperThreshold", "LowerThreshold", "Delta", "Periodic", "PeriodicClockAligned"]


class VariableMonitoring(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    id: int
    transaction: bool
    value: float
    type: MonitorEnum
    severity: int


class MonitoringData(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    component: Component
    variable: Variable
    variable_monitoring: Annotated[list[VariableMonitoring], Meta(min_length=1)]


class NotifyMonitoringReportRequest(Payload, frozen=True, kw_only=True):
    """The NotifyMonitoringReport request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    monitor: Annotated[list[MonitoringData], Meta(min_length=1)] | UnsetType = UNSET
    request_id: int
    tbc: bool | UnsetType = UNSET
    seq_no: int
    generated_at: Timestamp


class NotifyMonitoringReportResponse(Payload, frozen=True, kw_only=True):
    """The NotifyMonitoringReport response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


MutabilityEnum: TypeAlias = Literal["ReadOnly", "WriteOnly", "ReadWrite"]


class VariableAttribute(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    type: AttributeEnum | UnsetType = UNSET
    value: String2500 | UnsetType = UNSET
    mutability: MutabilityEnum | UnsetType = UNSET
    persistent: bool | UnsetType = UNSET
    constant: bool | UnsetType = UNSET


DataEnum: TypeAlias = Literal[
    "string",
    "decimal",
    "integer",
    "dateTime",
    "boolean",
    "OptionList",
    "SequenceList",
    "MemberList",
]


class VariableCharacteristics(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    unit: String16 | UnsetType = UNSET
    data_type: DataEnum
    min_limit: float | UnsetType = UNSET
    max_limit: float | UnsetType = UNSET
    values_list: String1000 | UnsetType = UNSET
    supports_monitoring: bool


class ReportData(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    component: Component
    variable: Variable
    variable_attribute: Annotated[list[VariableAttribute], Meta(min_length=1, max_length=4)]
    variable_characteristics: VariableCharacteristics | UnsetType = UNSET


class NotifyReportRequest(Payload, frozen=True, kw_only=True):
    """The NotifyReport request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    request_id: int
    generated_at: Timestamp
    report_data: Annotated[list[ReportData], Meta(min_length=1)] | UnsetType = UNSET
    tbc: bool | UnsetType = UNSET
    seq_no: int


class NotifyReportResponse(Payload, frozen=True, kw_only=True):
    """The NotifyReport response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


class PublishFirmwareRequest(Payload, frozen=True, kw_only=True):
    """The PublishFirmware request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    location: String512
    retries: int | UnsetType = UNSET
    checksum: String32
    request_id: int
    retry_interval: int | UnsetType = UNSET


class PublishFirmwareResponse(Payload, frozen=True, kw_only=True):
    """The PublishFirmware response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: GenericStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


PublishFirmwareStatusEnum: TypeAlias = Literal[
    "Idle",
    "DownloadScheduled",
    "Downloading",
    "Downloaded",
    "Published",
    "DownloadFailed",
    "DownloadPaused",
    "InvalidChecksum",
    "ChecksumVerified",
    "PublishFailed",
]


class PublishFirmwareStatusNotificationRequest(Payload, frozen=True, kw_only=True):
    """The PublishFirmwareStatusNotification request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: PublishFirmwareStatusEnum
    location: Annotated[list[String512], Meta(min_length=1)] | UnsetType = UNSET
    request_id: int | UnsetType = UNSET


class PublishFirmwareStatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The PublishFirmwareStatusNotification response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


ChargingProfileKindEnum: TypeAlias = Literal["Absolute", "Recurring", "Relative"]
RecurrencyKindEnum: TypeAlias = Literal["Daily", "Weekly"]


class ChargingProfile(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    id: int
    stack_level: int
    charging_profile_purpose: ChargingProfilePurposeEnum
    charging_profile_kind: ChargingProfileKindEnum
    recurrency_kind: RecurrencyKindEnum | UnsetType = UNSET
    valid_from: Timestamp | UnsetType = UNSET
    valid_to: Timestamp | UnsetType = UNSET
    charging_schedule: Annotated[list[ChargingSchedule], Meta(min_length=1, max_length=3)]
    transaction_id: String36 | UnsetType = UNSET


class ReportChargingProfilesRequest(Payload, frozen=True, kw_only=True):
    """The ReportChargingProfiles request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    request_id: int
    charging_limit_source: ChargingLimitSourceEnum
    charging_profile: Annotated[list[ChargingProfile], Meta(min_length=1)]
    tbc: bool | UnsetType = UNSET
    evse_id: int


class ReportChargingProfilesResponse(Payload, frozen=True, kw_only=True):
    """The ReportChargingProfiles response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


class RequestStartTransactionRequest(Payload, frozen=True, kw_only=True):
    """The RequestStartTransaction request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    evse_id: int | UnsetType = UNSET
    group_id_token: IdToken | UnsetType = UNSET
    id_token: IdToken
    remote_start_id: int
    charging_profile: ChargingProfile | UnsetType = UNSET


RequestStartStopStatusEnum: TypeAlias = Literal["Accepted", "Rejected"]


class RequestStartTransactionResponse(Payload, frozen=True, kw_only=True):
    """The RequestStartTransaction response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: RequestStartStopStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    transaction_id: String36 | UnsetType = UNSET


class RequestStopTransactionRequest(Payload, frozen=True, kw_only=True):
    """The RequestStopTransaction request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    transaction_id: String36


class RequestStopTransactionResponse(Payload, frozen=True, kw_only=True):
    """The RequestStopTransaction response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: RequestStartStopStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


ReservationUpdateStatusEnum: TypeAlias = Literal["Expired", "Removed"]


class ReservationStatusUpdateRequest(Payload, frozen=True, kw_only=True):
    """The ReservationStatusUpdate request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    reservation_id: int
    reservation_update_status: ReservationUpdateStatusEnum


class ReservationStatusUpdateResponse(Payload, frozen=True, kw_only=True):
    """The ReservationStatusUpdate response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


ConnectorEnum: TypeAlias = Literal[
    "cCCS1",
    "cCCS2",
    "cG105",
    "cTesla",
    "cType1",
    "cType2",
    "s309-1P-16A",
    "s309-1P-32A",
    "s309-3P-16A",
    "s309-3P-32A",
    "sBS1361",
    "sCEE-7-7",
    "sType2",
    "sType3",
    "Other1PhMax16A",
    "Other1PhOver16A",
    "Other3Ph",
    "Pan",
    "wInductive",
    "wResonant",
    "Undetermined",
    "Unknown",
]


class ReserveNowRequest(Payload, frozen=True, kw_only=True):
    """The ReserveNow request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    id: int
    expiry_date_time: Timestamp
    connector_type: ConnectorEnum | UnsetType = UNSET
    id_token: IdToken
    evse_id: int | UnsetType = UNSET
    group_id_token: IdToken | UnsetType = UNSET


ReserveNowStatusEnum: TypeAlias = Literal["Accepted", "Faulted", "Occupied", "Rejected", "Unavailable"]


class ReserveNowResponse(Payload, frozen=True, kw_only=True):
    """The ReserveNow response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: ReserveNowStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


ResetEnum: TypeAlias = Literal["Immediate", "OnIdle"]


class ResetRequest(Payload, frozen=True, kw_only=True):
    """The Reset request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    type: ResetEnum
    evse_id: int | UnsetType = UNSET


ResetStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "Scheduled"]


class ResetResponse(Payload, frozen=True, kw_only=True):
    """The Reset response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: ResetStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


class SecurityEventNotificationRequest(Payload, frozen=True, kw_only=True):
    """The SecurityEventNotification request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    type: String50
    timestamp: Timestamp
    tech_info: String255 | UnsetType = UNSET


class SecurityEventNotificationResponse(Payload, frozen=True, kw_only=True):
    """The SecurityEventNotification response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


class AuthorizationData(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    id_token: IdToken
    id_token_info: IdTokenInfo | UnsetType = UNSET


UpdateEnum: TypeAlias = Literal["Differential", "Full"]


class SendLocalListRequest(Payload, frozen=True, kw_only=True):
    """The SendLocalList request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    local_authorization_list: Annotated[list[AuthorizationData], Meta(min_length=1)] | UnsetType = UNSET
    version_number: int
    update_type: UpdateEnum


SendLocalListStatusEnum: TypeAlias = Literal["Accepted", "Failed", "VersionMismatch"]


class SendLocalListResponse(Payload, frozen=True, kw_only=True):
    """The SendLocalList response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: SendLocalListStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


class SetChargingProfileRequest(Payload, frozen=True, kw_only=True):
    """The SetChargingProfile request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    evse_id: int
    charging_profile: ChargingProfile


ChargingProfileStatusEnum: TypeAlias = Literal["Accepted", "Rejected"]


class SetChargingProfileResponse(Payload, frozen=True, kw_only=True):
    """The SetChargingProfile response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: ChargingProfileStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


class SetDisplayMessageRequest(Payload, frozen=True, kw_only=True):
    """The SetDisplayMessage request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    message: MessageInfo


DisplayMessageStatusEnum: TypeAlias = Literal[
    "Accepted",
    "NotSupportedMessageFormat",
    "Rejected",
    "NotSupportedPriority",
    "NotSupportedState",
    "UnknownTransaction",
]


class SetDisplayMessageResponse(Payload, frozen=True, kw_only=True):
    """The SetDisplayMessage response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: DisplayMessageStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


MonitoringBaseEnum: TypeAlias = Literal["All", "FactoryDefault", "HardWiredOnly"]


class SetMonitoringBaseRequest(Payload, frozen=True, kw_only=True):
    """The SetMonitoringBase request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    monitoring_base: MonitoringBaseEnum


class SetMonitoringBaseResponse(Payload, frozen=True, kw_only=True):
    """The SetMonitoringBase response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: GenericDeviceModelStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


class SetMonitoringLevelRequest(Payload, frozen=True, kw_only=True):
    """The SetMonitoringLevel request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    severity: int


class SetMonitoringLevelResponse(Payload, frozen=True, kw_only=True):
    """The SetMonitoringLevel response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: GenericStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


APNAuthenticationEnum: TypeAlias = Literal["CHAP", "NONE", "PAP", "AUTO"]


class APN(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    apn: String512
    apn_user_name: String20 | UnsetType = UNSET
    apn_password: String20 | UnsetType = UNSET
    sim_pin: int | UnsetType = UNSET
    preferred_network: String6 | UnsetType = UNSET
    use_only_preferred_network: bool | UnsetType = UNSET
    apn_authentication: APNAuthenticationEnum


OCPPVersionEnum: TypeAlias = Literal["OCPP12", "OCPP15", "OCPP16", "OCPP20"]
OCPPTransportEnum: TypeAlias = Literal["JSON", "SOAP"]
OCPPInterfaceEnum: TypeAlias = Literal[
    "Wired0",
    "Wired1",
    "Wired2",
    "Wired3",
    "Wireless0",
    "Wireless1",
    "Wireless2",
    "Wireless3",
]
VPNEnum: TypeAlias = Literal["IKEv2", "IPSec", "L2TP", "PPTP"]


class VPN(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    server: String512
    user: String20
    group: String20 | UnsetType = UNSET
    password: String20
    key: String255
    type: VPNEnum


class NetworkConnectionProfile(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    apn: APN | UnsetType = UNSET
    ocpp_version: OCPPVersionEnum
    ocpp_transport: OCPPTransportEnum
    ocpp_csms_url: String512
    message_timeout: int
    security_profile: int
    ocpp_interface: OCPPInterfaceEnum
    vpn: VPN | UnsetType = UNSET


class SetNetworkProfileRequest(Payload, frozen=True, kw_only=True):
    """The SetNetworkProfile request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    configuration_slot: int
    connection_data: NetworkConnectionProfile


SetNetworkProfileStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "Failed"]


class SetNetworkProfileResponse(Payload, frozen=True, kw_only=True):
    """The SetNetworkProfile response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: SetNetworkProfileStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


class SetMonitoringData(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    id: int | UnsetType = UNSET
    transaction: bool | UnsetType = UNSET
    value: float
    type: MonitorEnum
    severity: int
    component: Component
    variable: Variable


class SetVariableMonitoringRequest(Payload, frozen=True, kw_only=True):
    """The SetVariableMonitoring request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    set_monitoring_data: Annotated[list[SetMonitoringData], Meta(min_length=1)]


SetMonitoringStatusEnum: TypeAlias = Literal[
    "Accepted",
    "UnknownComponent",
    "UnknownVariable",
    "UnsupportedMonitorType",
    "Rejected",
    "Duplicate",
]


class SetMonitoringResult(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    id: int | UnsetType = UNSET
    status_info: StatusInfo | UnsetType = UNSET
    status: SetMonitoringStatusEnum
    type: MonitorEnum
    component: Component
    variable: Variable
    severity: int


class SetVariableMonitoringResponse(Payload, frozen=True, kw_only=True):
    """The SetVariableMonitoring response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    set_monitoring_result: Annotated[list[SetMonitoringResult], Meta(min_length=1)]


class SetVariableData(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    attribute_type: AttributeEnum | UnsetType = UNSET
    attribute_value: String1000
    component: Component
    variable: Variable


class SetVariablesRequest(Payload, frozen=True, kw_only=True):
    """The SetVariables request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    set_variable_data: Annotated[list[SetVariableData], Meta(min_length=1)]


SetVariableStatusEnum: TypeAlias = Literal[
    "Accepted",
    "Rejected",
    "UnknownComponent",
    "UnknownVariable",
    "NotSupportedAttributeType",
    "RebootRequired",
]


class SetVariableResult(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    attribute_type: AttributeEnum | UnsetType = UNSET
    attribute_status: SetVariableStatusEnum
    attribute_status_info: StatusInfo | UnsetType = UNSET
    component: Component
    variable: Variable


class SetVariablesResponse(Payload, frozen=True, kw_only=True):
    """The SetVariables response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    set_variable_result: Annotated[list[SetVariableResult], Meta(min_length=1)]


class SignCertificateRequest(Payload, frozen=True, kw_only=True):
    """The SignCertificate request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    csr: String5500
    certificate_type: CertificateSigningUseEnum | UnsetType = UNSET


class SignCertificateResponse(Payload, frozen=True, kw_only=True):
    """The SignCertificate response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: GenericStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


ConnectorStatusEnum: TypeAlias = Literal["Available", "Occupied", "Reserved", "Unavailable", "Faulted"]


class StatusNotificationRequest(Payload, frozen=True, kw_only=True):
    """The StatusNotification request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    timestamp: Timestamp
    connector_status: ConnectorStatusEnum
    evse_id: int
    connector_id: int


class StatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The StatusNotification response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET


TransactionEventEnum: TypeAlias = Literal["Ended", "Started", "Updated"]
TriggerReasonEnum: TypeAlias = Literal[
    "Authorized",
    "CablePluggedIn",
    "ChargingRateChanged",
    "ChargingStateChanged",
    "Deauthorized",
    "EnergyLimitReached",
    "EVCommunicationLost",
    "EVConnectTimeout",
    "MeterValueClock",
    "MeterValuePeriodic",
    "TimeLimitReached",
    "Trigger",
    "UnlockCommand",
    "StopAuthorized",
    "EVDeparted",
    "EVDetected",
    "RemoteStop",
    "RemoteStart",
    "AbnormalCondition",
    "SignedDataReceived",
    "ResetCommand",
]
ChargingStateEnum: TypeAlias = Literal["Charging", "EVConnected", "SuspendedEV", "SuspendedEVSE", "Idle"]
ReasonEnum: TypeAlias = Literal[
    "DeAuthorized",
    "EmergencyStop",
    "EnergyLimitReached",
    "EVDisconnected",
    "GroundFault",
    "ImmediateReset",
    "Local",
    "LocalOutOfCredit",
    "MasterPass",
    "Other",
    "OvercurrentFault",
    "PowerLoss",
    "PowerQuality",
    "Reboot",
    "Remote",
    "SOCLimitReached",
    "StoppedByEV",
    "TimeLimitReached",
    "Timeout",
]


class Transaction(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    transaction_id: String36
    charging_state: ChargingStateEnum | UnsetType = UNSET
    time_spent_charging: int | UnsetType = UNSET
    stopped_reason: ReasonEnum | UnsetType = UNSET
    remote_start_id: int | UnsetType = UNSET


class TransactionEventRequest(Payload, frozen=True, kw_only=True):
    """The TransactionEvent request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    event_type: TransactionEventEnum
    meter_value: Annotated[list[MeterValue], Meta(min_length=1)] | UnsetType = UNSET
    timestamp: Timestamp
    trigger_reason: TriggerReasonEnum
    seq_no: int
    offline: bool | UnsetType = UNSET
    number_of_phases_used: int | UnsetType = UNSET
    cable_max_current: int | UnsetType = UNSET
    reservation_id: int | UnsetType = UNSET
    transaction_info: Transaction
    evse: EVSE | UnsetType = UNSET
    id_token: IdToken | UnsetType = UNSET


class TransactionEventResponse(Payload, frozen=True, kw_only=True):
    """The TransactionEvent response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    total_cost: float | UnsetType = UNSET
    charging_priority: int | UnsetType = UNSET
    id_token_info: IdTokenInfo | UnsetType = UNSET
    updated_personal_message: MessageContent | UnsetType = UNSET


MessageTriggerEnum: TypeAlias = Literal[
    "BootNotification",
    "LogStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "MeterValues",
    "SignChargingStationCertificate",
    "SignV2GCertificate",
    "StatusNotification",
    "TransactionEvent",
    "SignCombinedCertificate",
    "PublishFirmwareStatusNotification",
]


class TriggerMessageRequest(Payload, frozen=True, kw_only=True):
    """The TriggerMessage request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    evse: EVSE | UnsetType = UNSET
    requested_message: MessageTriggerEnum


TriggerMessageStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "NotImplemented"]


class TriggerMessageResponse(Payload, frozen=True, kw_only=True):
    """The TriggerMessage response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: TriggerMessageStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


class UnlockConnectorRequest(Payload, frozen=True, kw_only=True):
    """The UnlockConnector request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    evse_id: int
    connector_id: int


UnlockStatusEnum: TypeAlias = Literal["Unlocked", "UnlockFailed", "OngoingAuthorizedTransaction", "UnknownConnector"]


class UnlockConnectorResponse(Payload, frozen=True, kw_only=True):
    """The UnlockConnector response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: UnlockStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


class UnpublishFirmwareRequest(Payload, frozen=True, kw_only=True):
    """The UnpublishFirmware request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    checksum: String32


UnpublishFirmwareStatusEnum: TypeAlias = Literal["DownloadOngoing", "NoFirmware", "Unpublished"]


class UnpublishFirmwareResponse(Payload, frozen=True, kw_only=True):
    """The UnpublishFirmware response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: UnpublishFirmwareStatusEnum


class Firmware(Payload, frozen=True, kw_only=True):
    custom_data: CustomData | UnsetType = UNSET
    location: String512
    retrieve_date_time: Timestamp
    install_date_time: Timestamp | UnsetType = UNSET
    signing_certificate: String5500 | UnsetType = UNSET
    signature: String800 | UnsetType = UNSET


class UpdateFirmwareRequest(Payload, frozen=True, kw_only=True):
    """The UpdateFirmware request of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
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


class UpdateFirmwareResponse(Payload, frozen=True, kw_only=True):
    """The UpdateFirmware response of OCPP 2.0.1."""

    custom_data: CustomData | UnsetType = UNSET
    status: UpdateFirmwareStatusEnum
    status_info: StatusInfo | UnsetType = UNSET


CALLS: dict[str, tuple[type[Payload], type[Payload]]] = {
    "Authorize": (AuthorizeRequest, AuthorizeResponse),
    "BootNotification": (BootNotificationRequest, BootNotificationResponse),
    "CancelReservation": (CancelReservationRequest, CancelReservationResponse),
    "CertificateSigned": (CertificateSignedRequest, CertificateSignedResponse),
    "ChangeAvailability": (ChangeAvailabilityRequest, ChangeAvailabilityResponse),
    "ClearCache": (ClearCacheRequest, ClearCacheResponse),
    "ClearChargingProfile": (ClearChargingProfileRequest, ClearChargingProfileResponse),
    "ClearDisplayMessage": (ClearDisplayMessageRequest, ClearDisplayMessageResponse),
    "ClearVariableMonitoring": (ClearVariableMonitoringRequest, ClearVariableMonitoringResponse),
    "ClearedChargingLimit": (ClearedChargingLimitRequest, ClearedChargingLimitResponse),
    "CostUpdated": (CostUpdatedRequest, CostUpdatedResponse),
    "CustomerInformation": (CustomerInformationRequest, CustomerInformationResponse),
    "DataTransfer": (DataTransferRequest, DataTransferResponse),
    "DeleteCertificate": (DeleteCertificateRequest, DeleteCertificateResponse),
    "FirmwareStatusNotification": (FirmwareStatusNotificationRequest, FirmwareStatusNotificationResponse),
    "Get15118EVCertificate": (Get15118EVCertificateRequest, Get15118EVCertificateResponse),
    "GetBaseReport": (GetBaseReportRequest, GetBaseReportResponse),
    "GetCertificateStatus": (GetCertificateStatusRequest, GetCertificateStatusResponse),
    "GetChargingProfiles": (GetChargingProfilesRequest, GetChargingProfilesResponse),
    "GetCompositeSchedule": (GetCompositeScheduleRequest, GetCompositeScheduleResponse),
    "GetDisplayMessages": (GetDisplayMessagesRequest, GetDisplayMessagesResponse),
    "GetInstalledCertificateIds": (GetInstalledCertificateIdsRequest, GetInstalledCertificateIdsResponse),
    "GetLocalListVersion": (GetLocalListVersionRequest, GetLocalListVersionResponse),
    "GetLog": (GetLogRequest, GetLogResponse),
    "GetMonitoringReport": (GetMonitoringReportRequest, GetMonitoringReportResponse),
    "GetReport": (GetReportRequest, GetReportResponse),
    "GetTransactionStatus": (GetTransactionStatusRequest, GetTransactionStatusResponse),
    "GetVariables": (GetVariablesRequest, GetVariablesResponse),
    "Heartbeat": (HeartbeatRequest, HeartbeatResponse),
    "InstallCertificate": (InstallCertificateRequest, InstallCertificateResponse),
    "LogStatusNotification": (LogStatusNotificationRequest, LogStatusNotificationResponse),
    "MeterValues": (MeterValuesRequest, MeterValuesResponse),
    "NotifyChargingLimit": (NotifyChargingLimitRequest, NotifyChargingLimitResponse),
    "NotifyCustomerInformation": (NotifyCustomerInformationRequest, NotifyCustomerInformationResponse),
    "NotifyDisplayMessages": (NotifyDisplayMessagesRequest, NotifyDisplayMessagesResponse),
    "NotifyEVChargingNeeds": (NotifyEVChargingNeedsRequest, NotifyEVChargingNeedsResponse),
    "NotifyEVChargingSchedule": (NotifyEVChargingScheduleRequest, NotifyEVChargingScheduleResponse),
    "NotifyEvent": (NotifyEventRequest, NotifyEventResponse),
    "NotifyMonitoringReport": (NotifyMonitoringReportRequest, NotifyMonitoringReportResponse),
    "NotifyReport": (NotifyReportRequest, NotifyReportResponse),
    "PublishFirmware": (PublishFirmwareRequest, PublishFirmwareResponse),
    "PublishFirmwareStatusNotification": (PublishFirmwareStatusNotificationRequest, PublishFirmwareStatusNotificationResponse),
    "ReportChargingProfiles": (ReportChargingProfilesRequest, ReportChargingProfilesResponse),
    "RequestStartTransaction": (RequestStartTransactionRequest, RequestStartTransactionResponse),
    "RequestStopTransaction": (RequestStopTransactionRequest, RequestStopTransactionResponse),
    "ReservationStatusUpdate": (ReservationStatusUpdateRequest, ReservationStatusUpdateResponse),
    "ReserveNow": (ReserveNowRequest, ReserveNowResponse),
    "Reset": (ResetRequest, ResetResponse),
    "SecurityEventNotification": (SecurityEventNotificationRequest, SecurityEventNotificationResponse),
    "SendLocalList": (SendLocalListRequest, SendLocalListResponse),
    "SetChargingProfile": (SetChargingProfileRequest, SetChargingProfileResponse),
    "SetDisplayMessage": (SetDisplayMessageRequest, SetDisplayMessageResponse),
    "SetMonitoringBase": (SetMonitoringBaseRequest, SetMonitoringBaseResponse),
    "SetMonitoringLevel": (SetMonitoringLevelRequest, SetMonitoringLevelResponse),
    "SetNetworkProfile": (SetNetworkProfileRequest, SetNetworkProfileResponse),
    "SetVariableMonitoring": (SetVariableMonitoringRequest, SetVariableMonitoringResponse),
    "SetVariables": (SetVariablesRequest, SetVariablesResponse),
    "SignCertificate": (SignCertificateRequest, SignCertificateResponse),
    "StatusNotification": (StatusNotificationRequest, StatusNotificationResponse),
    "TransactionEvent": (TransactionEventRequest, TransactionEventResponse),
    "TriggerMessage": (TriggerMessageRequest, TriggerMessageResponse),
    "UnlockConnector": (UnlockConnectorRequest, UnlockConnectorResponse),
    "UnpublishFirmware": (UnpublishFirmwareRequest, UnpublishFirmwareResponse),
    "UpdateFirmware": (UpdateFirmwareRequest, UpdateFirmwareResponse),
}
"""The request and the response type of every action."""

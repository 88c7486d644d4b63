"""The payload types of OCPP 2.1.

Generated from the schemas in v21 of the ocpp package 2.1.0.
Do not edit: change gateway/wire/codegen.py and run `python -m gateway.wire.codegen`.
"""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType, field

from gateway.wire.schema_types import CustomData, Payload, Timestamp

String3: TypeAlias = Annotated[str, Meta(max_length=3)]
String6: TypeAlias = Annotated[str, Meta(max_length=6)]
String8: TypeAlias = Annotated[str, Meta(max_length=8)]
String16: TypeAlias = Annotated[str, Meta(max_length=16)]
String20: TypeAlias = Annotated[str, Meta(max_length=20)]
String25: TypeAlias = Annotated[str, Meta(max_length=25)]
String32: TypeAlias = Annotated[str, Meta(max_length=32)]
String36: TypeAlias = Annotated[str, Meta(max_length=36)]
String40: TypeAlias = Annotated[str, Meta(max_length=40)]
String48: TypeAlias = Annotated[str, Meta(max_length=48)]
String50: TypeAlias = Annotated[str, Meta(max_length=50)]
String60: TypeAlias = Annotated[str, Meta(max_length=60)]
String64: TypeAlias = Annotated[str, Meta(max_length=64)]
String80: TypeAlias = Annotated[str, Meta(max_length=80)]
String88: TypeAlias = Annotated[str, Meta(max_length=88)]
String100: TypeAlias = Annotated[str, Meta(max_length=100)]
String128: TypeAlias = Annotated[str, Meta(max_length=128)]
String160: TypeAlias = Annotated[str, Meta(max_length=160)]
String200: TypeAlias = Annotated[str, Meta(max_length=200)]
String255: TypeAlias = Annotated[str, Meta(max_length=255)]
String256: TypeAlias = Annotated[str, Meta(max_length=256)]
String500: TypeAlias = Annotated[str, Meta(max_length=500)]
String512: TypeAlias = Annotated[str, Meta(max_length=512)]
String800: TypeAlias = Annotated[str, Meta(max_length=800)]
String1000: TypeAlias = Annotated[str, Meta(max_length=1000)]
String1024: TypeAlias = Annotated[str, Meta(max_length=1024)]
String2000: TypeAlias = Annotated[str, Meta(max_length=2000)]
String2500: TypeAlias = Annotated[str, Meta(max_length=2500)]
String5500: TypeAlias = Annotated[str, Meta(max_length=5500)]
String10000: TypeAlias = Annotated[str, Meta(max_length=10000)]
String11000: TypeAlias = Annotated[str, Meta(max_length=11000)]
String17000: TypeAlias = Annotated[str, Meta(max_length=17000)]
String18000: TypeAlias = Annotated[str, Meta(max_length=18000)]
String32768: TypeAlias = Annotated[str, Meta(max_length=32768)]


class AFRRSignalRequest(Payload, frozen=True, kw_only=True):
    """The AFRRSignal request of OCPP 2.1."""

    timestamp: Timestamp
    signal: int
    custom_data: CustomData | UnsetType = UNSET


GenericStatusEnum: TypeAlias = Literal["Accepted", "Rejected"]


class StatusInfo(Payload, frozen=True, kw_only=True):
    reason_code: String20
    additional_info: String1024 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class AFRRSignalResponse(Payload, frozen=True, kw_only=True):
    """The AFRRSignal response of OCPP 2.1."""

    status: GenericStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class PeriodicEventStreamParams(Payload, frozen=True, kw_only=True):
    interval: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    values: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class AdjustPeriodicEventStreamRequest(Payload, frozen=True, kw_only=True):
    """The AdjustPeriodicEventStream request of OCPP 2.1."""

    id: Annotated[int, Meta(ge=0)]
    params: PeriodicEventStreamParams
    custom_data: CustomData | UnsetType = UNSET


class AdjustPeriodicEventStreamResponse(Payload, frozen=True, kw_only=True):
    """The AdjustPeriodicEventStream response of OCPP 2.1."""

    status: GenericStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class AdditionalInfo(Payload, frozen=True, kw_only=True):
    additional_id_token: String255
    type: String50
    custom_data: CustomData | UnsetType = UNSET


class IdToken(Payload, frozen=True, kw_only=True):
    additional_info: Annotated[list[AdditionalInfo], Meta(min_length=1)] | UnsetType = UNSET
    id_token: String255
    type: String20
    custom_data: CustomData | UnsetType = UNSET


HashAlgorithmEnum: TypeAlias = Literal["SHA256", "SHA384", "SHA512"]


class OCSPRequestData(Payload, frozen=True, kw_only=True):
    hash_algorithm: HashAlgorithmEnum
    issuer_name_hash: String128
    issuer_key_hash: String128
    serial_number: String40
    responder_url: String2000 = field(name="responderURL")
    custom_data: CustomData | UnsetType = UNSET


class AuthorizeRequest(Payload, frozen=True, kw_only=True):
    """The Authorize request of OCPP 2.1."""

    id_token: IdToken
    certificate: String10000 | UnsetType = UNSET
    iso15118_certificate_hash_data: Annotated[list[OCSPRequestData], Meta(min_length=1, max_length=4)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


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
MessageFormatEnum: TypeAlias = Literal["ASCII", "HTML", "URI", "UTF8", "QRCODE"]


class MessageContent(Payload, frozen=True, kw_only=True):
    format: MessageFormatEnum
    language: String8 | UnsetType = UNSET
    content: String1024
    custom_data: CustomData | UnsetType = UNSET


class IdTokenInfo(Payload, frozen=True, kw_only=True):
    status: AuthorizationStatusEnum
    cache_expiry_date_time: Timestamp | UnsetType = UNSET
    charging_priority: int | UnsetType = UNSET
    group_id_token: IdToken | UnsetType = UNSET
    language1: String8 | UnsetType = UNSET
    language2: String8 | UnsetType = UNSET
    evse_id: Annotated[list[Annotated[int, Meta(ge=0)]], Meta(min_length=1)] | UnsetType = UNSET
    personal_message: MessageContent | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


AuthorizeCertificateStatusEnum: TypeAlias = Literal[
    "Accepted",
    "SignatureError",
    "CertificateExpired",
    "CertificateRevoked",
    "NoCertificateAvailable",
    "CertChainError",
    "ContractCancelled",
]
EnergyTransferModeEnum: TypeAlias = Literal[
    "AC_single_phase",
    "AC_two_phase",
    "AC_three_phase",
    "DC",
    "AC_BPT",
    "AC_BPT_DER",
    "AC_DER",
    "DC_BPT",
    "DC_ACDP",
    "DC_ACDP_BPT",
    "WPT",
]
DayOfWeekEnum: TypeAlias = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
EvseKindEnum: TypeAlias = Literal["AC", "DC"]


class TariffConditions(Payload, frozen=True, kw_only=True):
    start_time_of_day: str | UnsetType = UNSET
    end_time_of_day: str | UnsetType = UNSET
    day_of_week: Annotated[list[DayOfWeekEnum], Meta(min_length=1, max_length=7)] | UnsetType = UNSET
    valid_from_date: str | UnsetType = UNSET
    valid_to_date: str | UnsetType = UNSET
    evse_kind: EvseKindEnum | UnsetType = UNSET
    min_energy: float | UnsetType = UNSET
    max_energy: float | UnsetType = UNSET
    min_current: float | UnsetType = UNSET
    max_current: float | UnsetType = UNSET
    min_power: float | UnsetType = UNSET
    max_power: float | UnsetType = UNSET
    min_time: int | UnsetType = UNSET
    max_time: int | UnsetType = UNSET
    min_charging_time: int | UnsetType = UNSET
    max_charging_time: int | UnsetType = UNSET
    min_idle_time: int | UnsetType = UNSET
    max_idle_time: int | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class TariffEnergyPrice(Payload, frozen=True, kw_only=True):
    price_kwh: float
    conditions: TariffConditions | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class TaxRate(Payload, frozen=True, kw_only=True):
    type: String20
    tax: float
    stack: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class TariffEnergy(Payload, frozen=True, kw_only=True):
    prices: Annotated[list[TariffEnergyPrice], Meta(min_length=1)]
    tax_rates: Annotated[list[TaxRate], Meta(min_length=1, max_length=5)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class TariffTimePrice(Payload, frozen=True, kw_only=True):
    price_minute: float
    conditions: TariffConditions | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class TariffTime(Payload, frozen=True, kw_only=True):
    prices: Annotated[list[TariffTimePrice], Meta(min_length=1)]
    tax_rates: Annotated[list[TaxRate], Meta(min_length=1, max_length=5)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class TariffConditionsFixed(Payload, frozen=True, kw_only=True):
    start_time_of_day: str | UnsetType = UNSET
    end_time_of_day: str | UnsetType = UNSET
    day_of_week: Annotated[list[DayOfWeekEnum], Meta(min_length=1, max_length=7)] | UnsetType = UNSET
    valid_from_date: str | UnsetType = UNSET
    valid_to_date: str | UnsetType = UNSET
    evse_kind: EvseKindEnum | UnsetType = UNSET
    payment_brand: String20 | UnsetType = UNSET
    payment_recognition: String20 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class TariffFixedPrice(Payload, frozen=True, kw_only=True):
    conditions: TariffConditionsFixed | UnsetType = UNSET
    price_fixed: float
    custom_data: CustomData | UnsetType = UNSET


class TariffFixed(Payload, frozen=True, kw_only=True):
    prices: Annotated[list[TariffFixedPrice], Meta(min_length=1)]
    tax_rates: Annotated[list[TaxRate], Meta(min_length=1, max_length=5)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class Price(Payload, frozen=True, kw_only=True):
    excl_tax: float | UnsetType = UNSET
    incl_tax: float | UnsetType = UNSET
    tax_rates: Annotated[list[TaxRate], Meta(min_length=1, max_length=5)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class Tariff(Payload, frozen=True, kw_only=True):
    tariff_id: String60
    description: Annotated[list[MessageContent], Meta(min_length=1, max_length=10)] | UnsetType = UNSET
    currency: String3
    energy: TariffEnergy | UnsetType = UNSET
    valid_from: Timestamp | UnsetType = UNSET
    charging_time: TariffTime | UnsetType = UNSET
    idle_time: TariffTime | UnsetType = UNSET
    fixed_fee: TariffFixed | UnsetType = UNSET
    reservation_time: TariffTime | UnsetType = UNSET
    reservation_fixed: TariffFixed | UnsetType = UNSET
    min_cost: Price | UnsetType = UNSET
    max_cost: Price | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class AuthorizeResponse(Payload, frozen=True, kw_only=True):
    """The Authorize response of OCPP 2.1."""

    id_token_info: IdTokenInfo
    certificate_status: AuthorizeCertificateStatusEnum | UnsetType = UNSET
    allowed_energy_transfer: Annotated[list[EnergyTransferModeEnum], Meta(min_length=1)] | UnsetType = UNSET
    tariff: Tariff | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class BatteryData(Payload, frozen=True, kw_only=True):
    evse_id: Annotated[int, Meta(ge=0)]
    serial_number: String50
    so_c: Annotated[float, Meta(ge=0, le=100)]
    so_h: Annotated[float, Meta(ge=0, le=100)]
    production_date: Timestamp | UnsetType = UNSET
    vendor_info: String500 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


BatterySwapEventEnum: TypeAlias = Literal["BatteryIn", "BatteryOut", "BatteryOutTimeout"]


class BatterySwapRequest(Payload, frozen=True, kw_only=True):
    """The BatterySwap request of OCPP 2.1."""

    battery_data: Annotated[list[BatteryData], Meta(min_length=1)]
    event_type: BatterySwapEventEnum
    id_token: IdToken
    request_id: int
    custom_data: CustomData | UnsetType = UNSET


class BatterySwapResponse(Payload, frozen=True, kw_only=True):
    """The BatterySwap response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class Modem(Payload, frozen=True, kw_only=True):
    iccid: String20 | UnsetType = UNSET
    imsi: String20 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class ChargingStation(Payload, frozen=True, kw_only=True):
    serial_number: String25 | UnsetType = UNSET
    model: String20
    modem: Modem | UnsetType = UNSET
    vendor_name: String50
    firmware_version: String50 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


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
    """The BootNotification request of OCPP 2.1."""

    charging_station: ChargingStation
    reason: BootReasonEnum
    custom_data: CustomData | UnsetType = UNSET


RegistrationStatusEnum: TypeAlias = Literal["Accepted", "Pending", "Rejected"]


class BootNotificationResponse(Payload, frozen=True, kw_only=True):
    """The BootNotification response of OCPP 2.1."""

    current_time: Timestamp
    interval: int
    status: RegistrationStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class CancelReservationRequest(Payload, frozen=True, kw_only=True):
    """The CancelReservation request of OCPP 2.1."""

    reservation_id: Annotated[int, Meta(ge=0)]
    custom_data: CustomData | UnsetType = UNSET


CancelReservationStatusEnum: TypeAlias = Literal["Accepted", "Rejected"]


class CancelReservationResponse(Payload, frozen=True, kw_only=True):
    """The CancelReservation response of OCPP 2.1."""

    status: CancelReservationStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


CertificateSigningUseEnum: TypeAlias = Literal["ChargingStationCertificate", "V2GCertificate", "V2G20Certificate"]


class CertificateSignedRequest(Payload, frozen=True, kw_only=True):
    """The CertificateSigned request of OCPP 2.1."""

    certificate_chain: String10000
    certificate_type: CertificateSigningUseEnum | UnsetType = UNSET
    request_id: int | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


CertificateSignedStatusEnum: TypeAlias = Literal["Accepted", "Rejected"]


class CertificateSignedResponse(Payload, frozen=True, kw_only=True):
    """The CertificateSigned response of OCPP 2.1."""

    status: CertificateSignedStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class EVSE(Payload, frozen=True, kw_only=True):
    id: Annotated[int, Meta(ge=0)]
    connector_id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


OperationalStatusEnum: TypeAlias = Literal["Inoperative", "Operative"]


class ChangeAvailabilityRequest(Payload, frozen=True, kw_only=True):
    """The ChangeAvailability request of OCPP 2.1."""

    evse: EVSE | UnsetType = UNSET
    operational_status: OperationalStatusEnum
    custom_data: CustomData | UnsetType = UNSET


ChangeAvailabilityStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "Scheduled"]


class ChangeAvailabilityResponse(Payload, frozen=True, kw_only=True):
    """The ChangeAvailability response of OCPP 2.1."""

    status: ChangeAvailabilityStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class ChangeTransactionTariffRequest(Payload, frozen=True, kw_only=True):
    """The ChangeTransactionTariff request of OCPP 2.1."""

    tariff: Tariff
    transaction_id: String36
    custom_data: CustomData | UnsetType = UNSET


TariffChangeStatusEnum: TypeAlias = Literal[
    "Accepted",
    "Rejected",
    "TooManyElements",
    "ConditionNotSupported",
    "TxNotFound",
    "NoCurrencyChange",
]


class ChangeTransactionTariffResponse(Payload, frozen=True, kw_only=True):
    """The ChangeTransactionTariff response of OCPP 2.1."""

    status: TariffChangeStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class ClearCacheRequest(Payload, frozen=True, kw_only=True):
    """The ClearCache request of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


ClearCacheStatusEnum: TypeAlias = Literal["Accepted", "Rejected"]


class ClearCacheResponse(Payload, frozen=True, kw_only=True):
    """The ClearCache response of OCPP 2.1."""

    status: ClearCacheStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


ChargingProfilePurposeEnum: TypeAlias = Literal[
    "ChargingStationExternalConstraints",
    "ChargingStationMaxProfile",
    "TxDefaultProfile",
    "TxProfile",
    "PriorityCharging",
    "LocalGeneration",
]


class ClearChargingProfile(Payload, frozen=True, kw_only=True):
    evse_id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    charging_profile_purpose: ChargingProfilePurposeEnum | UnsetType = UNSET
    stack_level: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class ClearChargingProfileRequest(Payload, frozen=True, kw_only=True):
    """The ClearChargingProfile request of OCPP 2.1."""

    charging_profile_id: int | UnsetType = UNSET
    charging_profile_criteria: ClearChargingProfile | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


ClearChargingProfileStatusEnum: TypeAlias = Literal["Accepted", "Unknown"]


class ClearChargingProfileResponse(Payload, frozen=True, kw_only=True):
    """The ClearChargingProfile response of OCPP 2.1."""

    status: ClearChargingProfileStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


DERControlEnum: TypeAlias = Literal[
    "EnterService",
    "FreqDroop",
    "FreqWatt",
    "FixedPFAbsorb",
    "FixedPFInject",
    "FixedVar",
    "Gradients",
    "HFMustTrip",
    "HFMayTrip",
    "HVMustTrip",
    "HVMomCess",
    "HVMayTrip",
    "LimitMaxDischarge",
    "LFMustTrip",
    "LVMustTrip",
    "LVMomCess",
    "LVMayTrip",
    "PowerMonitoringMustTrip",
    "VoltVar",
    "VoltWatt",
    "WattPF",
    "WattVar",
]


class ClearDERControlRequest(Payload, frozen=True, kw_only=True):
    """The ClearDERControl request of OCPP 2.1."""

    is_default: bool
    control_type: DERControlEnum | UnsetType = UNSET
    control_id: String36 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


DERControlStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "NotSupported", "NotFound"]


class ClearDERControlResponse(Payload, frozen=True, kw_only=True):
    """The ClearDERControl response of OCPP 2.1."""

    status: DERControlStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class ClearDisplayMessageRequest(Payload, frozen=True, kw_only=True):
    """The ClearDisplayMessage request of OCPP 2.1."""

    id: Annotated[int, Meta(ge=0)]
    custom_data: CustomData | UnsetType = UNSET


ClearMessageStatusEnum: TypeAlias = Literal["Accepted", "Unknown", "Rejected"]


class ClearDisplayMessageResponse(Payload, frozen=True, kw_only=True):
    """The ClearDisplayMessage response of OCPP 2.1."""

    status: ClearMessageStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class ClearTariffsRequest(Payload, frozen=True, kw_only=True):
    """The ClearTariffs request of OCPP 2.1."""

    tariff_ids: Annotated[list[String60], Meta(min_length=1)] | UnsetType = UNSET
    evse_id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


TariffClearStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "NoTariff"]


class ClearTariffsResult(Payload, frozen=True, kw_only=True):
    status_info: StatusInfo | UnsetType = UNSET
    tariff_id: String60 | UnsetType = UNSET
    status: TariffClearStatusEnum
    custom_data: CustomData | UnsetType = UNSET


class ClearTariffsResponse(Payload, frozen=True, kw_only=True):
    """The ClearTariffs response of OCPP 2.1."""

    clear_tariffs_result: Annotated[list[ClearTariffsResult], Meta(min_length=1)]
    custom_data: CustomData | UnsetType = UNSET


class ClearVariableMonitoringRequest(Payload, frozen=True, kw_only=True):
    """The ClearVariableMonitoring request of OCPP 2.1."""

    id: Annotated[list[Annotated[int, Meta(ge=0)]], Meta(min_length=1)]
    custom_data: CustomData | UnsetType = UNSET


ClearMonitoringStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "NotFound"]


class ClearMonitoringResult(Payload, frozen=True, kw_only=True):
    status: ClearMonitoringStatusEnum
    id: Annotated[int, Meta(ge=0)]
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class ClearVariableMonitoringResponse(Payload, frozen=True, kw_only=True):
    """The ClearVariableMonitoring response of OCPP 2.1."""

    clear_monitoring_result: Annotated[list[ClearMonitoringResult], Meta(min_length=1)]
    custom_data: CustomData | UnsetType = UNSET


class ClearedChargingLimitRequest(Payload, frozen=True, kw_only=True):
    """The ClearedChargingLimit request of OCPP 2.1."""

    charging_limit_source: String20
    evse_id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class ClearedChargingLimitResponse(Payload, frozen=True, kw_only=True):
    """The ClearedChargingLimit response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class ClosePeriodicEventStreamRequest(Payload, frozen=True, kw_only=True):
    """The ClosePeriodicEventStream request of OCPP 2.1."""

    id: Annotated[int, Meta(ge=0)]
    custom_data: CustomData | UnsetType = UNSET


class ClosePeriodicEventStreamResponse(Payload, frozen=True, kw_only=True):
    """The ClosePeriodicEventStream response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class CostUpdatedRequest(Payload, frozen=True, kw_only=True):
    """The CostUpdated request of OCPP 2.1."""

    total_cost: float
    transaction_id: String36
    custom_data: CustomData | UnsetType = UNSET


class CostUpdatedResponse(Payload, frozen=True, kw_only=True):
    """The CostUpdated response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class CertificateHashData(Payload, frozen=True, kw_only=True):
    hash_algorithm: HashAlgorithmEnum
    issuer_name_hash: String128
    issuer_key_hash: String128
    serial_number: String40
    custom_data: CustomData | UnsetType = UNSET


class CustomerInformationRequest(Payload, frozen=True, kw_only=True):
    """The CustomerInformation request of OCPP 2.1."""

    customer_certificate: CertificateHashData | UnsetType = UNSET
    id_token: IdToken | UnsetType = UNSET
    request_id: Annotated[int, Meta(ge=0)]
    report: bool
    clear: bool
    customer_identifier: String64 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


CustomerInformationStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "Invalid"]


class CustomerInformationResponse(Payload, frozen=True, kw_only=True):
    """The CustomerInformation response of OCPP 2.1."""

    status: CustomerInformationStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class DataTransferRequest(Payload, frozen=True, kw_only=True):
    """The DataTransfer request of OCPP 2.1."""

    message_id: String50 | UnsetType = UNSET
    data: Any | UnsetType = UNSET
    vendor_id: String255
    custom_data: CustomData | UnsetType = UNSET


DataTransferStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId"]


class DataTransferResponse(Payload, frozen=True, kw_only=True):
    """The DataTransfer response of OCPP 2.1."""

    status: DataTransferStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    data: Any | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class DeleteCertificateRequest(Payload, frozen=True, kw_only=True):
    """The DeleteCertificate request of OCPP 2.1."""

    certificate_hash_data: CertificateHashData
    custom_data: CustomData | UnsetType = UNSET


DeleteCertificateStatusEnum: TypeAlias = Literal["Accepted", "Failed", "NotFound"]


class DeleteCertificateResponse(Payload, frozen=True, kw_only=True):
    """The DeleteCertificate response of OCPP 2.1."""

    status: DeleteCertificateStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


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
    """The FirmwareStatusNotification request of OCPP 2.1."""

    status: FirmwareStatusEnum
    request_id: int | UnsetType = UNSET
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class FirmwareStatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The FirmwareStatusNotification response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


CertificateActionEnum: TypeAlias = Literal["Install", "Update"]


class Get15118EVCertificateRequest(Payload, frozen=True, kw_only=True):
    """The Get15118EVCertificate request of OCPP 2.1."""

    iso15118_schema_version: String50
    action: CertificateActionEnum
    exi_request: String11000
    maximum_contract_certificate_chains: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    prioritized_emai_ds: Annotated[list[String255], Meta(min_length=1, max_length=8)] | UnsetType = field(default=UNSET, name="prioritizedEMAIDs")
    custom_data: CustomData | UnsetType = UNSET


Iso15118EVCertificateStatusEnum: TypeAlias = Literal["Accepted", "Failed"]


class Get15118EVCertificateResponse(Payload, frozen=True, kw_only=True):
    """The Get15118EVCertificate response of OCPP 2.1."""

    status: Iso15118EVCertificateStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    exi_response: String17000
    remaining_contracts: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


ReportBaseEnum: TypeAlias = Literal["ConfigurationInventory", "FullInventory", "SummaryInventory"]


class GetBaseReportRequest(Payload, frozen=True, kw_only=True):
    """The GetBaseReport request of OCPP 2.1."""

    request_id: int
    report_base: ReportBaseEnum
    custom_data: CustomData | UnsetType = UNSET


GenericDeviceModelStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "NotSupported", "EmptyResultSet"]


class GetBaseReportResponse(Payload, frozen=True, kw_only=True):
    """The GetBaseReport response of OCPP 2.1."""

    status: GenericDeviceModelStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


CertificateStatusSourceEnum: TypeAlias = Literal["CRL", "OCSP"]


class CertificateStatusRequestInfo(Payload, frozen=True, kw_only=True):
    certificate_hash_data: CertificateHashData
    source: CertificateStatusSourceEnum
    urls: Annotated[list[String2000], Meta(min_length=1, max_length=5)]
    custom_data: CustomData | UnsetType = UNSET


class GetCertificateChainStatusRequest(Payload, frozen=True, kw_only=True):
    """The GetCertificateChainStatus request of OCPP 2.1."""

    certificate_status_requests: Annotated[list[CertificateStatusRequestInfo], Meta(min_length=1, max_length=4)]
    custom_data: CustomData | UnsetType = UNSET


CertificateStatusEnum: TypeAlias = Literal["Good", "Revoked", "Unknown", "Failed"]


class CertificateStatus(Payload, frozen=True, kw_only=True):
    certificate_hash_data: CertificateHashData
    source: CertificateStatusSourceEnum
    status: CertificateStatusEnum
    next_update: Timestamp
    custom_data: CustomData | UnsetType = UNSET


class GetCertificateChainStatusResponse(Payload, frozen=True, kw_only=True):
    """The GetCertificateChainStatus response of OCPP 2.1."""

    certificate_status: Annotated[list[CertificateStatus], Meta(min_length=1, max_length=4)]
    custom_data: CustomData | UnsetType = UNSET


class GetCertificateStatusRequest(Payload, frozen=True, kw_only=True):
    """The GetCertificateStatus request of OCPP 2.1."""

    ocsp_request_data: OCSPRequestData
    custom_data: CustomData | UnsetType = UNSET


GetCertificateStatusEnum: TypeAlias = Literal["Accepted", "Failed"]


class GetCertificateStatusResponse(Payload, frozen=True, kw_only=True):
    """The GetCertificateStatus response of OCPP 2.1."""

    status: GetCertificateStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    ocsp_result: String18000 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class ChargingProfileCriterion(Payload, frozen=True, kw_only=True):
    charging_profile_purpose: ChargingProfilePurposeEnum | UnsetType = UNSET
    stack_level: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    charging_profile_id: Annotated[list[int], Meta(min_length=1)] | UnsetType = UNSET
    charging_limit_source: Annotated[list[String20], Meta(min_length=1, max_length=4)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class GetChargingProfilesRequest(Payload, frozen=True, kw_only=True):
    """The GetChargingProfiles request of OCPP 2.1."""

    request_id: int
    evse_id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    charging_profile: ChargingProfileCriterion
    custom_data: CustomData | UnsetType = UNSET


GetChargingProfileStatusEnum: TypeAlias = Literal["Accepted", "NoProfiles"]


class GetChargingProfilesResponse(Payload, frozen=True, kw_only=True):
    """The GetChargingProfiles response of OCPP 2.1."""

    status: GetChargingProfileStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


ChargingRateUnitEnum: TypeAlias = Literal["W", "A"]


class GetCompositeScheduleRequest(Payload, frozen=True, kw_only=True):
    """The GetCompositeSchedule request of OCPP 2.1."""

    duration: int
    charging_rate_unit: ChargingRateUnitEnum | UnsetType = UNSET
    evse_id: Annotated[int, Meta(ge=0)]
    custom_data: CustomData | UnsetType = UNSET


OperationModeEnum: TypeAlias = Literal[
    "Idle",
    "ChargingOnly",
    "CentralSetpoint",
    "ExternalSetpoint",
    "ExternalLimits",
    "CentralFrequency",
    "LocalFrequency",
    "LocalLoadBalancing",
]


class V2XFreqWattPoint(Payload, frozen=True, kw_only=True):
    frequency: float
    power: float
    custom_data: CustomData | UnsetType = UNSET


class V2XSignalWattPoint(Payload, frozen=True, kw_only=True):
    signal: int
    power: float
    custom_data: CustomData | UnsetType = UNSET


class ChargingSchedulePeriod(Payload, frozen=True, kw_only=True):
    start_period: int
    limit: float | UnsetType = UNSET
    limit_l2: float | UnsetType = field(default=UNSET, name="limit_L2")
    limit_l3: float | UnsetType = field(default=UNSET, name="limit_L3")
    number_phases: Annotated[int, Meta(ge=0, le=3)] | UnsetType = UNSET
    phase_to_use: Annotated[int, Meta(ge=0, le=3)] | UnsetType = UNSET
    discharge_limit: Annotated[float, Meta(le=0)] | UnsetType = UNSET
    discharge_limit_l2: Annotated[float, Meta(le=0)] | UnsetType = field(default=UNSET, name="dischargeLimit_L2")
    discharge_limit_l3: Annotated[float, Meta(le=0)] | UnsetType = field(default=UNSET, name="dischargeLimit_L3")
    setpoint: float | UnsetType = UNSET
    setpoint_l2: float | UnsetType = field(default=UNSET, name="setpoint_L2")
    setpoint_l3: float | UnsetType = field(default=UNSET, name="setpoint_L3")
    setpoint_reactive: float | UnsetType = UNSET
    setpoint_reactive_l2: float | UnsetType = field(default=UNSET, name="setpointReactive_L2")
    setpoint_reactive_l3: float | UnsetType = field(default=UNSET, name="setpointReactive_L3")
    preconditioning_request: bool | UnsetType = UNSET
    evse_sleep: bool | UnsetType = UNSET
    v2x_baseline: float | UnsetType = UNSET
    operation_mode: OperationModeEnum | UnsetType = UNSET
    v2x_freq_watt_curve: Annotated[list[V2XFreqWattPoint], Meta(min_length=1, max_length=20)] | UnsetType = UNSET
    v2x_signal_watt_curve: Annotated[list[V2XSignalWattPoint], Meta(min_length=1, max_length=20)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class CompositeSchedule(Payload, frozen=True, kw_only=True):
    evse_id: Annotated[int, Meta(ge=0)]
    duration: int
    schedule_start: Timestamp
    charging_rate_unit: ChargingRateUnitEnum
    charging_schedule_period: Annotated[list[ChargingSchedulePeriod], Meta(min_length=1)]
    custom_data: CustomData | UnsetType = UNSET


class GetCompositeScheduleResponse(Payload, frozen=True, kw_only=True):
    """The GetCompositeSchedule response of OCPP 2.1."""

    status: GenericStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    schedule: CompositeSchedule | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class GetDERControlRequest(Payload, frozen=True, kw_only=True):
    """The GetDERControl request of OCPP 2.1."""

    request_id: int
    is_default: bool | UnsetType = UNSET
    control_type: DERControlEnum | UnsetType = UNSET
    control_id: String36 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class GetDERControlResponse(Payload, frozen=True, kw_only=True):
    """The GetDERControl response of OCPP 2.1."""

    status: DERControlStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


MessagePriorityEnum: TypeAlias = Literal["AlwaysFront", "InFront", "NormalCycle"]
MessageStateEnum: TypeAlias = Literal["Charging", "Faulted", "Idle", "Unavailable", "Suspended", "Discharging"]


class GetDisplayMessagesRequest(Payload, frozen=True, kw_only=True):
    """The GetDisplayMessages request of OCPP 2.1."""

    id: Annotated[list[Annotated[int, Meta(ge=0)]], Meta(min_length=1)] | UnsetType = UNSET
    request_id: int
    priority: MessagePriorityEnum | UnsetType = UNSET
    state: MessageStateEnum | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


GetDisplayMessagesStatusEnum: TypeAlias = Literal["Accepted", "Unknown"]


class GetDisplayMessagesResponse(Payload, frozen=True, kw_only=True):
    """The GetDisplayMessages response of OCPP 2.1."""

    status: GetDisplayMessagesStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


GetCertificateIdUseEnum: TypeAlias = Literal[
    "V2GRootCertificate",
    "MORootCertificate",
    "CSMSRootCertificate",
    "V2GCertificateChain",
    "ManufacturerRootCertificate",
    "OEMRootCertificate",
]


class GetInstalledCertificateIdsRequest(Payload, frozen=True, kw_only=True):
    """The GetInstalledCertificateIds request of OCPP 2.1."""

    certificate_type: Annotated[list[GetCertificateIdUseEnum], Meta(min_length=1)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


GetInstalledCertificateStatusEnum: TypeAlias = Literal["Accepted", "NotFound"]


class CertificateHashDataChain(Payload, frozen=True, kw_only=True):
    certificate_hash_data: CertificateHashData
    certificate_type: GetCertificateIdUseEnum
    child_certificate_hash_data: Annotated[list[CertificateHashData], Meta(min_length=1, max_length=4)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class GetInstalledCertificateIdsResponse(Payload, frozen=True, kw_only=True):
    """The GetInstalledCertificateIds response of OCPP 2.1."""

    status: GetInstalledCertificateStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    certificate_hash_data_chain: Annotated[list[CertificateHashDataChain], Meta(min_length=1)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class GetLocalListVersionRequest(Payload, frozen=True, kw_only=True):
    """The GetLocalListVersion request of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class GetLocalListVersionResponse(Payload, frozen=True, kw_only=True):
    """The GetLocalListVersion response of OCPP 2.1."""

    version_number: int
    custom_data: CustomData | UnsetType = UNSET


class LogParameters(Payload, frozen=True, kw_only=True):
    remote_location: String2000
    oldest_timestamp: Timestamp | UnsetType = UNSET
    latest_timestamp: Timestamp | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


LogEnum: TypeAlias = Literal["DiagnosticsLog", "SecurityLog", "DataCollectorLog"]


class GetLogRequest(Payload, frozen=True, kw_only=True):
    """The GetLog request of OCPP 2.1."""

    log: LogParameters
    log_type: LogEnum
    request_id: int
    retries: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    retry_interval: int | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


LogStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "AcceptedCanceled"]


class GetLogResponse(Payload, frozen=True, kw_only=True):
    """The GetLog response of OCPP 2.1."""

    status: LogStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    filename: String255 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class Component(Payload, frozen=True, kw_only=True):
    evse: EVSE | UnsetType = UNSET
    name: String50
    instance: String50 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class Variable(Payload, frozen=True, kw_only=True):
    name: String50
    instance: String50 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class ComponentVariable(Payload, frozen=True, kw_only=True):
    component: Component
    variable: Variable | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


MonitoringCriterionEnum: TypeAlias = Literal["ThresholdMonitoring", "DeltaMonitoring", "PeriodicMonitoring"]


class GetMonitoringReportRequest(Payload, frozen=True, kw_only=True):
    """The GetMonitoringReport request of OCPP 2.1."""

    component_variable: Annotated[list[ComponentVariable], Meta(min_length=1)] | UnsetType = UNSET
    request_id: int
    monitoring_criteria: Annotated[list[MonitoringCriterionEnum], Meta(min_length=1, max_length=3)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class GetMonitoringReportResponse(Payload, frozen=True, kw_only=True):
    """The GetMonitoringReport response of OCPP 2.1."""

    status: GenericDeviceModelStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class GetPeriodicEventStreamRequest(Payload, frozen=True, kw_only=True):
    """The GetPeriodicEventStream request of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class ConstantStreamData(Payload, frozen=True, kw_only=True):
    id: Annotated[int, Meta(ge=0)]
    params: PeriodicEventStreamParams
    variable_monitoring_id: Annotated[int, Meta(ge=0)]
    custom_data: CustomData | UnsetType = UNSET


class GetPeriodicEventStreamResponse(Payload, frozen=True, kw_only=True):
    """The GetPeriodicEventStream response of OCPP 2.1."""

    constant_stream_data: Annotated[list[ConstantStreamData], Meta(min_length=1)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


ComponentCriterionEnum: TypeAlias = Literal["Active", "Available", "Enabled", "Problem"]


class GetReportRequest(Payload, frozen=True, kw_only=True):
    """The GetReport request of OCPP 2.1."""

    component_variable: Annotated[list[ComponentVariable], Meta(min_length=1)] | UnsetType = UNSET
    request_id: int
    component_criteria: Annotated[list[ComponentCriterionEnum], Meta(min_length=1, max_length=4)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class GetReportResponse(Payload, frozen=True, kw_only=True):
    """The GetReport response of OCPP 2.1."""

    status: GenericDeviceModelStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class GetTariffsRequest(Payload, frozen=True, kw_only=True):
    """The GetTariffs request of OCPP 2.1."""

    evse_id: Annotated[int, Meta(ge=0)]
    custom_data: CustomData | UnsetType = UNSET


TariffGetStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "NoTariff"]
TariffKindEnum: TypeAlias = Literal["DefaultTariff", "DriverTariff"]


class TariffAssignment(Payload, frozen=True, kw_only=True):
    tariff_id: String60
    tariff_kind: TariffKindEnum
    valid_from: Timestamp | UnsetType = UNSET
    evse_ids: Annotated[list[Annotated[int, Meta(ge=0)]], Meta(min_length=1)] | UnsetType = UNSET
    id_tokens: Annotated[list[String255], Meta(min_length=1)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class GetTariffsResponse(Payload, frozen=True, kw_only=True):
    """The GetTariffs response of OCPP 2.1."""

    status: TariffGetStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    tariff_assignments: Annotated[list[TariffAssignment], Meta(min_length=1)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class GetTransactionStatusRequest(Payload, frozen=True, kw_only=True):
    """The GetTransactionStatus request of OCPP 2.1."""

    transaction_id: String36 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class GetTransactionStatusResponse(Payload, frozen=True, kw_only=True):
    """The GetTransactionStatus response of OCPP 2.1."""

    ongoing_indicator: bool | UnsetType = UNSET
    messages_in_queue: bool
    custom_data: CustomData | UnsetType = UNSET


AttributeEnum: TypeAlias = Literal["Actual", "Target", "MinSet", "MaxSet"]


class GetVariableData(Payload, frozen=True, kw_only=True):
    attribute_type: AttributeEnum | UnsetType = UNSET
    component: Component
    variable: Variable
    custom_data: CustomData | UnsetType = UNSET


class GetVariablesRequest(Payload, frozen=True, kw_only=True):
    """The GetVariables request of OCPP 2.1."""

    get_variable_data: Annotated[list[GetVariableData], Meta(min_length=1)]
    custom_data: CustomData | UnsetType = UNSET


GetVariableStatusEnum: TypeAlias = Literal[
    "Accepted",
    "Rejected",
    "UnknownComponent",
    "UnknownVariable",
    "NotSupportedAttributeType",
]


class GetVariableResult(Payload, frozen=True, kw_only=True):
    attribute_status: GetVariableStatusEnum
    attribute_status_info: StatusInfo | UnsetType = UNSET
    attribute_type: AttributeEnum | UnsetType = UNSET
    attribute_value: String2500 | UnsetType = UNSET
    component: Component
    variable: Variable
    custom_data: CustomData | UnsetType = UNSET


class GetVariablesResponse(Payload, frozen=True, kw_only=True):
    """The GetVariables response of OCPP 2.1."""

    get_variable_result: Annotated[list[GetVariableResult], Meta(min_length=1)]
    custom_data: CustomData | UnsetType = UNSET


class HeartbeatRequest(Payload, frozen=True, kw_only=True):
    """The Heartbeat request of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class HeartbeatResponse(Payload, frozen=True, kw_only=True):
    """The Heartbeat response of OCPP 2.1."""

    current_time: Timestamp
    custom_data: CustomData | UnsetType = UNSET


InstallCertificateUseEnum: TypeAlias = Literal[
    "V2GRootCertificate",
    "MORootCertificate",
    "ManufacturerRootCertificate",
    "CSMSRootCertificate",
    "OEMRootCertificate",
]


class InstallCertificateRequest(Payload, frozen=True, kw_only=True):
    """The InstallCertificate request of OCPP 2.1."""

    certificate_type: InstallCertificateUseEnum
    certificate: String10000
    custom_data: CustomData | UnsetType = UNSET


InstallCertificateStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "Failed"]


class InstallCertificateResponse(Payload, frozen=True, kw_only=True):
    """The InstallCertificate response of OCPP 2.1."""

    status: InstallCertificateStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


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
    """The LogStatusNotification request of OCPP 2.1."""

    status: UploadLogStatusEnum
    request_id: int | UnsetType = UNSET
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class LogStatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The LogStatusNotification response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


MeasurandEnum: TypeAlias = Literal[
    "Current.Export",
    "Current.Export.Offered",
    "Current.Export.Minimum",
    "Current.Import",
    "Current.Import.Offered",
    "Current.Import.Minimum",
    "Current.Offered",
    "Display.PresentSOC",
    "Display.MinimumSOC",
    "Display.TargetSOC",
    "Display.MaximumSOC",
    "Display.RemainingTimeToMinimumSOC",
    "Display.RemainingTimeToTargetSOC",
    "Display.RemainingTimeToMaximumSOC",
    "Display.ChargingComplete",
    "Display.BatteryEnergyCapacity",
    "Display.InletHot",
    "Energy.Active.Export.Interval",
    "Energy.Active.Export.Register",
    "Energy.Active.Import.Interval",
    "Energy.Active.Import.Register",
    "Energy.Active.Import.CableLoss",
    "Energy.Active.Import.LocalGeneration.Register",
    "Energy.Active.Net",
    "Energy.Active.Setpoint.Interval",
    "Energy.Apparent.Export",
    "Energy.Apparent.Import",
    "Energy.Apparent.Net",
    "Energy.Reactive.Export.Interval",
    "Energy.Reactive.Export.Register",
    "Energy.Reactive.Import.Interval",
    "Energy.Reactive.Import.Register",
    "Energy.Reactive.Net",
    "EnergyRequest.Target",
    "EnergyRequest.Minimum",
    "EnergyRequest.Maximum",
    "EnergyRequest.Minimum.V2X",
    "EnergyRequest.Maximum.V2X",
    "EnergyRequest.Bulk",
    "Frequency",
    "Power.Active.Export",
    "Power.Active.Import",
    "Power.Active.Setpoint",
    "Power.Active.Residual",
    "Power.Export.Minimum",
    "Power.Export.Offered",
    "Power.Factor",
    "Power.Import.Offered",
    "Power.Import.Minimum",
    "Power.Offered",
    "Power.Reactive.Export",
    "Power.Reactive.Import",
    "SoC",
    "Voltage",
    "Voltage.Minimum",
    "Voltage.Maximum",
]
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
PhaseEnum: TypeAlias = Literal["L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"]
LocationEnum: TypeAlias = Literal["Body", "Cable", "EV", "Inlet", "Outlet", "Upstream"]


class SignedMeterValue(Payload, frozen=True, kw_only=True):
    signed_meter_data: String32768
    signing_method: String50 | UnsetType = UNSET
    encoding_method: String50
    public_key: String2500 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class UnitOfMeasure(Payload, frozen=True, kw_only=True):
    unit: String20 | UnsetType = UNSET
    multiplier: int | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class SampledValue(Payload, frozen=True, kw_only=True):
    value: float
    measurand: MeasurandEnum | UnsetType = UNSET
    context: ReadingContextEnum | UnsetType = UNSET
    phase: PhaseEnum | UnsetType = UNSET
    location: LocationEnum | UnsetType = UNSET
    signed_meter_value: SignedMeterValue | UnsetType = UNSET
    unit_of_measure: UnitOfMeasure | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class MeterValue(Payload, frozen=True, kw_only=True):
    sampled_value: Annotated[list[SampledValue], Meta(min_length=1)]
    timestamp: Timestamp
    custom_data: CustomData | UnsetType = UNSET


class MeterValuesRequest(Payload, frozen=True, kw_only=True):
    """The MeterValues request of OCPP 2.1."""

    evse_id: Annotated[int, Meta(ge=0)]
    meter_value: Annotated[list[MeterValue], Meta(min_length=1)]
    custom_data: CustomData | UnsetType = UNSET


class MeterValuesResponse(Payload, frozen=True, kw_only=True):
    """The MeterValues response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class NotifyAllowedEnergyTransferRequest(Payload, frozen=True, kw_only=True):
    """The NotifyAllowedEnergyTransfer request of OCPP 2.1."""

    transaction_id: String36
    allowed_energy_transfer: Annotated[list[EnergyTransferModeEnum], Meta(min_length=1)]
    custom_data: CustomData | UnsetType = UNSET


NotifyAllowedEnergyTransferStatusEnum: TypeAlias = Literal["Accepted", "Rejected"]


class NotifyAllowedEnergyTransferResponse(Payload, frozen=True, kw_only=True):
    """The NotifyAllowedEnergyTransfer response of OCPP 2.1."""

    status: NotifyAllowedEnergyTransferStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class LimitAtSoC(Payload, frozen=True, kw_only=True):
    soc: Annotated[int, Meta(ge=0, le=100)]
    limit: float
    custom_data: CustomData | UnsetType = UNSET


class RelativeTimeInterval(Payload, frozen=True, kw_only=True):
    start: int
    duration: int | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


CostKindEnum: TypeAlias = Literal["CarbonDioxideEmission", "RelativePricePercentage", "RenewableGenerationPercentage"]


class Cost(Payload, frozen=True, kw_only=True):
    cost_kind: CostKindEnum
    amount: int
    amount_multiplier: int | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class ConsumptionCost(Payload, frozen=True, kw_only=True):
    start_value: float
    cost: Annotated[list[Cost], Meta(min_length=1, max_length=3)]
    custom_data: CustomData | UnsetType = UNSET


class SalesTariffEntry(Payload, frozen=True, kw_only=True):
    relative_time_interval: RelativeTimeInterval
    e_price_level: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    consumption_cost: Annotated[list[ConsumptionCost], Meta(min_length=1, max_length=3)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class SalesTariff(Payload, frozen=True, kw_only=True):
    id: Annotated[int, Meta(ge=0)]
    sales_tariff_description: String32 | UnsetType = UNSET
    num_e_price_levels: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    sales_tariff_entry: Annotated[list[SalesTariffEntry], Meta(min_length=1, max_length=1024)]
    custom_data: CustomData | UnsetType = UNSET


class RationalNumber(Payload, frozen=True, kw_only=True):
    exponent: int
    value: int
    custom_data: CustomData | UnsetType = UNSET


class PriceRule(Payload, frozen=True, kw_only=True):
    parking_fee_period: int | UnsetType = UNSET
    carbon_dioxide_emission: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    renewable_generation_percentage: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    energy_fee: RationalNumber
    parking_fee: RationalNumber | UnsetType = UNSET
    power_range_start: RationalNumber
    custom_data: CustomData | UnsetType = UNSET


class PriceRuleStack(Payload, frozen=True, kw_only=True):
    duration: int
    price_rule: Annotated[list[PriceRule], Meta(min_length=1, max_length=8)]
    custom_data: CustomData | UnsetType = UNSET


class TaxRule(Payload, frozen=True, kw_only=True):
    tax_rule_id: Annotated[int, Meta(ge=0)] = field(name="taxRuleID")
    tax_rule_name: String100 | UnsetType = UNSET
    tax_included_in_price: bool | UnsetType = UNSET
    applies_to_energy_fee: bool
    applies_to_parking_fee: bool
    applies_to_overstay_fee: bool
    applies_to_minimum_maximum_cost: bool
    tax_rate: RationalNumber
    custom_data: CustomData | UnsetType = UNSET


class OverstayRule(Payload, frozen=True, kw_only=True):
    overstay_fee: RationalNumber
    overstay_rule_description: String32 | UnsetType = UNSET
    start_time: int
    overstay_fee_period: int
    custom_data: CustomData | UnsetType = UNSET


class OverstayRuleList(Payload, frozen=True, kw_only=True):
    overstay_power_threshold: RationalNumber | UnsetType = UNSET
    overstay_rule: Annotated[list[OverstayRule], Meta(min_length=1, max_length=5)]
    overstay_time_threshold: int | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class AdditionalSelectedServices(Payload, frozen=True, kw_only=True):
    service_fee: RationalNumber
    service_name: String80
    custom_data: CustomData | UnsetType = UNSET


class AbsolutePriceSchedule(Payload, frozen=True, kw_only=True):
    time_anchor: Timestamp
    price_schedule_id: Annotated[int, Meta(ge=0)] = field(name="priceScheduleID")
    price_schedule_description: String160 | UnsetType = UNSET
    currency: String3
    language: String8
    price_algorithm: String2000
    minimum_cost: RationalNumber | UnsetType = UNSET
    maximum_cost: RationalNumber | UnsetType = UNSET
    price_rule_stacks: Annotated[list[PriceRuleStack], Meta(min_length=1, max_length=1024)]
    tax_rules: Annotated[list[TaxRule], Meta(min_length=1, max_length=10)] | UnsetType = UNSET
    overstay_rule_list: OverstayRuleList | UnsetType = UNSET
    additional_selected_services: Annotated[list[AdditionalSelectedServices], Meta(min_length=1, max_length=5)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class PriceLevelScheduleEntry(Payload, frozen=True, kw_only=True):
    duration: int
    price_level: Annotated[int, Meta(ge=0)]
    custom_data: CustomData | UnsetType = UNSET


class PriceLevelSchedule(Payload, frozen=True, kw_only=True):
    price_level_schedule_entries: Annotated[list[PriceLevelScheduleEntry], Meta(min_length=1, max_length=100)]
    time_anchor: Timestamp
    price_schedule_id: Annotated[int, Meta(ge=0)]
    price_schedule_description: String32 | UnsetType = UNSET
    number_of_price_levels: Annotated[int, Meta(ge=0)]
    custom_data: CustomData | UnsetType = UNSET


class ChargingSchedule(Payload, frozen=True, kw_only=True):
    id: int
    limit_at_so_c: LimitAtSoC | UnsetType = UNSET
    start_schedule: Timestamp | UnsetType = UNSET
    duration: int | UnsetType = UNSET
    charging_rate_unit: ChargingRateUnitEnum
    min_charging_rate: float | UnsetType = UNSET
    power_tolerance: float | UnsetType = UNSET
    signature_id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    digest_value: String88 | UnsetType = UNSET
    use_local_time: bool | UnsetType = UNSET
    charging_schedule_period: Annotated[list[ChargingSchedulePeriod], Meta(min_length=1, max_length=1024)]
    randomized_delay: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    sales_tariff: SalesTariff | UnsetType = UNSET
    absolute_price_schedule: AbsolutePriceSchedule | UnsetType = UNSET
    price_level_schedule: PriceLevelSchedule | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class ChargingLimit(Payload, frozen=True, kw_only=True):
    charging_limit_source: String20
    is_local_generation: bool | UnsetType = UNSET
    is_grid_critical: bool | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class NotifyChargingLimitRequest(Payload, frozen=True, kw_only=True):
    """The NotifyChargingLimit request of OCPP 2.1."""

    charging_schedule: Annotated[list[ChargingSchedule], Meta(min_length=1)] | UnsetType = UNSET
    evse_id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    charging_limit: ChargingLimit
    custom_data: CustomData | UnsetType = UNSET


class NotifyChargingLimitResponse(Payload, frozen=True, kw_only=True):
    """The NotifyChargingLimit response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class NotifyCustomerInformationRequest(Payload, frozen=True, kw_only=True):
    """The NotifyCustomerInformation request of OCPP 2.1."""

    data: String512
    tbc: bool | UnsetType = UNSET
    seq_no: Annotated[int, Meta(ge=0)]
    generated_at: Timestamp
    request_id: Annotated[int, Meta(ge=0)]
    custom_data: CustomData | UnsetType = UNSET


class NotifyCustomerInformationResponse(Payload, frozen=True, kw_only=True):
    """The NotifyCustomerInformation response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


GridEventFaultEnum: TypeAlias = Literal[
    "CurrentImbalance",
    "LocalEmergency",
    "LowInputPower",
    "OverCurrent",
    "OverFrequency",
    "OverVoltage",
    "PhaseRotation",
    "RemoteEmergency",
    "UnderFrequency",
    "UnderVoltage",
    "VoltageImbalance",
]


class NotifyDERAlarmRequest(Payload, frozen=True, kw_only=True):
    """The NotifyDERAlarm request of OCPP 2.1."""

    control_type: DERControlEnum
    grid_event_fault: GridEventFaultEnum | UnsetType = UNSET
    alarm_ended: bool | UnsetType = UNSET
    timestamp: Timestamp
    extra_info: String200 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class NotifyDERAlarmResponse(Payload, frozen=True, kw_only=True):
    """The NotifyDERAlarm response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class NotifyDERStartStopRequest(Payload, frozen=True, kw_only=True):
    """The NotifyDERStartStop request of OCPP 2.1."""

    control_id: String36
    started: bool
    timestamp: Timestamp
    superseded_ids: Annotated[list[String36], Meta(min_length=1, max_length=24)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class NotifyDERStartStopResponse(Payload, frozen=True, kw_only=True):
    """The NotifyDERStartStop response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class MessageInfo(Payload, frozen=True, kw_only=True):
    display: Component | UnsetType = UNSET
    id: Annotated[int, Meta(ge=0)]
    priority: MessagePriorityEnum
    state: MessageStateEnum | UnsetType = UNSET
    start_date_time: Timestamp | UnsetType = UNSET
    end_date_time: Timestamp | UnsetType = UNSET
    transaction_id: String36 | UnsetType = UNSET
    message: MessageContent
    message_extra: Annotated[list[MessageContent], Meta(min_length=1, max_length=4)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class NotifyDisplayMessagesRequest(Payload, frozen=True, kw_only=True):
    """The NotifyDisplayMessages request of OCPP 2.1."""

    message_info: Annotated[list[MessageInfo], Meta(min_length=1)] | UnsetType = UNSET
    request_id: int
    tbc: bool | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class NotifyDisplayMessagesResponse(Payload, frozen=True, kw_only=True):
    """The NotifyDisplayMessages response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class ACChargingParameters(Payload, frozen=True, kw_only=True):
    energy_amount: float
    ev_min_current: float
    ev_max_current: float
    ev_max_voltage: float
    custom_data: CustomData | UnsetType = UNSET


IslandingDetectionEnum: TypeAlias = Literal[
    "NoAntiIslandingSupport",
    "RoCoF",
    "UVP_OVP",
    "UFP_OFP",
    "VoltageVectorShift",
    "ZeroCrossingDetection",
    "OtherPassive",
    "ImpedanceMeasurement",
    "ImpedanceAtFrequency",
    "SlipModeFrequencyShift",
    "SandiaFrequencyShift",
    "SandiaVoltageShift",
    "FrequencyJump",
    "RCLQFactor",
    "OtherActive",
]


class DERChargingParameters(Payload, frozen=True, kw_only=True):
    ev_supported_der_control: Annotated[list[DERControlEnum], Meta(min_length=1)] | UnsetType = field(default=UNSET, name="evSupportedDERControl")
    ev_over_excited_max_discharge_power: float | UnsetType = UNSET
    ev_over_excited_power_factor: float | UnsetType = UNSET
    ev_under_excited_max_discharge_power: float | UnsetType = UNSET
    ev_under_excited_power_factor: float | UnsetType = UNSET
    max_apparent_power: float | UnsetType = UNSET
    max_charge_apparent_power: float | UnsetType = UNSET
    max_charge_apparent_power_l2: float | UnsetType = field(default=UNSET, name="maxChargeApparentPower_L2")
    max_charge_apparent_power_l3: float | UnsetType = field(default=UNSET, name="maxChargeApparentPower_L3")
    max_discharge_apparent_power: float | UnsetType = UNSET
    max_discharge_apparent_power_l2: float | UnsetType = field(default=UNSET, name="maxDischargeApparentPower_L2")
    max_discharge_apparent_power_l3: float | UnsetType = field(default=UNSET, name="maxDischargeApparentPower_L3")
    max_charge_reactive_power: float | UnsetType = UNSET
    max_charge_reactive_power_l2: float | UnsetType = field(default=UNSET, name="maxChargeReactivePower_L2")
    max_charge_reactive_power_l3: float | UnsetType = field(default=UNSET, name="maxChargeReactivePower_L3")
    min_charge_reactive_power: float | UnsetType = UNSET
    min_charge_reactive_power_l2: float | UnsetType = field(default=UNSET, name="minChargeReactivePower_L2")
    min_charge_reactive_power_l3: float | UnsetType = field(default=UNSET, name="minChargeReactivePower_L3")
    max_discharge_reactive_power: float | UnsetType = UNSET
    max_discharge_reactive_power_l2: float | UnsetType = field(default=UNSET, name="maxDischargeReactivePower_L2")
    max_discharge_reactive_power_l3: float | UnsetType = field(default=UNSET, name="maxDischargeReactivePower_L3")
    min_discharge_reactive_power: float | UnsetType = UNSET
    min_discharge_reactive_power_l2: float | UnsetType = field(default=UNSET, name="minDischargeReactivePower_L2")
    min_discharge_reactive_power_l3: float | UnsetType = field(default=UNSET, name="minDischargeReactivePower_L3")
    nominal_voltage: float | UnsetType = UNSET
    nominal_voltage_offset: float | UnsetType = UNSET
    max_nominal_voltage: float | UnsetType = UNSET
    min_nominal_voltage: float | UnsetType = UNSET
    ev_inverter_manufacturer: String50 | UnsetType = UNSET
    ev_inverter_model: String50 | UnsetType = UNSET
    ev_inverter_serial_number: String50 | UnsetType = UNSET
    ev_inverter_sw_version: String50 | UnsetType = UNSET
    ev_inverter_hw_version: String50 | UnsetType = UNSET
    ev_islanding_detection_method: Annotated[list[IslandingDetectionEnum], Meta(min_length=1)] | UnsetType = UNSET
    ev_islanding_trip_time: float | UnsetType = UNSET
    ev_maximum_level1_dc_injection: float | UnsetType = field(default=UNSET, name="evMaximumLevel1DCInjection")
    ev_duration_level1_dc_injection: float | UnsetType = field(default=UNSET, name="evDurationLevel1DCInjection")
    ev_maximum_level2_dc_injection: float | UnsetType = field(default=UNSET, name="evMaximumLevel2DCInjection")
    ev_duration_level2_dc_injection: float | UnsetType = field(default=UNSET, name="evDurationLevel2DCInjection")
    ev_reactive_susceptance: float | UnsetType = UNSET
    ev_session_total_discharge_energy_available: float | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class EVPriceRule(Payload, frozen=True, kw_only=True):
    energy_fee: float
    power_range_start: float
    custom_data: CustomData | UnsetType = UNSET


class EVAbsolutePriceScheduleEntry(Payload, frozen=True, kw_only=True):
    duration: int
    ev_price_rule: Annotated[list[EVPriceRule], Meta(min_length=1, max_length=8)]
    custom_data: CustomData | UnsetType = UNSET


class EVAbsolutePriceSchedule(Payload, frozen=True, kw_only=True):
    time_anchor: Timestamp
    currency: String3
    ev_absolute_price_schedule_entries: Annotated[list[EVAbsolutePriceScheduleEntry], Meta(min_length=1, max_length=1024)]
    price_algorithm: String2000
    custom_data: CustomData | UnsetType = UNSET


class EVPowerScheduleEntry(Payload, frozen=True, kw_only=True):
    duration: int
    power: float
    custom_data: CustomData | UnsetType = UNSET


class EVPowerSchedule(Payload, frozen=True, kw_only=True):
    ev_power_schedule_entries: Annotated[list[EVPowerScheduleEntry], Meta(min_length=1, max_length=1024)]
    time_anchor: Timestamp
    custom_data: CustomData | UnsetType = UNSET


class EVEnergyOffer(Payload, frozen=True, kw_only=True):
    ev_absolute_price_schedule: EVAbsolutePriceSchedule | UnsetType = UNSET
    ev_power_schedule: EVPowerSchedule
    custom_data: CustomData | UnsetType = UNSET


class DCChargingParameters(Payload, frozen=True, kw_only=True):
    ev_max_current: float
    ev_max_voltage: float
    ev_max_power: float | UnsetType = UNSET
    ev_energy_capacity: float | UnsetType = UNSET
    energy_amount: float | UnsetType = UNSET
    state_of_charge: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    full_so_c: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    bulk_so_c: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class V2XChargingParameters(Payload, frozen=True, kw_only=True):
    min_charge_power: float | UnsetType = UNSET
    min_charge_power_l2: float | UnsetType = field(default=UNSET, name="minChargePower_L2")
    min_charge_power_l3: float | UnsetType = field(default=UNSET, name="minChargePower_L3")
    max_charge_power: float | UnsetType = UNSET
    max_charge_power_l2: float | UnsetType = field(default=UNSET, name="maxChargePower_L2")
    max_charge_power_l3: float | UnsetType = field(default=UNSET, name="maxChargePower_L3")
    min_discharge_power: float | UnsetType = UNSET
    min_discharge_power_l2: float | UnsetType = field(default=UNSET, name="minDischargePower_L2")
    min_discharge_power_l3: float | UnsetType = field(default=UNSET, name="minDischargePower_L3")
    max_discharge_power: float | UnsetType = UNSET
    max_discharge_power_l2: float | UnsetType = field(default=UNSET, name="maxDischargePower_L2")
    max_discharge_power_l3: float | UnsetType = field(default=UNSET, name="maxDischargePower_L3")
    min_charge_current: float | UnsetType = UNSET
    max_charge_current: float | UnsetType = UNSET
    min_discharge_current: float | UnsetType = UNSET
    max_discharge_current: float | UnsetType = UNSET
    min_voltage: float | UnsetType = UNSET
    max_voltage: float | UnsetType = UNSET
    ev_target_energy_request: float | UnsetType = UNSET
    ev_min_energy_request: float | UnsetType = UNSET
    ev_max_energy_request: float | UnsetType = UNSET
    ev_min_v2_x_energy_request: float | UnsetType = UNSET
    ev_max_v2_x_energy_request: float | UnsetType = UNSET
    target_so_c: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


ControlModeEnum: TypeAlias = Literal["ScheduledControl", "DynamicControl"]
MobilityNeedsModeEnum: TypeAlias = Literal["EVCC", "EVCC_SECC"]


class ChargingNeeds(Payload, frozen=True, kw_only=True):
    ac_charging_parameters: ACChargingParameters | UnsetType = UNSET
    der_charging_parameters: DERChargingParameters | UnsetType = UNSET
    ev_energy_offer: EVEnergyOffer | UnsetType = UNSET
    requested_energy_transfer: EnergyTransferModeEnum
    dc_charging_parameters: DCChargingParameters | UnsetType = UNSET
    v2x_charging_parameters: V2XChargingParameters | UnsetType = UNSET
    available_energy_transfer: Annotated[list[EnergyTransferModeEnum], Meta(min_length=1)] | UnsetType = UNSET
    control_mode: ControlModeEnum | UnsetType = UNSET
    mobility_needs_mode: MobilityNeedsModeEnum | UnsetType = UNSET
    departure_time: Timestamp | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class NotifyEVChargingNeedsRequest(Payload, frozen=True, kw_only=True):
    """The NotifyEVChargingNeeds request of OCPP 2.1."""

    evse_id: Annotated[int, Meta(ge=1)]
    max_schedule_tuples: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    charging_needs: ChargingNeeds
    timestamp: Timestamp | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


NotifyEVChargingNeedsStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "Processing", "NoChargingProfile"]


class NotifyEVChargingNeedsResponse(Payload, frozen=True, kw_only=True):
    """The NotifyEVChargingNeeds response of OCPP 2.1."""

    status: NotifyEVChargingNeedsStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class NotifyEVChargingScheduleRequest(Payload, frozen=True, kw_only=True):
    """The NotifyEVChargingSchedule request of OCPP 2.1."""

    time_base: Timestamp
    charging_schedule: ChargingSchedule
    evse_id: Annotated[int, Meta(ge=1)]
    selected_charging_schedule_id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    power_tolerance_acceptance: bool | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class NotifyEVChargingScheduleResponse(Payload, frozen=True, kw_only=True):
    """The NotifyEVChargingSchedule response of OCPP 2.1."""

    status: GenericStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


EventTriggerEnum: TypeAlias = Literal["Alerting", "Delta", "Periodic"]
EventNotificationEnum: TypeAlias = Literal[
    "HardWiredNotification",
    "HardWiredMonitor",
    "PreconfiguredMonitor",
    "CustomMonitor",
]


class EventData(Payload, frozen=True, kw_only=True):
    event_id: Annotated[int, Meta(ge=0)]
    timestamp: Timestamp
    trigger: EventTriggerEnum
    cause: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    actual_value: String2500
    tech_code: String50 | UnsetType = UNSET
    tech_info: String500 | UnsetType = UNSET
    cleared: bool | UnsetType = UNSET
    transaction_id: String36 | UnsetType = UNSET
    component: Component
    variable_monitoring_id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    event_notification_type: EventNotificationEnum
    variable: Variable
    severity: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class NotifyEventRequest(Payload, frozen=True, kw_only=True):
    """The NotifyEvent request of OCPP 2.1."""

    generated_at: Timestamp
    tbc: bool | UnsetType = UNSET
    seq_no: Annotated[int, Meta(ge=0)]
    event_data: Annotated[list[EventData], Meta(min_length=1)]
    custom_data: CustomData | UnsetType = UNSET


class NotifyEventResponse(Payload, frozen=True, kw_only=True):
    """The NotifyEvent response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


MonitorEnum: TypeAlias = Literal[
    "UpperThreshold",
    "LowerThreshold",
    "Delta",
    "Periodic",
    "PeriodicClockAligned",
    "TargetDelta",
    "TargetDeltaRelative",
]


class VariableMonitoring(Payload, frozen=True, kw_only=True):
    id: Annotated[int, Meta(ge=0)]
    transaction: bool
    value: float
    type: MonitorEnum
    severity: Annotated[int, Meta(ge=0)]
    event_notification_type: EventNotificationEnum
    custom_data: CustomData | UnsetType = UNSET


class MonitoringData(Payload, frozen=True, kw_only=True):
    component: Component
    variable: Variable
    variable_monitoring: Annotated[list[VariableMonitoring], Meta(min_length=1)]
    custom_data: CustomData | UnsetType = UNSET


class NotifyMonitoringReportRequest(Payload, frozen=True, kw_only=True):
    """The NotifyMonitoringReport request of OCPP 2.1."""

    monitor: Annotated[list[MonitoringData], Meta(min_length=1)] | UnsetType = UNSET
    request_id: int
    tbc: bool | UnsetType = UNSET
    seq_no: Annotated[int, Meta(ge=0)]
    generated_at: Timestamp
    custom_data: CustomData | UnsetType = UNSET


class NotifyMonitoringReportResponse(Payload, frozen=True, kw_only=True):
    """The NotifyMonitoringReport response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class StreamDataElement(Payload, frozen=True, kw_only=True):
    t: float
    v: String2500
    custom_data: CustomData | UnsetType = UNSET


class NotifyPeriodicEventStreamRequest(Payload, frozen=True, kw_only=True):
    """The NotifyPeriodicEventStream request of OCPP 2.1."""

    data: Annotated[list[StreamDataElement], Meta(min_length=1)]
    id: Annotated[int, Meta(ge=0)]
    pending: Annotated[int, Meta(ge=0)]
    basetime: Timestamp
    custom_data: CustomData | UnsetType = UNSET


class NotifyPriorityChargingRequest(Payload, frozen=True, kw_only=True):
    """The NotifyPriorityCharging request of OCPP 2.1."""

    transaction_id: String36
    activated: bool
    custom_data: CustomData | UnsetType = UNSET


class NotifyPriorityChargingResponse(Payload, frozen=True, kw_only=True):
    """The NotifyPriorityCharging response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


MutabilityEnum: TypeAlias = Literal["ReadOnly", "WriteOnly", "ReadWrite"]


class VariableAttribute(Payload, frozen=True, kw_only=True):
    type: AttributeEnum | UnsetType = UNSET
    value: String2500 | UnsetType = UNSET
    mutability: MutabilityEnum | UnsetType = UNSET
    persistent: bool | UnsetType = UNSET
    constant: bool | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


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
    unit: String16 | UnsetType = UNSET
    data_type: DataEnum
    min_limit: float | UnsetType = UNSET
    max_limit: float | UnsetType = UNSET
    max_elements: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    values_list: String1000 | UnsetType = UNSET
    supports_monitoring: bool
    custom_data: CustomData | UnsetType = UNSET


class ReportData(Payload, frozen=True, kw_only=True):
    component: Component
    variable: Variable
    variable_attribute: Annotated[list[VariableAttribute], Meta(min_length=1, max_length=4)]
    variable_characteristics: VariableCharacteristics | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class NotifyReportRequest(Payload, frozen=True, kw_only=True):
    """The NotifyReport request of OCPP 2.1."""

    request_id: int
    generated_at: Timestamp
    report_data: Annotated[list[ReportData], Meta(min_length=1)] | UnsetType = UNSET
    tbc: bool | UnsetType = UNSET
    seq_no: Annotated[int, Meta(ge=0)]
    custom_data: CustomData | UnsetType = UNSET


class NotifyReportResponse(Payload, frozen=True, kw_only=True):
    """The NotifyReport response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


PaymentStatusEnum: TypeAlias = Literal["Settled", "Canceled", "Rejected", "Failed"]


class Address(Payload, frozen=True, kw_only=True):
    name: String50
    address1: String100
    address2: String100 | UnsetType = UNSET
    city: String100
    postal_code: String20 | UnsetType = UNSET
    country: String50
    custom_data: CustomData | UnsetType = UNSET


class NotifySettlementRequest(Payload, frozen=True, kw_only=True):
    """The NotifySettlement request of OCPP 2.1."""

    transaction_id: String36 | UnsetType = UNSET
    psp_ref: String255
    status: PaymentStatusEnum
    status_info: String500 | UnsetType = UNSET
    settlement_amount: float
    settlement_time: Timestamp
    receipt_id: String50 | UnsetType = UNSET
    receipt_url: String2000 | UnsetType = UNSET
    vat_company: Address | UnsetType = UNSET
    vat_number: String20 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class NotifySettlementResponse(Payload, frozen=True, kw_only=True):
    """The NotifySettlement response of OCPP 2.1."""

    receipt_url: String2000 | UnsetType = UNSET
    receipt_id: String50 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class NotifyWebPaymentStartedRequest(Payload, frozen=True, kw_only=True):
    """The NotifyWebPaymentStarted request of OCPP 2.1."""

    evse_id: Annotated[int, Meta(ge=0)]
    timeout: int
    custom_data: CustomData | UnsetType = UNSET


class NotifyWebPaymentStartedResponse(Payload, frozen=True, kw_only=True):
    """The NotifyWebPaymentStarted response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class OpenPeriodicEventStreamRequest(Payload, frozen=True, kw_only=True):
    """The OpenPeriodicEventStream request of OCPP 2.1."""

    constant_stream_data: ConstantStreamData
    custom_data: CustomData | UnsetType = UNSET


class OpenPeriodicEventStreamResponse(Payload, frozen=True, kw_only=True):
    """The OpenPeriodicEventStream response of OCPP 2.1."""

    status: GenericStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class PublishFirmwareRequest(Payload, frozen=True, kw_only=True):
    """The PublishFirmware request of OCPP 2.1."""

    location: String2000
    retries: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    checksum: String32
    request_id: Annotated[int, Meta(ge=0)]
    retry_interval: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class PublishFirmwareResponse(Payload, frozen=True, kw_only=True):
    """The PublishFirmware response of OCPP 2.1."""

    status: GenericStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


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
    """The PublishFirmwareStatusNotification request of OCPP 2.1."""

    status: PublishFirmwareStatusEnum
    location: Annotated[list[String2000], Meta(min_length=1)] | UnsetType = UNSET
    request_id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class PublishFirmwareStatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The PublishFirmwareStatusNotification response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class PullDynamicScheduleUpdateRequest(Payload, frozen=True, kw_only=True):
    """The PullDynamicScheduleUpdate request of OCPP 2.1."""

    charging_profile_id: int
    custom_data: CustomData | UnsetType = UNSET


class ChargingScheduleUpdate(Payload, frozen=True, kw_only=True):
    limit: float | UnsetType = UNSET
    limit_l2: float | UnsetType = field(default=UNSET, name="limit_L2")
    limit_l3: float | UnsetType = field(default=UNSET, name="limit_L3")
    discharge_limit: Annotated[float, Meta(le=0)] | UnsetType = UNSET
    discharge_limit_l2: Annotated[float, Meta(le=0)] | UnsetType = field(default=UNSET, name="dischargeLimit_L2")
    discharge_limit_l3: Annotated[float, Meta(le=0)] | UnsetType = field(default=UNSET, name="dischargeLimit_L3")
    setpoint: float | UnsetType = UNSET
    setpoint_l2: float | UnsetType = field(default=UNSET, name="setpoint_L2")
    setpoint_l3: float | UnsetType = field(default=UNSET, name="setpoint_L3")
    setpoint_reactive: float | UnsetType = UNSET
    setpoint_reactive_l2: float | UnsetType = field(default=UNSET, name="setpointReactive_L2")
    setpoint_reactive_l3: float | UnsetType = field(default=UNSET, name="setpointReactive_L3")
    custom_data: CustomData | UnsetType = UNSET


ChargingProfileStatusEnum: TypeAlias = Literal["Accepted", "Rejected"]


class PullDynamicScheduleUpdateResponse(Payload, frozen=True, kw_only=True):
    """The PullDynamicScheduleUpdate response of OCPP 2.1."""

    schedule_update: ChargingScheduleUpdate | UnsetType = UNSET
    status: ChargingProfileStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


ChargingProfileKindEnum: TypeAlias = Literal["Absolute", "Recurring", "Relative", "Dynamic"]
RecurrencyKindEnum: TypeAlias = Literal["Daily", "Weekly"]


class ChargingProfile(Payload, frozen=True, kw_only=True):
    id: int
    stack_level: Annotated[int, Meta(ge=0)]
    charging_profile_purpose: ChargingProfilePurposeEnum
    charging_profile_kind: ChargingProfileKindEnum
    recurrency_kind: RecurrencyKindEnum | UnsetType = UNSET
    valid_from: Timestamp | UnsetType = UNSET
    valid_to: Timestamp | UnsetType = UNSET
    transaction_id: String36 | UnsetType = UNSET
    max_offline_duration: int | UnsetType = UNSET
    charging_schedule: Annotated[list[ChargingSchedule], Meta(min_length=1, max_length=3)]
    invalid_after_offline_duration: bool | UnsetType = UNSET
    dyn_update_interval: int | UnsetType = UNSET
    dyn_update_time: Timestamp | UnsetType = UNSET
    price_schedule_signature: String256 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class ReportChargingProfilesRequest(Payload, frozen=True, kw_only=True):
    """The ReportChargingProfiles request of OCPP 2.1."""

    request_id: int
    charging_limit_source: String20
    charging_profile: Annotated[list[ChargingProfile], Meta(min_length=1)]
    tbc: bool | UnsetType = UNSET
    evse_id: Annotated[int, Meta(ge=0)]
    custom_data: CustomData | UnsetType = UNSET


class ReportChargingProfilesResponse(Payload, frozen=True, kw_only=True):
    """The ReportChargingProfiles response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class DERCurvePoints(Payload, frozen=True, kw_only=True):
    x: float
    y: float
    custom_data: CustomData | UnsetType = UNSET


class Hysteresis(Payload, frozen=True, kw_only=True):
    hysteresis_high: float | UnsetType = UNSET
    hysteresis_low: float | UnsetType = UNSET
    hysteresis_delay: float | UnsetType = UNSET
    hysteresis_gradient: float | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class ReactivePowerParams(Payload, frozen=True, kw_only=True):
    v_ref: float | UnsetType = UNSET
    autonomous_v_ref_enable: bool | UnsetType = UNSET
    autonomous_v_ref_time_constant: float | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


PowerDuringCessationEnum: TypeAlias = Literal["Active", "Reactive"]


class VoltageParams(Payload, frozen=True, kw_only=True):
    hv10_min_mean_value: float | UnsetType = UNSET
    hv10_min_mean_trip_delay: float | UnsetType = UNSET
    power_during_cessation: PowerDuringCessationEnum | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


DERUnitEnum: TypeAlias = Literal["Not_Applicable", "PctMaxW", "PctMaxVar", "PctWAvail", "PctVarAvail", "PctEffectiveV"]


class DERCurve(Payload, frozen=True, kw_only=True):
    curve_data: Annotated[list[DERCurvePoints], Meta(min_length=1, max_length=10)]
    hysteresis: Hysteresis | UnsetType = UNSET
    priority: Annotated[int, Meta(ge=0)]
    reactive_power_params: ReactivePowerParams | UnsetType = UNSET
    voltage_params: VoltageParams | UnsetType = UNSET
    y_unit: DERUnitEnum
    response_time: float | UnsetType = UNSET
    start_time: Timestamp | UnsetType = UNSET
    duration: float | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class DERCurveGet(Payload, frozen=True, kw_only=True):
    curve: DERCurve
    id: String36
    curve_type: DERControlEnum
    is_default: bool
    is_superseded: bool
    custom_data: CustomData | UnsetType = UNSET


class EnterService(Payload, frozen=True, kw_only=True):
    priority: Annotated[int, Meta(ge=0)]
    high_voltage: float
    low_voltage: float
    high_freq: float
    low_freq: float
    delay: float | UnsetType = UNSET
    random_delay: float | UnsetType = UNSET
    ramp_rate: float | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class EnterServiceGet(Payload, frozen=True, kw_only=True):
    enter_service: EnterService
    id: String36
    custom_data: CustomData | UnsetType = UNSET


class FixedPF(Payload, frozen=True, kw_only=True):
    priority: Annotated[int, Meta(ge=0)]
    displacement: float
    excitation: bool
    start_time: Timestamp | UnsetType = UNSET
    duration: float | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class FixedPFGet(Payload, frozen=True, kw_only=True):
    fixed_pf: FixedPF = field(name="fixedPF")
    id: String36
    is_default: bool
    is_superseded: bool
    custom_data: CustomData | UnsetType = UNSET


class FixedVar(Payload, frozen=True, kw_only=True):
    priority: Annotated[int, Meta(ge=0)]
    setpoint: float
    unit: DERUnitEnum
    start_time: Timestamp | UnsetType = UNSET
    duration: float | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class FixedVarGet(Payload, frozen=True, kw_only=True):
    fixed_var: FixedVar
    id: String36
    is_default: bool
    is_superseded: bool
    custom_data: CustomData | UnsetType = UNSET


class FreqDroop(Payload, frozen=True, kw_only=True):
    priority: Annotated[int, Meta(ge=0)]
    over_freq: float
    under_freq: float
    over_droop: float
    under_droop: float
    response_time: float
    start_time: Timestamp | UnsetType = UNSET
    duration: float | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class FreqDroopGet(Payload, frozen=True, kw_only=True):
    freq_droop: FreqDroop
    id: String36
    is_default: bool
    is_superseded: bool
    custom_data: CustomData | UnsetType = UNSET


class Gradient(Payload, frozen=True, kw_only=True):
    priority: Annotated[int, Meta(ge=0)]
    gradient: float
    soft_gradient: float
    custom_data: CustomData | UnsetType = UNSET


class GradientGet(Payload, frozen=True, kw_only=True):
    gradient: Gradient
    id: String36
    custom_data: CustomData | UnsetType = UNSET


class LimitMaxDischarge(Payload, frozen=True, kw_only=True):
    priority: Annotated[int, Meta(ge=0)]
    pct_max_discharge_power: float | UnsetType = UNSET
    power_monitoring_must_trip: DERCurve | UnsetType = UNSET
    start_time: Timestamp | UnsetType = UNSET
    duration: float | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class LimitMaxDischargeGet(Payload, frozen=True, kw_only=True):
    id: String36
    is_default: bool
    is_superseded: bool
    limit_max_discharge: LimitMaxDischarge
    custom_data: CustomData | UnsetType = UNSET


class ReportDERControlRequest(Payload, frozen=True, kw_only=True):
    """The ReportDERControl request of OCPP 2.1."""

    curve: Annotated[list[DERCurveGet], Meta(min_length=1, max_length=24)] | UnsetType = UNSET
    enter_service: Annotated[list[EnterServiceGet], Meta(min_length=1, max_length=24)] | UnsetType = UNSET
    fixed_pf_absorb: Annotated[list[FixedPFGet], Meta(min_length=1, max_length=24)] | UnsetType = field(default=UNSET, name="fixedPFAbsorb")
    fixed_pf_inject: Annotated[list[FixedPFGet], Meta(min_length=1, max_length=24)] | UnsetType = field(default=UNSET, name="fixedPFInject")
    fixed_var: Annotated[list[FixedVarGet], Meta(min_length=1, max_length=24)] | UnsetType = UNSET
    freq_droop: Annotated[list[FreqDroopGet], Meta(min_length=1, max_length=24)] | UnsetType = UNSET
    gradient: Annotated[list[GradientGet], Meta(min_length=1, max_length=24)] | UnsetType = UNSET
    limit_max_discharge: Annotated[list[LimitMaxDischargeGet], Meta(min_length=1, max_length=24)] | UnsetType = UNSET
    request_id: int
    tbc: bool | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class ReportDERControlResponse(Payload, frozen=True, kw_only=True):
    """The ReportDERControl response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class RequestBatterySwapRequest(Payload, frozen=True, kw_only=True):
    """The RequestBatterySwap request of OCPP 2.1."""

    id_token: IdToken
    request_id: int
    custom_data: CustomData | UnsetType = UNSET


class RequestBatterySwapResponse(Payload, frozen=True, kw_only=True):
    """The RequestBatterySwap response of OCPP 2.1."""

    status: GenericStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class RequestStartTransactionRequest(Payload, frozen=True, kw_only=True):
    """The RequestStartTransaction request of OCPP 2.1."""

    evse_id: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    group_id_token: IdToken | UnsetType = UNSET
    id_token: IdToken
    remote_start_id: int
    charging_profile: ChargingProfile | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


RequestStartStopStatusEnum: TypeAlias = Literal["Accepted", "Rejected"]


class RequestStartTransactionResponse(Payload, frozen=True, kw_only=True):
    """The RequestStartTransaction response of OCPP 2.1."""

    status: RequestStartStopStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    transaction_id: String36 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class RequestStopTransactionRequest(Payload, frozen=True, kw_only=True):
    """The RequestStopTransaction request of OCPP 2.1."""

    transaction_id: String36
    custom_data: CustomData | UnsetType = UNSET


class RequestStopTransactionResponse(Payload, frozen=True, kw_only=True):
    """The RequestStopTransaction response of OCPP 2.1."""

    status: RequestStartStopStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


ReservationUpdateStatusEnum: TypeAlias = Literal["Expired", "Removed", "NoTransaction"]


class ReservationStatusUpdateRequest(Payload, frozen=True, kw_only=True):
    """The ReservationStatusUpdate request of OCPP 2.1."""

    reservation_id: Annotated[int, Meta(ge=0)]
    reservation_update_status: ReservationUpdateStatusEnum
    custom_data: CustomData | UnsetType = UNSET


class ReservationStatusUpdateResponse(Payload, frozen=True, kw_only=True):
    """The ReservationStatusUpdate response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class ReserveNowRequest(Payload, frozen=True, kw_only=True):
    """The ReserveNow request of OCPP 2.1."""

    id: Annotated[int, Meta(ge=0)]
    expiry_date_time: Timestamp
    connector_type: String20 | UnsetType = UNSET
    id_token: IdToken
    evse_id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    group_id_token: IdToken | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


ReserveNowStatusEnum: TypeAlias = Literal["Accepted", "Faulted", "Occupied", "Rejected", "Unavailable"]


class ReserveNowResponse(Payload, frozen=True, kw_only=True):
    """The ReserveNow response of OCPP 2.1."""

    status: ReserveNowStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


ResetEnum: TypeAlias = Literal["Immediate", "OnIdle", "ImmediateAndResume"]


class ResetRequest(Payload, frozen=True, kw_only=True):
    """The Reset request of OCPP 2.1."""

    type: ResetEnum
    evse_id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


ResetStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "Scheduled"]


class ResetResponse(Payload, frozen=True, kw_only=True):
    """The Reset response of OCPP 2.1."""

    status: ResetStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class SecurityEventNotificationRequest(Payload, frozen=True, kw_only=True):
    """The SecurityEventNotification request of OCPP 2.1."""

    type: String50
    timestamp: Timestamp
    tech_info: String255 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class SecurityEventNotificationResponse(Payload, frozen=True, kw_only=True):
    """The SecurityEventNotification response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


class AuthorizationData(Payload, frozen=True, kw_only=True):
    id_token: IdToken
    id_token_info: IdTokenInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


UpdateEnum: TypeAlias = Literal["Differential", "Full"]


class SendLocalListRequest(Payload, frozen=True, kw_only=True):
    """The SendLocalList request of OCPP 2.1."""

    local_authorization_list: Annotated[list[AuthorizationData], Meta(min_length=1)] | UnsetType = UNSET
    version_number: int
    update_type: UpdateEnum
    custom_data: CustomData | UnsetType = UNSET


SendLocalListStatusEnum: TypeAlias = Literal["Accepted", "Failed", "VersionMismatch"]


class SendLocalListResponse(Payload, frozen=True, kw_only=True):
    """The SendLocalList response of OCPP 2.1."""

    status: SendLocalListStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class SetChargingProfileRequest(Payload, frozen=True, kw_only=True):
    """The SetChargingProfile request of OCPP 2.1."""

    evse_id: Annotated[int, Meta(ge=0)]
    charging_profile: ChargingProfile
    custom_data: CustomData | UnsetType = UNSET


class SetChargingProfileResponse(Payload, frozen=True, kw_only=True):
    """The SetChargingProfile response of OCPP 2.1."""

    status: ChargingProfileStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class SetDERControlRequest(Payload, frozen=True, kw_only=True):
    """The SetDERControl request of OCPP 2.1."""

    is_default: bool
    control_id: String36
    control_type: DERControlEnum
    curve: DERCurve | UnsetType = UNSET
    enter_service: EnterService | UnsetType = UNSET
    fixed_pf_absorb: FixedPF | UnsetType = field(default=UNSET, name="fixedPFAbsorb")
    fixed_pf_inject: FixedPF | UnsetType = field(default=UNSET, name="fixedPFInject")
    fixed_var: FixedVar | UnsetType = UNSET
    freq_droop: FreqDroop | UnsetType = UNSET
    gradient: Gradient | UnsetType = UNSET
    limit_max_discharge: LimitMaxDischarge | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class SetDERControlResponse(Payload, frozen=True, kw_only=True):
    """The SetDERControl response of OCPP 2.1."""

    status: DERControlStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    superseded_ids: Annotated[list[String36], Meta(min_length=1, max_length=24)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class SetDefaultTariffRequest(Payload, frozen=True, kw_only=True):
    """The SetDefaultTariff request of OCPP 2.1."""

    evse_id: Annotated[int, Meta(ge=0)]
    tariff: Tariff
    custom_data: CustomData | UnsetType = UNSET


TariffSetStatusEnum: TypeAlias = Literal[
    "Accepted",
    "Rejected",
    "TooManyElements",
    "ConditionNotSupported",
    "DuplicateTariffId",
]


class SetDefaultTariffResponse(Payload, frozen=True, kw_only=True):
    """The SetDefaultTariff response of OCPP 2.1."""

    status: TariffSetStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class SetDisplayMessageRequest(Payload, frozen=True, kw_only=True):
    """The SetDisplayMessage request of OCPP 2.1."""

    message: MessageInfo
    custom_data: CustomData | UnsetType = UNSET


DisplayMessageStatusEnum: TypeAlias = Literal[
    "Accepted",
    "NotSupportedMessageFormat",
    "Rejected",
    "NotSupportedPriority",
    "NotSupportedState",
    "UnknownTransaction",
    "LanguageNotSupported",
]


class SetDisplayMessageResponse(Payload, frozen=True, kw_only=True):
    """The SetDisplayMessage response of OCPP 2.1."""

    status: DisplayMessageStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


MonitoringBaseEnum: TypeAlias = Literal["All", "FactoryDefault", "HardWiredOnly"]


class SetMonitoringBaseRequest(Payload, frozen=True, kw_only=True):
    """The SetMonitoringBase request of OCPP 2.1."""

    monitoring_base: MonitoringBaseEnum
    custom_data: CustomData | UnsetType = UNSET


class SetMonitoringBaseResponse(Payload, frozen=True, kw_only=True):
    """The SetMonitoringBase response of OCPP 2.1."""

    status: GenericDeviceModelStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class SetMonitoringLevelRequest(Payload, frozen=True, kw_only=True):
    """The SetMonitoringLevel request of OCPP 2.1."""

    severity: Annotated[int, Meta(ge=0)]
    custom_data: CustomData | UnsetType = UNSET


class SetMonitoringLevelResponse(Payload, frozen=True, kw_only=True):
    """The SetMonitoringLevel response of OCPP 2.1."""

    status: GenericStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


APNAuthenticationEnum: TypeAlias = Literal["PAP", "CHAP", "NONE", "AUTO"]


class APN(Payload, frozen=True, kw_only=True):
    apn: String2000
    apn_user_name: String50 | UnsetType = UNSET
    apn_password: String64 | UnsetType = UNSET
    sim_pin: int | UnsetType = UNSET
    preferred_network: String6 | UnsetType = UNSET
    use_only_preferred_network: bool | UnsetType = UNSET
    apn_authentication: APNAuthenticationEnum
    custom_data: CustomData | UnsetType = UNSET


OCPPVersionEnum: TypeAlias = Literal["OCPP12", "OCPP15", "OCPP16", "OCPP20", "OCPP201", "OCPP21"]
OCPPInterfaceEnum: TypeAlias = Literal[
    "Wired0",
    "Wired1",
    "Wired2",
    "Wired3",
    "Wireless0",
    "Wireless1",
    "Wireless2",
    "Wireless3",
    "Any",
]
OCPPTransportEnum: TypeAlias = Literal["SOAP", "JSON"]
VPNEnum: TypeAlias = Literal["IKEv2", "IPSec", "L2TP", "PPTP"]


class VPN(Payload, frozen=True, kw_only=True):
    server: String2000
    user: String50
    group: String50 | UnsetType = UNSET
    password: String64
    key: String255
    type: VPNEnum
    custom_data: CustomData | UnsetType = UNSET


class NetworkConnectionProfile(Payload, frozen=True, kw_only=True):
    apn: APN | UnsetType = UNSET
    ocpp_version: OCPPVersionEnum | UnsetType = UNSET
    ocpp_interface: OCPPInterfaceEnum
    ocpp_transport: OCPPTransportEnum
    message_timeout: int
    ocpp_csms_url: String2000
    security_profile: Annotated[int, Meta(ge=0)]
    identity: String48 | UnsetType = UNSET
    basic_auth_password: String64 | UnsetType = UNSET
    vpn: VPN | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class SetNetworkProfileRequest(Payload, frozen=True, kw_only=True):
    """The SetNetworkProfile request of OCPP 2.1."""

    configuration_slot: int
    connection_data: NetworkConnectionProfile
    custom_data: CustomData | UnsetType = UNSET


SetNetworkProfileStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "Failed"]


class SetNetworkProfileResponse(Payload, frozen=True, kw_only=True):
    """The SetNetworkProfile response of OCPP 2.1."""

    status: SetNetworkProfileStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class SetMonitoringData(Payload, frozen=True, kw_only=True):
    id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    periodic_event_stream: PeriodicEventStreamParams | UnsetType = UNSET
    transaction: bool | UnsetType = UNSET
    value: float
    type: MonitorEnum
    severity: Annotated[int, Meta(ge=0)]
    component: Component
    variable: Variable
    custom_data: CustomData | UnsetType = UNSET


class SetVariableMonitoringRequest(Payload, frozen=True, kw_only=True):
    """The SetVariableMonitoring request of OCPP 2.1."""

    set_monitoring_data: Annotated[list[SetMonitoringData], Meta(min_length=1)]
    custom_data: CustomData | UnsetType = UNSET


SetMonitoringStatusEnum: TypeAlias = Literal[
    "Accepted",
    "UnknownComponent",
    "UnknownVariable",
    "UnsupportedMonitorType",
    "Rejected",
    "Duplicate",
]


class SetMonitoringResult(Payload, frozen=True, kw_only=True):
    id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    status_info: StatusInfo | UnsetType = UNSET
    status: SetMonitoringStatusEnum
    type: MonitorEnum
    component: Component
    variable: Variable
    severity: Annotated[int, Meta(ge=0)]
    custom_data: CustomData | UnsetType = UNSET


class SetVariableMonitoringResponse(Payload, frozen=True, kw_only=True):
    """The SetVariableMonitoring response of OCPP 2.1."""

    set_monitoring_result: Annotated[list[SetMonitoringResult], Meta(min_length=1)]
    custom_data: CustomData | UnsetType = UNSET


class SetVariableData(Payload, frozen=True, kw_only=True):
    attribute_type: AttributeEnum | UnsetType = UNSET
    attribute_value: String2500
    component: Component
    variable: Variable
    custom_data: CustomData | UnsetType = UNSET


class SetVariablesRequest(Payload, frozen=True, kw_only=True):
    """The SetVariables request of OCPP 2.1."""

    set_variable_data: Annotated[list[SetVariableData], Meta(min_length=1)]
    custom_data: CustomData | UnsetType = UNSET


SetVariableStatusEnum: TypeAlias = Literal[
    "Accepted",
    "Rejected",
    "UnknownComponent",
    "UnknownVariable",
    "NotSupportedAttributeType",
    "RebootRequired",
]


class SetVariableResult(Payload, frozen=True, kw_only=True):
    attribute_type: AttributeEnum | UnsetType = UNSET
    attribute_status: SetVariableStatusEnum
    attribute_status_info: StatusInfo | UnsetType = UNSET
    component: Component
    variable: Variable
    custom_data: CustomData | UnsetType = UNSET


class SetVariablesResponse(Payload, frozen=True, kw_only=True):
    """The SetVariables response of OCPP 2.1."""

    set_variable_result: Annotated[list[SetVariableResult], Meta(min_length=1)]
    custom_data: CustomData | UnsetType = UNSET


class SignCertificateRequest(Payload, frozen=True, kw_only=True):
    """The SignCertificate request of OCPP 2.1."""

    csr: String5500
    certificate_type: CertificateSigningUseEnum | UnsetType = UNSET
    hash_root_certificate: CertificateHashData | UnsetType = UNSET
    request_id: int | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class SignCertificateResponse(Payload, frozen=True, kw_only=True):
    """The SignCertificate response of OCPP 2.1."""

    status: GenericStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


ConnectorStatusEnum: TypeAlias = Literal["Available", "Occupied", "Reserved", "Unavailable", "Faulted"]


class StatusNotificationRequest(Payload, frozen=True, kw_only=True):
    """The StatusNotification request of OCPP 2.1."""

    timestamp: Timestamp
    connector_status: ConnectorStatusEnum
    evse_id: Annotated[int, Meta(ge=0)]
    connector_id: Annotated[int, Meta(ge=0)]
    custom_data: CustomData | UnsetType = UNSET


class StatusNotificationResponse(Payload, frozen=True, kw_only=True):
    """The StatusNotification response of OCPP 2.1."""

    custom_data: CustomData | UnsetType = UNSET


CostDimensionEnum: TypeAlias = Literal[
    "Energy",
    "MaxCurrent",
    "MinCurrent",
    "MaxPower",
    "MinPower",
    "IdleTIme",
    "ChargingTime",
]


class CostDimension(Payload, frozen=True, kw_only=True):
    type: CostDimensionEnum
    volume: float
    custom_data: CustomData | UnsetType = UNSET


class ChargingPeriod(Payload, frozen=True, kw_only=True):
    dimensions: Annotated[list[CostDimension], Meta(min_length=1)] | UnsetType = UNSET
    tariff_id: String60 | UnsetType = UNSET
    start_period: Timestamp
    custom_data: CustomData | UnsetType = UNSET


TariffCostEnum: TypeAlias = Literal["NormalCost", "MinCost", "MaxCost"]


class TotalPrice(Payload, frozen=True, kw_only=True):
    excl_tax: float | UnsetType = UNSET
    incl_tax: float | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class TotalCost(Payload, frozen=True, kw_only=True):
    currency: String3
    type_of_cost: TariffCostEnum
    fixed: Price | UnsetType = UNSET
    energy: Price | UnsetType = UNSET
    charging_time: Price | UnsetType = UNSET
    idle_time: Price | UnsetType = UNSET
    reservation_time: Price | UnsetType = UNSET
    reservation_fixed: Price | UnsetType = UNSET
    total: TotalPrice
    custom_data: CustomData | UnsetType = UNSET


class TotalUsage(Payload, frozen=True, kw_only=True):
    energy: float
    charging_time: int
    idle_time: int
    reservation_time: int | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class CostDetails(Payload, frozen=True, kw_only=True):
    charging_periods: Annotated[list[ChargingPeriod], Meta(min_length=1)] | UnsetType = UNSET
    total_cost: TotalCost
    total_usage: TotalUsage
    failure_to_calculate: bool | UnsetType = UNSET
    failure_reason: String500 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


TransactionEventEnum: TypeAlias = Literal["Ended", "Started", "Updated"]
TriggerReasonEnum: TypeAlias = Literal[
    "AbnormalCondition",
    "Authorized",
    "CablePluggedIn",
    "ChargingRateChanged",
    "ChargingStateChanged",
    "CostLimitReached",
    "Deauthorized",
    "EnergyLimitReached",
    "EVCommunicationLost",
    "EVConnectTimeout",
    "EVDeparted",
    "EVDetected",
    "LimitSet",
    "MeterValueClock",
    "MeterValuePeriodic",
    "OperationModeChanged",
    "RemoteStart",
    "RemoteStop",
    "ResetCommand",
    "RunningCost",
    "SignedDataReceived",
    "SoCLimitReached",
    "StopAuthorized",
    "TariffChanged",
    "TariffNotAccepted",
    "TimeLimitReached",
    "Trigger",
    "TxResumed",
    "UnlockCommand",
]
PreconditioningStatusEnum: TypeAlias = Literal["Unknown", "Ready", "NotReady", "Preconditioning"]
ChargingStateEnum: TypeAlias = Literal["EVConnected", "Charging", "SuspendedEV", "SuspendedEVSE", "Idle"]
ReasonEnum: TypeAlias = Literal[
    "DeAuthorized",
    "EmergencyStop",
    "EnergyLimitReached",
    "EVDisconnected",
    "GroundFault",
    "ImmediateReset",
    "MasterPass",
    "Local",
    "LocalOutOfCredit",
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
    "ReqEnergyTransferRejected",
]


class TransactionLimit(Payload, frozen=True, kw_only=True):
    max_cost: float | UnsetType = UNSET
    max_energy: float | UnsetType = UNSET
    max_time: int | UnsetType = UNSET
    max_so_c: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class Transaction(Payload, frozen=True, kw_only=True):
    transaction_id: String36
    charging_state: ChargingStateEnum | UnsetType = UNSET
    time_spent_charging: int | UnsetType = UNSET
    stopped_reason: ReasonEnum | UnsetType = UNSET
    remote_start_id: int | UnsetType = UNSET
    operation_mode: OperationModeEnum | UnsetType = UNSET
    tariff_id: String60 | UnsetType = UNSET
    transaction_limit: TransactionLimit | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class TransactionEventRequest(Payload, frozen=True, kw_only=True):
    """The TransactionEvent request of OCPP 2.1."""

    cost_details: CostDetails | UnsetType = UNSET
    event_type: TransactionEventEnum
    meter_value: Annotated[list[MeterValue], Meta(min_length=1)] | UnsetType = UNSET
    timestamp: Timestamp
    trigger_reason: TriggerReasonEnum
    seq_no: Annotated[int, Meta(ge=0)]
    offline: bool | UnsetType = UNSET
    number_of_phases_used: Annotated[int, Meta(ge=0, le=3)] | UnsetType = UNSET
    cable_max_current: int | UnsetType = UNSET
    reservation_id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    preconditioning_status: PreconditioningStatusEnum | UnsetType = UNSET
    evse_sleep: bool | UnsetType = UNSET
    transaction_info: Transaction
    evse: EVSE | UnsetType = UNSET
    id_token: IdToken | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class TransactionEventResponse(Payload, frozen=True, kw_only=True):
    """The TransactionEvent response of OCPP 2.1."""

    total_cost: float | UnsetType = UNSET
    charging_priority: int | UnsetType = UNSET
    id_token_info: IdTokenInfo | UnsetType = UNSET
    transaction_limit: TransactionLimit | UnsetType = UNSET
    updated_personal_message: MessageContent | UnsetType = UNSET
    updated_personal_message_extra: Annotated[list[MessageContent], Meta(min_length=1, max_length=4)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


MessageTriggerEnum: TypeAlias = Literal[
    "BootNotification",
    "LogStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "MeterValues",
    "SignChargingStationCertificate",
    "SignV2GCertificate",
    "SignV2G20Certificate",
    "StatusNotification",
    "TransactionEvent",
    "SignCombinedCertificate",
    "PublishFirmwareStatusNotification",
    "CustomTrigger",
]


class TriggerMessageRequest(Payload, frozen=True, kw_only=True):
    """The TriggerMessage request of OCPP 2.1."""

    evse: EVSE | UnsetType = UNSET
    requested_message: MessageTriggerEnum
    custom_trigger: String50 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


TriggerMessageStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "NotImplemented"]


class TriggerMessageResponse(Payload, frozen=True, kw_only=True):
    """The TriggerMessage response of OCPP 2.1."""

    status: TriggerMessageStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class UnlockConnectorRequest(Payload, frozen=True, kw_only=True):
    """The UnlockConnector request of OCPP 2.1."""

    evse_id: Annotated[int, Meta(ge=0)]
    connector_id: Annotated[int, Meta(ge=0)]
    custom_data: CustomData | UnsetType = UNSET


UnlockStatusEnum: TypeAlias = Literal["Unlocked", "UnlockFailed", "OngoingAuthorizedTransaction", "UnknownConnector"]


class UnlockConnectorResponse(Payload, frozen=True, kw_only=True):
    """The UnlockConnector response of OCPP 2.1."""

    status: UnlockStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class UnpublishFirmwareRequest(Payload, frozen=True, kw_only=True):
    """The UnpublishFirmware request of OCPP 2.1."""

    checksum: String32
    custom_data: CustomData | UnsetType = UNSET


UnpublishFirmwareStatusEnum: TypeAlias = Literal["DownloadOngoing", "NoFirmware", "Unpublished"]


class UnpublishFirmwareResponse(Payload, frozen=True, kw_only=True):
    """The UnpublishFirmware response of OCPP 2.1."""

    status: UnpublishFirmwareStatusEnum
    custom_data: CustomData | UnsetType = UNSET


class UpdateDynamicScheduleRequest(Payload, frozen=True, kw_only=True):
    """The UpdateDynamicSchedule request of OCPP 2.1."""

    charging_profile_id: int
    schedule_update: ChargingScheduleUpdate
    custom_data: CustomData | UnsetType = UNSET


class UpdateDynamicScheduleResponse(Payload, frozen=True, kw_only=True):
    """The UpdateDynamicSchedule response of OCPP 2.1."""

    status: ChargingProfileStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class Firmware(Payload, frozen=True, kw_only=True):
    location: String2000
    retrieve_date_time: Timestamp
    install_date_time: Timestamp | UnsetType = UNSET
    signing_certificate: String5500 | UnsetType = UNSET
    signature: String800 | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class UpdateFirmwareRequest(Payload, frozen=True, kw_only=True):
    """The UpdateFirmware request of OCPP 2.1."""

    retries: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    retry_interval: int | UnsetType = UNSET
    request_id: int
    firmware: Firmware
    custom_data: CustomData | UnsetType = UNSET


UpdateFirmwareStatusEnum: TypeAlias = Literal[
    "Accepted",
    "Rejected",
    "AcceptedCanceled",
    "InvalidCertificate",
    "RevokedCertificate",
]


class UpdateFirmwareResponse(Payload, frozen=True, kw_only=True):
    """The UpdateFirmware response of OCPP 2.1."""

    status: UpdateFirmwareStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class UsePriorityChargingRequest(Payload, frozen=True, kw_only=True):
    """The UsePriorityCharging request of OCPP 2.1."""

    transaction_id: String36
    activate: bool
    custom_data: CustomData | UnsetType = UNSET


PriorityChargingStatusEnum: TypeAlias = Literal["Accepted", "Rejected", "NoProfile"]


class UsePriorityChargingResponse(Payload, frozen=True, kw_only=True):
    """The UsePriorityCharging response of OCPP 2.1."""

    status: PriorityChargingStatusEnum
    status_info: StatusInfo | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class VatNumberValidationRequest(Payload, frozen=True, kw_only=True):
    """The VatNumberValidation request of OCPP 2.1."""

    vat_number: String20
    evse_id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    custom_data: CustomData | UnsetType = UNSET


class VatNumberValidationResponse(Payload, frozen=True, kw_only=True):
    """The VatNumberValidation response of OCPP 2.1."""

    company: Address | UnsetType = UNSET
    status_info: StatusInfo | UnsetType = UNSET
    vat_number: String20
    evse_id: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    status: GenericStatusEnum
    custom_data: CustomData | UnsetType = UNSET


CALLS: dict[str, tuple[type[Payload], type[Payload]]] = {
    "AFRRSignal": (AFRRSignalRequest, AFRRSignalResponse),
    "AdjustPeriodicEventStream": (AdjustPeriodicEventStreamRequest, AdjustPeriodicEventStreamResponse),
    "Authorize": (AuthorizeRequest, AuthorizeResponse),
    "BatterySwap": (BatterySwapRequest, BatterySwapResponse),
    "BootNotification": (BootNotificationRequest, BootNotificationResponse),
    "CancelReservation": (CancelReservationRequest, CancelReservationResponse),
    "CertificateSigned": (CertificateSignedRequest, CertificateSignedResponse),
    "ChangeAvailability": (ChangeAvailabilityRequest, ChangeAvailabilityResponse),
    "ChangeTransactionTariff": (ChangeTransactionTariffRequest, ChangeTransactionTariffResponse),
    "ClearCache": (ClearCacheRequest, ClearCacheResponse),
    "ClearChargingProfile": (ClearChargingProfileRequest, ClearChargingProfileResponse),
    "ClearDERControl": (ClearDERControlRequest, ClearDERControlResponse),
    "ClearDisplayMessage": (ClearDisplayMessageRequest, ClearDisplayMessageResponse),
    "ClearTariffs": (ClearTariffsRequest, ClearTariffsResponse),
    "ClearVariableMonitoring": (ClearVariableMonitoringRequest, ClearVariableMonitoringResponse),
    "ClearedChargingLimit": (ClearedChargingLimitRequest, ClearedChargingLimitResponse),
    "ClosePeriodicEventStream": (ClosePeriodicEventStreamRequest, ClosePeriodicEventStreamResponse),
    "CostUpdated": (CostUpdatedRequest, CostUpdatedResponse),
    "CustomerInformation": (CustomerInformationRequest, CustomerInformationResponse),
    "DataTransfer": (DataTransferRequest, DataTransferResponse),
    "DeleteCertificate": (DeleteCertificateRequest, DeleteCertificateResponse),
    "FirmwareStatusNotification": (FirmwareStatusNotificationRequest, FirmwareStatusNotificationResponse),
    "Get15118EVCertificate": (Get15118EVCertificateRequest, Get15118EVCertificateResponse),
    "GetBaseReport": (GetBaseReportRequest, GetBaseReportResponse),
    "GetCertificateChainStatus": (GetCertificateChainStatusRequest, GetCertificateChainStatusResponse),
    "GetCertificateStatus": (GetCertificateStatusRequest, GetCertificateStatusResponse),
    "GetChargingProfiles": (GetChargingProfilesRequest, GetChargingProfilesResponse),
    "GetCompositeSchedule": (GetCompositeScheduleRequest, GetCompositeScheduleResponse),
    "GetDERControl": (GetDERControlRequest, GetDERControlResponse),
    "GetDisplayMessages": (GetDisplayMessagesRequest, GetDisplayMessagesResponse),
    "GetInstalledCertificateIds": (GetInstalledCertificateIdsRequest, GetInstalledCertificateIdsResponse),
    "GetLocalListVersion": (GetLocalListVersionRequest, GetLocalListVersionResponse),
    "GetLog": (GetLogRequest, GetLogResponse),
    "GetMonitoringReport": (GetMonitoringReportRequest, GetMonitoringReportResponse),
    "GetPeriodicEventStream": (GetPeriodicEventStreamRequest, GetPeriodicEventStreamResponse),
    "GetReport": (GetReportRequest, GetReportResponse),
    "GetTariffs": (GetTariffsRequest, GetTariffsResponse),
    "GetTransactionStatus": (GetTransactionStatusRequest, GetTransactionStatusResponse),
    "GetVariables": (GetVariablesRequest, GetVariablesResponse),
    "Heartbeat": (HeartbeatRequest, HeartbeatResponse),
    "InstallCertificate": (InstallCertificateRequest, InstallCertificateResponse),
    "LogStatusNotification": (LogStatusNotificationRequest, LogStatusNotificationResponse),
    "MeterValues": (MeterValuesRequest, MeterValuesResponse),
    "NotifyAllowedEnergyTransfer": (NotifyAllowedEnergyTransferRequest, NotifyAllowedEnergyTransferResponse),
    "NotifyChargingLimit": (NotifyChargingLimitRequest, NotifyChargingLimitResponse),
    "NotifyCustomerInformation": (NotifyCustomerInformationRequest, NotifyCustomerInformationResponse),
    "NotifyDERAlarm": (NotifyDERAlarmRequest, NotifyDERAlarmResponse),
    "NotifyDERStartStop": (NotifyDERStartStopRequest, NotifyDERStartStopResponse),
    "NotifyDisplayMessages": (NotifyDisplayMessagesRequest, NotifyDisplayMessagesResponse),
    "NotifyEVChargingNeeds": (NotifyEVChargingNeedsRequest, NotifyEVChargingNeedsResponse),
    "NotifyEVChargingSchedule": (NotifyEVChargingScheduleRequest, NotifyEVChargingScheduleResponse),
    "NotifyEvent": (NotifyEventRequest, NotifyEventResponse),
    "NotifyMonitoringReport": (NotifyMonitoringReportRequest, NotifyMonitoringReportResponse),
    "NotifyPriorityCharging": (NotifyPriorityChargingRequest, NotifyPriorityChargingResponse),
    "NotifyReport": (NotifyReportRequest, NotifyReportResponse),
    "NotifySettlement": (NotifySettlementRequest, NotifySettlementResponse),
    "NotifyWebPaymentStarted": (NotifyWebPaymentStartedRequest, NotifyWebPaymentStartedResponse),
    "OpenPeriodicEventStream": (OpenPeriodicEventStreamRequest, OpenPeriodicEventStreamResponse),
    "PublishFirmware": (PublishFirmwareRequest, PublishFirmwareResponse),
    "PublishFirmwareStatusNotification": (PublishFirmwareStatusNotificationRequest, PublishFirmwareStatusNotificationResponse),
    "PullDynamicScheduleUpdate": (PullDynamicScheduleUpdateRequest, PullDynamicScheduleUpdateResponse),
    "ReportChargingProfiles": (ReportChargingProfilesRequest, ReportChargingProfilesResponse),
    "ReportDERControl": (ReportDERControlRequest, ReportDERControlResponse),
    "RequestBatterySwap": (RequestBatterySwapRequest, RequestBatterySwapResponse),
    "RequestStartTransaction": (RequestStartTransactionRequest, RequestStartTransactionResponse),
    "RequestStopTransaction": (RequestStopTransactionRequest, RequestStopTransactionResponse),
    "ReservationStatusUpdate": (ReservationStatusUpdateRequest, ReservationStatusUpdateResponse),
    "ReserveNow": (ReserveNowRequest, ReserveNowResponse),
    "Reset": (ResetRequest, ResetResponse),
    "SecurityEventNotification": (SecurityEventNotificationRequest, SecurityEventNotificationResponse),
    "SendLocalList": (SendLocalListRequest, SendLocalListResponse),
    "SetChargingProfile": (SetChargingProfileRequest, SetChargingProfileResponse),
    "SetDERControl": (SetDERControlRequest, SetDERControlResponse),
    "SetDefaultTariff": (SetDefaultTariffRequest, SetDefaultTariffResponse),
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
    "UpdateDynamicSchedule": (UpdateDynamicScheduleRequest, UpdateDynamicScheduleResponse),
    "UpdateFirmware": (UpdateFirmwareRequest, UpdateFirmwareResponse),
    "UsePriorityCharging": (UsePriorityChargingRequest, UsePriorityChargingResponse),
    "VatNumberValidation": (VatNumberValidationRequest, VatNumberValidationResponse),
}
"""The request and the response type of every action."""

SENDS: dict[str, type[Payload]] = {
    "NotifyPeriodicEventStream": NotifyPeriodicEventStreamRequest,
}
"""The type of every message that is never answered."""

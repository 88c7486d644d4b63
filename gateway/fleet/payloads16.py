# ruff: noqa: D101 - the specification describes each of these
"""Of the OCPP 1.6 payloads that a simulated station receives, the fields that it looks at."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

Moment: TypeAlias = Annotated[datetime, Meta(tz=True)]


class Nothing(Struct, rename="camel"):
    pass


# Answers


class BootResult(Struct, rename="camel"):
    status: Literal["Accepted", "Pending", "Rejected"]
    interval: int


class IdTagInfo(Struct, rename="camel"):
    status: str


class AuthorizeResult(Struct, rename="camel"):
    id_tag_info: IdTagInfo


class StartResult(Struct, rename="camel"):
    transaction_id: int
    id_tag_info: IdTagInfo


class StopResult(Struct, rename="camel"):
    id_tag_info: IdTagInfo | None = None


# Core


class ChangeAvailability(Struct, rename="camel"):
    connector_id: int
    type: Literal["Inoperative", "Operative"]


class ChangeConfiguration(Struct, rename="camel"):
    key: str
    value: str


class GetConfiguration(Struct, rename="camel"):
    key: list[str] | None = None


class DataTransfer(Struct, rename="camel"):
    vendor_id: str
    message_id: str | None = None
    data: str | None = None


class SchedulePeriod(Struct, rename="camel"):
    start_period: int
    limit: float
    number_phases: int = 3


class ChargingSchedule(Struct, rename="camel"):
    charging_rate_unit: Literal["A", "W"]
    charging_schedule_period: list[SchedulePeriod]
    start_schedule: Moment | None = None
    duration: int | None = None


class ChargingProfile(Struct, rename="camel"):
    charging_profile_id: int
    stack_level: int
    charging_profile_purpose: Literal["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]
    charging_profile_kind: Literal["Absolute", "Recurring", "Relative"]
    charging_schedule: ChargingSchedule
    recurrency_kind: Literal["Daily", "Weekly"] | None = None
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    transaction_id: int | None = None


class RemoteStart(Struct, rename="camel"):
    id_tag: str
    connector_id: int | None = None
    charging_profile: ChargingProfile | None = None


class RemoteStop(Struct, rename="camel"):
    transaction_id: int


class Reset(Struct, rename="camel"):
    type: Literal["Hard", "Soft"]


class UnlockConnector(Struct, rename="camel"):
    connector_id: int


class TriggerMessage(Struct, rename="camel"):
    requested_message: str
    connector_id: int | None = None


# Local list, reservation


class ListedTag(Struct, rename="camel"):
    id_tag: str
    id_tag_info: IdTagInfo | None = None


class SendLocalList(Struct, rename="camel"):
    list_version: int
    update_type: Literal["Differential", "Full"]
    local_authorization_list: list[ListedTag] = []


class ReserveNow(Struct, rename="camel"):
    connector_id: int
    expiry_date: Moment
    id_tag: str
    reservation_id: int


class CancelReservation(Struct, rename="camel"):
    reservation_id: int


# Smart charging


class SetChargingProfile(Struct, rename="camel"):
    connector_id: int
    cs_charging_profiles: ChargingProfile


class ClearChargingProfile(Struct, rename="camel"):
    id: int | None = None
    connector_id: int | None = None
    charging_profile_purpose: str | None = None
    stack_level: int | None = None


class GetCompositeSchedule(Struct, rename="camel"):
    connector_id: int
    duration: int
    charging_rate_unit: Literal["A", "W"] | None = None


# Firmware, logs, security


class UpdateFirmware(Struct, rename="camel"):
    location: str
    retrieve_date: Moment


class Firmware(Struct, rename="camel"):
    location: str
    retrieve_date_time: Moment
    signing_certificate: str
    signature: str
    install_date_time: Moment | None = None


class SignedUpdateFirmware(Struct, rename="camel"):
    request_id: int
    firmware: Firmware


class GetDiagnostics(Struct, rename="camel"):
    location: str


class LogParameters(Struct, rename="camel"):
    remote_location: str


class GetLog(Struct, rename="camel"):
    log: LogParameters
    log_type: Literal["DiagnosticsLog", "SecurityLog"]
    request_id: int


class InstallCertificate(Struct, rename="camel"):
    certificate_type: str
    certificate: str


class GetInstalledCertificateIds(Struct, rename="camel"):
    certificate_type: str


class HashData(Struct, rename="camel"):
    hash_algorithm: Literal["SHA256", "SHA384", "SHA512"]
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str


class DeleteCertificate(Struct, rename="camel"):
    certificate_hash_data: HashData


class CertificateSigned(Struct, rename="camel"):
    certificate_chain: str

# ruff: noqa: D101 - the specification describes each of these
"""Of the OCPP 2.0.1 and 2.1 payloads that a simulated station receives, the fields that it looks at.

What is only kept or compared stays as it came.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct

Json: TypeAlias = dict[str, Any]

Moment: TypeAlias = Annotated[datetime, Meta(tz=True)]


class Nothing(Struct, rename="camel"):
    pass


# Answers


class BootResult(Struct, rename="camel"):
    status: Literal["Accepted", "Pending", "Rejected"]
    interval: int
    current_time: str


class HeartbeatResult(Struct, rename="camel"):
    current_time: str


class IdTokenInfo(Struct, rename="camel"):
    status: str


class AuthorizeResult(Struct, rename="camel"):
    id_token_info: IdTokenInfo


class TransactionEventResult(Struct, rename="camel"):
    id_token_info: IdTokenInfo | None = None


class StatusResult(Struct, rename="camel"):
    status: str


# Operation


class IdToken(Struct, rename="camel"):
    id_token: str


class EvseId(Struct, rename="camel", omit_defaults=True):
    id: int
    connector_id: int | None = None


class Component(Struct, rename="camel", omit_defaults=True):
    name: str
    instance: str | None = None
    evse: EvseId | None = None


class Variable(Struct, rename="camel", omit_defaults=True):
    name: str
    instance: str | None = None


class ChangeAvailability(Struct, rename="camel"):
    operational_status: Literal["Inoperative", "Operative"]
    evse: EvseId | None = None


class RequestStart(Struct, rename="camel"):
    id_token: IdToken
    remote_start_id: int
    evse_id: int | None = None
    charging_profile: Json | None = None


class RequestStop(Struct, rename="camel"):
    transaction_id: str


class Reset(Struct, rename="camel"):
    type: Literal["Immediate", "OnIdle", "ImmediateAndResume"]
    evse_id: int | None = None


class TriggerMessage(Struct, rename="camel"):
    requested_message: str
    evse: EvseId | None = None


class UnlockConnector(Struct, rename="camel"):
    evse_id: int
    connector_id: int


class GetTransactionStatus(Struct, rename="camel"):
    transaction_id: str | None = None


class CostUpdated(Struct, rename="camel"):
    total_cost: float
    transaction_id: str


class DataTransfer(Struct, rename="camel"):
    vendor_id: str
    message_id: str | None = None
    data: Any = None


class ReserveNow(Struct, rename="camel"):
    id: int
    expiry_date_time: Moment
    id_token: IdToken
    evse_id: int | None = None


class CancelReservation(Struct, rename="camel"):
    reservation_id: int


class ListedToken(Struct, rename="camel"):
    id_token: IdToken
    id_token_info: IdTokenInfo | None = None


class SendLocalList(Struct, rename="camel"):
    version_number: int
    update_type: Literal["Differential", "Full"]
    local_authorization_list: list[ListedToken] = []


# Configuration and monitoring


class GetBaseReport(Struct, rename="camel"):
    request_id: int
    report_base: Literal["ConfigurationInventory", "FullInventory", "SummaryInventory"]


class Place(Struct, rename="camel"):
    component: Component
    variable: Variable | None = None


class GetReport(Struct, rename="camel"):
    request_id: int
    component_variable: list[Place] | None = None
    component_criteria: list[str] | None = None


class GetVariable(Struct, rename="camel"):
    component: Component
    variable: Variable
    attribute_type: str = "Actual"


class GetVariables(Struct, rename="camel"):
    get_variable_data: list[GetVariable]


class SetVariable(Struct, rename="camel"):
    attribute_value: str
    component: Component
    variable: Variable
    attribute_type: str = "Actual"


class SetVariables(Struct, rename="camel"):
    set_variable_data: list[SetVariable]


class StreamParams(Struct, rename="camel"):
    interval: int = 0
    values: int = 0


class SetMonitor(Struct, rename="camel"):
    value: float
    type: str
    severity: int
    component: Component
    variable: Variable
    id: int | None = None
    transaction: bool = False
    periodic_event_stream: StreamParams | None = None


class SetVariableMonitoring(Struct, rename="camel"):
    set_monitoring_data: list[SetMonitor]


class ClearVariableMonitoring(Struct, rename="camel"):
    id: list[int]


class SetMonitoringBase(Struct, rename="camel"):
    monitoring_base: Literal["All", "FactoryDefault", "HardWiredOnly"]


class SetMonitoringLevel(Struct, rename="camel"):
    severity: int


class GetMonitoringReport(Struct, rename="camel"):
    request_id: int
    component_variable: list[Place] | None = None
    monitoring_criteria: list[str] | None = None


class SetNetworkProfile(Struct, rename="camel"):
    configuration_slot: int
    connection_data: Json


# Charging


class SchedulePeriod(Struct, rename="camel"):
    start_period: int
    limit: float | None = None
    number_phases: int = 3
    setpoint: float | None = None
    discharge_limit: float | None = None
    operation_mode: str = "ChargingOnly"


class ChargingSchedule(Struct, rename="camel"):
    charging_rate_unit: Literal["A", "W"]
    charging_schedule_period: list[SchedulePeriod]
    start_schedule: Moment | None = None
    duration: int | None = None


class ChargingProfile(Struct, rename="camel"):
    id: int
    stack_level: int
    charging_profile_purpose: str
    charging_profile_kind: Literal["Absolute", "Recurring", "Relative", "Dynamic"]
    charging_schedule: list[ChargingSchedule]
    recurrency_kind: Literal["Daily", "Weekly"] | None = None
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    transaction_id: str | None = None


class SetChargingProfile(Struct, rename="camel"):
    evse_id: int
    charging_profile: Json


class ProfileCriteria(Struct, rename="camel"):
    evse_id: int | None = None
    charging_profile_purpose: str | None = None
    stack_level: int | None = None


class ClearChargingProfile(Struct, rename="camel"):
    charging_profile_id: int | None = None
    charging_profile_criteria: ProfileCriteria | None = None


class WantedProfiles(Struct, rename="camel"):
    charging_profile_purpose: str | None = None
    stack_level: int | None = None
    charging_profile_id: list[int] | None = None
    charging_limit_source: list[str] | None = None


class GetChargingProfiles(Struct, rename="camel"):
    request_id: int
    charging_profile: WantedProfiles
    evse_id: int | None = None


class GetCompositeSchedule(Struct, rename="camel"):
    duration: int
    evse_id: int
    charging_rate_unit: Literal["A", "W"] | None = None


# Security, firmware, logs


class HashData(Struct, rename="camel"):
    hash_algorithm: Literal["SHA256", "SHA384", "SHA512"]
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str


class InstallCertificate(Struct, rename="camel"):
    certificate_type: str
    certificate: str


class GetInstalledCertificateIds(Struct, rename="camel"):
    certificate_type: list[str] | None = None


class DeleteCertificate(Struct, rename="camel"):
    certificate_hash_data: HashData


class CertificateSigned(Struct, rename="camel"):
    certificate_chain: str
    certificate_type: str = "ChargingStationCertificate"


class Firmware(Struct, rename="camel"):
    location: str
    retrieve_date_time: Moment
    install_date_time: Moment | None = None
    signing_certificate: str | None = None
    signature: str | None = None


class UpdateFirmware(Struct, rename="camel"):
    request_id: int
    firmware: Firmware


class LogParameters(Struct, rename="camel"):
    remote_location: str


class GetLog(Struct, rename="camel"):
    log: LogParameters
    log_type: str
    request_id: int


# Display and customer


class MessageContent(Struct, rename="camel"):
    format: str
    content: str


class DisplayMessage(Struct, rename="camel"):
    id: int
    priority: Literal["AlwaysFront", "InFront", "NormalCycle"]
    message: MessageContent
    message_extra: list[MessageContent] = []
    state: str | None = None
    end_date_time: Moment | None = None
    transaction_id: str | None = None


class SetDisplayMessage(Struct, rename="camel"):
    message: Json


class GetDisplayMessages(Struct, rename="camel"):
    request_id: int
    id: list[int] | None = None
    priority: str | None = None
    state: str | None = None


class ClearDisplayMessage(Struct, rename="camel"):
    id: int


class CustomerInformation(Struct, rename="camel"):
    request_id: int
    report: bool
    clear: bool
    id_token: IdToken | None = None
    customer_identifier: str | None = None
    customer_certificate: HashData | None = None

# ruff: noqa: D101 - the specification describes each of these
"""Of the OCPP 2.0.1 payloads that a simulated station receives, the fields that it looks at."""

from msgspec import Struct


class BootResult(Struct, rename="camel"):
    status: str
    interval: int


class IdTokenInfo(Struct, rename="camel"):
    status: str


class AuthorizeResult(Struct, rename="camel"):
    id_token_info: IdTokenInfo


class TransactionEventResult(Struct, rename="camel"):
    id_token_info: IdTokenInfo | None = None


class IdToken(Struct, rename="camel"):
    id_token: str


class EvseId(Struct, rename="camel"):
    id: int


class ChangeAvailability(Struct, rename="camel"):
    operational_status: str
    evse: EvseId | None = None


class GetBaseReport(Struct, rename="camel"):
    request_id: int
    report_base: str


class Component(Struct, rename="camel", omit_defaults=True):
    name: str
    instance: str | None = None


class Variable(Struct, rename="camel", omit_defaults=True):
    name: str
    instance: str | None = None


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


class RequestStart(Struct, rename="camel"):
    id_token: IdToken
    remote_start_id: int
    evse_id: int | None = None


class RequestStop(Struct, rename="camel"):
    transaction_id: str


class Reset(Struct, rename="camel"):
    type: str
    evse_id: int | None = None


class TriggerMessage(Struct, rename="camel"):
    requested_message: str
    evse: EvseId | None = None

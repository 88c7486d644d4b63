# ruff: noqa: D101 - the specification describes each of these
"""Of the OCPP 1.6 payloads that a simulated station receives, the fields that it looks at."""

from msgspec import Struct


class BootResult(Struct, rename="camel"):
    status: str
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


class ChangeAvailability(Struct, rename="camel"):
    connector_id: int
    type: str


class ChangeConfiguration(Struct, rename="camel"):
    key: str
    value: str


class GetConfiguration(Struct, rename="camel"):
    key: list[str] | None = None


class RemoteStart(Struct, rename="camel"):
    id_tag: str
    connector_id: int | None = None


class RemoteStop(Struct, rename="camel"):
    transaction_id: int


class Reset(Struct, rename="camel"):
    type: str


class TriggerMessage(Struct, rename="camel"):
    requested_message: str
    connector_id: int | None = None

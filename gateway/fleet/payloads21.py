# ruff: noqa: D101 - the specification describes each of these
"""Of the payloads that only OCPP 2.1 has, the fields that a simulated station looks at."""

from msgspec import Struct

from gateway.fleet.payloads2 import Json, StreamParams


class FullIdToken(Struct, rename="camel", omit_defaults=True):
    id_token: str
    type: str


class SetDerControl(Struct, rename="camel"):
    is_default: bool
    control_id: str
    control_type: str
    curve: Json | None = None
    enter_service: Json | None = None
    fixed_p_f_absorb: Json | None = None
    fixed_p_f_inject: Json | None = None
    fixed_var: Json | None = None
    freq_droop: Json | None = None
    gradient: Json | None = None
    limit_max_discharge: Json | None = None


class GetDerControl(Struct, rename="camel"):
    request_id: int
    is_default: bool | None = None
    control_type: str | None = None
    control_id: str | None = None


class ClearDerControl(Struct, rename="camel"):
    is_default: bool
    control_type: str | None = None
    control_id: str | None = None


class SetDefaultTariff(Struct, rename="camel"):
    evse_id: int
    tariff: Json


class GetTariffs(Struct, rename="camel"):
    evse_id: int


class ClearTariffs(Struct, rename="camel"):
    tariff_ids: list[str] | None = None
    evse_id: int | None = None


class ChangeTransactionTariff(Struct, rename="camel"):
    tariff: Json
    transaction_id: str


class RequestBatterySwap(Struct, rename="camel"):
    request_id: int
    id_token: FullIdToken


class NotifyAllowedEnergyTransfer(Struct, rename="camel"):
    transaction_id: str


class NotifyWebPaymentStarted(Struct, rename="camel"):
    evse_id: int
    timeout: int


class AdjustPeriodicEventStream(Struct, rename="camel"):
    id: int
    params: StreamParams


class ScheduleUpdate(Struct, rename="camel"):
    limit: float | None = None


class UpdateDynamicSchedule(Struct, rename="camel"):
    charging_profile_id: int
    schedule_update: ScheduleUpdate


class UsePriorityCharging(Struct, rename="camel"):
    transaction_id: str
    activate: bool

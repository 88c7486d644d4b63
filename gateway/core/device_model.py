"""The device model: what a station says of its variables (OCPP 2.x Part 1 section 4, use cases B05 to B08).

Reports and answers become `DeviceVariable` records, which the store keeps. A configuration key of OCPP 1.6 becomes the
variable that it is in 2.x (`core.configuration_keys`). Secrets are never kept: `is_secret` says what is one.
"""

import re
from datetime import datetime
from typing import Any, Final

from msgspec import UNSET, Struct

from gateway.core.csms import bounded
from gateway.core.records import DeviceVariable, DeviceVariables
from gateway.wire.schema_types import or_none

PAGE_MAX: Final = 1000
"""Most variables on one page: about 0.3 MB of JSON. A station has some hundreds."""

_SECRET: Final = re.compile(
    r"passw(or)?d|passphrase|passcode|authorizationkey|secret|credential|accesstoken|apnuser|psk$|pin$"
    r"|(private|api|vpn|wifi|wpa|shared|encryption)_?-?key",
    re.IGNORECASE,
)
"""Names of variables and keys whose values are secrets, whatever their mutability says. `BasicAuthPassword` of
SecurityCtrlr, `AuthorizationKey` of 1.6, `ApnPassword`, `VpnPassword`, and what vendors call theirs."""


def is_secret(variable: str, mutability: str | None = None) -> bool:
    """Whether the value of a variable must neither be kept, logged nor shown."""
    return mutability == "WriteOnly" or _SECRET.search(variable) is not None


def names_secret(said: Any) -> bool:
    """Whether any text in a JSON value names a secret, or says that a value is one: then the value may be there too."""
    if isinstance(said, str):
        return said == "WriteOnly" or is_secret(said)
    if isinstance(said, dict):
        return any(is_secret(name) or names_secret(item) for name, item in said.items())
    return isinstance(said, list) and any(names_secret(item) for item in said)


class VariableAddress(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One attribute of one variable, as the API names it. Without `evse` the component is the station's own."""

    component: str
    variable: str
    component_instance: str | None = None
    instance: str | None = None
    evse: int | None = None
    connector: int | None = None
    attribute: str = "Actual"


class VariableQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which stored variables to show: of one component, of one name, those behind `cursor`, at most `limit`."""

    component: str | None = None
    variable: str | None = None
    cursor: str | None = None
    limit: int = 100


class StoredVariable(Struct, frozen=True):
    """A variable as the store has it, and when the station said so last (UTC, RFC 3339)."""

    variable: DeviceVariable
    time: str


class VariablePage(Struct, frozen=True):
    """Some stored variables in the order of their addresses, and the cursor of the next page, if there is one."""

    variables: list[StoredVariable]
    next_cursor: str | None


def kept_variable(address: VariableAddress, value: str | None, **characteristics: Any) -> DeviceVariable:
    """Return the record of what `address` holds, without the value if it is secret."""
    secret = is_secret(address.variable, characteristics.get("mutability"))
    return DeviceVariable(
        component=address.component,
        variable=address.variable,
        value=None if secret else value,
        attribute=address.attribute,
        component_instance=address.component_instance or "",
        instance=address.instance or "",
        evse=bounded(address.evse or 0),
        connector=bounded(address.connector or 0),
        **characteristics,
    )


def records_of_report(request: Any, now: datetime) -> list[DeviceVariables]:
    """Return what a NotifyReport (2.x) says, whoever asked for it. Raises OutOfBounds.

    Keep this instead of the request itself, which may hold secrets.
    """
    if request.report_data is UNSET:
        return []
    return [DeviceVariables(now, [variable for row in request.report_data for variable in _reported(row)])]


def records_of_events(request: Any, now: datetime) -> list[DeviceVariables]:
    """Return the actual values that a NotifyEvent (2.x) tells. Raises OutOfBounds."""
    variables = [kept_variable(address_of(event), event.actual_value) for event in request.event_data]
    return [DeviceVariables(now, variables)]


def address_of(said: Any, attribute: str = "Actual") -> VariableAddress:
    """Return the address of anything in 2.x that has a `component` and a `variable`."""
    component, variable = said.component, said.variable
    evse = connector = None
    if component.evse is not UNSET:
        evse = component.evse.id
        connector = or_none(component.evse.connector_id)
    return VariableAddress(
        component=component.name,
        component_instance=or_none(component.instance),
        evse=evse,
        connector=connector,
        variable=variable.name,
        instance=or_none(variable.instance),
        attribute=attribute,
    )


def to_component(address: VariableAddress) -> dict[str, Any]:
    """Return the ComponentType of an address."""
    component: dict[str, Any] = {"name": address.component}
    if address.component_instance:
        component["instance"] = address.component_instance
    if address.evse is not None:
        component["evse"] = {"id": address.evse}
        if address.connector is not None:
            component["evse"]["connectorId"] = address.connector
    return component


def to_variable(address: VariableAddress) -> dict[str, Any]:
    """Return the VariableType of an address."""
    return {"name": address.variable, **({"instance": address.instance} if address.instance else {})}


def _reported(row: Any) -> list[DeviceVariable]:
    """Return the attributes of one ReportDataType."""
    about: dict[str, Any] = {}
    said = row.variable_characteristics
    if said is not UNSET:
        about = {
            "data_type": said.data_type,
            "unit": or_none(said.unit),
            "min_limit": or_none(said.min_limit),
            "max_limit": or_none(said.max_limit),
            "values_list": or_none(said.values_list),
        }
    return [
        kept_variable(
            address_of(row, or_none(attribute.type) or "Actual"),
            or_none(attribute.value),
            mutability=or_none(attribute.mutability) or "ReadWrite",
            persistent=attribute.persistent is True,
            constant=attribute.constant is True,
            **about,
        )
        for attribute in row.variable_attribute
    ]

"""Reading and setting variables of any version, in messages that keep to the limits of the station."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct

from gateway.core.calls import CallEnded, Outcome
from gateway.core.commands import CommandError
from gateway.core.configuration_keys import key_of_address
from gateway.core.device_model import VariableAddress, address_of, is_secret, kept_variable, to_component, to_variable
from gateway.core.facts.item_limits import ItemLimits, in_messages
from gateway.core.flows.flow import Operator
from gateway.core.flows.words import is_16, keep
from gateway.core.records import DeviceVariable, DeviceVariables
from gateway.core.stations import Station

DONE: Final = frozenset({"Accepted", "RebootRequired"})
"""Statuses of a variable that was read or set."""

_STATUSES_16: Final = {"NotSupported": "UnknownVariable"}
"""ConfigurationStatus (1.6 section 7.21) -> SetVariableStatusEnumType, where they differ."""


class VariableResult(Struct, frozen=True, kw_only=True):
    """What became of one variable. `status` is a word of OCPP 2.x, None where the station did not say.

    `value` is absent where it is secret.
    """

    address: VariableAddress
    status: str | None
    value: str | None = None
    reason: str | None = None
    read_only: bool | None = None

    def shown(self) -> dict[str, Any]:
        """Return the result as the API has it."""
        address = self.address
        body: dict[str, Any] = {name: value for name in _SHOWN if (value := getattr(address, name)) is not None}
        if address.attribute != "Actual":
            body["attribute"] = address.attribute
        body["status"] = self.status
        if is_secret(address.variable):
            body["secret"] = True
        elif self.value is not None:
            body["value"] = self.value
        if self.reason is not None:
            body["reason"] = self.reason
        return body

    def kept(self) -> DeviceVariable:
        """Return the record of the value."""
        mutability = None if self.read_only is None else "ReadOnly" if self.read_only else "ReadWrite"
        return kept_variable(self.address, self.value, mutability=mutability)


_SHOWN: Final = ("component", "component_instance", "evse", "connector", "variable", "instance")


class Done(Struct, frozen=True):
    """Results in the order in which they were asked for, and the end of the call that went wrong, if one did.

    `kept`: False if the journal had no room for them.
    """

    results: list[VariableResult]
    failure: CallEnded | None = None
    kept: bool = True


async def get_variables(
    operator: Operator, station: Station, asked: Sequence[VariableAddress], limits: ItemLimits
) -> Done:
    """Read variables, and keep what was read. Raises CommandError."""
    if is_16(operator, station):
        return await _get_keys(operator, station, asked, limits)

    def result(index: int, said: Any) -> VariableResult:
        return VariableResult(
            address=asked[index],
            status=said.attribute_status,
            value=None if said.attribute_value is UNSET else said.attribute_value,
            reason=_reason(said.attribute_status_info),
        )

    items = [_item(address) for address in asked]
    done = await _in_turn(operator, station, "GetVariables", items, asked, limits, result)
    return await keep_variables(operator, station, done)


async def set_variables(
    operator: Operator, station: Station, asked: Sequence[tuple[VariableAddress, str]], limits: ItemLimits
) -> Done:
    """Set variables, and keep what was set. Raises CommandError."""
    if is_16(operator, station):
        return await _change_keys(operator, station, asked)

    def result(index: int, said: Any) -> VariableResult:
        address, value = asked[index]
        return VariableResult(
            address=address, status=said.attribute_status, value=value, reason=_reason(said.attribute_status_info)
        )

    items = [{**_item(address), "attributeValue": value} for address, value in asked]
    done = await _in_turn(operator, station, "SetVariables", items, [address for address, _ in asked], limits, result)
    return await keep_variables(operator, station, done)


async def _in_turn(
    operator: Operator,
    station: Station,
    action: str,
    items: Sequence[dict[str, Any]],
    asked: Sequence[VariableAddress],
    limits: ItemLimits,
    result: Callable[[int, Any], VariableResult],
) -> Done:
    """Send the items in as many messages as it takes, until one fails; `result` reads the answer to one item.

    The station answers each item under its own address, in any order (2.0.1 use cases B05 and B06).
    """
    field = "getVariableData" if action == "GetVariables" else "setVariableData"
    results: list[VariableResult | None] = [None] * len(items)
    failure: CallEnded | None = None
    start = 0
    for message in in_messages(items, action, limits):
        end = await _call(operator, station, action, {field: message}, sent_before=start > 0)
        if end.payload is None:
            failure = end
            break
        payload: Any = end.payload
        waiting = {_address_key(asked[index]): index for index in range(start, start + len(message))}
        for said in payload.get_variable_result if action == "GetVariables" else payload.set_variable_result:
            attribute = "Actual" if said.attribute_type is UNSET else said.attribute_type
            index = waiting.pop(_address_key(address_of(said, attribute)), None)
            if index is not None:
                results[index] = result(index, said)
        start += len(message)
    return Done([found or unanswered(address) for found, address in zip(results, asked, strict=True)], failure)


async def _get_keys(operator: Operator, station: Station, asked: Sequence[VariableAddress], limits: ItemLimits) -> Done:
    """Read configuration keys of 1.6."""
    keys = [key_of_address(address) for address in asked]
    answers, failure = await get_keys(operator, station, [key for key in keys if key is not None], limits)
    results = []
    for address, key in zip(asked, keys, strict=True):
        if key is None:
            results.append(_no_key(address))
        elif (said := answers.get(key.lower())) is not None:
            results.append(said_of(address, said))
        elif key.lower() in answers:
            results.append(VariableResult(address=address, status="UnknownVariable"))
        else:
            results.append(unanswered(address))
    return await keep_variables(operator, station, Done(results, failure))


async def get_keys(
    operator: Operator, station: Station, keys: Sequence[str], limits: ItemLimits
) -> tuple[dict[str, Any], CallEnded | None]:
    """Return what a 1.6 station says of `keys`, by key in lower case, None for unknown ones, and how a call failed."""
    answers: dict[str, Any] = {}
    most = limits.items("GetConfiguration")
    for start in range(0, len(keys), most):
        page = keys[start : start + most]
        end = await _call(operator, station, "GetConfiguration", {"key": page}, sent_before=start > 0)
        if end.payload is None:
            return answers, end
        payload: Any = end.payload
        answers.update({key.lower(): None for key in _list(payload.unknown_key)})
        answers.update({said.key.lower(): said for said in _list(payload.configuration_key)})
    return answers, None


async def _change_keys(operator: Operator, station: Station, asked: Sequence[tuple[VariableAddress, str]]) -> Done:
    """Set configuration keys of 1.6, one by one (section 5.3)."""
    results: list[VariableResult] = []
    failure: CallEnded | None = None
    for address, value in asked:
        key = key_of_address(address)
        if key is None:
            results.append(_no_key(address))
            continue
        if failure is not None:
            results.append(unanswered(address))
            continue
        request = {"key": key, "value": value}
        end = await _call(operator, station, "ChangeConfiguration", request, sent_before=bool(results))
        if end.payload is None:
            failure = end
            results.append(unanswered(address))
            continue
        payload: Any = end.payload
        status = _STATUSES_16.get(payload.status, payload.status)
        results.append(VariableResult(address=address, status=status, value=value))
    return await keep_variables(operator, station, Done(results, failure))


def said_of(address: VariableAddress, said: Any) -> VariableResult:
    """Return a KeyValue of 1.6 (section 7.33) as a result."""
    value = None if said.value is UNSET else said.value
    return VariableResult(address=address, status="Accepted", value=value, read_only=said.readonly)


async def _call(
    operator: Operator, station: Station, action: str, request: Mapping[str, Any], *, sent_before: bool
) -> CallEnded:
    """Send one of several messages. Raises CommandError for the first; later, what was done before must be told."""
    try:
        return await operator.call(station, action, request)
    except CommandError as error:
        if not sent_before:
            raise
        return CallEnded(Outcome.OFFLINE, sent=False, reason=str(error))


async def keep_variables(operator: Operator, station: Station, done: Done) -> Done:
    """Keep what was read or set, if the journal has room for it."""
    variables = [result.kept() for result in done.results if result.status in DONE]
    records = [DeviceVariables(operator.now(), variables)] if variables else []
    return done if await keep(operator, station, records) else msgspec.structs.replace(done, kept=False)


def _item(address: VariableAddress) -> dict[str, Any]:
    item = {"component": to_component(address), "variable": to_variable(address)}
    return item if address.attribute == "Actual" else {**item, "attributeType": address.attribute}


def _address_key(address: VariableAddress) -> tuple[object, ...]:
    """Return what makes two addresses the same: names of the device model are case-insensitive (2.x Part 1, 4.1)."""
    return (
        address.component.lower(),
        (address.component_instance or "").lower(),
        address.evse,
        address.connector,
        address.variable.lower(),
        (address.instance or "").lower(),
        address.attribute,
    )


def _reason(info: Any) -> str | None:
    if info is UNSET:
        return None
    return str(info.reason_code if info.additional_info is UNSET else f"{info.reason_code}: {info.additional_info}")


def _no_key(address: VariableAddress) -> VariableResult:
    return VariableResult(address=address, status="UnknownComponent", reason="OCPP 1.6 has no key for this variable")


def unanswered(address: VariableAddress) -> VariableResult:
    """Return the result for a variable of which the station said nothing."""
    return VariableResult(address=address, status=None)


def _list(value: Any) -> list[Any]:
    return [] if value is UNSET else value

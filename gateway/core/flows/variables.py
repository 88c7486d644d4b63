"""Reading and setting variables of any version, in messages that the station takes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct

from gateway.core.calls import CallEnded, Outcome
from gateway.core.commands import CommandError
from gateway.core.configuration_keys import address_of_key, key_of_address
from gateway.core.device_model import VariableAddress, address_of, is_secret, kept_variable, to_component, to_variable
from gateway.core.flows.flow import Operator
from gateway.core.flows.words import is_16, keep
from gateway.core.item_limits import KEY, LIMITS, ItemLimits, MessageLimit, firmware_of, in_messages, known_limits
from gateway.core.records import DeviceVariable, DeviceVariables
from gateway.core.stations import Station

DONE: Final = frozenset({"Accepted", "RebootRequired"})
"""Statuses of a variable that was read or set."""

_STATUSES_16: Final = {"NotSupported": "UnknownVariable"}
"""ConfigurationStatus (1.6 section 7.21) -> SetVariableStatusEnumType, where they differ."""

_INTEGER_CHARACTERS_MAX: Final = 10
"""Longest number that is taken for a limit."""


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


async def get_variables(operator: Operator, station: Station, asked: Sequence[VariableAddress]) -> Done:
    """Read variables, and keep what was read. Raises CommandError."""
    if is_16(operator, station):
        return await _get_keys(operator, station, asked)
    limits = await item_limits(operator, station)
    if isinstance(limits, CallEnded):
        return Done(_unknown(asked), limits)
    return await _get(operator, station, asked, limits)


async def set_variables(operator: Operator, station: Station, asked: Sequence[tuple[VariableAddress, str]]) -> Done:
    """Set variables, and keep what was set. Raises CommandError."""
    if is_16(operator, station):
        return await _change_keys(operator, station, asked)
    limits = await item_limits(operator, station)
    if isinstance(limits, CallEnded):
        return Done(_unknown([address for address, _ in asked]), limits)

    def result(index: int, said: Any) -> VariableResult:
        address, value = asked[index]
        return VariableResult(
            address=address, status=said.attribute_status, value=value, reason=_reason(said.attribute_status_info)
        )

    items = [{**_item(address), "attributeValue": value} for address, value in asked]
    done = await _in_turn(operator, station, "SetVariables", items, [address for address, _ in asked], limits, result)
    return await _kept(operator, station, done)


async def _get(operator: Operator, station: Station, asked: Sequence[VariableAddress], limits: ItemLimits) -> Done:
    def result(index: int, said: Any) -> VariableResult:
        return VariableResult(
            address=asked[index],
            status=said.attribute_status,
            value=None if said.attribute_value is UNSET else said.attribute_value,
            reason=_reason(said.attribute_status_info),
        )

    items = [_item(address) for address in asked]
    done = await _in_turn(operator, station, "GetVariables", items, asked, limits, result)
    return await _kept(operator, station, done)


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
    return Done([found or _unanswered(address) for found, address in zip(results, asked, strict=True)], failure)


async def _get_keys(operator: Operator, station: Station, asked: Sequence[VariableAddress]) -> Done:
    """Read configuration keys of 1.6."""
    keys = [key_of_address(address) for address in asked]
    limits = await item_limits(operator, station)
    if isinstance(limits, CallEnded):
        return Done(_unknown(asked), limits)
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
            results.append(_unanswered(address))
    return await _kept(operator, station, Done(results, failure))


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
            results.append(_unanswered(address))
            continue
        request = {"key": key, "value": value}
        end = await _call(operator, station, "ChangeConfiguration", request, sent_before=bool(results))
        if end.payload is None:
            failure = end
            results.append(_unanswered(address))
            continue
        payload: Any = end.payload
        status = _STATUSES_16.get(payload.status, payload.status)
        results.append(VariableResult(address=address, status=status, value=value))
    return await _kept(operator, station, Done(results, failure))


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


async def _kept(operator: Operator, station: Station, done: Done) -> Done:
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


def _unanswered(address: VariableAddress) -> VariableResult:
    return VariableResult(address=address, status=None)


def _unknown(asked: Sequence[VariableAddress]) -> list[VariableResult]:
    return [_unanswered(address) for address in asked]


def _list(value: Any) -> list[Any]:
    return [] if value is UNSET else value


def _limit_addresses() -> Iterator[tuple[str, VariableAddress, VariableAddress]]:
    """Yield each action with the variables that hold its limits."""
    for component, actions in (
        ("DeviceDataCtrlr", ("GetVariables", "SetVariables", "GetReport")),
        ("MonitoringCtrlr", ("SetVariableMonitoring", "ClearVariableMonitoring")),
        ("LocalAuthListCtrlr", ("SendLocalList",)),
    ):
        for action in actions:
            instance = None if action == "SendLocalList" else action
            yield (
                action,
                VariableAddress(component=component, variable="ItemsPerMessage", instance=instance),
                VariableAddress(component=component, variable="BytesPerMessage", instance=instance),
            )


_LIMITS: Final = tuple(_limit_addresses())
_LIST_ENABLED: Final = VariableAddress(component="LocalAuthListCtrlr", variable="Enabled")
_LIMIT_KEYS_16: Final = (
    "GetConfigurationMaxKeys",
    "SendLocalListMaxLength",
    "LocalAuthListMaxLength",
    "LocalAuthListEnabled",
)
_ONE_BY_ONE: Final = ItemLimits(None, {"GetConfiguration": MessageLimit(1)})


async def item_limits(operator: Operator, station: Station) -> ItemLimits | CallEnded:
    """Return what the station takes in one message: as known, else ask it and keep the answer. Raises CommandError.

    Returns how the call ended that failed, where one did.
    """
    limits: ItemLimits | CallEnded | None = known_limits(station)
    if limits is not None:
        return limits
    if is_16(operator, station):
        limits = await _limits_16(operator, station)
    else:
        limits = await _limits_2(operator, station)
    if isinstance(limits, ItemLimits):
        await keep(operator, station, [LIMITS.holds(KEY, limits, operator.now())])
    elif limits.outcome is Outcome.CALL_ERROR:  # it will not say: be careful for now, and ask again another time
        return ItemLimits(firmware_of(station), {})
    return limits


async def _limits_2(operator: Operator, station: Station) -> ItemLimits | CallEnded:
    """Ask for the limits of GetVariables one by one, so that the other questions keep to them."""
    _, items, size = _LIMITS[0]
    first = await _get(operator, station, [items, size], ItemLimits(None, {}))
    if first.failure is not None:
        return first.failure
    limit = MessageLimit(*(_integer(result.value) for result in first.results))
    others = [*(address for _, *both in _LIMITS[1:] for address in both), _LIST_ENABLED]
    rest = await _get(operator, station, others, ItemLimits(None, {"GetVariables": limit}))
    if rest.failure is not None:
        return rest.failure
    values = {result.address: result.value for result in (*first.results, *rest.results) if result.status in DONE}
    limits = [(action, _integer(values.get(items)), _integer(values.get(size))) for action, items, size in _LIMITS]
    by_action = {action: MessageLimit(items, size) for action, items, size in limits if items or size}
    return ItemLimits(firmware_of(station), by_action, list_enabled=_boolean(values.get(_LIST_ENABLED)))


async def _limits_16(operator: Operator, station: Station) -> ItemLimits | CallEnded:
    """Ask for four keys at once, and one by one for those that are not answered so."""
    answers, failure = await get_keys(operator, station, _LIMIT_KEYS_16, ItemLimits(None, {}))
    left = [key for key in _LIMIT_KEYS_16 if key.lower() not in answers]
    if left and (failure is None or failure.outcome is Outcome.CALL_ERROR):
        rest, failure = await get_keys(operator, station, left, _ONE_BY_ONE)
        answers |= rest
    if failure is not None:
        return failure
    keys = [said_of(address_of_key(said.key), said) for said in answers.values() if said is not None]
    await _kept(operator, station, Done(keys))
    values = {key: said.value if said is not None else None for key, said in answers.items()}
    max_keys, list_items, list_entries, enabled = (values.get(key.lower()) for key in _LIMIT_KEYS_16)
    by_action = {
        "GetConfiguration": MessageLimit(_integer(max_keys)),
        "SendLocalList": MessageLimit(_integer(list_items)),
    }
    return ItemLimits(firmware_of(station), by_action, _integer(list_entries), _boolean(enabled))


async def list_enabled(operator: Operator, station: Station) -> bool | None:
    """Return whether the station's local list is switched on; None if it does not say. Raises CommandError."""
    done = await get_variables(operator, station, [_LIST_ENABLED])
    return _boolean(done.results[0].value)


def _integer(value: Any) -> int | None:
    """Return a limit that a station named; None for what is no positive number."""
    if not isinstance(value, str) or not value.isascii() or len(value) > _INTEGER_CHARACTERS_MAX:
        return None
    return int(value) if value.isdigit() and int(value) > 0 else None


def _boolean(value: Any) -> bool | None:
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None

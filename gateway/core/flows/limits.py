"""Asks a station how much it takes in one message, and keeps what it says (see `gateway.core.facts.item_limits`)."""

from collections.abc import Iterator
from typing import Any, Final

from gateway.core.calls import CallEnded, Outcome
from gateway.core.configuration_keys import address_of_key
from gateway.core.device_model import VariableAddress
from gateway.core.facts.item_limits import KEY, LIMITS, ItemLimits, MessageLimit, firmware_of, known_limits
from gateway.core.flows.flow import Operator
from gateway.core.flows.variables import DONE, Done, get_keys, get_variables, keep_variables, said_of
from gateway.core.flows.words import is_16, keep
from gateway.core.stations import Station

_INTEGER_CHARACTERS_MAX: Final = 10
"""Longest number that is taken for a limit."""


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
    first = await get_variables(operator, station, [items, size], ItemLimits(None, {}))
    if first.failure is not None:
        return first.failure
    limit = MessageLimit(*(_integer(result.value) for result in first.results))
    others = [*(address for _, *both in _LIMITS[1:] for address in both), _LIST_ENABLED]
    rest = await get_variables(operator, station, others, ItemLimits(None, {"GetVariables": limit}))
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
    await keep_variables(operator, station, Done(keys))
    values = {key: said.value if said is not None else None for key, said in answers.items()}
    max_keys, list_items, list_entries, enabled = (values.get(key.lower()) for key in _LIMIT_KEYS_16)
    by_action = {
        "GetConfiguration": MessageLimit(_integer(max_keys)),
        "SendLocalList": MessageLimit(_integer(list_items)),
    }
    return ItemLimits(firmware_of(station), by_action, _integer(list_entries), _boolean(enabled))


async def list_enabled(operator: Operator, station: Station, limits: ItemLimits) -> bool | None:
    """Return whether the station's local list is switched on; None if it does not say. Raises CommandError."""
    done = await get_variables(operator, station, [_LIST_ENABLED], limits)
    return _boolean(done.results[0].value)


def _integer(value: Any) -> int | None:
    """Return a limit that a station named; None for what is no positive number."""
    if not isinstance(value, str) or not value.isascii() or len(value) > _INTEGER_CHARACTERS_MAX:
        return None
    return int(value) if value.isdigit() and int(value) > 0 else None


def _boolean(value: Any) -> bool | None:
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None

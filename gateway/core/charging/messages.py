"""Orders as messages of each version, and what the ends of those messages mean. Pure functions."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from gateway.core.calls import CallEnded
from gateway.core.charging.abilities import Abilities
from gateway.core.charging.description import EvseDescription
from gateway.core.charging.orders import Ending, Order

Message: TypeAlias = tuple[str, Mapping[str, Any]]
"""An action, and its request as JSON."""


def limit_call(
    order: Order, evse: EvseDescription, abilities: Abilities, subprotocol: str, now: float, voltage_v: float
) -> Message | None:
    """Return the call by which an order is given; None if the station has no message that could say it."""
    raise NotImplementedError


def default_call(
    evse: EvseDescription, abilities: Abilities, subprotocol: str, now: float, voltage_v: float
) -> Message | None:
    """Return the call that installs the fallback of an EVSE for good; None if the station has no message for it."""
    raise NotImplementedError


def ending_of(end: CallEnded) -> tuple[Ending, float | None]:
    """Return how an order ended whose call ended so, and in how many seconds the station wants to be asked again."""
    raise NotImplementedError

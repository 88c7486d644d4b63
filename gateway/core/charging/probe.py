"""Whether a model obeys: a limit that is not refreshed must end by itself, and the vehicle must follow.

A probe is an order like any other, but its message ends after `PROBE_S`, at a limit below that of the order. The ledger
takes it for one that holds for good, so nothing can be overloaded whatever the station does.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from msgspec import Struct

from gateway.core.charging.abilities import Abilities
from gateway.core.charging.description import EvseDescription
from gateway.core.charging.messages import Message
from gateway.core.charging.orders import Order
from gateway.core.facts.kind import FactKind
from gateway.core.flows.flow import Operator
from gateway.core.stations import Station

PROBE_S: Final = 20.0
"""How long the lease of a probe lasts."""


class Obedience(Struct, frozen=True, omit_defaults=True):
    """What was seen of a model: whether a lease ends by itself there. `way` is how it was said: Absolute or Dynamic."""

    vendor: str
    model: str
    firmware: str | None
    subprotocol: str
    way: str
    obeys: bool
    seen: str


OBEDIENCE: Final = FactKind("charging_obedience", Obedience)

Model: TypeAlias = tuple[str, str, str | None, str, str]
Sleep: TypeAlias = Callable[[float], Awaitable[None]]


class Verdicts:
    """What is known of each model, by any of its stations."""

    def load(self, station: Station) -> None:
        """Take in what is kept of a station."""
        raise NotImplementedError

    def obeys(self, station: Station, abilities: Abilities) -> bool | None:
        """Return whether leases end by themselves at stations of this model; None if nobody tried."""
        raise NotImplementedError


def may_probe(order: Order, evse: EvseDescription, abilities: Abilities, drawn_ma: int) -> bool:
    """Whether an order can be made a probe: it is above what the EVSE falls to, and its vehicle draws enough."""
    raise NotImplementedError


def probe_call(
    order: Order, evse: EvseDescription, abilities: Abilities, subprotocol: str, now: float, voltage_v: float
) -> Message | None:
    """Return the call for an order that is a probe: instead of for good, it lasts for `PROBE_S`."""
    raise NotImplementedError


async def watch_probe(
    operator: Operator,
    station: Station,
    order: Order,
    evse: EvseDescription,
    abilities: Abilities,
    voltage_v: float,
    *,
    settle_s: float,
    sleep: Sleep,
    undisturbed: Callable[[], bool],
) -> Obedience | None:
    """Watch what becomes of a probe that was accepted, and keep what was seen. Raises CommandError.

    `sleep` waits for seconds of the clock of `operator`. None: it cannot be said, as another order came between, the
    session ended, or the station did not tell what its vehicle draws. The order is to be given anew after that.
    """
    raise NotImplementedError

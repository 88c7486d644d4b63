"""Which profiles of kind Dynamic stations have (2.1, K28): those are only updated, which costs their flash nothing."""

from collections import Counter
from typing import Final

import msgspec
from msgspec import Struct

from gateway.core.charging.abilities import Abilities
from gateway.core.charging.description import EvseDescription, EvseKey, Phases
from gateway.core.charging.messages import LEAST_S, Message, amount, dynamic_duration_s, limit_call, update_call
from gateway.core.charging.orders import Ending, Order

LATENESS_S_MIN: Final = 20.0
"""How late a station may take an update at least, without its profile lasting longer than the order. It is less than
what a new profile leaves, as the messages of an order take a varying time."""

REFUSALS_MAX: Final = 2
"""Refused Dynamic profiles in a row after which a station gets none until it boots: one may have another reason."""


class Standing(Struct, frozen=True):
    """A Dynamic profile at an EVSE: for which transaction and phases, and how long it lasts from each update on."""

    transaction: str
    phases: Phases
    unit: str
    duration_s: int


class Sent(Struct, frozen=True):
    """A message that was made of an order, and the Dynamic profile that is there once it is accepted."""

    order: int
    standing: Standing
    is_update: bool


class DynamicProfiles:
    """Makes the calls of orders, and remembers what they bring. Not saved: after a restart a profile is sent anew."""

    def __init__(self) -> None:
        self._standing: dict[EvseKey, Standing] = {}
        self._sent: dict[EvseKey, Sent] = {}
        self._refusals: Counter[str] = Counter()

    def usable(self, station: str, abilities: Abilities) -> Abilities:
        """Return what a station can, without the kind Dynamic if it says that it takes it and refuses it."""
        if self._refusals[station] < REFUSALS_MAX:
            return abilities
        return msgspec.structs.replace(abilities, dynamic=False)

    def call(
        self,
        order: Order,
        evse: EvseDescription,
        abilities: Abilities,
        subprotocol: str,
        now: float,
        voltage_v: float,
    ) -> Message | None:
        """Return the call by which an order is given, as `limit_call`, or an update of the profile that is there."""
        self._sent.pop(order.key, None)
        if order.expires_at is None or not abilities.dynamic:
            return limit_call(order, evse, abilities, subprotocol, now, voltage_v)
        limit = amount(order.limit_ma, len(order.phases), evse, abilities, voltage_v)
        if limit is None or order.expires_at < now + LEAST_S:
            return None
        standing = self._standing.get(order.key)
        if standing is not None and _lasts_so_long(standing, order, limit.unit, now):
            self._sent[order.key] = Sent(order.order, standing, is_update=True)
            return update_call(limit, evse, abilities)
        wanted = Standing(order.transaction, order.phases, limit.unit, dynamic_duration_s(order, now))
        self._sent[order.key] = Sent(order.order, wanted, is_update=False)
        return limit_call(order, evse, abilities, subprotocol, now, voltage_v)

    def ended(self, order: Order, ending: Ending, retry_s: float | None = None) -> None:
        """Take in how an order ended. What is not surely there is sent whole the next time."""
        self._standing.pop(order.key, None)
        sent = self._sent.pop(order.key, None)
        if sent is None or sent.order != order.order:
            return
        station = order.key[0]
        if ending is Ending.ACCEPTED:
            self._standing[order.key] = sent.standing
            del self._refusals[station]
        elif ending is Ending.REJECTED and not sent.is_update and retry_s is None:
            self._refusals[station] += 1

    def forget(self, station: str) -> None:
        """A station has booted: nobody knows what it has, and its firmware may be another."""
        for key in [key for key in self._standing if key[0] == station]:
            del self._standing[key]
        del self._refusals[station]


def _lasts_so_long(standing: Standing, order: Order, unit: str, now: float) -> bool:
    """Whether an update of this profile is for the same session, and ends in time also if it is taken late."""
    assert order.expires_at is not None
    return (standing.transaction, standing.phases, standing.unit) == (order.transaction, order.phases, unit) and (
        now + standing.duration_s + LATENESS_S_MIN <= order.expires_at
    )

"""What a station can of smart charging: asked once for each firmware, and kept as a fact.

OCPP 1.6 tells it in configuration keys (section 9.4), 2.x in variables of SmartChargingCtrlr (Part 2 appendix).
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from gateway.core.calls import CallEnded, Outcome
from gateway.core.configuration_keys import OTHER_KEYS
from gateway.core.device_model import VariableAddress
from gateway.core.facts.item_limits import ItemLimits, firmware_of
from gateway.core.facts.kind import FactKind
from gateway.core.flows.flow import Operator
from gateway.core.flows.limits import item_limits
from gateway.core.flows.variables import DONE, get_variables
from gateway.core.flows.words import OCPP21, is_16, keep
from gateway.core.stations import Station

STACK_LEVEL_UNTOLD: Final = 0
"""Stack level for a station that does not say which it takes: 0 is always one (2.x, ProfileStackLevel)."""

PERIODS_UNTOLD: Final = 2
"""Periods for a station that does not say how many it takes: as many as a lease needs."""

LEASE_PERIODS: Final = 2
"""Periods of a limit that ends by itself: the limit, and the fallback after it."""

STACK_LEVEL_MAX: Final = 1000
INTEGER_MAX: Final = 2**31 - 1
SPACING_S_MAX: Final = 3600.0
"""Bounds for what a station says: some name a number that means that they have no bound, or do not know."""


class Abilities(Struct, frozen=True, omit_defaults=True):
    """What a station said, under which version and firmware. None or empty: it did not say.

    `enabled` is False where it cannot, or will not, charge smartly. `stack_level` is the highest that it takes,
    `periods` how many a schedule may have, `units` those of A and W that it takes, `entries` how many profiles it keeps.
    `dynamic`: it takes profiles of kind Dynamic (2.1). `spacing_s` is the least time between two profiles of a purpose
    (2.1, deprecated). `lowest_id` is the lowest id that a profile of ours may have (2.1, MaxExternalConstraintsId).
    """

    subprotocol: str
    firmware: str | None
    enabled: bool | None = None
    stack_level: int | None = None
    periods: int | None = None
    units: tuple[str, ...] = ()
    entries: int | None = None
    dynamic: bool = False
    spacing_s: float = 0.0
    lowest_id: int = 0

    @property
    def leases(self) -> bool:
        """Whether a limit can be said that ends by itself."""
        return self.dynamic or (self.periods or PERIODS_UNTOLD) >= LEASE_PERIODS


ABILITIES: Final = FactKind("charging_abilities", Abilities)
KEY: Final = "station"
"""A station has one set of abilities."""


def known_abilities(station: Station, subprotocol: str) -> Abilities | None:
    """Return what is known of a station that speaks `subprotocol`; None if nothing is, or not of this firmware."""
    raise NotImplementedError


async def learn_abilities(operator: Operator, station: Station) -> Abilities | CallEnded:
    """Return what the station can: as known, else ask it and keep the answer. Raises CommandError.

    Returns how the call ended that failed, where one did. A station that refuses to say is taken for one that says
    nothing, until it boots again.
    """
    raise NotImplementedError

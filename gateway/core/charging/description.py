"""What a site is: a tree of nodes, and the EVSEs that hang on it. Currents are per phase, in integer milliamperes.

A *link* is a phase of a node, or all its phases together (a limit in kW), as the allocator has it (`gateway.hot`).
"""

from datetime import time
from typing import Literal, TypeAlias

from msgspec import Struct

EvseKey: TypeAlias = tuple[str, int]
"""A station's identity and the number of its EVSE, from 1."""

Phases: TypeAlias = tuple[int, ...]
"""Phases of the site, 1 to 3, each once."""


class NodeDescription(Struct, frozen=True, kw_only=True):
    """A grid connection, a feeder, a panel: what it carries, and what else draws from it.

    `limit_ma` and `base_load_ma` are for phases 1, 2, 3; None is no limit of its own. `limit_w` bounds the power of all
    phases together. `base_load_ma` holds while nobody says better, so it is the largest that is expected; negative
    where something feeds in for certain. `unheard_limit_ma`, `unheard_limit_w`: what holds while no dynamic limit is
    valid, where an operator wants less than the rating then.
    """

    name: str
    parent: str | None = None
    limit_ma: tuple[int, int, int] | None = None
    limit_w: int | None = None
    base_load_ma: tuple[int, int, int] = (0, 0, 0)
    unheard_limit_ma: tuple[int, int, int] | None = None
    unheard_limit_w: int | None = None


class EvseDescription(Struct, frozen=True, kw_only=True):
    """An EVSE at a node. `phases` are those of the site to which its L1, L2, L3 go, in this order (its rotation).

    `maximum_ma` is what the hardware can, `minimum_ma` the least current that a vehicle takes (IEC 61851-1: 6 A),
    `fallback_ma` what it may draw when nothing is heard. Of DC, currents are those on the AC side, and `efficiency` is
    what of the AC power comes out. Greater `weight` gets more; smaller `priority` comes first where not all can charge.
    """

    station: str
    evse: int
    node: str
    phases: Phases = (1, 2, 3)
    minimum_ma: int = 6000
    maximum_ma: int = 32_000
    fallback_ma: int = 0
    weight: int = 10
    priority: int = 100
    current: Literal["AC", "DC"] = "AC"
    efficiency: float = 0.9

    @property
    def key(self) -> EvseKey:
        """What it goes by."""
        return self.station, self.evse


class TokenGroupDescription(Struct, frozen=True, kw_only=True):
    """Sessions whose id token, or its group, is one of `tokens`: weight and priority instead of the EVSE's."""

    name: str
    tokens: frozenset[str]
    weight: int | None = None
    priority: int | None = None


class ScheduledLimit(Struct, frozen=True, kw_only=True):
    """What a node carries each day from `begins` until `ends`, in local time; over midnight if `ends` is less.

    `weekdays` on which it begins are 0 (Monday) to 6.
    """

    node: str
    begins: time
    ends: time
    weekdays: frozenset[int] = frozenset(range(7))
    limit_ma: tuple[int, int, int] | None = None
    limit_w: int | None = None


class SiteDescription(Struct, frozen=True, kw_only=True):
    """A whole site. `voltage_v` is from phase to neutral: by it amperes become watts.

    `slot_s` is how long a turn lasts, `time_zone` an IANA name, for the schedule.
    """

    name: str
    nodes: tuple[NodeDescription, ...]
    evses: tuple[EvseDescription, ...]
    token_groups: tuple[TokenGroupDescription, ...] = ()
    schedule: tuple[ScheduledLimit, ...] = ()
    voltage_v: float = 230.0
    slot_s: float = 900.0
    time_zone: str = "UTC"

"""What a site looks like from outside: its links, its EVSEs, and for each of them why it gets what it gets."""

from typing import Literal, TypeAlias

from msgspec import Struct

EvseState: TypeAlias = Literal["idle", "waiting", "charging", "offline", "disobedient"]
"""Of an EVSE: nobody there; a session that has no turn; one that may charge; one that does not hear us; ignores us."""


class LinkView(Struct, frozen=True, kw_only=True):
    """One link now, in mA, or in mW where `phase` is 0 (all phases together).

    `capacity` is what is left for EVSEs, after `base`; None is no limit. `allocated` is the sum of the targets,
    `reserved` of what may be in force, `measured` of what was drawn by the newest readings. `deficit` is by how much
    `reserved` is above the capacity.
    """

    node: str
    phase: int
    capacity: int | None
    base: int
    allocated: int
    reserved: int
    measured: int
    deficit: int


class EvseView(Struct, frozen=True, kw_only=True):
    """One EVSE now. Currents are per phase; `reach_ma` is the largest that may be in force on each phase of the site.

    `limit_ma` is what the station accepted last and is in force, `target_ma` what it is to have. `binding` is the link
    (node, phase) that keeps the target below what the session would take. `turn_at` is when a waiting session is
    considered again. `why` says all this in words.
    """

    station: str
    evse: int
    node: str
    state: EvseState
    transaction: str | None
    phases: tuple[int, ...]
    limit_ma: int
    target_ma: int
    reach_ma: tuple[int, int, int]
    drawn_ma: int | None
    binding: tuple[str, int] | None
    turn_at: float | None
    why: str


class SiteView(Struct, frozen=True, kw_only=True):
    """A site now. `fault` is what the allocator's certificate found last, which should never be anything."""

    name: str
    at: float
    links: tuple[LinkView, ...]
    evses: tuple[EvseView, ...]
    fault: str | None

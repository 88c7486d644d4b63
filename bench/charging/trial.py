"""One policy on one plan under some faults, and what came of it."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from bench.charging.faults import Faults
from bench.charging.links import Link, Links
from bench.charging.ours import Disk, Ours
from bench.charging.plan import Plan
from bench.charging.policies import Naive, Policy, Send, equal_share, first_come, optimum
from bench.charging.world import World

Note = Callable[..., None]
"""Is told of events by their names."""

MakeForSite = Callable[[Plan, Links, Note], Callable[[Send], Policy]]


def _ours(plan: Plan, _links: Links, note: Note) -> Callable[[Send], Policy]:
    disk = Disk()
    return lambda send: Ours(plan.description, send, disk, note=note)


POLICIES: Final[Mapping[str, MakeForSite]] = {
    "all at once": lambda _, links, _note: lambda send: Naive(links, send, optimum),
    "lowest first": lambda _, links, _note: lambda send: Naive(links, send, optimum, paced=True),
    "wait for decreases": lambda _, links, _note: lambda send: Naive(links, send, optimum, waits=True),
    "equal share": lambda _, links, _note: lambda send: Naive(links, send, equal_share),
    "first come": lambda _, links, _note: lambda send: Naive(links, send, first_come),
    "the ledger": _ours,
}
"""How each policy is made, and again after each kill of the gateway."""

OURS: Final = "the ledger"


class Outcome(Struct, kw_only=True):
    """What came of a run. Shares are of one; `reactions_s` are from a sudden drop until the last overload by it.

    `first` is when and where the first overload began; `notes` are what operators were told, by how often.
    """

    policy: str
    hours: float
    evse_hours: float
    overloaded_s: float
    overload_s: dict[Link, float]
    worst: dict[Link, int]
    first: tuple[float, Link] | None
    reactions_s: list[float]
    delivered_wh: float
    possible_wh: float
    distance: float
    sent: dict[str, int]
    notes: dict[str, int]

    @property
    def messages_per_evse_hour(self) -> float:
        """Limits, checks and defaults sent to stations."""
        return sum(self.sent.get(kind, 0) for kind in ("limits", "checks", "defaults")) / self.evse_hours

    @property
    def writes_per_evse_hour(self) -> float:
        """Profiles that stations stored."""
        return self.sent.get("writes", 0) / self.evse_hours


def trial(plan: Plan, faults: Faults, policy: str, *, seed: int, make: MakeForSite | None = None) -> Outcome:
    """Run a policy, by its name or as `make` makes it, and return what came of it."""
    links = Links(plan.description)
    notes: Counter[str] = Counter()
    make_policy = (make or POLICIES[policy])(plan, links, lambda event, **_: notes.update([event]))
    world = World(plan, faults, make_policy, seed=seed)
    world.run()
    meter = world.meter
    delivered_wh, possible_wh = world.energy_wh
    return Outcome(
        policy=policy,
        hours=plan.span_s / 3600,
        evse_hours=plan.span_s / 3600 * len(plan.description.evses),
        overloaded_s=meter.overloaded_s,
        overload_s={links.names[link]: seconds for link, seconds in meter.overload_s.items()},
        worst={links.names[link]: current for link, current in meter.worst.items()},
        first=None if meter.first is None else (meter.first[0], links.names[meter.first[1]]),
        reactions_s=[drop.met_at - drop.at for drop in meter.drops],
        delivered_wh=delivered_wh,
        possible_wh=possible_wh,
        distance=world.ideal.distance,
        sent=dict(world.hub.sent),
        notes=dict(notes),
    )

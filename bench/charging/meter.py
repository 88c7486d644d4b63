"""What every circuit carries at every instant, and for how long it carries more than it may."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final, Protocol

from msgspec import Struct

from bench.charging.links import Links
from gateway.core.charging.description import EvseKey, Phases


class Time(Protocol):
    """Knows what time it is."""

    now: float


class Drop(Struct):
    """A limit that came without warning: from when on it held, and until when it was overstepped."""

    at: float
    links: frozenset[int]
    excused_until: float
    met_at: float


class Meter:
    """The circuits of a site. Overload is counted by link, to the instant; what nobody could foresee, apart.

    After a sudden drop of a limit, stations that do not hear keep what they were lent for as long as the lease, clocks
    and settling allow: that time is counted as reaction, not as overload.
    """

    def __init__(self, time: Time, links: Links) -> None:
        self._time = time
        self._links = links
        self.loads: Final = [0] * len(links.names)
        self.capacities: list[int | None] = [None] * len(links.names)
        self.overload_s: Final[defaultdict[int, float]] = defaultdict(float)
        self.worst: Final[defaultdict[int, int]] = defaultdict(int)
        self.overloaded_s = 0.0
        """How long any link was overloaded."""
        self.first: tuple[float, int] | None = None
        """When and on which link the first overload began."""
        self.drops: Final[list[Drop]] = []
        self._over: set[int] = set()
        self._since = time.now

    def draws(self, key: EvseKey, phases: Phases, change_ma: int) -> None:
        """An EVSE draws so much more on these phases."""
        if change_ma == 0 or not phases:
            return
        self.count()
        for link, factor in self._links.loads(key, phases):
            self.loads[link] += factor * change_ma
            self._look(link)

    def set_capacities(self, capacities: Sequence[int | None]) -> None:
        """Other capacities hold from now on."""
        self.count()
        self.capacities = list(capacities)
        for link in range(len(capacities)):
            self._look(link)

    def forget(self) -> None:
        """Forget what was counted until now."""
        self.count()
        self.overload_s.clear()
        self.worst.clear()
        self.overloaded_s, self.first = 0.0, None
        self.drops.clear()

    def drop(self, links: Collection[int], excused_s: float) -> None:
        """A limit of these links falls now, without warning."""
        self.count()
        now = self._time.now
        self.drops.append(Drop(now, frozenset(links), now + excused_s, now))

    def count(self) -> None:
        """Count what was until now."""
        now, since = self._time.now, self._since
        self._since = now
        if not self._over or now == since:
            return
        is_overloaded = False
        for link in self._over:
            excuse = next((drop for drop in self.drops if link in drop.links and since < drop.excused_until), None)
            if excuse is not None:
                excuse.met_at = now
                if now <= excuse.excused_until:
                    continue
            self.overload_s[link] += now - since
            self.worst[link] = max(self.worst[link], self.loads[link] - (self.capacities[link] or 0))
            is_overloaded = True
            if self.first is None:
                self.first = (since, link)
        if is_overloaded:
            self.overloaded_s += now - since

    def _look(self, link: int) -> None:
        capacity = self.capacities[link]
        # a base load above a capacity is nobody's fault who draws nothing
        if capacity is not None and self.loads[link] > max(capacity, 0):
            self._over.add(link)
        else:
            self._over.discard(link)

"""Whether a station keeps to its limits, by what its EVSE draws: slow to accuse, since a verdict lasts."""

from collections import deque
from typing import Final

from msgspec import Struct

from gateway.core.facts.kind import FactKind
from gateway.core.stations import Station

Reach = tuple[int, int, int]

SETTLE_TIMES: Final = 3
"""Times of settling for which a vehicle must draw too much before its station is said not to obey."""

KEPT_MAX: Final = 64
"""Former reaches kept for each EVSE; with more changes than this while a reading is on its way, it is not judged."""

KEPT_S: Final = 3600.0
"""How long they are kept: readings that are older, from a station that was offline, are not judged."""

POWER_SHARE: Final = 0.15
"""What power may be above the nominal: voltage is up to 10 % higher (EN 50160), and meters are not exact."""


class Disobedience(Struct, frozen=True, omit_defaults=True):
    """An EVSE drew `drawn_ma` where no more than `limit_ma` can have been in force, under a firmware."""

    drawn_ma: int
    limit_ma: int
    firmware: str = ""


DISOBEDIENCE: Final = FactKind("charging_disobedience", Disobedience)
"""By the number of the EVSE; kept until the station has another firmware, or an operator takes it back."""


def firmware_of(station: Station) -> str:
    """Return the firmware that a station said it has; nothing if it said none."""
    boot = station.state.boot
    return "" if boot is None else boot.firmware or ""


def disobeys(station: Station) -> bool:
    """Whether the station was seen to ignore limits, with the firmware that it has."""
    firmware = firmware_of(station)
    return any(seen.firmware == firmware for seen in DISOBEDIENCE.of(station).values())


class Noise(Struct, frozen=True):
    """What a current may be above its limit without meaning anything: the larger of the two."""

    current_ma: int
    share: float


class ObedienceWatch:
    """One EVSE's readings against what may have been in force there.

    A reading is excused by anything that may have been in force from when it was sampled (by a clock up to `skew_s`
    wrong) until it was heard, so neither a late reading nor one that was on its way when a limit fell accuses anyone.
    """

    __slots__ = ("_former", "_reach", "_since", "_too_much_since")

    def __init__(self, reach: Reach, now: float) -> None:
        self._reach = reach
        self._since = now
        self._former: deque[tuple[float, Reach]] = deque()
        self._too_much_since: float | None = None

    def saw(self, reach: Reach, now: float) -> None:
        """Take what may be in force from now on."""
        if reach == self._reach:
            return
        former = self._former
        former.append((now, self._reach))
        self._reach = reach
        while former and (len(former) > KEPT_MAX or former[0][0] < now - KEPT_S):
            self._since = max(self._since, former.popleft()[0])

    def drew(self, drawn_ma: Reach, at: float, now: float, *, settle_s: float, skew_s: float, noise: Noise) -> bool:
        """Judge currents on the phases of the site. Returns whether the station is now known not to obey."""
        if not self._since + settle_s <= at - skew_s or at > now + skew_s:
            return False
        allowed = self._allowed_since(at - skew_s)
        return self._judge(
            any(
                drawn > limit + max(noise.current_ma, noise.share * limit)
                for drawn, limit in zip(drawn_ma, allowed, strict=True)
            ),
            at,
            settle_s,
        )

    def drew_power(
        self,
        power_w: float,
        watts_per_ampere: float,
        phases: int,
        at: float,
        now: float,
        *,
        settle_s: float,
        skew_s: float,
        noise: Noise,
    ) -> bool:
        """As `drew`, where only the power is known: of one ampere on each of `phases` it is `watts_per_ampere`."""
        if not self._since + settle_s <= at - skew_s or at > now + skew_s:
            return False
        most_ma = sum(self._allowed_since(at - skew_s)) + phases * noise.current_ma
        most_w = most_ma / 1000 * watts_per_ampere / phases * (1 + POWER_SHARE)
        return self._judge(power_w > most_w, at, settle_s)

    def _allowed_since(self, since: float) -> Reach:
        one, two, three = self._reach
        for until, reach in self._former:
            if until >= since:
                one, two, three = max(one, reach[0]), max(two, reach[1]), max(three, reach[2])
        return one, two, three

    def _judge(self, is_too_much: bool, at: float, settle_s: float) -> bool:
        if not is_too_much:
            self._too_much_since = None
            return False
        if self._too_much_since is None:
            self._too_much_since = at
        return at - self._too_much_since > SETTLE_TIMES * settle_s

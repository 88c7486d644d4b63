"""What charging profiles allow at a moment: OCPP 1.6 section 3.13, 2.x use cases K01 and K08. Pure functions.

A purpose is led by its highest stack level that is in force. TxProfile overrides TxDefaultProfile, a default for one
EVSE overrides that for all (1.6 section 3.13.1), and what is for the whole station caps both.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from gateway.fleet.clock import seconds_from

VOLTAGE_V = 230.0
"""The voltage at which watts become amperes and back."""

PHASES_DEFAULT = 3
"""numberPhases where a period does not say (K01.FR.19)."""

DAY, WEEK = timedelta(days=1), timedelta(days=7)

RECURS = {"Daily": DAY, "Weekly": WEEK}
"""RecurrencyKindEnumType."""


class Period(Struct, frozen=True):
    """From `start_s` after the schedule's start, `limit` in its unit. None: no limit."""

    start_s: int
    limit: float | None
    phases: int = PHASES_DEFAULT


class Profile(Struct, frozen=True):
    """A charging profile with its one schedule; `unit` is A or W. Without `start_at` it starts with the transaction."""

    profile_id: int
    stack_level: int
    purpose: str
    unit: str
    periods: tuple[Period, ...]
    start_at: datetime | None = None
    duration_s: int | None = None
    recurs: timedelta | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction: str | None = None


class Circuit(NamedTuple):
    """What a limit applies to: an EVSE, or the sum of all. `started_at` is the begin of its transaction.

    `voltage_v` is that of a conductor by which watts become amperes.
    """

    phases: int
    current_max_a: float
    started_at: datetime | None = None
    voltage_v: float = VOLTAGE_V

    def amperes(self, limit: float, unit: str, phases: int) -> float:
        """`limit` per conductor, at most what the hardware can."""
        per_conductor_a = limit if unit == "A" else limit / (self.voltage_v * min(phases, self.phases))
        return max(0.0, min(per_conductor_a, self.current_max_a))

    def watts(self, current_a: float) -> float:
        """The power of `current_a` on all its conductors."""
        return current_a * self.voltage_v * self.phases


def limit_a(tiers: Sequence[Sequence[Profile]], circuit: Circuit, at: datetime) -> float | None:
    """The limit per conductor that the first of `tiers` with a profile in force sets at `at`; None: no tier has one.

    A tier is the profiles of one purpose for one EVSE, or for all.
    """
    for profiles in tiers:
        for profile in sorted(profiles, key=lambda profile: -profile.stack_level):
            period = period_at(profile, circuit.started_at, at)
            if period is not None:
                limit = period.limit
                return circuit.current_max_a if limit is None else circuit.amperes(limit, profile.unit, period.phases)
    return None


def period_at(profile: Profile, started_at: datetime | None, at: datetime) -> Period | None:
    """The period of `profile` in force at `at`, or None where the profile is not, or not yet, or no longer."""
    start = _start(profile, started_at, at)
    if start is None or start > at or not _valid(profile, at):
        return None
    elapsed_s = (at - start).total_seconds()
    if profile.duration_s is not None and elapsed_s >= profile.duration_s:
        return None
    found = None
    for period in profile.periods:
        if period.start_s <= elapsed_s:
            found = period
    return found


def changes(profiles: Iterable[Profile], started_at: datetime | None, begin: datetime, end: datetime) -> list[datetime]:
    """The moments after `begin` and before `end` at which what any of `profiles` allows may change, in order."""
    moments = {at for profile in profiles for at in _boundaries(profile, started_at, begin, end) if begin < at < end}
    return sorted(moments)


def _boundaries(profile: Profile, started_at: datetime | None, begin: datetime, end: datetime) -> Iterator[datetime]:
    if profile.valid_from is not None:
        yield profile.valid_from
    if profile.valid_to is not None:
        yield profile.valid_to
    start = _start(profile, started_at, begin)
    while start is not None and start < end:
        yield start
        for period in profile.periods:
            yield seconds_from(start, period.start_s)
        if profile.duration_s is not None:
            yield seconds_from(start, profile.duration_s)
        start = None if profile.recurs is None else seconds_from(start, profile.recurs.total_seconds())


def _start(profile: Profile, started_at: datetime | None, at: datetime) -> datetime | None:
    """When the schedule that covers `at` began; a relative one begins with the transaction, or now without one."""
    if profile.start_at is None:
        return at if started_at is None else started_at
    if profile.recurs is None or profile.start_at > at:
        return profile.start_at
    return profile.start_at + (at - profile.start_at) // profile.recurs * profile.recurs


def _valid(profile: Profile, at: datetime) -> bool:
    return (profile.valid_from is None or profile.valid_from <= at) and (
        profile.valid_to is None or at < profile.valid_to
    )

"""How stations misbehave in smart charging. All of it is drawn from a station's own dice, so a run is repeatable.

Some faults befall single messages, others are what a station is like. A server's limits are safe under all of them but
two, which break what it rests on: `ignores`, and `forgets_all` until it was seen once.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Final

import msgspec
from msgspec import Struct

from gateway.fleet.clock import Clock, Timer, seconds_from
from gateway.fleet.dice import Dice

STEERING: Final = frozenset({"SetChargingProfile", "UpdateDynamicSchedule"})
"""The calls that single faults befall: those that change a limit."""

WINDOW_S: Final = 60.0
"""The minute of `profiles_a_minute`, in the station's own time."""

ENDLESS: Final = "-endless"
FORGETFUL: Final = "-forgetful"
"""Behind the firmware version of stations that are so: it is the software that is, so others of it are alike."""


class ChargingFaultsError(ValueError):
    """Faults that cannot be meant, and why."""


class ChargingFaults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes wrong, how often. Times are simulated seconds.

    Shares of the messages that set a limit, at most one of them befalls a message: `rejects` answers Rejected;
    `errors` answers InternalError, having applied it in half of the cases; `loses_answer` applies it and says nothing;
    `answers_late` applies it and answers after `late_s`; `stalls` does neither before `late_s` have passed, and maybe
    after a later message; `applies_late` accepts it, and lets the vehicle know after `apply_s`.

    Shares of stations: `ignores` accepts limits, and does as it pleases; `endless` never ends what a profile says by
    its duration, validTo or next period; `forgets_all` has no profile after a boot; `only_a` and `only_w` take one
    unit; `small` keeps `small_profiles` for each EVSE, and has one stack level; `no_dynamic` (2.1) says that it takes
    profiles of kind Dynamic, and refuses them. Those that do not forget all keep everything in half of the boots, and
    else lose profiles of transactions.
    """

    rejects: float = 0.0
    errors: float = 0.0
    loses_answer: float = 0.0
    answers_late: float = 0.0
    stalls: float = 0.0
    late_s: tuple[float, float] = (41.0, 60.0)
    applies_late: float = 0.0
    apply_s: tuple[float, float] = (1.0, 6.0)
    ignores: float = 0.0
    endless: float = 0.0
    forgets_all: float = 0.0
    only_a: float = 0.0
    only_w: float = 0.0
    small: float = 0.0
    small_profiles: int = 2
    no_dynamic: float = 0.0
    clock_skew_s: float = 0.0
    """Each station's clock is wrong by up to so much, ahead or behind."""
    profiles_a_minute: int = 0
    """More are refused, by Rejected or by an error; 0: as many as there are."""
    reboot_every_s: float = 0.0
    """Mean time between boots of a station by itself; 0 is never. Half of them end what runs."""

    def __post_init__(self) -> None:
        """Raises ChargingFaultsError, which says what is wrong."""
        for name in (*SINGLE, *TRAITS):
            if not 0 <= getattr(self, name) <= 1:
                raise ChargingFaultsError(f"{name} is a share, from 0 to 1")
        if sum(getattr(self, name) for name in SINGLE) > 1:
            raise ChargingFaultsError(f"{', '.join(SINGLE)} are shares of the same messages: 1 at most together")
        if self.only_a + self.only_w > 1:
            raise ChargingFaultsError("only_a and only_w are shares of the same stations: 1 at most together")
        for name in ("late_s", "apply_s"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                raise ChargingFaultsError(f"{name} is the least and the most, in seconds")
        if min(self.clock_skew_s, self.profiles_a_minute, self.reboot_every_s) < 0 or self.small_profiles < 1:
            raise ChargingFaultsError("times and numbers are not negative, and small_profiles is at least 1")


SINGLE: Final = ("rejects", "errors", "loses_answer", "answers_late", "stalls", "applies_late")
TRAITS: Final = ("ignores", "endless", "forgets_all", "only_a", "only_w", "small", "no_dynamic")

NO_FAULTS: Final = ChargingFaults()

PRESETS: Final[Mapping[str, ChargingFaults]] = {
    "none": NO_FAULTS,
    "some": ChargingFaults(
        rejects=0.02,
        errors=0.01,
        loses_answer=0.02,
        answers_late=0.02,
        stalls=0.01,
        applies_late=0.1,
        only_a=0.1,
        only_w=0.1,
        small=0.2,
        no_dynamic=0.2,
        clock_skew_s=10.0,
        reboot_every_s=4 * 3600.0,
    ),
    "many": ChargingFaults(
        rejects=0.08,
        errors=0.05,
        loses_answer=0.08,
        answers_late=0.06,
        stalls=0.06,
        applies_late=0.2,
        endless=0.15,
        only_a=0.2,
        only_w=0.2,
        small=0.3,
        no_dynamic=0.3,
        clock_skew_s=25.0,
        profiles_a_minute=6,
        reboot_every_s=1800.0,
    ),
    "ignoring": ChargingFaults(ignores=0.2),
}
"""By name. In `many` there is all that leaves limits safe."""


def calm(faults: ChargingFaults) -> ChargingFaults:
    """Return the same without those that befall single messages."""
    return msgspec.structs.replace(faults, profiles_a_minute=0, **dict.fromkeys(SINGLE, 0.0))


def parse_charging_faults(text: str) -> ChargingFaults:
    """Return the faults that a preset's name, or `key=value,...`, or both mean. Raises ChargingFaultsError.

    A range is written `41..60`; a preset comes first: `many,ignores=0.1`.
    """
    first, *others = [part.strip() for part in text.split(",")]
    faults = NO_FAULTS
    if "=" in first:
        others.insert(0, first)
    elif first in PRESETS:
        faults = PRESETS[first]
    else:
        raise ChargingFaultsError(f"{first!r} is none of {', '.join(PRESETS)}, and no key=value")
    given: dict[str, Any] = {}
    for part in others:
        key, is_pair, value = part.partition("=")
        if not is_pair or key not in ChargingFaults.__struct_fields__:
            known = ", ".join(ChargingFaults.__struct_fields__)
            raise ChargingFaultsError(f"{part!r} is no key=value with one of {known}")
        low, is_range, high = value.partition("..")
        given[key] = (low, high) if is_range else value
    try:
        changed = msgspec.convert(given, ChargingFaultsChange, strict=False)
    except msgspec.ValidationError as error:
        raise ChargingFaultsError(str(error)) from None
    said = {key: getattr(changed, key) for key in given}
    return ChargingFaults(**msgspec.structs.asdict(faults) | said)


ChargingFaultsChange = msgspec.defstruct(
    "ChargingFaultsChange",
    [(field.name, field.type, field.default) for field in msgspec.structs.fields(ChargingFaults)],
)
"""The same fields without their rules: what is changed of a preset is judged together with the rest of it."""


class Traits(Struct, frozen=True, kw_only=True):
    """What one station is like. `units` are those that it takes, None in `profiles` the usual number."""

    ignores: bool = False
    endless: bool = False
    forgets_all: bool = False
    units: tuple[str, ...] = ("A", "W")
    profiles: int | None = None
    stack_level: int | None = None
    dynamic: bool = True
    clock_skew_s: float = 0.0

    @property
    def firmware(self) -> str:
        """What tells the software apart from that of others."""
        return (ENDLESS if self.endless else "") + (FORGETFUL if self.forgets_all else "")


ORDINARY: Final = Traits()


class Course(Enum):
    """What becomes of a message that sets a limit."""

    ORDINARY = "ordinary"
    REJECTS = "rejects"
    ERRORS = "errors"
    ERRORS_AFTER = "errors after it was applied"
    LOSES_ANSWER = "loses_answer"
    ANSWERS_LATE = "answers_late"
    STALLS = "stalls"
    APPLIES_LATE = "applies_late"
    TOO_MANY = "profiles_a_minute"


class Misbehaviour:
    """One station's faults. `counts` is where those of a whole fleet are counted."""

    def __init__(self, faults: ChargingFaults, seed: int, identity: str, counts: Counter[str]) -> None:
        self.faults = faults
        self.counts = counts
        self.traits = _traits(faults, Dice(seed, identity, "traits"))
        self._dice = Dice(seed, identity, "faults")
        self._boot_dice = Dice(seed, identity, "boots")
        self._taken_at: list[datetime] = []

    def course(self, action: str, now: datetime) -> Course:
        """Throw what becomes of a message that has just come."""
        if action not in STEERING:
            return Course.ORDINARY
        course = self._course(now)
        if course is not Course.ORDINARY:
            self.counts[course.value] += 1
        return course

    def late_s(self) -> float:
        """Throw how late an answer is."""
        return self._dice.between(*self.faults.late_s)

    def apply_s(self) -> float:
        """Throw how late a limit is applied."""
        return self._dice.between(*self.faults.apply_s)

    def retry_s(self, now: datetime) -> int:
        """In how many seconds one more message would be taken."""
        if not self._taken_at:
            return 0
        return max(0, int(WINDOW_S - (now - self._taken_at[0]).total_seconds()) + 1)

    def next_boot_at(self, now: datetime) -> datetime | None:
        """Throw when the station boots by itself."""
        mean_s = self.faults.reboot_every_s
        return seconds_from(now, self._boot_dice.exponential(mean_s)) if mean_s else None

    def boot_ends(self) -> bool:
        """Throw whether a boot ends what runs."""
        self.counts["reboots"] += 1
        return self._boot_dice.chance(0.5)

    def boot_loses(self) -> bool:
        """Throw whether a boot of a station that does not forget all loses the profiles of transactions."""
        return self.faults.reboot_every_s > 0 and self._boot_dice.chance(0.5)

    def _course(self, now: datetime) -> Course:
        most = self.faults.profiles_a_minute
        if most:
            self._taken_at = [at for at in self._taken_at if (now - at).total_seconds() < WINDOW_S]
            if len(self._taken_at) >= most:
                return Course.TOO_MANY
            self._taken_at.append(now)
        throw = self._dice.unit()
        for name in SINGLE:
            throw -= getattr(self.faults, name)
            if throw < 0:
                if name == "errors" and self._dice.chance(0.5):
                    return Course.ERRORS_AFTER
                return Course(name)
        return Course.ORDINARY


class SkewedClock:
    """The clock of a station that is wrong by so many seconds, ahead where they are positive."""

    def __init__(self, clock: Clock, skew_s: float) -> None:
        self._clock = clock
        self._skew_s = skew_s
        self.speed = clock.speed

    def now(self) -> datetime:
        """See `Clock.now`."""
        return seconds_from(self._clock.now(), self._skew_s)

    def call_later(self, seconds: float, callback: Any) -> Timer:
        """See `Clock.call_later`."""
        return self._clock.call_later(seconds, callback)

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        await self._clock.sleep(seconds)


def _traits(faults: ChargingFaults, dice: Dice) -> Traits:
    has = {name: dice.chance(getattr(faults, name)) for name in ("ignores", "endless", "forgets_all", "no_dynamic")}
    throw = dice.unit()
    units: tuple[str, ...] = (
        ("A",) if throw < faults.only_a else ("W",) if throw < faults.only_a + faults.only_w else ()
    )
    is_small = dice.chance(faults.small)
    return Traits(
        ignores=has["ignores"],
        endless=has["endless"],
        forgets_all=has["forgets_all"],
        units=units or ("A", "W"),
        profiles=faults.small_profiles if is_small else None,
        stack_level=0 if is_small else None,
        dynamic=not has["no_dynamic"],
        clock_skew_s=round(dice.between(-faults.clock_skew_s, faults.clock_skew_s), 3),
    )

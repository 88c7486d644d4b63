"""What drivers and networks do: how often, how long, how likely. All of it is drawn from seeded dice."""

from collections.abc import Sequence

from msgspec import Struct

from gateway.fleet.dice import Dice
from gateway.fleet.vehicle import Vehicle, arrive


class Behaviour(Struct, frozen=True, kw_only=True):
    """The habits of a fleet. Times are simulated seconds, shares are fractions of one."""

    first_arrival_s_mean: float = 300.0
    """Shorter than `idle_s_mean`, so that a new fleet is soon busy."""

    idle_s_mean: float = 1800.0
    """Between a vehicle's leaving and the next one's coming."""

    authorise_s: tuple[float, float] = (3.0, 20.0)
    """Between plugging in and presenting the card, at least and at most."""

    stay_s: tuple[float, float] = (1200.0, 14400.0)
    """How long a vehicle charges or stays after being full, at least and at most."""

    unplug_s: tuple[float, float] = (5.0, 120.0)
    """Between the end of a transaction and pulling the cable."""

    unplugs_first: float = 0.2
    """The share of drivers who pull the cable without stopping the transaction first."""

    limited: float = 0.1
    """The share of visits in which the station itself pauses for a while, as for the load of its building."""

    limited_s: tuple[float, float] = (300.0, 900.0)

    meter_interval_s: int = 60
    """Between meter values in a transaction, until the server configures another; 0 is none."""

    offline_every_s_mean: float | None = 21600.0
    """Between losses of the connection that the station's own network causes; None is never."""

    offline_s: tuple[float, float] = (60.0, 1800.0)

    work_step_s: tuple[float, float] = (10.0, 60.0)
    """How long a step of a firmware update or an upload takes, at least and at most."""

    work_fails: float = 0.05
    """The share of firmware updates and uploads that fail."""

    stream_s: int | None = None
    """2.1: each EVSE has a monitor that reads its power every so many seconds, and sends it as a stream; None: not."""

    id_tokens: Sequence[str] = ()
    """The cards in circulation, at most 20 characters each; none means any number of random ones."""


class Visit(Struct, frozen=True):
    """One driver's plan. Times are seconds after the step before."""

    vehicle: Vehicle
    id_token: str
    authorise_s: float
    stay_s: float
    unplugs_first: bool
    unplug_s: float
    limited_after_s: float | None
    limited_s: float


def plan_visit(behaviour: Behaviour, dice: Dice, *, dc: bool) -> Visit:
    """The next driver at an outlet. DC charging is quicker, so nobody stays longer than three quarters of an hour."""
    stay_s = dice.between(*behaviour.stay_s)
    if dc:
        stay_s = min(stay_s, dice.between(600.0, 2700.0))
    id_token = dice.pick(behaviour.id_tokens) if behaviour.id_tokens else f"{dice.bits() >> 32:08X}"
    limited = dice.chance(behaviour.limited)
    return Visit(
        vehicle=arrive(dice, dc=dc),
        id_token=id_token,
        authorise_s=dice.between(*behaviour.authorise_s),
        stay_s=stay_s,
        unplugs_first=dice.chance(behaviour.unplugs_first),
        unplug_s=dice.between(*behaviour.unplug_s),
        limited_after_s=stay_s * dice.between(0.1, 0.6) if limited else None,
        limited_s=dice.between(*behaviour.limited_s),
    )

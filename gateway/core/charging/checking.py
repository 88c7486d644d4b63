"""What a station says that an EVSE may draw, beside what follows from the profiles that it has of ours.

For whoever commissions a site, or doubts a station: its composite schedule (1.6 section 5.7, 2.x K08) is held against
the one reckoned here. Less than ours is another profile's doing, and safe. More means that a limit is not kept.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from gateway.core.calls import Outcome
from gateway.core.charging.abilities import Abilities
from gateway.core.charging.description import EvseDescription
from gateway.core.charging.messages import TOLD_MA, TOLD_SHARE, composite_call, is_within, told_schedule
from gateway.core.charging.orders import Order
from gateway.core.flows.flow import Operator
from gateway.core.stations import Station
from gateway.wire.composite import DEFAULT, TX, Circuit, Interval, Period, Placed, Profile, Session, composite

CHECKED_S: Final = 900
"""How far ahead a station is asked: beyond the end of a lease of usual length."""

BEFORE_S: Final = 3600.0
"""How long ago the schedules that are reckoned with began: any time before now is as good."""

Verdict: TypeAlias = Literal["same", "less", "more", "untold"]
"""What a station allows at an EVSE, beside what was set. `untold`: it does not tell, or leaves a part of it open."""


class CompositeCheck(Struct, frozen=True):
    """`expected` by our profiles, and `told` by the station: from `start_s` after now on, per phase, in A.

    `answer` is how the question ended.
    """

    verdict: Verdict
    answer: Outcome
    expected: Sequence[Interval]
    told: Sequence[Interval] | None


async def check_composite(
    operator: Operator,
    station: Station,
    evse: EvseDescription,
    abilities: Abilities,
    order: Order | None,
    voltage_v: float,
    *,
    skew_s: float,
) -> CompositeCheck:
    """Ask a station what an EVSE may draw that has taken `order`. Raises CommandError.

    Its clock may be `skew_s` off, so what changes may change so much sooner or later.
    """
    now = operator.now().timestamp()
    call = composite_call(evse, abilities, operator.version(station), voltage_v, CHECKED_S)
    end = await operator.call(station, *call)
    told = told_schedule(end, evse, voltage_v)
    expected = expected_schedule(evse, order, now, CHECKED_S)
    verdict = "untold" if told is None else compare(expected, told, skew_s)
    return CompositeCheck(verdict, end.outcome, expected, told)


def expected_schedule(evse: EvseDescription, order: Order | None, now: float, duration_s: int) -> list[Interval]:
    """Return what an EVSE may draw from `now` on, with its fallback and the order that it took last."""
    begin = now - BEFORE_S
    fallback_a = evse.fallback_ma / 1000
    placed = [Placed(evse.evse, _profile(DEFAULT, [Period(0, fallback_a)], begin))]
    if order is not None:
        periods = [Period(0, order.limit_ma / 1000)]
        if order.expires_at is not None:
            periods.append(Period(max(0, ceil(order.expires_at - begin)), fallback_a))
        placed.append(Placed(evse.evse, _profile(TX, periods, begin, order.transaction)))
    circuit = Circuit(len(evse.phases), evse.maximum_ma / 1000)
    session = Session(evse.evse, circuit, None if order is None else order.transaction)
    return composite(placed, [session], circuit, _at(now), duration_s)


def compare(expected: Sequence[Interval], told: Sequence[Interval], skew_s: float) -> Verdict:
    """Return what `told` allows beside `expected`, whose changes may come `skew_s` sooner or later."""
    verdict: Verdict = "same"
    moments = {float(interval.start_s) for interval in (*expected, *told)}
    moments |= {interval.start_s + off_s for interval in expected[1:] for off_s in (-skew_s, skew_s)}
    for moment in sorted(moment for moment in moments if moment >= 0):
        allowed_ma = round(_level(told, moment) * 1000)
        window = [moment - skew_s, moment + skew_s]
        window += [interval.start_s for interval in expected if window[0] < interval.start_s < window[1]]
        levels_ma = [round(_level(expected, at) * 1000) for at in window]
        if not is_within(allowed_ma, max(levels_ma)):
            return "more"
        if allowed_ma < min(levels_ma) * (1 - TOLD_SHARE) - TOLD_MA:
            verdict = "less"
    return verdict


def _level(schedule: Sequence[Interval], at: float) -> float:
    """Return what a schedule allows at `at`; before it begins, what it begins with."""
    return next(
        (interval.current_a for interval in reversed(schedule) if interval.start_s <= at), schedule[0].current_a
    )


def _profile(purpose: str, periods: list[Period], begin: float, transaction: str | None = None) -> Profile:
    return Profile(0, 0, purpose, "A", tuple(periods), start_at=_at(begin), transaction=transaction)


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

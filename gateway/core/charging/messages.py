"""Orders as messages of each version, and what the ends of those messages mean. Pure functions.

OCPP has no limit that fails safe: a profile holds for its whole transaction, also at a station that is offline. So a
limit that is to end by itself says what comes after it. In 1.6 and 2.0.1 it is an Absolute TxProfile of two periods,
the limit and the fallback, which began an hour ago and has no end: so the profile defines a limit at any time, and a
clock that is behind finds its first period. In 2.1, where the station takes them, it is a profile of kind Dynamic,
which is void once it was not updated for its duration (K28.FR.13); the TxDefaultProfile leads then.

Ours are to lead whatever else is installed, so they have the highest stack level that the station takes.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from math import floor
from typing import Any, Final, TypeAlias

from msgspec import Struct

from gateway.core.calls import CallEnded, Outcome
from gateway.core.charging.abilities import STACK_LEVEL_UNTOLD, Abilities
from gateway.core.charging.description import EvseDescription
from gateway.core.charging.orders import Ending, Order
from gateway.core.flows.words import OCPP16, given, response_of
from gateway.wire.composite import Interval
from gateway.wire.messages import timestamp

PAST_S: Final = 3600
"""How long ago the schedule of a limit began: more than the clock of a station may be behind."""

FIRST_ID: Final = 21_000
"""Ids of our profiles go up from here, two for each EVSE: so we replace what we sent ourselves, also before a restart.
They fit into 16 bits, and are none that a person would choose."""

SCHEDULE_ID: Final = 1
"""A profile of ours has one schedule (2.x wants an id for it)."""

EPSILON_W: Final = 1e-6
"""What a product may be below the whole number of watts that it should be."""

LATENESS_S: Final = 30.0
"""How much sooner than its order a Dynamic profile ends that is counted from when the station takes it: it may take it
late. An order that is answered was taken within that time."""

LEAST_S: Final = 2.0
"""A lease that ends sooner is not worth a message: schedules count in whole seconds."""

RETRY_S_MAX: Final = 3600.0
"""Longest pause that a station is given which wants to be asked again later."""

TOLD_SHARE: Final = 0.05
TOLD_MA: Final = 100
"""How far a composite schedule may be above what was set: stations convert by a voltage of their own, and round."""

CLEAR_ERRORS: Final = frozenset(
    {
        "FormationViolation",
        "FormatViolation",
        "MessageTypeNotSupported",
        "NotImplemented",
        "NotSupported",
        "OccurenceConstraintViolation",
        "OccurrenceConstraintViolation",
        "PropertyConstraintViolation",
        "ProtocolError",
        "RpcFrameworkError",
        "SecurityError",
        "TypeConstraintViolation",
    }
)
"""Errors that say that a call was not taken. The others (InternalError, GenericError) may come after it was."""

RATE_LIMIT: Final = "ratelimitexceeded"
"""Reason code of a station that wants fewer profiles (2.1, K01.FR.56), in lower case."""

_SECONDS: Final = re.compile(r"\d{1,6}")
"""K01.FR.57 (2.1 errata of 2025-09): additionalInfo is "<xx> seconds before retry"."""

Message: TypeAlias = tuple[str, Mapping[str, Any]]
"""An action, and its request as JSON."""


class Amount(Struct, frozen=True, omit_defaults=True):
    """A limit in the unit that is said to the station, rounded down. `phases` is numberPhases, None where unsaid."""

    unit: str
    limit: float
    phases: int | None = None


def amount(
    current_ma: int, phases: int, evse: EvseDescription, abilities: Abilities, voltage_v: float
) -> Amount | None:
    """Return `current_ma` on so many phases as the station takes it; None if it takes nothing that could say it.

    Amperes on AC, in tenths, which is what 1.6 and 2.0.1 have. Watts on DC, where amperes are those of the vehicle. A
    station turns watts on AC into amperes again by the nominal voltage and the number of phases (2.x, K01.FR.50).
    """
    is_dc = evse.current == "DC"
    unit = "A" if not is_dc and "A" in (abilities.units or "A") else "W"
    if unit not in (abilities.units or unit):
        return None
    number_phases = None if is_dc or phases == 3 else phases
    if unit == "A":
        return Amount(unit, current_ma // 100 / 10, number_phases)
    power_w = current_ma / 1000 * voltage_v * phases * (evse.efficiency if is_dc else 1)
    return Amount(unit, float(floor(power_w + EPSILON_W)), number_phases)


def limit_call(
    order: Order,
    evse: EvseDescription,
    abilities: Abilities,
    subprotocol: str,
    now: float,
    voltage_v: float,
    *,
    then_ma: int | None = None,
) -> Message | None:
    """Return the call by which an order is given; None if the station has no message that could say it.

    What comes after the order expires is `then_ma`, which is the fallback if it is not said.
    """
    phases = len(order.phases)
    limit = amount(order.limit_ma, phases, evse, abilities, voltage_v)
    then = amount(evse.fallback_ma if then_ma is None else then_ma, phases, evse, abilities, voltage_v)
    if limit is None or then is None:
        return None
    if order.expires_at is not None and (order.expires_at < now + LEAST_S or not abilities.leases):
        return None
    profile: dict[str, Any] = {"id": _id(evse, abilities, is_limit=True), "stackLevel": stack_level(abilities)}
    profile["chargingProfilePurpose"] = "TxProfile"
    if order.expires_at is not None and abilities.dynamic and then_ma is None:
        duration_s = dynamic_duration_s(order, now)
        profile |= {"chargingProfileKind": "Dynamic", "dynUpdateTime": _time(now)}
        profile |= {"maxOfflineDuration": duration_s} if abilities.offline else {}
        schedule = _schedule(limit.unit, [(0, limit)]) | {"duration": duration_s}
    else:
        begin = floor(now) - PAST_S
        periods = [(0, limit)]
        if order.expires_at is not None and limit != then:
            periods.append((floor(order.expires_at) - begin, then))
        profile |= {"chargingProfileKind": "Absolute"}
        schedule = _schedule(limit.unit, periods) | {"startSchedule": _time(begin)}
    return _set_profile(evse, profile, schedule, subprotocol, order.transaction)


def default_call(
    evse: EvseDescription, abilities: Abilities, subprotocol: str, now: float, voltage_v: float
) -> Message | None:
    """Return the call that installs the fallback of an EVSE for good; None if the station has no message for it."""
    fallback = amount(evse.fallback_ma, len(evse.phases), evse, abilities, voltage_v)
    if fallback is None:
        return None
    profile = {
        "id": _id(evse, abilities, is_limit=False),
        "stackLevel": stack_level(abilities),
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
    }
    schedule = _schedule(fallback.unit, [(0, fallback)]) | {"startSchedule": _time(floor(now) - PAST_S)}
    return _set_profile(evse, profile, schedule, subprotocol, None)


def dynamic_duration_s(order: Order, now: float) -> int:
    """Return the duration of a Dynamic profile that ends in time if the station takes it a little late."""
    assert order.expires_at is not None
    left_s = order.expires_at - now
    return floor(left_s - min(LATENESS_S, left_s / 4))


def composite_call(
    evse: EvseDescription, abilities: Abilities, subprotocol: str, voltage_v: float, duration_s: int
) -> Message:
    """Return the call that asks what an EVSE may draw in the next `duration_s`, in the unit that it was told in."""
    said = amount(evse.fallback_ma, len(evse.phases), evse, abilities, voltage_v)
    request = given(duration=duration_s, chargingRateUnit=None if said is None else said.unit)
    return "GetCompositeSchedule", {"connectorId" if subprotocol == OCPP16 else "evseId": evse.evse} | request


def update_call(limit: Amount, evse: EvseDescription, abilities: Abilities) -> Message:
    """Return the call that changes the limit of the Dynamic profile that an EVSE has, and lets it last anew (K28)."""
    request = {"chargingProfileId": _id(evse, abilities, is_limit=True), "scheduleUpdate": {"limit": limit.limit}}
    return "UpdateDynamicSchedule", request


def told_schedule(end: CallEnded, evse: EvseDescription, voltage_v: float) -> list[Interval] | None:
    """Return what a composite schedule allows, in A per phase, in the order of time.

    None: the station does not tell, or leaves a part of the time undefined, which is no limit.
    """
    response = response_of(end)
    schedule = response.get("chargingSchedule") or response.get("schedule") or {}
    periods = schedule.get("chargingSchedulePeriod") or []
    if end.outcome is not Outcome.ACCEPTED or not periods or min(period["startPeriod"] for period in periods) > 0:
        return None
    if not all("limit" in period for period in periods):
        return None
    told = [
        Interval(period["startPeriod"], _per_phase_a(period, schedule["chargingRateUnit"], evse, voltage_v))
        for period in periods
    ]
    return sorted(told, key=lambda interval: interval.start_s)


def _per_phase_a(period: Mapping[str, Any], unit: str, evse: EvseDescription, voltage_v: float) -> float:
    """Return the limit of a period. Watts are taken for those of as few phases as they may be."""
    limit: float = period["limit"]
    if unit == "A":
        return limit
    if evse.current == "DC":
        return limit / (voltage_v * len(evse.phases) * evse.efficiency)
    return limit / (voltage_v * (min(period.get("numberPhases", 3), len(evse.phases)) or 1))


def told_ma(end: CallEnded, evse: EvseDescription, voltage_v: float) -> int | None:
    """Return the largest current that a composite schedule allows at any time, in mA per phase; None as above."""
    told = told_schedule(end, evse, voltage_v)
    return None if told is None else round(max(interval.current_a for interval in told) * 1000)


def is_within(told: int, limit_ma: int) -> bool:
    """Whether a composite schedule that allows `told` mA says that `limit_ma` is kept, as nearly as stations reckon."""
    return told <= limit_ma * (1 + TOLD_SHARE) + TOLD_MA


def stack_level(abilities: Abilities) -> int:
    """Return the stack level of our profiles."""
    return STACK_LEVEL_UNTOLD if abilities.stack_level is None else abilities.stack_level


def ending_of(end: CallEnded) -> tuple[Ending, float | None]:
    """Return how an order ended whose call ended so, and in how many seconds the station wants to be asked again.

    An answer that cannot be read leaves open what the station did.
    """
    if not end.sent:
        return Ending.NOT_SENT, None
    if end.outcome is Outcome.ACCEPTED:
        return Ending.ACCEPTED, None
    if end.outcome is Outcome.REJECTED:
        return Ending.REJECTED, _retry_s(end)
    if end.outcome is Outcome.CALL_ERROR and end.response is None and end.error_code in CLEAR_ERRORS:
        return Ending.REJECTED, None
    return Ending.UNKNOWN, None


def _retry_s(end: CallEnded) -> float | None:
    about = response_of(end).get("statusInfo") or {}
    if str(about.get("reasonCode", "")).lower() != RATE_LIMIT:
        return None
    seconds = _SECONDS.search(about.get("additionalInfo") or "")
    return None if seconds is None else min(float(seconds[0]) + 1, RETRY_S_MAX)


def _id(evse: EvseDescription, abilities: Abilities, *, is_limit: bool) -> int:
    """Return the id of a profile of ours: above those of others, where a station says how high they go (2.1)."""
    return max(FIRST_ID, abilities.highest_foreign_id + 1) + 2 * evse.evse + is_limit


def _schedule(unit: str, periods: list[tuple[int, Amount]]) -> dict[str, Any]:
    return {
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [
            given(startPeriod=start_s, limit=said.limit, numberPhases=said.phases) for start_s, said in periods
        ],
    }


def _set_profile(
    evse: EvseDescription,
    profile: dict[str, Any],
    schedule: dict[str, Any],
    subprotocol: str,
    transaction: str | None,
) -> Message:
    """Return the call that sets a profile, with the words of the version (1.6 section 6.45, 2.x section 1.44)."""
    if subprotocol != OCPP16:
        profile |= given(transactionId=transaction) | {"chargingSchedule": [{"id": SCHEDULE_ID} | schedule]}
        return "SetChargingProfile", {"evseId": evse.evse, "chargingProfile": profile}
    profile["chargingProfileId"] = profile.pop("id")
    profile |= {"transactionId": int(transaction)} if transaction is not None and transaction.isdigit() else {}
    return "SetChargingProfile", {
        "connectorId": evse.evse,
        "csChargingProfiles": profile | {"chargingSchedule": schedule},
    }


def _time(at: float) -> str:
    return timestamp(datetime.fromtimestamp(at, UTC))

"""Whether a model obeys: a limit that is not refreshed must end by itself, and the vehicle must follow.

A probe is an order like any other, but its message ends after `PROBE_S`, at a limit below that of the order. The ledger
takes it for one that holds for good, so nothing can be overloaded whatever the station does. Where a period ends the
limit, that is the least that the vehicle takes, so its session is not interrupted; a Dynamic profile can only end at
the fallback.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Struct

from gateway.core.calls import CallEnded, Outcome
from gateway.core.charging.abilities import Abilities
from gateway.core.charging.description import EvseDescription
from gateway.core.charging.messages import Message, composite_call, is_within, limit_call, told_ma
from gateway.core.charging.observing import drawn
from gateway.core.charging.orders import Order
from gateway.core.facts.item_limits import firmware_of
from gateway.core.facts.kind import FactKind
from gateway.core.flows.flow import Operator
from gateway.core.flows.words import OCPP16, keep
from gateway.core.metering import samples_2, samples_16
from gateway.core.records import MeterValue
from gateway.core.stations import Station

PROBE_S: Final = 20.0
"""How long the lease of a probe lasts."""

COMPOSITE_S: Final = 60
"""How far ahead the station is asked what it allows. The limit of a probe has ended by then."""

HEARD_S: Final = 30.0
"""How long a reading that was asked for may take to come, in real seconds."""

ABOVE_MA: Final = 3000
"""How much higher than what it falls to a probe is, at least: currents are regulated to an ampere or so."""

DRAWN_MA: Final = 2000
"""How much more than what the probe falls to its vehicle draws, at least: else nobody could tell whether it follows."""

NOISE_MA: Final = 1000
NOISE_SHARE: Final = 0.05
"""What a vehicle may draw above its limit: the larger of the two."""

FAILURES_MAX: Final = 2
"""Probes of a model that must fail before it is said not to obey: one may have met a clock that was wrong."""

Way: TypeAlias = Literal["Absolute", "Dynamic"]
"""How a limit is said that ends by itself: by a period that follows, or by a Dynamic profile's duration."""

Model: TypeAlias = tuple[str, str, str | None, str, Way]
"""Vendor, model, firmware, subprotocol, and the way in which leases are said there."""

Sleep: TypeAlias = Callable[[float], Awaitable[None]]


class Obedience(Struct, frozen=True, omit_defaults=True):
    """What was seen of a model at one station: whether a lease ends by itself there.

    `seen` says it for a person. `failures` is how many probes failed there in a row.
    """

    vendor: str
    model: str
    firmware: str | None
    subprotocol: str
    way: Way
    at: datetime
    obeys: bool
    seen: str
    failures: int = 0


OBEDIENCE: Final = FactKind("charging_obedience", Obedience)
"""By the way of the lease, at the station that was probed: it is true of all of its model and firmware."""


class Verdicts:
    """What is known of each model, by any of its stations."""

    def __init__(self) -> None:
        self._seen: dict[Model, dict[str, Obedience]] = {}

    def load(self, station: Station) -> None:
        """Take in what is kept of a station."""
        for seen in OBEDIENCE.of(station).values():
            model = (seen.vendor, seen.model, seen.firmware, seen.subprotocol, seen.way)
            self._seen.setdefault(model, {})[station.identity] = seen

    def obeys(self, station: Station, abilities: Abilities) -> bool | None:
        """Return whether leases end by themselves at stations of this model; None if nobody knows."""
        return self._obeys(station, abilities, way_of(abilities))

    def usable(self, station: Station, abilities: Abilities) -> Abilities:
        """Return what the station can, without the kind Dynamic if its model was seen not to let such profiles end."""
        if abilities.dynamic and self._obeys(station, abilities, "Dynamic") is False:
            return msgspec.structs.replace(abilities, dynamic=False)
        return abilities

    def _obeys(self, station: Station, abilities: Abilities, way: Way) -> bool | None:
        boot = station.state.boot
        if boot is None:
            return None
        seen = self._seen.get((boot.vendor, boot.model, boot.firmware, abilities.subprotocol, way))
        if not seen:
            return None
        if max(seen.values(), key=lambda one: one.at).obeys:
            return True
        return False if sum(one.failures for one in seen.values()) >= FAILURES_MAX else None


def way_of(abilities: Abilities) -> Way:
    """Return the way in which leases are said to a station."""
    return "Dynamic" if abilities.dynamic else "Absolute"


def falls_to_ma(evse: EvseDescription, abilities: Abilities) -> int:
    """Return the limit of an EVSE after a probe has ended."""
    return evse.fallback_ma if abilities.dynamic else max(evse.fallback_ma, evse.minimum_ma)


def may_probe(order: Order, evse: EvseDescription, abilities: Abilities, drawn_ma: int) -> bool:
    """Whether an order can be made a probe: it is above what the EVSE falls to, and its vehicle draws enough."""
    floor_ma = falls_to_ma(evse, abilities)
    return (
        abilities.leases
        and order.expires_at is None
        and order.limit_ma >= floor_ma + ABOVE_MA
        and drawn_ma >= floor_ma + DRAWN_MA
    )


def probe_call(
    order: Order, evse: EvseDescription, abilities: Abilities, subprotocol: str, now: float, voltage_v: float
) -> Message | None:
    """Return the call for an order that is a probe: instead of for good, it lasts for `PROBE_S`."""
    lease = msgspec.structs.replace(order, expires_at=now + PROBE_S)
    then_ma = None if abilities.dynamic else falls_to_ma(evse, abilities)
    return limit_call(lease, evse, abilities, subprotocol, now, voltage_v, then_ma=then_ma)


async def watch_probe(
    operator: Operator,
    station: Station,
    order: Order,
    evse: EvseDescription,
    abilities: Abilities,
    voltage_v: float,
    *,
    settle_s: float,
    skew_s: float = 30.0,
    sleep: Sleep,
    undisturbed: Callable[[], bool],
) -> Obedience | None:
    """Watch what becomes of a probe that was accepted, and keep what was seen. Raises CommandError.

    `sleep` waits for seconds of the clock of `operator`. None: it cannot be said, as another order came between, the
    session ended, or the station did not tell what its vehicle draws. The order is to be given anew after that.
    """
    await sleep(PROBE_S + skew_s + settle_s)
    if not undisturbed():
        return None
    seen = await _look(operator, station, order, evse, abilities, voltage_v)
    boot = station.state.boot
    if seen is None or not undisturbed() or boot is None:
        return None
    obeys, what = seen
    way = way_of(abilities)
    former = OBEDIENCE.get(station, way)
    counts_on = former is not None and (former.firmware, former.subprotocol) == (
        firmware_of(station),
        abilities.subprotocol,
    )
    failures = 0 if obeys else 1 + (former.failures if former is not None and counts_on else 0)
    verdict = Obedience(
        vendor=boot.vendor,
        model=boot.model,
        firmware=boot.firmware,
        subprotocol=abilities.subprotocol,
        way=way,
        at=operator.now(),
        obeys=obeys,
        seen=what,
        failures=failures,
    )
    await keep(operator, station, [OBEDIENCE.holds(way, verdict, operator.now())])
    return verdict


async def _look(
    operator: Operator,
    station: Station,
    order: Order,
    evse: EvseDescription,
    abilities: Abilities,
    voltage_v: float,
) -> tuple[bool, str] | None:
    """Return whether the limit has ended, and what says so; None if nothing does."""
    limit_ma = falls_to_ma(evse, abilities)
    call = composite_call(evse, abilities, abilities.subprotocol, voltage_v, COMPOSITE_S)
    end = await operator.call(station, *call)
    if not end.sent:
        return None
    told = told_ma(end, evse, voltage_v)
    if told is not None and not is_within(told, limit_ma):
        return False, f"after the lease its composite schedule still allows {told / 1000:.1f} A"
    drawn_ma = await _drawn_ma(operator, station, order, evse, voltage_v)
    if drawn_ma is None:
        return None
    if drawn_ma > limit_ma + max(NOISE_MA, limit_ma * NOISE_SHARE):
        return False, f"after the lease its vehicle still draws {drawn_ma / 1000:.1f} A"
    if limit_ma >= evse.minimum_ma and drawn_ma < NOISE_MA:
        return None  # it might charge on, and does not: it has ended by itself
    shown = "its composite schedule and its vehicle follow" if told is not None else "its vehicle follows"
    return True, f"the lease has ended: {shown}"


async def _drawn_ma(
    operator: Operator, station: Station, order: Order, evse: EvseDescription, voltage_v: float
) -> int | None:
    """Return what the vehicle draws now on its most loaded phase; None if the station does not tell."""
    asked = ["MeterValues"] if operator.version(station) == OCPP16 else ["TransactionEvent", "MeterValues"]
    for message in asked:
        drawn_ma = await _ask_drawn(operator, station, order, evse, voltage_v, message)
        if drawn_ma is not None:
            return drawn_ma
    return None


async def _ask_drawn(
    operator: Operator, station: Station, order: Order, evse: EvseDescription, voltage_v: float, message: str
) -> int | None:
    heard: list[int] = []

    def take(request: Any) -> bool | None:
        if _evse_of(station, request) != evse.evse:
            return None
        found = [current for value in _meter_values(request) if (current := _current_ma(value)) is not None]
        heard.extend(found[-1:])
        return True if found else None

    def _current_ma(value: MeterValue) -> int | None:
        currents, power_w = drawn(value, lines=len(evse.phases))
        if evse.current == "AC" and currents is not None:
            return max(current or 0 for current in currents)
        if power_w is None:
            return None
        efficiency = evse.efficiency if evse.current == "DC" else 1
        return round(power_w * 1000 / (voltage_v * len(order.phases) * efficiency))

    if operator.version(station) == OCPP16:
        request: dict[str, Any] = {"requestedMessage": message, "connectorId": evse.evse}
    else:
        request = {"requestedMessage": message, "evse": {"id": evse.evse}}
    hearing = operator.hear(station, message, take, timeout_s=HEARD_S)
    try:
        end: CallEnded = await operator.call(station, "TriggerMessage", request)
        if end.outcome is Outcome.ACCEPTED or heard:
            await hearing.end()
    finally:
        hearing.stop()
    return heard[-1] if heard else None


def _evse_of(station: Station, request: Any) -> int | None:
    """Return the EVSE that MeterValues or a TransactionEvent of any version is about."""
    if isinstance(request, tuple):  # MeterValues of 1.6 in the plain form
        return int(request[0])
    if hasattr(request, "transaction_info"):
        if request.evse is not UNSET:
            return int(request.evse.id)
        known = station.transaction(request.transaction_info.transaction_id)
        return None if known is None else known.evse
    return int(request.connector_id if hasattr(request, "connector_id") else request.evse_id)


def _meter_values(request: Any) -> Iterator[MeterValue]:
    """Return the meter values of a request, but none that waited at an offline station."""
    if isinstance(request, tuple):
        for time, plain in request[2]:
            yield MeterValue(time, plain)
        return
    sent: Sequence[Any] = (
        () if request.meter_value is UNSET or getattr(request, "offline", False) else request.meter_value
    )
    read = samples_16 if hasattr(request, "connector_id") else samples_2
    for value in sent:
        samples, _ = read(value.sampled_value)
        yield MeterValue(value.timestamp, samples)

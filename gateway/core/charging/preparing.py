"""Makes a station ready for limits: learns what it can, and sees that each EVSE has its fallback installed.

The fallback is a TxDefaultProfile: what holds in any transaction of which nothing else is heard. It is written to the
station's flash, so it is sent only where it is not known to be there. Stations keep it when they boot (1.6 section
3.13.2, 2.1 K01.FR.27), but not all do: so after each boot they are asked what an EVSE may draw.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from gateway.core.calls import CallEnded, Outcome
from gateway.core.charging.abilities import Abilities, keep_abilities, learn_abilities
from gateway.core.charging.description import EvseDescription
from gateway.core.charging.messages import (
    Amount,
    amount,
    composite_call,
    default_call,
    ending_of,
    is_within,
    stack_level,
    told_ma,
)
from gateway.core.charging.orders import Ending
from gateway.core.facts.kind import FactKind
from gateway.core.flows.flow import Operator
from gateway.core.flows.words import OCPP16, keep, response_of
from gateway.core.stations import Station

CHECKED_S: Final = 60
"""How far ahead a station is asked what an EVSE may draw. Nothing of ours changes while no transaction runs."""


class InstalledDefault(Struct, frozen=True, omit_defaults=True):
    """The fallback that an EVSE has: what was accepted, at which stack level, and after which boot it was there last.

    `forgets`: it was lost by a boot, which the station's composite schedule showed. `shows` is False where that does
    not show the fallback of an idle EVSE, so that nothing can be said of it.
    """

    amount: Amount
    stack_level: int
    boot_at: datetime | None
    forgets: bool = False
    shows: bool | None = None


DEFAULTS: Final = FactKind("charging_default", InstalledDefault)
"""By the number of the EVSE."""


class Prepared(Struct, frozen=True):
    """What became of it. `installed` are the EVSEs of which is known that they fall back to their fallback.

    `missing` says of each other EVSE why it does not, for a person. `again`: trying again later may help, also where it
    was refused: a station may refuse for a while.
    `forgets`: the station was seen to lose what was installed when it boots; so whenever it is not connected, nobody
    knows. `abilities` are None where it did not say.
    """

    abilities: Abilities | None
    installed: frozenset[int]
    missing: Mapping[int, str] = {}
    again: bool = False
    forgets: bool = False


class NotReadyError(Exception):
    """An EVSE is not ready for limits: why, and how the call ended that made it so, if one did."""

    def __init__(self, reason: str, end: CallEnded | None = None) -> None:
        super().__init__(reason)
        self.end = end


async def prepare(operator: Operator, station: Station, evses: Sequence[EvseDescription], voltage_v: float) -> Prepared:
    """Learn what the station can, and install the fallbacks of its EVSEs where they are not. Raises CommandError.

    Call it after each connection and each boot: what is known costs no message.
    """
    abilities = await learn_abilities(operator, station)
    if isinstance(abilities, CallEnded):
        reason = _reason(abilities, "it did not tell what it can")
        return Prepared(None, frozenset(), {evse.evse: reason for evse in evses}, again=True)
    if abilities.enabled is False:
        reason = "smart charging is switched off at the station (SmartChargingCtrlr.Enabled)"
        return Prepared(abilities, frozenset(), {evse.evse: reason for evse in evses})
    installed: set[int] = set()
    missing: dict[int, str] = {}
    again = False
    for evse in evses:
        preparing = _Preparing(operator, station, evse, abilities, voltage_v)
        try:
            await preparing.ensure()
        except NotReadyError as failure:
            missing[evse.evse] = str(failure)
            again = again or (failure.end is not None and _may_pass(failure.end))
        else:
            installed.add(evse.evse)
        abilities = preparing.abilities
    forgets = any(known.forgets for known in DEFAULTS.of(station).values())
    return Prepared(abilities, frozenset(installed), missing, again, forgets)


class _Preparing:
    """One EVSE that is made ready."""

    def __init__(
        self, operator: Operator, station: Station, evse: EvseDescription, abilities: Abilities, voltage_v: float
    ) -> None:
        self._operator = operator
        self._station = station
        self._evse = evse
        self._key = str(evse.evse)
        self._voltage_v = voltage_v
        self._subprotocol = operator.version(station)
        self._boot_at = None if station.state.boot is None else station.state.boot.at
        self.abilities = abilities

    async def ensure(self) -> None:
        """See that the EVSE has its fallback. Raises NotReadyError, CommandError."""
        wanted = amount(self._evse.fallback_ma, len(self._evse.phases), self._evse, self.abilities, self._voltage_v)
        if wanted is None:
            units = " and ".join(self.abilities.units)
            raise NotReadyError(f"the station takes limits in {units} only, which no limit of this EVSE can be said in")
        known = DEFAULTS.get(self._station, self._key)
        if known is None or (known.amount, known.stack_level) != (wanted, stack_level(self.abilities)):
            await self._forget()  # from now on there may be either
            await self._install()
            await self._hold(InstalledDefault(wanted, stack_level(self.abilities), self._boot_at))
        elif known.boot_at != self._boot_at:
            await self._check(known)

    async def _check(self, known: InstalledDefault) -> None:
        """See whether the EVSE has its fallback still, now that the station has booted."""
        is_idle = self._station.running_on(self._evse.evse) is None  # else what it shows is our limit's end
        asks = is_idle and known.shows is not False
        shown = await self._is_shown() if asks else None
        known = msgspec.structs.replace(known, boot_at=self._boot_at)
        if not shown:
            await self._install()
        if asks:
            shows = shown or await self._is_shown() is True
            has_lost = shown is False and shows
            known = msgspec.structs.replace(known, shows=shows, forgets=known.forgets or has_lost)
        await self._hold(known)

    async def _is_shown(self) -> bool | None:
        """Whether the station tells that the EVSE may draw no more than its fallback; None if it tells nothing.

        Raises NotReadyError if it may tell later.
        """
        call = composite_call(self._evse, self.abilities, self._subprotocol, self._voltage_v, CHECKED_S)
        end = await self._operator.call(self._station, *call)
        if not end.sent or end.outcome in (Outcome.TIMEOUT, Outcome.UNKNOWN):
            raise NotReadyError(_reason(end, "it did not tell what the EVSE may draw"), end)
        if end.outcome is not Outcome.ACCEPTED:
            return None
        told = told_ma(end, self._evse, self._voltage_v)
        return told is not None and is_within(told, self._evse.fallback_ma)

    async def _install(self) -> None:
        """Install the fallback. Raises NotReadyError.

        Where it is refused, another profile may have its place (2.x, K01.FR.06), or the station may take one stack
        level less than it says: both are seen.
        """
        end = await self._send()
        if _is_refusal(end):
            await self._clear_place()
            end = await self._send()
        if _is_refusal(end) and stack_level(self.abilities) > 0:
            former = self.abilities
            self.abilities = msgspec.structs.replace(former, stack_level=stack_level(former) - 1)
            end = await self._send()
            if ending_of(end)[0] is Ending.ACCEPTED:
                await keep_abilities(self._operator, self._station, self.abilities)
            else:
                self.abilities = former
        if ending_of(end)[0] is not Ending.ACCEPTED:
            raise NotReadyError(_reason(end, "it did not take the fallback"), end)

    async def _send(self) -> CallEnded:
        now = self._operator.now().timestamp()
        call = default_call(self._evse, self.abilities, self._subprotocol, now, self._voltage_v)
        assert call is not None, "an amount can be said, so it can be sent"
        return await self._operator.call(self._station, *call)

    async def _clear_place(self) -> None:
        """Clear what has the purpose and stack level of the fallback: in 1.6 that is replaced anyway."""
        if self._subprotocol == OCPP16:
            return
        await self._forget()
        criteria = {
            "evseId": self._evse.evse,
            "chargingProfilePurpose": "TxDefaultProfile",
            "stackLevel": stack_level(self.abilities),
        }
        await self._operator.call(self._station, "ClearChargingProfile", {"chargingProfileCriteria": criteria})

    async def _forget(self) -> None:
        """Let it be known on disk that it is not known what the EVSE has. Raises CommandError."""
        if self._key in DEFAULTS.of(self._station):
            await self._operator.record(self._station, [DEFAULTS.ends(self._key, self._operator.now())])

    async def _hold(self, known: InstalledDefault) -> None:
        known = msgspec.structs.replace(known, stack_level=stack_level(self.abilities))
        await keep(self._operator, self._station, [DEFAULTS.holds(self._key, known, self._operator.now())])


def _may_pass(end: CallEnded) -> bool:
    """Whether it may end otherwise another time: a station may reject for a while, but what it cannot it never can."""
    return end.outcome is Outcome.REJECTED or not _is_refusal(end)


def _is_refusal(end: CallEnded) -> bool:
    """Whether the station clearly does not do it, now or in a while: all else may pass."""
    return ending_of(end) == (Ending.REJECTED, None)


def _reason(end: CallEnded, what: str) -> str:
    """Return what failed, with the station's own words."""
    response = response_of(end)
    about = response.get("statusInfo") or {}
    said = [response.get("status"), about.get("reasonCode"), about.get("additionalInfo"), end.error_code, end.reason]
    words = ", ".join(str(word) for word in said if word) or end.outcome.value
    return f"{what} ({words})"

"""What is known of stations at sites: what they can, how far their leases are trusted, and how that is found out."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Final, TypeAlias

from msgspec import Struct

from gateway.app.charging_site import LoopSite
from gateway.app.config import ChargingModel, ChargingSection
from gateway.app.operator import LoopOperator
from gateway.core.charging.abilities import Abilities, known_abilities
from gateway.core.charging.checking import CompositeCheck, check_composite
from gateway.core.charging.description import EvseDescription, EvseKey
from gateway.core.charging.dynamic import DynamicProfiles
from gateway.core.charging.messages import LATENESS_S, amount
from gateway.core.charging.obedience import disobeys
from gateway.core.charging.orders import Ending, LeaseTerms, Order
from gateway.core.charging.preparing import DEFAULTS, prepare
from gateway.core.charging.probe import Verdicts, may_probe, probe_call, watch_probe
from gateway.core.commands import CommandError, Fault
from gateway.core.stations import Station

PROBES_MAX: Final = 16
"""Probes under way at once, each of another model: each holds back one session for a minute."""


Model: TypeAlias = tuple[str, str, str | None, str]
"""Vendor, model, firmware and subprotocol: who shares them obeys alike."""


class Probe(Struct, frozen=True):
    """A probe under way."""

    order: Order
    model: Model


class ChargingStations:
    """Knows the stations of the sites; `site_of` gives a station's site. `operator` makes one who asks a station."""

    def __init__(
        self,
        settings: ChargingSection,
        *,
        site_of: Callable[[str], LoopSite | None],
        stations: Callable[[], list[Station]],
        operator: Callable[[], LoopOperator],
        now: Callable[[], datetime],
        speed: float,
        log: Callable[..., None],
    ) -> None:
        """`stations` are those of all sites, as far as they were ever seen."""
        self._settings = settings
        self._site_of = site_of
        self._stations = stations
        self._operator = operator
        self._now = now
        self._speed = speed
        self._log = log
        self._verdicts = Verdicts()
        self._dynamic = DynamicProfiles()
        self._forgetful: set[str] = set()
        self._untried: set[str] = set()
        """Stations of which nobody knows whether their leases end by themselves."""
        self._probes: dict[EvseKey, Probe] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def probes(self) -> int:
        """How many probes are under way."""
        return len(self._probes)

    def load(self, station: Station) -> None:
        """Take in what is kept of a station's model."""
        self._verdicts.load(station)

    def message(self, order: Order, station: Station, now: float) -> tuple[str, Mapping[str, Any]] | None:
        """Return the call that gives an order to its station now; None if it cannot be said."""
        site = self._site_of(station.identity)
        session = station.session
        if site is None or session is None or (evse := site.network.evses.get(order.key)) is None:
            return None
        abilities = self._usable(station)
        if abilities is None:
            return None
        voltage_v = site.description.voltage_v
        if self._tries(order, station, abilities, site):
            call = probe_call(order, evse, abilities, session.subprotocol, now, voltage_v)
            if call is not None:
                self._probes[order.key] = Probe(order, self._model(station))
                return call
        return self._dynamic.call(order, evse, abilities, session.subprotocol, now, voltage_v)

    def ended(self, order: Order, ending: Ending, retry_s: float | None) -> None:
        """Take note of the end of an order: a probe that was accepted is watched from then on."""
        self._dynamic.ended(order, ending, retry_s)
        probe = self._probes.get(order.key)
        if probe is None or probe.order is not order:
            return
        site = self._site_of(order.key[0])
        if ending is not Ending.ACCEPTED or site is None:
            del self._probes[order.key]
            return
        task = asyncio.get_running_loop().create_task(self._watch(order, site))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def terms(self, station: Station) -> LeaseTerms:
        """Return how limits hold at a station: as configured for its model, and as was found out."""
        settings = self._settings
        group = self._group(station)
        abilities = self._usable(station)
        lease_s, settle_s, spacing_s, leases = settings.lease_s, settings.settle_s, 0.0, "probe"
        if group is not None:
            lease_s = lease_s if group.lease_s is None else group.lease_s
            settle_s = settle_s if group.settle_s is None else group.settle_s
            spacing_s, leases = group.spacing_s, group.leases
        trusted = leases == "trusted"
        if abilities is not None:
            spacing_s = max(spacing_s, abilities.spacing_s)
            if leases == "probe":
                trusted = self._verdicts.obeys(station, abilities) is True
            trusted = trusted and abilities.leases
        return LeaseTerms(
            lease_s=lease_s,
            settle_s=settle_s,
            skew_s=settings.clock_skew_s,
            spacing_s=spacing_s,
            trusted=trusted,
            obeys=not disobeys(station),
        )

    def has_fallback(self, station: Station, evse: EvseDescription, voltage_v: float) -> bool:
        """Whether the station took the fallback that the EVSE is described with: it may have had another before."""
        abilities, known = self._abilities(station), DEFAULTS.get(station, str(evse.evse))
        if abilities is None or known is None:
            return False
        return known.amount == amount(evse.fallback_ma, len(evse.phases), evse, abilities, voltage_v)

    def heard(self, station: Station) -> None:
        """Take note that a station said something: a session that draws enough for a probe now is given its limit anew.

        It becomes a probe on its way (see `message`).
        """
        site = self._site_of(station.identity)
        abilities = self._usable(station) if station.identity in self._untried else None
        if site is None or abilities is None:
            return
        for key in site.stations[station.identity]:
            order = None if key in self._probes else site.ledger.in_force(key)
            if order is not None and site.ledger.open(key) is None and self._tries(order, station, abilities, site):
                self._order_anew(site, key)
                return

    async def prepare(self, station: Station, booted: bool) -> bool:
        """Make a station ready for limits, and return whether that is all for now. Raises CommandError."""
        identity = station.identity
        site = self._site_of(identity)
        if site is None or station.state.registration != "Accepted":
            return True  # it is wanted again once it boots
        evses = [site.network.evses[key] for key in site.stations[identity]]
        if booted:
            self._dynamic.forget(identity)
            site.controller.ready(identity, False, self._seconds())
        prepared = await prepare(self._operator(), station, evses, site.description.voltage_v)
        site = self._site_of(identity)
        if site is None:
            return True
        now = self._seconds()
        if prepared.forgets:
            self._forgetful.add(identity)
        self._set_terms(site, station)
        for key in site.stations[identity]:
            is_installed = key[1] in prepared.installed
            if is_installed:
                site.ledger.default_installed(key, now)
            else:
                site.ledger.default_lost(key)
            site.controller.ready(key, is_installed, now)
        site.wake()
        for evse, reason in prepared.missing.items():
            self._log("fallback_missing", level="warning", station=identity, evse=evse, reason=reason)
        return not prepared.again

    async def check(self, station: Station, key: EvseKey) -> CompositeCheck:
        """Ask a station what an EVSE may draw, and compare it with what it was told. Raises CommandError."""
        site, abilities = self._site_of(station.identity), self._usable(station)
        if site is None or abilities is None:
            raise CommandError(Fault.NOT_ACCEPTED, "the station has not told yet what it can of smart charging")
        return await check_composite(
            self._operator(),
            station,
            site.network.evses[key],
            abilities,
            site.ledger.in_force(key),
            site.description.voltage_v,
            skew_s=self._settings.clock_skew_s + LATENESS_S,
        )

    def gone(self, station: Station) -> None:
        """Take note that a station is not connected: one that forgets may have lost its fallback since."""
        site = self._site_of(station.identity)
        if site is not None and station.identity in self._forgetful:
            for key in site.stations[station.identity]:
                site.ledger.default_lost(key)
            site.wake()

    async def stop(self) -> None:
        """End the probes."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _tries(self, order: Order, station: Station, abilities: Abilities, site: LoopSite) -> bool:
        """Whether an order is made a probe: nobody knows yet whether leases end by themselves at stations like this."""
        if station.identity not in self._untried or len(self._probes) >= PROBES_MAX:
            return False
        model = self._model(station)
        if any(probe.model == model for probe in self._probes.values()):
            return False
        return may_probe(order, site.network.evses[order.key], abilities, site.controller.drawn_ma(order.key))

    def _set_terms(self, site: LoopSite, station: Station) -> None:
        site.controller.terms(station.identity, self.terms(station), self._seconds())
        abilities, group = self._usable(station), self._group(station)
        is_tried_out = self._settings.probe and (group is None or group.leases == "probe")
        if is_tried_out and abilities is not None and self._verdicts.obeys(station, abilities) is None:
            self._untried.add(station.identity)
        else:
            self._untried.discard(station.identity)

    async def _watch(self, order: Order, site: LoopSite) -> None:
        key = order.key
        station = next((known for known in self._stations() if known.identity == key[0]), None)
        try:
            if station is not None:
                await self._watch_at(order, station, site)
        except CommandError as error:
            self._log("probe_failed", level="info", station=key[0], reason=str(error))
        except Exception as error:
            self._log("probe_failed", level="error", station=key[0], reason=repr(error))
        finally:
            del self._probes[key]
            if self._site_of(key[0]) is site:  # what the probe let fall
                self._order_anew(site, key)

    def _order_anew(self, site: LoopSite, key: EvseKey) -> None:
        site.controller.ready(key, False, self._seconds())
        site.controller.ready(key, True, self._seconds())

    async def _watch_at(self, order: Order, station: Station, site: LoopSite) -> None:
        key = order.key
        session, abilities = station.session, self._usable(station)
        if abilities is None:
            return

        def undisturbed() -> bool:
            return station.session is session and site.ledger.in_force(key) is order and site.ledger.open(key) is None

        seen = await watch_probe(
            self._operator(),
            station,
            order,
            site.network.evses[key],
            abilities,
            site.description.voltage_v,
            settle_s=self.terms(station).settle_s,
            skew_s=self._settings.clock_skew_s,
            sleep=self._sleep,
            undisturbed=undisturbed,
        )
        if seen is None:
            return
        self._log(
            "model_probed",
            level="info" if seen.obeys else "warning",
            vendor=seen.vendor,
            model=seen.model,
            firmware=seen.firmware,
            obeys=seen.obeys,
            seen=seen.seen,
        )
        self._verdicts.load(station)
        for other in self._stations():
            if (found := self._site_of(other.identity)) is not None:
                self._set_terms(found, other)

    def _model(self, station: Station) -> Model:
        boot, session = station.state.boot, station.session
        assert boot is not None, "a station without a boot has no abilities"
        return boot.vendor, boot.model, boot.firmware, boot.version if session is None else session.subprotocol

    def _group(self, station: Station) -> ChargingModel | None:
        """Return the first group of models that fits a station; None if none does, or it never said what it is."""
        boot = station.state.boot
        if boot is None:
            return None
        return next(
            (
                group
                for group in self._settings.model
                if _fits(boot.vendor, group.vendor)
                and _fits(boot.model, group.model)
                and _fits(boot.firmware or "", group.firmware)
            ),
            None,
        )

    def _abilities(self, station: Station) -> Abilities | None:
        session, boot = station.session, station.state.boot
        subprotocol = session.subprotocol if session is not None else None if boot is None else boot.version
        return None if subprotocol is None else known_abilities(station, subprotocol)

    def _usable(self, station: Station) -> Abilities | None:
        """Return what of a station's abilities is made use of: kinds of limits that it was seen not to keep are not."""
        abilities = self._abilities(station)
        if abilities is None:
            return None
        return self._verdicts.usable(station, self._dynamic.usable(station.identity, abilities))

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self._speed)

    def _seconds(self) -> float:
        return self._now().timestamp()


def _fits(said: str, pattern: str | None) -> bool:
    return pattern is None or fnmatchcase(said, pattern)

"""What the API does with sites: shows them, and lets operators say what nodes carry and sessions need."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from gateway.app.charging import LoopCharging
from gateway.app.charging_site import LoopSite
from gateway.app.charging_view import node_now, site_in_full, site_summary
from gateway.app.config_sources import ConfigError
from gateway.app.operator import DISK_FULL, JOURNAL_FULL, recorded
from gateway.core.charging.checking import CompositeCheck
from gateway.core.charging.description import EvseKey, SiteDescription
from gateway.core.charging.obedience import DISOBEDIENCE
from gateway.core.charging.observing import WANTED_NEEDS
from gateway.core.commands import CommandError, Fault
from gateway.core.recorder import Recorder
from gateway.core.registry import Registry
from gateway.core.stations import Station
from gateway.io.http_sites import (
    BaseLoadRequest,
    NeedsRequest,
    NodeLimitRequest,
    NotKeptError,
    UnknownPlaceError,
)
from gateway.io.site_limits import write_site_limits

EXPIRED: Final = "that has passed: it would never hold"


class SiteApi:
    """The sites of `charging` for the admin port. `limits_file` keeps what is said of nodes.

    `read` reads the files of the sites again; it raises ConfigError. `check` asks a station what an EVSE may draw.
    """

    def __init__(
        self,
        charging: LoopCharging,
        recorder: Recorder,
        registry: Registry,
        *,
        limits_file: Path,
        read: Callable[[], Sequence[SiteDescription]],
        check: Callable[[Station, EvseKey], Awaitable[CompositeCheck]],
        now: Callable[[], datetime],
        log: Callable[..., None],
    ) -> None:
        self._charging = charging
        self._recorder = recorder
        self._registry = registry
        self._limits_file = limits_file
        self._read = read
        self._check = check
        self._now = now
        self._log = log
        self._writing = asyncio.Lock()
        self._reloading = asyncio.Lock()

    def sites(self) -> Sequence[Mapping[str, Any]]:
        """Return a few words of each site, by name."""
        now = self._now().timestamp()
        sites = self._charging.sites
        return [site_summary(sites[name].description, sites[name].controller.view(now)) for name in sorted(sites)]

    def site(self, site: str) -> Mapping[str, Any]:
        """Return the tree of a site, and its EVSEs."""
        found = self._site(site)
        return site_in_full(found.description, found.controller.view(self._now().timestamp()))

    async def set_limit(self, site: str, node: str, request: NodeLimitRequest) -> Mapping[str, Any]:
        """Let a node carry no more than this."""
        found = self._node(site, node)
        now = self._now().timestamp()
        until = _end(request.valid_s, request.valid_until, now)
        found.capacities.set_limit(node, limit_ma=request.limit_ma, limit_w=request.limit_w, until=until, now=now)
        return await self._changed(found, node)

    async def clear_limit(self, site: str, node: str) -> Mapping[str, Any]:
        """Let a node carry what its site's file says."""
        found = self._node(site, node)
        found.capacities.clear_limit(node)
        return await self._changed(found, node)

    async def set_base_load(self, site: str, node: str, request: BaseLoadRequest) -> Mapping[str, Any]:
        """Count with another base load of a node."""
        found = self._node(site, node)
        now = self._now().timestamp()
        until = _end(request.valid_s, request.valid_until, now)
        found.capacities.set_base_load(node, base_load_ma=request.base_load_ma, until=until, now=now)
        return await self._changed(found, node)

    async def clear_base_load(self, site: str, node: str) -> Mapping[str, Any]:
        """Count with the base load that the site's file says."""
        found = self._node(site, node)
        found.capacities.clear_base_load(node)
        return await self._changed(found, node)

    async def set_needs(self, site: str, station: str, evse: int, request: NeedsRequest) -> Mapping[str, Any]:
        """Say what the session at an EVSE needs."""
        known = self._evse(site, station, evse)
        now = self._now()
        if request.departure_at is not None and request.departure_at <= now:
            raise CommandError(Fault.INVALID, EXPIRED, "$.departure_at")
        wanted = request.wanted(evse, now)
        place = str(evse)
        fact = WANTED_NEEDS.ends(place, now) if wanted is None else WANTED_NEEDS.holds(place, wanted, now)
        if not self._recorder.has_room:
            raise CommandError(Fault.JOURNAL_FULL, JOURNAL_FULL)
        if not await recorded(self._recorder, known, [fact], now):
            raise CommandError(Fault.JOURNAL_FULL, DISK_FULL)
        said = {} if wanted is None else {"energy_kwh": request.energy_kwh, "departure_at": request.departure_at}
        return {"site": site, "station": station, "evse": evse, **said, "priority": request.priority}

    async def check(self, site: str, station: str, evse: int) -> Mapping[str, Any]:
        """Ask a station what an EVSE may draw from now on, and compare it with what it was told."""
        checked = await self._check(self._evse(site, station, evse), (station, evse))
        return {
            "site": site,
            "station": station,
            "evse": evse,
            "verdict": checked.verdict,
            "answer": checked.answer.value,
            "expected": msgspec.to_builtins(checked.expected),
            "told": msgspec.to_builtins(checked.told),
        }

    async def pardon(self, site: str, station: str) -> Mapping[str, Any]:
        """Let a station that was seen to ignore limits have them again."""
        if station not in self._site(site).stations:
            raise UnknownPlaceError(f"The site {site} has no station {station}.")
        known = self._registry.get(station)
        if known is None:
            raise UnknownPlaceError(f"The station {station} has never connected.")
        seen = DISOBEDIENCE.of(known)
        now = self._now()
        if seen:
            if not self._recorder.has_room:
                raise CommandError(Fault.JOURNAL_FULL, JOURNAL_FULL)
            if not await recorded(self._recorder, known, [DISOBEDIENCE.ends(evse, now) for evse in seen], now):
                raise CommandError(Fault.JOURNAL_FULL, DISK_FULL)
        self._charging.pardon(known)
        return {"site": site, "station": station, "evses": [int(evse) for evse in seen]}

    async def reload(self) -> Sequence[str]:
        """Read the files of the sites again; return what is wrong with them: then nothing was changed."""
        async with self._reloading:
            try:
                descriptions = await asyncio.to_thread(self._read)
            except ConfigError as error:
                for problem in error.problems:
                    self._log("site_file_invalid", level="error", problem=problem, effect="the sites stay as they are")
                return error.problems
            self._charging.replace(descriptions)
            self._log("sites_loaded", sites=len(descriptions), evses=sum(len(site.evses) for site in descriptions))
            await self._write()
        return ()

    def _site(self, name: str) -> LoopSite:
        site = self._charging.sites.get(name)
        if site is None:
            raise UnknownPlaceError(f"There is no site {name}.")
        return site

    def _node(self, site: str, node: str) -> LoopSite:
        found = self._site(site)
        if all(known.name != node for known in found.description.nodes):
            raise UnknownPlaceError(f"The site {site} has no node {node}.")
        return found

    async def _changed(self, site: LoopSite, node: str) -> Mapping[str, Any]:
        """Let a change count at once, and return what holds once it is on disk."""
        site.controller.capacity_changed(self._now().timestamp())
        site.turn()
        await self._write()
        return node_now(site.controller.view(self._now().timestamp()), node)

    def _evse(self, site: str, station: str, evse: int) -> Station:
        """Return the station of an EVSE of a site. Raises UnknownPlaceError."""
        if (station, evse) not in self._site(site).network.evses:
            raise UnknownPlaceError(f"The site {site} has no EVSE {evse} of a station {station}.")
        known = self._registry.get(station)
        if known is None:
            raise UnknownPlaceError(f"The station {station} has never connected.")
        return known

    async def _write(self) -> None:
        """Put all limits on disk as they are now. One at a time: the newest is written last."""
        async with self._writing:
            try:
                await asyncio.to_thread(write_site_limits, self._limits_file, self._charging.saved_limits())
            except OSError as error:
                self._log("site_limits_not_kept", level="error", error=error.strerror)
                raise NotKeptError(error.strerror or "the file cannot be written") from None


def _end(valid_s: float | None, valid_until: datetime | None, now: float) -> float | None:
    """Return until when something holds, None if it does for good. Raises CommandError if that has passed."""
    if valid_s is not None:
        return now + valid_s
    if valid_until is None:
        return None
    if valid_until.timestamp() <= now:
        raise CommandError(Fault.INVALID, EXPIRED, "$.valid_until")
    return valid_until.timestamp()

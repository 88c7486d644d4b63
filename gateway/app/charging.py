"""Smart charging of all sites on the event loop: who hears what, what is restored, what changes when files are read."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Raw

from gateway.app.charging_orders import Message, OrderPost
from gateway.app.charging_site import LoopSite
from gateway.core.charging.capacities import SavedCapacities
from gateway.core.charging.controller import ControlSettings
from gateway.core.charging.description import EvseDescription, EvseKey, SiteDescription
from gateway.core.charging.figures import EVSE_STATES, SiteFigures
from gateway.core.charging.journalled import RESERVATIONS
from gateway.core.charging.ledger import SavedReservation
from gateway.core.charging.obedience import DISOBEDIENCE, disobeys
from gateway.core.charging.orders import Ending, LeaseTerms, Order
from gateway.core.charging.preparing import DEFAULTS
from gateway.core.commands import Commander
from gateway.core.recorder import Recorder
from gateway.core.records import Entry, Record
from gateway.core.registry import Registry
from gateway.core.stations import Station
from gateway.hot import Histogram

TURN_SECONDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
"""Upper bounds of the histogram of controllers' turns: 10,000 EVSEs are allocated in some milliseconds."""


FIGURES_S: Final = 1.0
"""How old figures may be: all rows of one scrape are of one moment, and a site is not gone through for each."""


class LoopCharging:
    """The sites of a gateway. `now` is its clock, which runs `speed` times as fast as the event loop's.

    `message` and `terms` know what a station can, `group_of` the group of an id token. `prepare` has a station prepared
    for limits, now that it is connected or, where the flag says so, has booted. `has_fallback` says whether it has the
    one that an EVSE is described with, at a voltage. `note_end` hears of each order's end, `heard` of each
    station that said something.
    """

    def __init__(
        self,
        commander: Commander,
        recorder: Recorder,
        registry: Registry,
        *,
        settings: ControlSettings,
        message: Message,
        terms: Callable[[Station], LeaseTerms],
        group_of: Callable[[str], str | None],
        prepare: Callable[[Station, bool], None],
        has_fallback: Callable[[Station, EvseDescription, float], bool],
        note_end: Callable[[Order, Ending, float | None], None] = lambda _order, _ending, _retry_s: None,
        heard: Callable[[Station], None] = lambda _station: None,
        now: Callable[[], datetime],
        speed: float,
        log: Callable[..., None],
    ) -> None:
        self._recorder = recorder
        self._registry = registry
        self._settings = settings
        self._terms = terms
        self._group_of = group_of
        self._prepare = prepare
        self._has_fallback = has_fallback
        self._note_end = note_end
        self._heard = heard
        self._now = now
        self._speed = speed
        self._log = log
        self._of_station: dict[str, LoopSite] = {}
        self._said: deque[tuple[Station, Entry]] = deque()
        self._stopped = False
        self._figures: SiteFigures | None = None
        self._figures_at = 0.0
        self.sites: dict[str, LoopSite] = {}
        """By name."""
        self.events: Final[Counter[str]] = Counter()
        """How often sites met each of `charging_site.SITE_EVENTS`."""
        self.turn_seconds: Final = Histogram(TURN_SECONDS)
        self.post: Final = OrderPost(
            commander, recorder, message=message, ended=self._ended, now=now, speed=speed, log=log
        )

    def start(self, descriptions: Iterable[SiteDescription], limits: Mapping[str, Raw]) -> None:
        """Take up the sites where the gateway left them: before any station is connected.

        `limits` are what was kept of their capacities. Raises msgspec.DecodeError if that is nothing of the kind.
        """
        on_disk: dict[EvseKey, SavedReservation] = {}
        capacities = {name: msgspec.json.decode(kept, type=SavedCapacities) for name, kept in limits.items()}
        sites = list(descriptions)
        for description in sites:
            for identity in {evse.station for evse in description.evses}:
                if (station := self._registry.get(identity)) is not None:
                    on_disk |= self._on_disk(station)
        for key, saved in on_disk.items():
            self.post.restore(key, saved)
        self._take(sites, on_disk, capacities)

    def replace(self, descriptions: Iterable[SiteDescription]) -> None:
        """Go on with sites as they are described now; those that are not described any more are left alone.

        What is reserved, and the limits that were set, stay with the EVSEs and nodes that are there before and after.
        """
        former = self.sites
        wanted = {description.name: description for description in descriptions}
        kept = {name: site for name, site in former.items() if wanted.get(name) == site.description}
        reserved: dict[EvseKey, SavedReservation] = {}
        capacities: dict[str, SavedCapacities] = {}
        for name, site in former.items():
            if name not in kept:
                reserved |= {key: site.ledger.saved(key) for key in site.network.evses}
                capacities[name] = site.capacities.saved()
                site.stop()
                for identity in site.stations:
                    del self._of_station[identity]
                    if (station := self._registry.get(identity)) is not None:
                        station.observer = None
        self.sites = kept
        changed = [description for name, description in wanted.items() if name not in kept]
        self._take(changed, reserved, capacities)
        for description in changed:
            for identity in self.sites[description.name].stations:
                station = self._registry.get(identity)
                if station is not None and station.session is not None:
                    self.connected(station)

    def saved_limits(self) -> dict[str, Raw]:
        """Return what is to be kept of the sites' capacities, by their names."""
        return {name: Raw(msgspec.json.encode(site.capacities.saved())) for name, site in self.sites.items()}

    def site_of(self, identity: str) -> LoopSite | None:
        """Return the site at which a station is, None if it is at none."""
        return self._of_station.get(identity)

    def connected(self, station: Station) -> None:
        """Take note of a new connection."""
        site = self._of_station.get(station.identity)
        if site is None or self._stopped:
            return
        station.observer = self._observe
        self.set_terms(station)
        site.controller.connected(station.identity, self._seconds())
        self._prepare(station, False)

    def noted(self, station: Station, action: str) -> None:
        """Take note of a message of `service.NOTED` that was taken in."""
        if action != "BootNotification" or station.identity not in self._of_station or self._stopped:
            return
        if DISOBEDIENCE.of(station) and not disobeys(station):
            self.pardon(station)
        self.set_terms(station)
        self._prepare(station, True)

    def pardon(self, station: Station) -> None:
        """Let a station that ignored limits have them again: it has another firmware, or an operator vouches for it.

        What its EVSEs can draw stays reserved until it has taken its fallback anew.
        """
        site = self._of_station.get(station.identity)
        if site is None or self._stopped:
            return
        now = self._now()
        over = [kind.ends(evse, now) for kind in (DISOBEDIENCE, DEFAULTS) for evse in station.facts(kind.kind)]
        if over:
            self._finish(station, list(over))
        for key in site.stations[station.identity]:
            site.ledger.default_lost(key)
        site.controller.pardon(station.identity, self._seconds())
        if station.session is not None:
            self._prepare(station, True)

    def gone(self, station: Station) -> None:
        """Take note that a station is not connected any more."""
        site = self._of_station.get(station.identity)
        if site is not None:
            site.controller.gone(station.identity, self._seconds())

    def set_terms(self, station: Station) -> None:
        """Let what is known of a station's model count."""
        site = self._of_station.get(station.identity)
        if site is not None:
            site.controller.terms(station.identity, self._terms(station), self._seconds())

    def stop(self) -> None:
        """Decide and send nothing more: what is in force decays by itself, and is on disk for the next start."""
        self._stopped = True
        for site in self.sites.values():
            site.stop()
        self.post.stop()

    def figures(self) -> SiteFigures:
        """Return the figures of all sites together. They are reckoned anew at most once a second."""
        at = asyncio.get_running_loop().time()
        if self._figures is None or at >= self._figures_at + FIGURES_S:
            now = self._seconds()
            self._figures = _together([site.figures(now) for site in self.sites.values()])
            self._figures_at = at
        return self._figures

    @property
    def oldest_limit_s(self) -> float:
        """Age of the oldest limit in force that ends by itself, in seconds of the gateway's clock."""
        sent_at = self.figures().oldest_lease_at
        return 0.0 if sent_at is None else self._seconds() - sent_at

    def _take(
        self,
        descriptions: Iterable[SiteDescription],
        reserved: Mapping[EvseKey, SavedReservation],
        capacities: Mapping[str, SavedCapacities],
    ) -> None:
        for description in descriptions:
            site = LoopSite(
                description,
                settings=self._settings,
                post=self.post,
                station=self._registry.get,
                group_of=self._group_of,
                finish=self._finish,
                now=self._seconds,
                speed=self._speed,
                turn_seconds=self.turn_seconds,
                events=self.events,
                log=self._log,
            )
            self.sites[description.name] = site
            for identity in site.stations:
                self._of_station[identity] = site
                if (station := self._registry.get(identity)) is not None:
                    station.observer = self._observe
                    site.controller.terms(identity, self._terms(station), self._seconds())
            if (limits := capacities.get(description.name)) is not None:
                site.capacities.restore(limits)
            site.restore((key, self._still(site, key, reserved[key])) for key in site.network.evses if key in reserved)
            site.wake()

    def _still(self, site: LoopSite, key: EvseKey, saved: SavedReservation) -> SavedReservation:
        """Return a reservation as it is for the EVSE as it is described now: with another fallback than it has?"""
        station = self._registry.get(key[0])
        if station is not None and self._has_fallback(station, site.network.evses[key], site.description.voltage_v):
            return saved
        return msgspec.structs.replace(saved, has_default=False)

    def _on_disk(self, station: Station) -> dict[EvseKey, SavedReservation]:
        try:
            return {(station.identity, int(evse)): saved for evse, saved in RESERVATIONS.of(station).items()}
        except msgspec.DecodeError as error:  # as if nothing were known: the hardware's maximum is reserved
            self._log("reservation_unreadable", level="error", station=station.identity, error=str(error))
            return {}

    def _observe(self, station: Station, entry: Entry) -> None:
        """Take what a station says for when it has been dealt with: nobody's answer waits for a site's controller."""
        if not self._said:
            asyncio.get_running_loop().call_soon(self._hear)
        self._said.append((station, entry))

    def _hear(self) -> None:
        said = list(self._said)
        self._said.clear()
        for station, entry in said:
            site = self._of_station.get(station.identity)
            if site is None or self._stopped:
                continue
            try:
                site.observe(station, entry)
                self._heard(station)
            except Exception as error:
                self._log("charging_failed", level="error", station=station.identity, error=repr(error))

    def _ended(self, order: Order, ending: Ending, retry_s: float | None) -> None:
        self._note_end(order, ending, retry_s)
        site = self._of_station.get(order.key[0])
        if site is not None and order.key in site.network.evses:  # its files may have been read anew meanwhile
            site.ended(order, ending, retry_s)

    def _finish(self, station: Station, records: list[Record]) -> None:
        if self._recorder.has_room:
            self._recorder.record(station, records, self._now())

    def _seconds(self) -> float:
        return self._now().timestamp()


def _together(figures: Sequence[SiteFigures]) -> SiteFigures:
    sent = [one.oldest_lease_at for one in figures if one.oldest_lease_at is not None]
    return SiteFigures(
        evses={state: sum(one.evses[state] for one in figures) for state in EVSE_STATES},
        links=sum(one.links for one in figures),
        links_near=sum(one.links_near for one in figures),
        links_over=sum(one.links_over for one in figures),
        deficit_ma=max((one.deficit_ma for one in figures), default=0),
        sites_with_fault=sum(one.sites_with_fault for one in figures),
        oldest_lease_at=min(sent, default=None),
    )

"""A site without sockets: its stations, drivers and circuits, and all that goes wrong, in simulated time."""

import random
from collections.abc import Callable
from typing import Final

from bench.charging.agenda import BEGIN, Agenda
from bench.charging.faults import Faults
from bench.charging.hub import Hub, MakePolicy
from bench.charging.ideal import Ideal
from bench.charging.links import Links
from bench.charging.meter import Meter
from bench.charging.plan import Plan, SuddenLimit
from bench.charging.stations import READING_S, Began, Ended, Outlet, Station
from bench.charging.visits import Visit, by_evse
from gateway.core.charging.description import EvseKey
from gateway.core.charging.orders import LeaseTerms

BOOT_S: Final = (20.0, 120.0)

SAMPLE_S: Final = 60.0
"""Between two looks at what would be the best."""


class World:
    """One run of a plan under one policy. Dice are by seed and by station, so policies meet the same drivers."""

    def __init__(self, plan: Plan, faults: Faults, make_policy: MakePolicy, *, seed: int) -> None:
        self.plan: Final = plan
        self.agenda: Final = Agenda()
        self.links: Final = Links(plan.description)
        self.meter: Final = Meter(self.agenda, self.links)
        self.outlets: Final[dict[EvseKey, Outlet]] = {}
        self.stations: Final[dict[str, Station]] = {}
        self.ideal: Final = Ideal(self.links)
        self._faults = faults
        self._seed = seed
        self._limits: dict[str, int] = {}
        self._left_wh = [0.0, 0.0]
        terms: dict[str, LeaseTerms] = {}
        self.hub: Final = Hub(self.agenda, self.stations, terms, faults, make_policy, random.Random(f"{seed} wire"))
        self._build(terms)
        self._plan_ahead()
        self.hub.start()

    def run(self) -> None:
        """Let it all happen."""
        self.agenda.run(BEGIN + self.plan.span_s)
        self.meter.count()

    @property
    def energy_wh(self) -> tuple[float, float]:
        """What was delivered, and what vehicles could have taken alone on the site."""
        delivered, possible = self._left_wh
        for outlet in self.outlets.values():
            if outlet.visit is not None:
                outlet.count_energy()
                delivered += outlet.energy_wh
                possible += self._possible_wh(outlet.visit)
        return delivered, possible

    # --- beginning

    def _build(self, terms: dict[str, LeaseTerms]) -> None:
        traits = random.Random(f"{self._seed} traits")
        of_station: dict[str, dict[int, Outlet]] = {}
        lags: dict[str, float] = {}
        ignoring: set[str] = set()
        for evse in self.plan.description.evses:
            identity = evse.station
            if identity not in lags:
                lags[identity] = traits.uniform(-1, 1) * self._faults.clock_s
                terms[identity] = self.plan.terms
                if traits.random() < self.plan.untrusted:
                    terms[identity] = LeaseTerms(trusted=False, settle_s=self.plan.terms.settle_s)
                if traits.random() < self._faults.ignoring:
                    ignoring.add(identity)
            outlet = Outlet(
                self.agenda,
                self.meter,
                evse,
                watts_per_ampere=self.plan.watts_per_ampere,
                lag_s=lags[identity],
                obeys=identity not in ignoring,
                dice=random.Random(f"{self._seed} {evse.key}"),
            )
            of_station.setdefault(identity, {})[evse.evse] = outlet
            self.outlets[evse.key] = outlet
        for identity, outlets in of_station.items():
            dice = random.Random(f"{self._seed} {identity}")
            station = Station(
                self.agenda,
                identity,
                outlets,
                lag_s=lags[identity],
                dice=dice,
                deliver=lambda said: self.hub.hear(said),
            )
            self.stations[identity] = station
            self._let_live(station, dice)

    def _plan_ahead(self) -> None:
        end = BEGIN + self.plan.span_s
        for key, visits in by_evse(self.plan.visits).items():
            for visit in visits:
                self.agenda.at(BEGIN + visit.arrives_at, lambda key=key, visit=visit: self._come(key, visit))  # type: ignore[misc]
        for sudden in self.plan.sudden:
            self.agenda.at(BEGIN + sudden.at, lambda sudden=sudden: self._limit(sudden))  # type: ignore[misc]
        for at in self.links.edges(BEGIN, end):
            self.agenda.at(at, self._set_capacities)
        self._set_capacities()
        self.agenda.after(SAMPLE_S, self._sample)
        if (every_s := self._faults.gateway_killed_every_s) is not None:
            dice = random.Random(f"{self._seed} kills")
            at = BEGIN + dice.expovariate(1 / every_s)
            while at < end:
                self.agenda.at(at, self.hub.kill)
                at += 3 * self._faults.gateway_down_s + dice.expovariate(1 / every_s)

    def _let_live(self, station: Station, dice: random.Random) -> None:
        """Let a station read its meters, lose its connection and boot, again and again."""
        faults = self._faults

        def read() -> None:
            station.read()
            self.agenda.after(READING_S, read)

        def lose() -> None:
            self.hub.disconnect(station)
            self._connect_after(5.0 + dice.expovariate(1 / faults.offline_s), station)

        def boot() -> None:
            self._boot(station, dice)

        self.agenda.after(dice.uniform(0, READING_S), read)
        self._now_and_then(faults.offline_every_s, dice, lose)
        self._now_and_then(faults.reboot_every_s, dice, boot)

    def _now_and_then(self, every_s: float | None, dice: random.Random, action: Callable[[], None]) -> None:
        if every_s is None:
            return
        mean_s = every_s

        def act() -> None:
            action()
            self.agenda.after(dice.expovariate(1 / mean_s), act)

        self.agenda.after(120.0 + dice.expovariate(1 / mean_s), act)

    # --- drivers

    def _come(self, key: EvseKey, visit: Visit) -> None:
        outlet, station = self.outlets[key], self.stations[key[0]]
        self.agenda.at(BEGIN + visit.leaves_at, lambda: self._leave(key, visit))
        outlet.plug(visit)
        if station.is_up:
            station.say(Began(key, outlet.begin()))

    def _leave(self, key: EvseKey, visit: Visit) -> None:
        outlet = self.outlets[key]
        if (transaction := outlet.end()) is not None:
            self.stations[key[0]].say(Ended(key, transaction))
        self._left_wh[0] += outlet.energy_wh
        self._left_wh[1] += self._possible_wh(visit)
        outlet.visit = None

    def _possible_wh(self, visit: Visit) -> float:
        here_s = min(self.agenda.now - BEGIN, visit.leaves_at) - visit.arrives_at
        watts = self.plan.watts_per_ampere[visit.lines - 1] * visit.maximum_ma / 1000
        return min(visit.energy_wh, watts * here_s / 3600)

    # --- faults

    def _connect_after(self, seconds: float, station: Station) -> None:
        self.agenda.after(seconds, lambda: self.hub.connect(station))

    def _boot(self, station: Station, dice: random.Random) -> None:
        """Boot: nothing flows meanwhile, and TxProfiles may be lost. The defaults are kept."""
        if not station.is_up:
            return
        loses = dice.random() < self._faults.reboot_loses
        ends = dice.random() < self._faults.reboot_ends
        self.hub.disconnect(station)
        station.is_up = False
        for outlet in station.outlets.values():
            if loses:
                outlet.profile = None
            if ends and (transaction := outlet.end()) is not None:
                station.say(Ended(outlet.key, transaction))
            outlet.set_power(False)

        def wake() -> None:
            station.is_up = station.has_booted = True
            for outlet in station.outlets.values():
                outlet.set_power(True)
                if outlet.visit is not None and outlet.transaction is None:
                    station.say(Began(outlet.key, outlet.begin()))
            self._connect_after(dice.uniform(1.0, 10.0), station)

        self.agenda.after(dice.uniform(*BOOT_S), wake)

    # --- limits of the site, and the best that could be

    def _limit(self, sudden: SuddenLimit) -> None:
        terms = self.plan.terms
        until = self.agenda.now + sudden.lasts_s
        self._limits[sudden.node] = sudden.limit_ma
        self.meter.drop(self.links.of(sudden.node), terms.lease_s + terms.skew_s + terms.settle_s)
        self._set_capacities()
        self.hub.limit_set(sudden.node, sudden.limit_ma, until)

        def end() -> None:
            del self._limits[sudden.node]
            self._set_capacities()

        self.agenda.at(until, end)

    def _set_capacities(self) -> None:
        self.meter.set_capacities(self.links.capacities(self.agenda.now, self._limits))

    def _sample(self) -> None:
        self.ideal.look(self.outlets.values(), self.meter.capacities)
        self.agenda.after(SAMPLE_S, self._sample)

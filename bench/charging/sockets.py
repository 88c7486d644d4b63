"""A real gateway and real sockets: stations of all versions on one site, in accelerated time, under faults.

The fleet's vehicles are the truth: what flows is looked at many times a simulated second, beside what each circuit
carries by the site's description. The gateway is a process of its own, which knows only what it is told over OCPP.
"""

import asyncio
import json
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal

from msgspec import Struct

from bench.charging.accelerated import MODULE, shared_clock
from bench.charging.links import Link, Links
from bench.charging.meter import Meter
from bench.charging.mutants import LEDGER
from bench.charging.sites import ROTATIONS
from gateway.core.charging.description import EvseDescription, EvseKey, NodeDescription, Phases, SiteDescription
from gateway.fleet import Behaviour, ChargingFaults, Clock, Fleet
from gateway.fleet.evse import Evse
from gateway.fleet.faults import ENDLESS, NO_FAULTS, calm
from gateway.fleet.station import SimulatedStation
from tests.system.process import DEADLINE_S, POLL_S, GatewayProcess

SITE: Final = "proof"
VERSIONS: Final = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")

LOOK_S: Final = 0.01
"""Between two looks at all circuits, in real seconds: at 20 times the speed, five in a simulated second."""

COMPARE_S: Final = 0.2
"""Between two comparisons of the gateway's book with the truth, in real seconds."""

REPORTED_MA: Final = 60
"""The gateway shows tenths of an ampere."""

ROUNDING_MA: Final = 10
"""For each EVSE on a link: vehicles draw in steps of 0.01 A."""

VOLTAGE_V: Final = 230.0
PANEL_EVSES: Final = 6

CALL_S: Final = 2.0
"""How long a station may take to answer a call that is no limit, in real seconds: at 20 times the speed, 40 simulated
ones. Limits have as long (`app.charging_orders`)."""

LEASE_S: Final = 120.0
SETTLE_S: Final = 10.0
SKEW_S: Final = 30.0


class SocketPlan(Struct, frozen=True, kw_only=True):
    """What a run is about. `share` is what the grid connection carries of all that EVSEs could draw.

    `leases` is whether the gateway takes it that limits end by themselves, or tries it out with each model. Where not
    all can charge at once, a turn lasts `slot_s`. `policy` is one of `bench.charging.mutants`.
    """

    stations: int = 18
    seed: int = 1
    speed: float = 20.0
    share: float = 0.3
    slot_s: float = 900.0
    versions: Sequence[str] = VERSIONS
    leases: Literal["trusted", "probe"] = "trusted"
    policy: str = LEDGER
    faults: ChargingFaults = NO_FAULTS
    behaviour: Behaviour = Behaviour(
        first_arrival_s_mean=60.0,
        idle_s_mean=120.0,
        authorise_s=(1.0, 5.0),
        stay_s=(900.0, 3600.0),
        limited=0.2,
        limited_s=(60.0, 120.0),
        meter_interval_s=15,
        offline_every_s_mean=1200.0,
        offline_s=(20.0, 200.0),
    )


class SocketOutcome(Struct, frozen=True, kw_only=True):
    """What came of a run. Times are simulated seconds; `limits` counts limits by how they ended.

    Overload, and the mean `power_w`, are of the last `counted_s`. `overload_s` is by what flows, `allowed_over_s` by
    what would flow if every vehicle took all that it may.
    `unreserved` counts, by EVSE, how often a vehicle could take more than the gateway said that it reserves for it.
    """

    simulated_s: float
    counted_s: float
    power_w: float
    looks: int
    longest_look_s: float
    overload_s: dict[Link, float]
    worst: dict[Link, int]
    allowed_over_s: dict[Link, float]
    unreserved: dict[str, int]
    compared: int
    reactions_s: list[float]
    energy_wh: float
    evse_hours: float
    transactions: int
    limits: dict[str, float]
    lives: int
    disobedient: int
    faults: dict[str, int]

    @property
    def messages_per_evse_hour(self) -> float:
        """Limits that were sent to stations."""
        return sum(self.limits.values()) / self.evse_hours


class Wall:
    """The simulated time, as meters want it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.now = clock.now().timestamp()

    def look(self) -> None:
        """Take note of the time."""
        self.now = self._clock.now().timestamp()


class Book:
    """A meter, and what it was told of each EVSE."""

    def __init__(self, meter: Meter) -> None:
        self.meter: Final = meter
        self._taken: dict[EvseKey, dict[Phases, int]] = {}

    def taken(self) -> dict[EvseKey, dict[Phases, int]]:
        """Return what each EVSE takes now, by phases."""
        return dict(self._taken)

    def takes(self, key: EvseKey, taken: dict[Phases, int]) -> None:
        """An EVSE takes so much now, by phases."""
        former = self._taken.get(key, {})
        if taken == former:
            return
        for phases in taken.keys() | former.keys():
            self.meter.draws(key, phases, taken.get(phases, 0) - former.get(phases, 0))
        self._taken[key] = taken


class SocketRun:
    """A run under way: `gateway` may be killed, `set_limit` caps the site."""

    def __init__(self, plan: SocketPlan, folder: Path) -> None:
        self.plan: Final = plan
        since = time.time()
        self.clock: Final = shared_clock(plan.speed, since)
        self.gateway: Final = GatewayProcess(folder)
        arguments = ["--config", str(self.gateway.config_file), "--speed", str(plan.speed), "--since", str(since)]
        arguments += ["--policy", plan.policy]
        self.gateway.command = [sys.executable, "-m", MODULE, *arguments]
        self.fleet: Final = Fleet(
            f"ws://127.0.0.1:{self.gateway.port}/ocpp",
            stations=plan.stations,
            seed=plan.seed,
            versions=plan.versions,
            clock=self.clock,
            behaviour=plan.behaviour,
            charging_faults=calm(plan.faults),
        )
        self.description: Final = describe(self.fleet.stations, plan.share, plan.slot_s)
        site_file = folder / "site.toml"
        site_file.write_text(as_toml(self.description))
        _configure(self.gateway, site_file, plan.leases)
        self._wall = Wall(self.clock)
        self._began = self._wall.now
        self._counted_from = self._wall.now
        self._counted_from_wh = 0.0
        self.is_up = False
        self._links = Links(self.description)
        self._drawn = Book(Meter(self._wall, self._links))
        self._allowed = Book(Meter(self._wall, self._links))
        self._caps: dict[str, tuple[int, float]] = {}
        self._looks = 0
        self._longest_look_s = 0.0
        self._limits: Counter[str] = Counter()
        self.unreserved: Final[Counter[str]] = Counter()
        self.compared = 0
        self._look_at_capacities()

    async def kill(self) -> None:
        """Kill the gateway, and start it again."""

        def kill_and_start() -> None:
            self._count_limits()
            self.is_up = False
            self.gateway.kill()
            self.gateway.start()
            self.is_up = True

        await asyncio.to_thread(kill_and_start)

    async def set_limit(self, limit_a: float, valid_s: float) -> None:
        """Cap the grid connection by the API. It counts from the answer on, and not longer than from the request."""
        asked_at = self.clock.now().timestamp()
        body = json.dumps({"limit_a": limit_a, "valid_s": valid_s}).encode()
        path = f"http://127.0.0.1:{self.gateway.admin_port}/api/v1/sites/{SITE}/nodes/grid/limit"
        request = urllib.request.Request(path, body, {"Content-Type": "application/json"}, method="PUT")
        await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=10).read())
        self.look()
        self._caps["grid"] = (round(limit_a * 1000), asked_at + valid_s)
        for book in (self._drawn, self._allowed):
            book.meter.drop(self._links.of("grid"), LEASE_S + SKEW_S + SETTLE_S)
        self._look_at_capacities()

    async def sleep(self, seconds: float) -> None:
        """Let so many simulated seconds pass."""
        await self.clock.sleep(seconds)

    async def until_nothing_is_missing(self) -> None:
        """Wait until the gateway knows of no deficit, and count from then on.

        Until a station has taken its fallback it may draw all it can, and so do the first vehicles. Faults of messages
        begin then, too.
        """
        await self.until(lambda view: view["links_with_deficit"] == 0, "there is no deficit")
        self.look()
        self.forget()
        for station in self.fleet.stations:
            station.misbehave(self.plan.faults)

    def forget(self) -> None:
        """Count overload from now on."""
        self.look()
        self._drawn.meter.forget()
        self._allowed.meter.forget()
        self._counted_from, self._counted_from_wh = self._wall.now, self.fleet.statistics.energy_wh
        self.unreserved.clear()
        self.compared = 0
        self._longest_look_s = 0.0

    @property
    def rated_a(self) -> float:
        """What the grid connection carries on a phase."""
        limit_ma = self.description.nodes[0].limit_ma
        assert limit_ma is not None
        return limit_ma[0] / 1000

    @property
    def allowed_over_s(self) -> float:
        """How long any circuit could have been overloaded."""
        return self._allowed.meter.overloaded_s

    async def until(self, condition: Callable[[Any], bool], what: str) -> None:
        """Wait until the site, as the gateway shows it, is as `condition` says."""
        deadline = time.monotonic() + DEADLINE_S
        while not condition(await asyncio.to_thread(self.view)):
            assert time.monotonic() < deadline, f"not in {DEADLINE_S:g} s: {what}"
            await asyncio.sleep(POLL_S)

    def view(self) -> Any:
        """Return the site as the gateway shows it."""
        return self.gateway.get_json(f"/api/v1/sites/{SITE}")

    def look(self) -> None:
        """Look at what flows everywhere."""
        before = self._wall.now
        self._wall.look()
        self._looks += 1
        self._longest_look_s = max(self._longest_look_s, self._wall.now - before)
        if any(until <= self._wall.now for _, until in self._caps.values()):
            self._caps.clear()
            self._look_at_capacities()
        for station in self.fleet.stations:
            for outlet in station.outlets:
                key = (station.identity, outlet.number)
                description = self._links.evses.get(key)
                if description is not None:
                    self._drawn.takes(key, drawn_ma(outlet.evse, description))
                    self._allowed.takes(key, allowed_ma(outlet.evse, description))

    async def compare(self) -> None:
        """Compare what the gateway says that it reserves with what vehicles may take: it is never less.

        What they could take neither before nor after it was asked is not counted.
        """
        before = self._allowed.taken()
        try:
            view = await asyncio.to_thread(self.view)
        except OSError:  # it was killed, or has not started yet
            return
        self.look()
        after = self._allowed.taken()
        for evse in evses_of(view):
            key = (evse["station"], evse["evse"])
            at_once = [before.get(key, {}), after.get(key, {})]
            for phase, reserved_a in enumerate(evse["reserved_a"], start=1):
                if min(taken.get((phase,), 0) for taken in at_once) > reserved_a * 1000 + REPORTED_MA:
                    self.unreserved[f"{key[0]}/{key[1]} L{phase}"] += 1
        self.compared += 1

    def outcome(self) -> SocketOutcome:
        """Return what came of it until now."""
        self.look()
        self._drawn.meter.count()
        self._allowed.meter.count()
        self._count_limits()
        names, statistics = self._links.names, self.fleet.statistics
        simulated_s, counted_s = self._wall.now - self._began, self._wall.now - self._counted_from
        return SocketOutcome(
            simulated_s=simulated_s,
            counted_s=counted_s,
            power_w=(statistics.energy_wh - self._counted_from_wh) / (counted_s / 3600),
            looks=self._looks,
            longest_look_s=self._longest_look_s,
            overload_s={names[link]: seconds for link, seconds in self._drawn.meter.overload_s.items()},
            worst={names[link]: over for link, over in self._drawn.meter.worst.items()},
            allowed_over_s={names[link]: seconds for link, seconds in self._allowed.meter.overload_s.items()},
            unreserved=dict(self.unreserved),
            compared=self.compared,
            reactions_s=[drop.met_at - drop.at for drop in self._allowed.meter.drops],
            energy_wh=statistics.energy_wh,
            evse_hours=simulated_s / 3600 * len(self.description.evses),
            transactions=len(self.fleet.transactions),
            limits=dict(self._limits),
            lives=self.gateway.lives,
            faults=dict(sorted(self.fleet.faults.items())),
            disobedient=sum(line.get("event") == "charging_disobedience" for line in self.gateway.log()),
        )

    def _look_at_capacities(self) -> None:
        """Take what the links carry; what rounding adds to the sum of currents is not overload."""
        held = {node: limit_ma for node, (limit_ma, _) in self._caps.items()}
        slack = ROUNDING_MA * len(self.description.evses)
        capacities = self._links.capacities(self._wall.now, held)
        for book in (self._drawn, self._allowed):
            book.meter.set_capacities([None if capacity is None else capacity + slack for capacity in capacities])

    def _count_limits(self) -> None:
        """Add up what this life of the gateway has counted: the counters begin anew with the next."""
        for name, count in self.gateway.metrics().items():
            if name.startswith("charging_limits_total"):
                self._limits[name.partition('"')[2].partition('"')[0]] += int(count)


@asynccontextmanager
async def on_sockets(plan: SocketPlan, folder: Path) -> AsyncIterator[SocketRun]:
    """A gateway that runs, stations that connect, and somebody who looks at every circuit."""
    run = SocketRun(plan, folder)

    async def look() -> None:
        while True:
            run.look()
            await asyncio.sleep(LOOK_S)

    async def compare() -> None:
        while True:
            await run.compare()
            await asyncio.sleep(COMPARE_S)

    try:
        await asyncio.to_thread(run.gateway.start)
        run.is_up = True
        async with asyncio.TaskGroup() as group:
            fleet = group.create_task(run.fleet.run())
            watching = [group.create_task(look()), group.create_task(compare())]
            yield run
            for task in watching:
                task.cancel()
            run.fleet.stop()
            fleet.cancel()
    finally:
        run.gateway.end()


def describe(stations: Sequence[SimulatedStation], share: float, slot_s: float = 900.0) -> SiteDescription:
    """Describe a site for these stations: a grid connection, and panels of about six EVSEs. Phases are rotated.

    DC stations are not part of it: those of the fleet take a limit in watts for one at 230 V, so they do not obey it.
    """
    evses: list[EvseDescription] = []
    for station in stations:
        for outlet in station.outlets:
            evse, count = outlet.evse, len(evses)
            if evse.dc:
                continue
            evses.append(
                EvseDescription(
                    station=station.identity,
                    evse=outlet.number,
                    node=f"panel-{count // PANEL_EVSES + 1}",
                    phases=ROTATIONS[count % 3][: evse.phases],
                    maximum_ma=int(evse.current_max_a * 10) * 100,
                    fallback_ma=6000 if count % 5 == 0 else 0,
                )
            )
    grid_ma = _rating_ma(evses, share)
    nodes = [NodeDescription(name="grid", limit_ma=(grid_ma,) * 3)]
    for name in dict.fromkeys(evse.node for evse in evses):
        panel_ma = _rating_ma([evse for evse in evses if evse.node == name], 1.5 * share)
        nodes.append(NodeDescription(name=name, parent="grid", limit_ma=(panel_ma,) * 3))
    return SiteDescription(name=SITE, nodes=tuple(nodes), evses=tuple(evses), voltage_v=VOLTAGE_V, slot_s=slot_s)


def as_toml(description: SiteDescription) -> str:
    """Return the file of a site."""
    lines = [f'name = "{description.name}"', f"voltage_v = {description.voltage_v}", f"slot_s = {description.slot_s}"]
    for node in description.nodes:
        assert node.limit_ma is not None
        lines += ["", "[[node]]", f'name = "{node.name}"', f"limit_a = {node.limit_ma[0] / 1000}"]
        lines += [f'parent = "{node.parent}"'] if node.parent else []
    for evse in description.evses:
        lines += ["", "[[evse]]", f'station = "{evse.station}"', f"evse = {evse.evse}", f'node = "{evse.node}"']
        lines += [f"phases = {list(evse.phases)}", f"maximum_a = {evse.maximum_ma / 1000}"]
        lines += [f"fallback_a = {evse.fallback_ma / 1000}"] if evse.fallback_ma else []
    return "\n".join(lines) + "\n"


def evses_of(view: Any) -> list[Any]:
    """Return all EVSEs of a site as the gateway shows it."""
    found, nodes = [], [view["tree"]]
    while nodes:
        node = nodes.pop()
        found += node["evses"]
        nodes += node["nodes"]
    return found


def drawn_ma(evse: Evse, description: EvseDescription) -> dict[Phases, int]:
    """Return what an EVSE of the fleet draws from the site now, by phases."""
    if evse.power_w == 0:
        return {}
    amperes = zip(description.phases, evse.reading().amperes, strict=False)
    return {(phase,): round(current * 1000) for phase, current in amperes if current > 0}


def allowed_ma(evse: Evse, description: EvseDescription) -> dict[Phases, int]:
    """Return what the vehicle at an EVSE of the fleet may take from the site now, by phases, if it wants it."""
    if not evse.closed or evse.vehicle is None or not evse.offers:
        return {}
    phases = description.phases[: min(evse.vehicle.phases, evse.phases)]
    return {(phase,): round(evse.limit_a * 1000) for phase in phases}


def _rating_ma(evses: Sequence[EvseDescription], share: float) -> int:
    """Return a rating of whole amperes: a share of all, and never less than what flows when nothing is heard."""
    by_phase = [sum(evse.maximum_ma for evse in evses if phase in evse.phases) for phase in (1, 2, 3)]
    dark_ma = max(sum(evse.fallback_ma for evse in evses if phase in evse.phases) for phase in (1, 2, 3))
    return max(round(max(by_phase) * share / 1000) * 1000, dark_ma + 12_000)


def _configure(gateway: GatewayProcess, site_file: Path, leases: str) -> None:
    gateway.configure(
        authorisation={"mode": "accept_all"},
        commands={"timeout_s": CALL_S},
        charging={
            "site_files": [str(site_file)],
            "lease_s": LEASE_S,
            "settle_s": SETTLE_S,
            "clock_skew_s": SKEW_S,
        },
    )
    with gateway.config_file.open("a") as file:
        file.write(f'\n[[charging.model]]\nname = "endless"\nfirmware = "*{ENDLESS}*"\nleases = "probe"\n')
        file.write(f'\n[[charging.model]]\nname = "all"\nleases = "{leases}"\n')

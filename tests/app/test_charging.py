"""Facts about the sites of a gateway: who is heard, what a restart restores, what reading files again changes."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec
import uvloop

from gateway.app.charging import LoopCharging
from gateway.core.charging.controller import ControlSettings
from gateway.core.charging.description import EvseDescription, NodeDescription, SiteDescription
from gateway.core.charging.journalled import RESERVATIONS
from gateway.core.charging.obedience import DISOBEDIENCE, disobeys
from gateway.core.charging.orders import Ending, LeaseTerms
from gateway.core.commands import Commander
from gateway.core.records import Entry
from gateway.core.registry import Registry
from gateway.core.stations import Station
from gateway.wire.versions import VERSIONS
from tests.core.said import start_16, stop_16
from tests.core.station_bench import OCPP16, Bench, Line, ManualJournal

DEADLINE_S = 10
KEY = ("CP1", 1)


def site(*stations: str, limit_a: int = 63, name: str = "depot", **more: Any) -> SiteDescription:
    return SiteDescription(
        name=name,
        nodes=(NodeDescription(name="grid", limit_ma=(limit_a * 1000,) * 3),),
        evses=tuple(EvseDescription(station=station, evse=1, node="grid", **more) for station in stations),
    )


class Sites:
    """The sites of a gateway on a bench. Stations are prepared as soon as they are there."""

    def __init__(self, *described: SiteDescription, bench: Bench | None = None, limits: Any = None) -> None:
        self.bench = bench or Bench()
        self.logged: list[str] = []
        self.prepared: list[tuple[str, bool]] = []
        self.charging = LoopCharging(
            Commander(self.bench.registry, VERSIONS, lambda: self.bench.monotonic_s),
            self.bench.recorder,
            self.bench.registry,
            settings=ControlSettings(),
            message=lambda order, station, now: ("ClearChargingProfile", {"id": order.limit_ma}),
            terms=lambda station: LeaseTerms(obeys=not disobeys(station)),
            group_of=lambda token: None,
            prepare=self._prepare,
            has_fallback=lambda station, evse, voltage_v: evse.fallback_ma == 0,
            now=lambda: self.bench.now,
            speed=1.0,
            log=lambda event, **fields: self.logged.append(event),
        )
        self.charging.start(described, limits or {})

    def _prepare(self, station: Station, booted: bool) -> None:
        self.prepared.append((station.identity, booted))
        found = self.charging.site_of(station.identity)
        assert found is not None
        now = self.bench.now.timestamp()
        for key in found.network.evses:
            if key[0] == station.identity:
                found.ledger.default_installed(key, now)
                found.controller.ready(key, True, now)

    def connect(self, identity: str) -> Line:
        line = self.bench.connect(OCPP16, identity)
        self.bench.journal.commit_all()
        self.charging.connected(line.station)
        line.link.written.clear()
        return line

    async def limit(self, line: Line, *, answered: str | None = "Accepted") -> int:
        """Wait for the next limit that the station is told, answer it, and return it in mA."""
        while not (told := [call for call in map(json.loads, line.link.written) if call[0] == 2]):
            await asyncio.sleep(0.001)
            self.bench.journal.commit_all()
        line.link.written.clear()
        if answered is not None:
            line.send(json.dumps([3, told[0][1], {"status": answered}]))
        return int(told[0][3]["id"])

    def pass_time(self, seconds: float) -> None:
        self.bench.now += timedelta(seconds=seconds)
        for found in self.charging.sites.values():
            found.ledger.tick(self.bench.now.timestamp())

    def reach_ma(self, key: tuple[str, int] = KEY) -> int:
        found = self.charging.site_of(key[0])
        assert found is not None
        return max(found.ledger.reach_ma(key))


def story(told: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(DEADLINE_S):
            await told()

    uvloop.run(main())


def start(line: Line) -> int:
    return int(line.ask("StartTransaction", start_16())["transactionId"])


def restarted(bench: Bench) -> Bench:
    """What a gateway knows that reads this one's journal."""
    registry = Registry()
    for entry in bench.journal.entries:
        registry.apply(registry.station(entry.station), entry)
    again = Bench(registry=registry, journal=ManualJournal())
    again.now = bench.now
    return again


def test_a_session_at_a_site_is_heard_and_given_a_limit() -> None:
    async def told() -> None:
        sites = Sites(site("CP1"))
        line = sites.connect("CP1")
        start(line)
        assert await sites.limit(line) == 32_000
        assert sites.charging.post.endings == {Ending.ACCEPTED: 1}
        assert sites.prepared == [("CP1", False)]
        assert sites.charging.figures().evses["charging"] == 1

    story(told)


def test_the_answer_to_a_start_goes_before_its_first_limit() -> None:
    async def told() -> None:
        sites = Sites(site("CP1"))
        line = sites.connect("CP1")
        line.call("StartTransaction", start_16())
        while sites.charging.post.waiting == 0:
            await asyncio.sleep(0.001)
        sites.bench.journal.commit_all()
        assert [json.loads(text)[0] for text in line.link.written] == [3, 2]

    story(told)


def test_stations_of_no_site_have_no_observer() -> None:
    async def told() -> None:
        sites = Sites(site("CP1"))
        here, elsewhere = sites.connect("CP1"), sites.connect("CP2")
        assert here.station.observer is not None
        assert elsewhere.station.observer is None
        assert sites.prepared == [("CP1", False)]

    story(told)


def test_a_boot_has_a_station_prepared_again() -> None:
    async def told() -> None:
        sites = Sites(site("CP1"))
        line = sites.connect("CP1")
        sites.charging.noted(line.station, "BootNotification")
        sites.charging.noted(line.station, "OpenPeriodicEventStream")
        assert sites.prepared == [("CP1", False), ("CP1", True)]

    story(told)


def test_an_error_of_ours_in_observing_is_logged_and_no_stations_matter(monkeypatch: Any) -> None:
    async def told() -> None:
        sites = Sites(site("CP1"))
        line = sites.connect("CP1")

        def fail(*_said: object) -> None:
            raise ValueError("ours")

        monkeypatch.setattr(sites.charging.sites["depot"]._observer, "observe", fail)
        start(line)
        while not sites.logged:
            await asyncio.sleep(0.001)
        assert sites.logged == ["charging_failed"]
        assert line.link.failures == []

    story(told)


def test_a_turn_that_failed_is_logged(monkeypatch: Any) -> None:
    async def told() -> None:
        sites = Sites(site("CP1"))

        def fail(now: float) -> None:
            raise ValueError("ours")

        monkeypatch.setattr(sites.charging.sites["depot"].controller, "tick", fail)
        sites.charging.sites["depot"].wake()
        while not sites.logged:
            await asyncio.sleep(0.001)
        assert sites.logged == ["charging_failed"]

    story(told)


def test_after_a_restart_what_may_be_in_force_is_reserved_before_any_station_connects() -> None:
    async def told() -> None:
        sites = Sites(site("CP1", maximum_ma=63_000))
        line = sites.connect("CP1")
        sites.charging.sites["depot"].capacities.set_limit(
            "grid", limit_ma=(20_000,) * 3, limit_w=None, until=None, now=sites.bench.now.timestamp()
        )
        start(line)
        assert await sites.limit(line) == 20_000
        kept = sites.charging.saved_limits()
        sites.charging.stop()
        again = Sites(site("CP1", maximum_ma=63_000), bench=restarted(sites.bench), limits=kept)
        again.pass_time(60)  # by then the vehicle has followed
        assert again.reach_ma() == 20_000
        again.pass_time(3600)
        assert again.reach_ma() == 0
        assert max(limit for limit in again.charging.sites["depot"].capacities.lowest(0.0, 0.0)[1:4] if limit) == 20_000

    story(told)


def test_after_a_restart_an_order_that_was_not_answered_is_reserved_too() -> None:
    async def told() -> None:
        sites = Sites(site("CP1"))
        line = sites.connect("CP1")
        start(line)
        assert await sites.limit(line, answered=None) == 32_000
        again = Sites(site("CP1"), bench=restarted(sites.bench))
        assert again.reach_ma() == 32_000

    story(told)


def too_much(sites: Sites, key: tuple[str, int] = KEY) -> None:
    """Let a station draw more than it may for as long as it takes to be found out."""
    found = sites.charging.site_of(key[0])
    assert found is not None
    for _ in range(10):
        sites.pass_time(20)
        now = sites.bench.now.timestamp()
        found.turn()
        found.controller.drew(key, None, (32_000,) * 3, None, None, now, now)


def test_that_a_station_ignores_limits_is_known_after_a_restart_until_it_has_another_firmware() -> None:
    async def told() -> None:
        sites = Sites(site("CP1", limit_a=16))
        line = sites.connect("CP1")
        start(line)
        assert await sites.limit(line) == 16_000
        too_much(sites)
        assert "charging_disobedience" in sites.logged
        assert sites.charging.events == {"charging_disobedience": 1}
        assert DISOBEDIENCE.of(line.station)["1"].drawn_ma == 32_000
        again = Sites(site("CP1", limit_a=16), bench=restarted(sites.bench))
        line = again.connect("CP1")
        assert again.charging.figures().evses["disobedient"] == 1
        again.charging.noted(line.station, "BootNotification")
        again.pass_time(60)
        assert again.reach_ma() == 32_000
        boot = line.station.state.boot
        assert boot is not None
        line.station.state.boot = msgspec.structs.replace(boot, firmware="2")
        again.charging.noted(line.station, "BootNotification")
        again.pass_time(60)
        again.charging.sites["depot"].turn()
        assert DISOBEDIENCE.of(line.station) == {}
        assert again.reach_ma() <= 16_000

    story(told)


def test_a_station_that_nothing_is_known_of_has_its_hardwares_maximum_reserved() -> None:
    async def told() -> None:
        assert Sites(site("CP1", maximum_ma=40_000)).reach_ma() == 40_000

    story(told)


def test_a_reservation_that_cannot_be_read_is_as_none() -> None:
    async def told() -> None:
        bench = Bench()
        line = bench.connect(OCPP16)
        fact = msgspec.structs.replace(RESERVATIONS.ends("1", bench.now), value='{"held": "damaged"}')
        line.station.apply(Entry("CP1", bench.now, None, b"", [fact], own=True))
        sites = Sites(site("CP1", maximum_ma=40_000), bench=bench)
        assert sites.reach_ma() == 40_000
        assert sites.logged == ["reservation_unreadable"]

    story(told)


def test_a_site_that_is_described_anew_keeps_what_is_reserved_and_what_was_said_of_its_nodes() -> None:
    async def told() -> None:
        sites = Sites(site("CP1"), site("CP9", name="other"))
        other = sites.charging.sites["other"]
        line = sites.connect("CP1")
        start(line)
        assert await sites.limit(line) == 32_000
        sites.charging.sites["depot"].capacities.set_limit(
            "grid", limit_ma=(25_000,) * 3, limit_w=None, until=None, now=sites.bench.now.timestamp()
        )
        sites.charging.replace([site("CP1", "CP2", limit_a=50), site("CP9", name="other")])
        assert sites.charging.sites["other"] is other
        assert sites.reach_ma() == 32_000
        assert sites.prepared == [("CP1", False)] * 2
        assert await sites.limit(line) <= 25_000

    story(told)


def test_an_evse_that_is_described_with_another_fallback_reserves_its_maximum_until_it_has_that() -> None:
    async def told() -> None:
        sites = Sites(site("CP1"))
        line = sites.connect("CP1")
        sites.pass_time(60)
        assert sites.reach_ma() == 0
        line.station.session = None  # so that nobody prepares it
        sites.charging.replace([site("CP1", fallback_ma=6000)])
        assert sites.reach_ma() == 32_000

    story(told)


def test_a_site_that_is_not_described_any_more_is_left_alone() -> None:
    async def told() -> None:
        sites = Sites(site("CP1"))
        line = sites.connect("CP1")
        start(line)
        await sites.limit(line)
        sites.charging.replace([])
        assert (sites.charging.sites, line.station.observer) == ({}, None)
        line.ask("StopTransaction", stop_16(1))
        sites.charging.gone(line.station)

    story(told)


def test_the_end_of_an_order_of_a_site_that_is_gone_does_no_harm() -> None:
    async def told() -> None:
        sites = Sites(site("CP1"))
        line = sites.connect("CP1")
        start(line)
        await sites.limit(line, answered=None)
        sites.charging.replace([])
        line.session.close()
        assert sites.charging.post.endings == {Ending.UNKNOWN: 1}

    story(told)


def test_after_stopping_nothing_is_decided() -> None:
    async def told() -> None:
        sites = Sites(site("CP1"))
        line = sites.connect("CP1")
        sites.charging.stop()
        start(line)
        for _ in range(5):
            await asyncio.sleep(0)
        assert line.link.written == []
        assert sites.charging.post.waiting == 0

    story(told)


def test_what_was_released_is_on_disk_when_the_gateway_stops() -> None:
    async def told() -> None:
        sites = Sites(site("CP1"))
        line = sites.connect("CP1")
        transaction = start(line)
        await sites.limit(line)
        line.ask("StopTransaction", stop_16(transaction))
        while sites.reach_ma() > 0:
            sites.bench.now += timedelta(seconds=1)
            sites.charging.sites["depot"].wake()
            await asyncio.sleep(0.001)
        depot = sites.charging.sites["depot"]
        assert RESERVATIONS.get(line.station, "1") != depot.ledger.saved(KEY)
        sites.charging.stop()
        assert RESERVATIONS.get(line.station, "1") == depot.ledger.saved(KEY)

    story(told)

"""Facts about what the API does with sites: what is said holds at once, is kept, and files are read as a whole."""

import asyncio
import errno
import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.app.config_sources import ConfigError
from gateway.app.site_api import SiteApi
from gateway.core.calls import Outcome
from gateway.core.charging.checking import CompositeCheck
from gateway.core.charging.description import EvseKey, SiteDescription
from gateway.core.charging.messages import Amount
from gateway.core.charging.obedience import DISOBEDIENCE
from gateway.core.charging.observing import WANTED_NEEDS
from gateway.core.charging.preparing import DEFAULTS, InstalledDefault
from gateway.core.commands import CommandError, Fault
from gateway.core.stations import Station
from gateway.io.http_sites import (
    BaseLoadRequest,
    NeedsRequest,
    NodeLimitRequest,
    NotKeptError,
    UnknownPlaceError,
)
from gateway.io.site_limits import read_site_limits
from gateway.wire.composite import Interval
from tests.app.test_charging import Sites, restarted, site, start, story, too_much


class Asked(Sites):
    """The sites of a gateway, asked as the API does."""

    def __init__(self, file: Path, *described: SiteDescription, **more: object) -> None:
        super().__init__(*described, **more)  # type: ignore[arg-type]
        self.file = file
        self.read: Callable[[], Sequence[SiteDescription]] = lambda: described
        self.api = SiteApi(
            self.charging,
            self.bench.recorder,
            self.bench.registry,
            limits_file=file,
            read=lambda: self.read(),
            check=self._checked,
            now=lambda: self.bench.now,
            log=lambda event, **fields: self.logged.append(event),
        )

    async def _checked(self, station: Station, key: EvseKey) -> CompositeCheck:
        assert (station.identity, 1) == key
        return CompositeCheck("more", Outcome.ACCEPTED, [Interval(0, 16.0)], [Interval(0, 32.0)])

    def capacity_a(self) -> float:
        self.charging.sites["depot"].turn()
        capacity: float = self.api.site("depot")["tree"]["phases"][0]["capacity_a"]
        return capacity


def test_a_limit_holds_at_once_and_after_a_restart(tmp_path: Path) -> None:
    async def told() -> None:
        asked = Asked(tmp_path / "limits.json", site("CP1"))
        shown = await asked.api.set_limit("depot", "grid", NodeLimitRequest(limit_a=20.0, valid_s=900.0))
        assert [phase["capacity_a"] for phase in shown["phases"]] == [20.0] * 3
        again = Asked(asked.file, site("CP1"), bench=restarted(asked.bench), limits=read_site_limits(asked.file))
        assert again.capacity_a() == 20.0
        again.bench.now += timedelta(seconds=901)
        assert again.capacity_a() == 63.0

    story(told)


def test_a_limit_lowers_a_session_and_the_end_of_it_raises_it_again(tmp_path: Path) -> None:
    async def told() -> None:
        asked = Asked(tmp_path / "limits.json", site("CP1"))
        line = asked.connect("CP1")
        start(line)
        assert await asked.limit(line) == 32_000
        await asked.api.set_limit("depot", "grid", NodeLimitRequest(limit_a=10.0))
        assert await asked.limit(line) == 10_000
        assert (await asked.api.clear_limit("depot", "grid"))["phases"][0]["capacity_a"] == 63.0
        assert await asked.limit(line) == 32_000

    story(told)


def test_a_base_load_takes_from_what_is_left_until_it_is_taken_back(tmp_path: Path) -> None:
    async def told() -> None:
        asked = Asked(tmp_path / "limits.json", site("CP1"))
        shown = await asked.api.set_base_load("depot", "grid", BaseLoadRequest(base_load_a=[3.0, -2.0, 70.0]))
        assert [phase["capacity_a"] for phase in shown["phases"]] == [60.0, 65.0, -7.0]
        assert [phase["base_load_a"] for phase in shown["phases"]] == [3.0, -2.0, 70.0]
        shown = await asked.api.clear_base_load("depot", "grid")
        assert [phase["capacity_a"] for phase in shown["phases"]] == [63.0] * 3

    story(told)


def test_what_has_passed_is_refused(tmp_path: Path) -> None:
    async def told() -> None:
        asked = Asked(tmp_path / "limits.json", site("CP1"))
        past = asked.bench.now - timedelta(seconds=1)
        asked.connect("CP1")
        with pytest.raises(CommandError) as refused:
            await asked.api.set_limit("depot", "grid", NodeLimitRequest(limit_a=1.0, valid_until=past))
        assert (refused.value.fault, refused.value.path) == (Fault.INVALID, "$.valid_until")
        with pytest.raises(CommandError) as refused:
            await asked.api.set_needs("depot", "CP1", 1, NeedsRequest(departure_at=past))
        assert refused.value.path == "$.departure_at"
        assert asked.capacity_a() == 63.0

    story(told)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    async def told() -> None:
        asked = Asked(tmp_path / "limits.json", site("CP1"))
        with pytest.raises(UnknownPlaceError, match="no site mall"):
            asked.api.site("mall")
        with pytest.raises(UnknownPlaceError, match="no node gird"):
            await asked.api.set_limit("depot", "gird", NodeLimitRequest(limit_a=1.0))
        with pytest.raises(UnknownPlaceError, match="no EVSE 2"):
            await asked.api.set_needs("depot", "CP1", 2, NeedsRequest())
        with pytest.raises(UnknownPlaceError, match="never connected"):
            await asked.api.set_needs("depot", "CP1", 1, NeedsRequest())

    story(told)


def test_a_limit_that_cannot_be_kept_holds_all_the_same_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async def told() -> None:
        asked = Asked(tmp_path / "limits.json", site("CP1"))
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(NotKeptError, match="No space left"):
            await asked.api.set_limit("depot", "grid", NodeLimitRequest(limit_a=20.0))
        assert asked.capacity_a() == 20.0
        assert asked.logged == ["site_limits_not_kept"]

    story(told)


def test_needs_are_on_disk_before_they_are_answered(tmp_path: Path) -> None:
    async def told() -> None:
        asked = Asked(tmp_path / "limits.json", site("CP1"))
        line = asked.connect("CP1")
        asked.bench.journal.has_room = False
        with pytest.raises(CommandError) as refused:
            await asked.api.set_needs("depot", "CP1", 1, NeedsRequest(energy_kwh=5.0))
        assert refused.value.fault is Fault.JOURNAL_FULL
        assert WANTED_NEEDS.get(line.station, "1") is None

    story(told)


def test_sites_are_read_again_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    async def told() -> None:
        asked = Asked(tmp_path / "limits.json", site("CP1"))

        def broken() -> Sequence[SiteDescription]:
            raise ConfigError(["depot.toml: node[0].limit_a: is negative", "mall.toml: cannot be read"])

        asked.read = broken
        assert list(await asked.api.reload()) == [
            "depot.toml: node[0].limit_a: is negative",
            "mall.toml: cannot be read",
        ]
        assert asked.logged == ["site_file_invalid"] * 2
        assert [shown["site"] for shown in asked.api.sites()] == ["depot"]
        asked.read = lambda: (site("CP1", "CP2", limit_a=50), site("CP9", name="alone"))
        assert await asked.api.reload() == ()
        assert [(shown["site"], shown["evses"]) for shown in asked.api.sites()] == [("alone", 1), ("depot", 2)]
        assert asked.capacity_a() == 50.0

    story(told)


def test_a_station_that_ignored_limits_is_vouched_for(tmp_path: Path) -> None:
    async def told() -> None:
        asked = Asked(tmp_path / "limits.json", site("CP1", "CP2", limit_a=48))
        line = asked.connect("CP1")
        start(line)
        assert await asked.limit(line) == 16_000
        too_much(asked)
        known = InstalledDefault(Amount("A", 0.0), 0, None)
        asked.bench.recorder.record(line.station, [DEFAULTS.holds("1", known, asked.bench.now)], asked.bench.now)
        pardon = asyncio.create_task(asked.api.pardon("depot", "CP1"))
        while not pardon.done():
            await asyncio.sleep(0)
            asked.bench.journal.commit_all()
        assert pardon.result() == {"site": "depot", "station": "CP1", "evses": [1]}
        assert DISOBEDIENCE.of(line.station) == {}
        assert DEFAULTS.of(line.station) == {}, "it is sent anew"
        with pytest.raises(UnknownPlaceError, match="has no station CP3"):
            await asked.api.pardon("depot", "CP3")
        with pytest.raises(UnknownPlaceError, match="has never connected"):
            await asked.api.pardon("depot", "CP2")

    story(told)


def test_an_evse_is_checked_at_its_station(tmp_path: Path) -> None:
    async def told() -> None:
        asked = Asked(tmp_path / "limits.json", site("CP1", "CP2"))
        asked.connect("CP1")
        assert await asked.api.check("depot", "CP1", 1) == {
            "site": "depot",
            "station": "CP1",
            "evse": 1,
            "verdict": "more",
            "answer": "accepted",
            "expected": [{"start_s": 0, "current_a": 16.0}],
            "told": [{"start_s": 0, "current_a": 32.0}],
        }
        with pytest.raises(UnknownPlaceError, match="has no EVSE 2"):
            await asked.api.check("depot", "CP1", 2)
        with pytest.raises(UnknownPlaceError, match="has never connected"):
            await asked.api.check("depot", "CP2", 1)

    story(told)

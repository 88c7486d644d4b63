"""Facts about how stations of sites come to be prepared: a few at a time, anew after a boot, again where it failed."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
import uvloop

from gateway.app import charging_preparing
from gateway.app.charging_preparing import LoopPreparing
from gateway.core.commands import CommandError, Fault
from gateway.core.stations import Station

DEADLINE_S = 10


class Scripted:
    """Prepares as it is told to, and notes whom."""

    def __init__(self, *results: Any) -> None:
        self.begun: list[tuple[str, bool]] = []
        self.logged: list[tuple[str, str]] = []
        self.under_way = self.most_under_way = 0
        self.may_end = asyncio.Event()
        self.may_end.set()
        self._results = list(results)
        self.preparing = LoopPreparing(self.prepare, speed=1.0, log=self.log)

    def log(self, event: str, **fields: Any) -> None:
        self.logged.append((event, fields["level"]))

    async def prepare(self, station: Station, booted: bool) -> bool:
        self.begun.append((station.identity, booted))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await self.may_end.wait()
        finally:
            self.under_way -= 1
        result = self._results.pop(0) if self._results else True
        if isinstance(result, Exception):
            raise result
        return bool(result)


def station(identity: str = "CP1") -> Station:
    made = Station(identity)
    made.session = SimpleNamespace()  # type: ignore[assignment]
    return made


async def until(condition: Any) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charging_preparing, "SETTLE_S", 0.001)
    monkeypatch.setattr(charging_preparing, "RETRY_S_FIRST", 0.001)
    monkeypatch.setattr(charging_preparing, "STARTS_PER_S", 1e6)


def test_only_so_many_are_prepared_at_once_and_all_in_the_end() -> None:
    async def story() -> None:
        scripted = Scripted()
        scripted.may_end.clear()
        for number in range(100):
            scripted.preparing.want(station(f"CP{number}"), False)
        assert scripted.preparing.waiting == 100
        await until(lambda: scripted.under_way == charging_preparing.CONCURRENT_MAX)
        scripted.may_end.set()
        await until(lambda: scripted.preparing.waiting == 0)
        assert sorted(scripted.begun) == sorted((f"CP{number}", False) for number in range(100))
        assert scripted.most_under_way == charging_preparing.CONCURRENT_MAX

    uvloop.run(story())


def test_they_begin_at_a_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charging_preparing, "STARTS_PER_S", 5.0)

    async def story() -> None:
        scripted = Scripted()
        for number in range(20):
            scripted.preparing.want(station(f"CP{number}"), False)
        await until(lambda: len(scripted.begun) >= 5)
        assert len(scripted.begun) < 20  # of 5 a second, with one second's worth at once
        await scripted.preparing.stop()

    uvloop.run(story())


@pytest.mark.parametrize(
    ("failure", "level"), [(CommandError(Fault.TOO_MANY, "busy"), "info"), (ValueError("ours"), "error"), (False, None)]
)
def test_what_failed_is_tried_again(failure: Any, level: str | None) -> None:
    async def story() -> None:
        scripted = Scripted(failure, failure, True)
        scripted.preparing.want(station(), False)
        await until(lambda: scripted.preparing.waiting == 0)
        assert scripted.begun == [("CP1", False)] * 3
        assert scripted.logged == ([] if level is None else [("charging_not_prepared", level)] * 2)

    uvloop.run(story())


def test_a_boot_begins_anew_what_was_under_way() -> None:
    async def story() -> None:
        scripted = Scripted()
        scripted.may_end.clear()
        here = station()
        scripted.preparing.want(here, False)
        await until(lambda: scripted.under_way == 1)
        scripted.preparing.want(here, True)
        await until(lambda: len(scripted.begun) == 2)
        scripted.may_end.set()
        await until(lambda: scripted.preparing.waiting == 0)
        assert scripted.begun == [("CP1", False), ("CP1", True)]
        assert scripted.most_under_way == 1

    uvloop.run(story())


def test_who_is_gone_is_not_prepared_and_not_tried_again() -> None:
    async def story() -> None:
        scripted = Scripted(False)
        here, gone = station("HERE"), station("GONE")
        scripted.preparing.want(gone, False)
        gone.session = None
        scripted.preparing.want(gone, False)
        scripted.may_end.clear()
        scripted.preparing.want(here, False)
        await until(lambda: scripted.under_way == 1)
        here.session = None
        scripted.may_end.set()
        await until(lambda: scripted.preparing.waiting == 0)
        assert scripted.begun == [("HERE", False)]

    uvloop.run(story())


def test_stopping_ends_what_is_under_way_and_begins_nothing_more() -> None:
    async def story() -> None:
        scripted = Scripted()
        scripted.may_end.clear()
        for number in range(50):
            scripted.preparing.want(station(f"CP{number}"), False)
        await until(lambda: scripted.under_way == charging_preparing.CONCURRENT_MAX)
        await scripted.preparing.stop()
        assert scripted.under_way == 0
        assert len(scripted.begun) == charging_preparing.CONCURRENT_MAX
        waiting = scripted.preparing.waiting
        scripted.preparing.want(station("LATER"), False)
        assert scripted.preparing.waiting == waiting

    uvloop.run(story())

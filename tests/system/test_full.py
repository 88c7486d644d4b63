"""Facts about a disk and a journal without room: nothing is lost, nothing is promised, and it heals."""

import asyncio
import contextlib
import json
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.system.process import GatewayProcess, running
from tests.system.raw import TEXT, frame, raw
from tests.system.stations import Ledger, Station, meter_16, meter_values_16

STATIONS = 8

DISK_BYTES = 24 * 1024 * 1024

JOURNAL_BYTES_MIN = 16 * 1024 * 1024
"""The smallest `journal.bytes_max` that may be configured."""

FLOOD_BYTES = 64 * 1024 * 1024
"""More than all socket buffers on the way can hold."""

MEMORY_BYTES_MAX = 48 * 1024 * 1024
"""What a gateway without room may grow by: pending entries (8 MiB), held calls, and what the allocator wastes."""


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of DISK_BYTES."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        pytest.skip(f"no small disk can be made: {error}")
    if mounted.returncode:
        pytest.skip(f"no small disk can be made: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take all room that is left, and return the file that does it."""
    filler = disk / "filler"
    descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT)
    try:
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    os.write(descriptor, bytes(size))
    finally:
        os.close(descriptor)
    return filler


def reasons(gateway: GatewayProcess) -> list[str]:
    """Return why the gateway is not ready; nothing while it starts."""
    try:
        return gateway.get_json("/readyz")["reasons"]
    except OSError:
        return []


async def until_nobody_is_answered(gateway: GatewayProcess, ledger: Ledger) -> None:
    """Return once two tries of the journal in a row have found no room, and no station got an answer meanwhile."""
    since = ledger.acknowledged, tries(gateway)

    def refused_twice() -> bool:
        nonlocal since
        if ledger.acknowledged != since[0] or not reasons(gateway):
            since = ledger.acknowledged, tries(gateway)
        return tries(gateway) >= since[1] + 2

    await gateway.until(refused_twice, "the journal has no room")


def tries(gateway: GatewayProcess) -> float:
    """Return how many commits found no room."""
    return gateway.metrics()["journal_full_commits_total"]


class Fleet:
    """Stations that report as fast as they are answered."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self.ledger = Ledger()
        self.enough = asyncio.Event()
        dice = random.Random(1)
        self.stations = [
            Station(f"CP{number}", "ocpp1.6", gateway.url(f"CP{number}"), self.ledger, dice)
            for number in range(STATIONS)
        ]

    async def boot(self) -> None:
        await asyncio.gather(*[station.boot() for station in self.stations])

    @contextlib.asynccontextmanager
    async def reporting(self, signed_bytes: int):
        """Report until the end of the block; leave it once the last message of each station is answered."""
        async with asyncio.TaskGroup() as group:
            for station in self.stations:
                group.create_task(meter_16(station, self.enough, signed_bytes=signed_bytes))
            yield
            self.enough.set()
        for station in self.stations:
            await station.close()


async def assert_pings_are_answered(stations: list[Station]) -> None:
    for station in stations:
        async with asyncio.timeout(10):
            await (await (await station.connect()).ping())


JOURNAL = {"bytes_max": JOURNAL_BYTES_MIN}

FULL = ["the journal is full: answers to stations are withheld"]


async def until_all_are_answered(gateway: GatewayProcess, fleet: Fleet) -> None:
    await gateway.until(gateway.is_ready, "it is ready again")
    enough = fleet.ledger.acknowledged + STATIONS
    await gateway.until(lambda: fleet.ledger.acknowledged >= enough, "stations are answered")


def assert_all_is_stored(gateway: GatewayProcess, ledger: Ledger) -> None:
    gateway.wait_until_stored()
    ledger.check(gateway.store_file)
    assert all(message.acknowledged for message in ledger.messages)


def test_a_full_disk_withholds_answers_until_there_is_room(tmp_path):
    async def scenario(gateway: GatewayProcess, disk: Path) -> None:
        fleet = Fleet(gateway)
        await fleet.boot()
        filler = fill(disk)
        async with fleet.reporting(signed_bytes=4096):
            await until_nobody_is_answered(gateway, fleet.ledger)
            assert reasons(gateway) == FULL
            assert gateway.get("/livez")[0] == 200
            await assert_pings_are_answered(fleet.stations)
            filler.unlink()
            await until_all_are_answered(gateway, fleet)
        assert fleet.ledger.connects == STATIONS, "a connection was lost"
        assert_all_is_stored(gateway, fleet.ledger)

    with (
        small_disk(tmp_path / "disk") as disk,
        running(tmp_path, data={"directory": str(disk / "data")}, journal=JOURNAL) as gateway,
    ):
        asyncio.run(scenario(gateway, disk))


def test_what_was_answered_before_the_disk_was_full_survives_a_kill(tmp_path):
    async def scenario(gateway: GatewayProcess, disk: Path) -> None:
        fleet = Fleet(gateway)
        await fleet.boot()
        filler = fill(disk)
        async with fleet.reporting(signed_bytes=4096):
            await until_nobody_is_answered(gateway, fleet.ledger)
            gateway.kill()
            filler.unlink()
            await asyncio.to_thread(gateway.start)
            await until_all_are_answered(gateway, fleet)
        assert_all_is_stored(gateway, fleet.ledger)

    with (
        small_disk(tmp_path / "disk") as disk,
        running(tmp_path, data={"directory": str(disk / "data")}, journal=JOURNAL) as gateway,
    ):
        asyncio.run(scenario(gateway, disk))


def test_a_gateway_that_starts_on_a_full_disk_serves_and_heals(tmp_path):
    async def scenario(gateway: GatewayProcess, disk: Path) -> None:
        fleet = Fleet(gateway)
        await fleet.boot()
        filler = fill(disk)
        async with fleet.reporting(signed_bytes=4096):
            await until_nobody_is_answered(gateway, fleet.ledger)
            gateway.kill()
            gateway.spawn()
            await gateway.until(lambda: reasons(gateway) == FULL, "it says that the disk is full")
            filler.unlink()
            await until_all_are_answered(gateway, fleet)
        assert_all_is_stored(gateway, fleet.ledger)

    with (
        small_disk(tmp_path / "disk") as disk,
        running(tmp_path, data={"directory": str(disk / "data")}, journal=JOURNAL) as gateway,
    ):
        asyncio.run(scenario(gateway, disk))


def test_stations_that_do_not_wait_for_their_answers_cost_no_memory_while_there_is_no_room(tmp_path):
    async def scenario(gateway: GatewayProcess, disk: Path) -> None:
        fleet = Fleet(gateway)
        await fleet.boot()
        filler = fill(disk)
        async with fleet.reporting(signed_bytes=4096):
            await until_nobody_is_answered(gateway, fleet.ledger)
            before = gateway.resident_bytes()
            call = json.dumps([2, "1", "MeterValues", meter_values_16(None, 0.5, signed="0" * 60_000)])
            with raw(gateway.port) as flooding:
                flooding.open("CP0")  # takes the place of a station: it is known and accepted
                sent = flooding.send_until_refused(frame(TEXT, call.encode()), FLOOD_BYTES // len(call))
                assert sent * len(call) < FLOOD_BYTES, "the gateway read on"
                assert gateway.resident_bytes() < before + MEMORY_BYTES_MAX
                assert gateway.metrics()['deviations_total{deviation="call_before_answer"}'] >= 1
            filler.unlink()
            await until_all_are_answered(gateway, fleet)
        gateway.wait_until_stored()

    with (
        small_disk(tmp_path / "disk") as disk,
        running(tmp_path, data={"directory": str(disk / "data")}, journal=JOURNAL) as gateway,
    ):
        asyncio.run(scenario(gateway, disk))


def test_a_journal_filled_by_a_broken_store_withholds_answers_until_the_store_is_repaired(tmp_path):
    async def scenario(gateway: GatewayProcess) -> None:
        fleet = Fleet(gateway)
        await fleet.boot()
        async with fleet.reporting(signed_bytes=60_000):
            await until_nobody_is_answered(gateway, fleet.ledger)
            assert reasons(gateway) == FULL
            await assert_pings_are_answered(fleet.stations)
            assert gateway.metrics()['store_errors_total{kind="unavailable"}'] >= 1
            store.parent.unlink()
            store.parent.mkdir()
            await until_all_are_answered(gateway, fleet)
        assert fleet.ledger.connects == STATIONS, "a connection was lost"
        gateway.wait_until_stored()
        fleet.ledger.check(store)

    store = tmp_path / "store" / "store.sqlite"
    store.parent.write_text("a file where a directory should be")
    with running(tmp_path, journal=JOURNAL, store={"path": str(store)}) as gateway:
        asyncio.run(scenario(gateway))


def test_where_it_is_configured_a_full_journal_sends_stations_away_until_the_store_is_repaired(tmp_path):
    async def scenario(gateway: GatewayProcess) -> None:
        fleet = Fleet(gateway)
        await fleet.boot()
        async with fleet.reporting(signed_bytes=60_000):
            sent_away = 'disconnects_total{reason="journal_full"}'
            refused = 'handshakes_total{result="journal_full"}'
            await gateway.until(lambda: gateway.metrics()[sent_away] >= STATIONS, "all are sent away")
            await gateway.until(lambda: gateway.metrics()[refused] >= STATIONS, "all are refused when they come again")
            assert gateway.get("/readyz")[0] == 503
            with pytest.raises(InvalidStatus, match="503"):
                await connect(gateway.url("NEW"), subprotocols=["ocpp1.6"], proxy=None)
            store.parent.unlink()
            store.parent.mkdir()
            await until_all_are_answered(gateway, fleet)
        gateway.wait_until_stored()
        fleet.ledger.check(store)
        assert all(message.acknowledged for message in fleet.ledger.messages)

    store = tmp_path / "store" / "store.sqlite"
    store.parent.write_text("a file where a directory should be")
    journal = JOURNAL | {"when_full": "disconnect"}
    with running(tmp_path, journal=journal, store={"path": str(store)}) as gateway:
        asyncio.run(scenario(gateway))

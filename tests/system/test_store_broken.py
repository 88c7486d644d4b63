"""Facts about a store that is broken while stations report: they notice nothing, and it gets everything in the end."""

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.system.process import GatewayProcess, rows, running
from tests.system.stations import CHARGE, VERSIONS, Ledger, Station, start_16, stop_16

STATIONS = 8

ACCEPT_ALL = {"mode": "accept_all"}

NO_DIRECTORY = "a file where a directory should be"


def remove(store: Path) -> None:
    """Remove the store's file and its log: with the log left behind SQLite would mend the garbage."""
    for file in store.parent.glob(f"{store.name}*"):
        file.unlink()


@contextmanager
def replaced_by_garbage(store: Path) -> Iterator[None]:
    remove(store)
    store.write_bytes(random.Random(1).randbytes(100_000))
    yield
    remove(store)


@contextmanager
def locked(store: Path) -> Iterator[None]:
    connection = sqlite3.connect(store, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.close()


@contextmanager
def without_its_directory(store: Path) -> Iterator[None]:
    shutil.rmtree(store.parent)
    yield
    store.parent.mkdir()


Break = Callable[[Path], AbstractContextManager[None]]


@pytest.mark.parametrize(
    ("broken", "kind"),
    [(replaced_by_garbage, "corrupt"), (locked, "locked"), (without_its_directory, "unavailable")],
)
def test_stations_notice_nothing(tmp_path, broken: Break, kind: str):
    async def run(station: Station) -> None:
        await station.boot()
        await CHARGE[station.version](station, enough)
        await station.close()

    async def scenario() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(STATIONS):
                version = VERSIONS[number % 3]
                identity = f"CP{number}"
                group.create_task(run(Station(identity, version, gateway.url(identity), ledger, random.Random(number))))
            await gateway.until(lambda: gateway.metrics()["readings_stored_total"] > 0, "something is stored")
            with broken(store):
                error = f'store_errors_total{{kind="{kind}"}}'
                await gateway.until(lambda: gateway.metrics()[error] > 0, "the store has failed")
                answered = ledger.acknowledged
                await gateway.until(lambda: ledger.acknowledged > answered + 10 * STATIONS, "stations are answered")
                assert gateway.is_ready()
                assert gateway.metrics()['journal_waiting_entries{reader="store"}'] > 0
            enough.set()
        assert ledger.connects == STATIONS, "a connection was lost"
        gateway.wait_until_stored()
        ledger.check(store)

    enough = asyncio.Event()
    ledger = Ledger()
    store = tmp_path / "store" / "store.sqlite"
    store.parent.mkdir()
    with running(tmp_path, store={"path": str(store)}, authorisation=ACCEPT_ALL) as gateway:
        asyncio.run(scenario())


def station_of(gateway: GatewayProcess, identity: str) -> dict[str, Any]:
    return gateway.get_json(f"/api/v1/stations/{identity}")


def test_a_restart_without_the_store_goes_on_where_it_was(tmp_path):
    async def scenario() -> None:
        ledger = Ledger()
        station = Station("CP1", "ocpp1.6", gateway.url("CP1"), ledger, random.Random(1))
        await station.boot()
        start = start_16(100)
        before = (await station.call("StartTransaction", start))["transactionId"]
        gateway.kill()
        store.parent.write_text(NO_DIRECTORY)
        await asyncio.to_thread(gateway.start)

        known = station_of(gateway, "CP1")
        assert (known["registration"], known["version"]) == ("Accepted", "ocpp1.6")
        assert [running["transaction"] for running in known["transactions"]] == [str(before)]
        station.cut()
        assert (await station.call("StartTransaction", start))["transactionId"] == before, "a repeat"
        after = (await station.call("StartTransaction", start_16(200)))["transactionId"]
        assert after > before
        assert await station.call("StopTransaction", stop_16(before, 300)) == {}
        running_now = [running["transaction"] for running in station_of(gateway, "CP1")["transactions"]]
        assert running_now == [str(after)]
        assert gateway.metrics()["readings_accepted_total"] == 3
        await station.close()

        store.parent.unlink()
        store.parent.mkdir()
        gateway.wait_until_stored()
        stored = rows(store, 'SELECT "transaction", start_wh, end_wh FROM charging_transaction ORDER BY start_wh')
        assert stored == [(str(before), 100, 300), (str(after), 200, None)]

    store = tmp_path / "store" / "store.sqlite"
    store.parent.write_text(NO_DIRECTORY)
    with running(tmp_path, store={"path": str(store)}, authorisation=ACCEPT_ALL) as gateway:
        asyncio.run(scenario())


def test_the_ids_of_transactions_do_not_come_back_when_the_store_was_lost(tmp_path):
    """Not after a kill, not after a clean stop, and not for a station that was never seen."""

    async def start(identity: str, meter_start: int) -> int:
        station = Station(identity, "ocpp1.6", gateway.url(identity), Ledger(), random.Random(1))
        await station.boot()
        transaction = (await station.call("StartTransaction", start_16(meter_start)))["transactionId"]
        await station.close()
        return transaction

    with running(tmp_path, authorisation=ACCEPT_ALL) as gateway:
        given = [asyncio.run(start("CP1", 1)), asyncio.run(start("CP2", 1))]
        gateway.kill()
        remove(gateway.store_file)
        gateway.start()
        given += [asyncio.run(start("CP1", 2)), asyncio.run(start("CP3", 1))]
        gateway.interrupt()
        assert gateway.wait() == 0
        gateway.start()
        given.append(asyncio.run(start("CP1", 3)))
        assert len(set(given)) == 5, given

"""Backup, restore and moving as DATABASE.md describes them, with its very commands, while stations go on."""

import asyncio
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.debian import postgres_programs
from tests.servers.sql import fetch
from tests.servers.timescale import fresh_database, why_unavailable
from tests.system.process import GatewayProcess, running
from tests.system.stations import CHARGE, VERSIONS, Ledger, Station

STATIONS = 6
SOME = 60
"""Messages that are answered from one step of a test to the next."""

ACCEPT_ALL = {"mode": "accept_all"}
COMMAND_S_MAX = 60.0

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def dsn() -> Iterator[str]:
    with database() as fresh:
        yield fresh


@contextmanager
def database() -> Iterator[str]:
    """A database of a server for which this machine has `pg_dump` and `pg_restore`."""
    if reason := why_unavailable():
        pytest.skip(reason)
    with fresh_database() as dsn:
        yield dsn


def run(program: str, *arguments: str) -> None:
    command = [postgres_programs() / program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_S_MAX, check=False)
    assert done.returncode == 0, f"{program}: {done.stderr}"


def back_up(dsn: str, file: Path) -> None:
    run("pg_dump", "--format=custom", f"--file={file}", dsn)


def restore(file: Path, dsn: str) -> None:
    """Restore into an empty database that has the extension."""
    run("psql", dsn, "--command=SELECT timescaledb_pre_restore()")
    run("pg_restore", f"--dbname={dsn}", str(file))
    run("psql", dsn, "--command=SELECT timescaledb_post_restore()", "--command=ANALYZE")


def sections(dsn_file: Path) -> dict[str, dict[str, object]]:
    return {"authorisation": dict(ACCEPT_ALL), "store": {"dsn_file": str(dsn_file)}}


class Fleet:
    """Stations of all versions that charge while the test does other things."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self.gateway = gateway
        self.ledger = Ledger()

    def charge_during(self, steps: Callable[["Fleet"], None]) -> None:
        """Have all stations charge until `steps`, in a thread of their own, are done."""
        asyncio.run(self._charge_during(steps))

    def wait_for_more(self) -> None:
        """Return once some more messages were answered."""
        enough = self.ledger.acknowledged + SOME
        self.gateway.wait_until(lambda: self.ledger.acknowledged >= enough, "stations are answered")

    async def _charge_during(self, steps: Callable[["Fleet"], None]) -> None:
        async def charge(station: Station) -> None:
            await station.boot()
            await CHARGE[station.version](station, enough)
            await station.close()

        enough = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for number in range(STATIONS):
                identity, version = f"CP{number}", VERSIONS[number % len(VERSIONS)]
                url = self.gateway.url(identity)
                group.create_task(charge(Station(identity, version, url, self.ledger, random.Random(number))))
            try:
                await asyncio.to_thread(steps, self)
            finally:
                enough.set()

    def check(self, dsn: str) -> None:
        """Hold what the stations know against what the database has: everything once, and rollups that agree."""
        stored = Counter(fetch(dsn, "SELECT station, value FROM ocpp.reading WHERE value IS NOT NULL"))
        sent = {(message.station, float(message.value)): message for message in self.ledger.messages}
        assert not [key for key, times in stored.items() if times > 1], "stored twice"
        assert not [key for key in stored if key not in sent], "stored, but never sent"
        lost = [key for key, message in sent.items() if message.acknowledged and key not in stored]
        assert not lost, f"acknowledged, but not stored: {lost}"
        known = fetch(dsn, 'SELECT "transaction", ended_at IS NOT NULL, missing_seq_nos FROM ocpp.charging_transaction')
        assert {transaction for transaction, _, _ in known} == set(self.ledger.transactions)
        assert {transaction for transaction, ended, _ in known if ended} >= self.ledger.ended
        assert {missing for _, _, missing in known} == {"[]"}
        check_rollups(dsn)


def check_rollups(dsn: str) -> None:
    """Hold the energy of all hours against the readings that it is of."""
    ((delivered_wh,),) = fetch(
        dsn,
        """SELECT sum(wh) FROM (
            SELECT max(value) - min(value) AS wh FROM ocpp.reading
            WHERE "transaction" IS NOT NULL AND measurand = 'Energy.Active.Import.Register'
            GROUP BY station, "transaction") AS per_transaction""",
    )
    assert fetch(dsn, "SELECT sum(energy_wh) FROM ocpp.energy_hourly") == [(delivered_wh,)]
    assert fetch(dsn, "SELECT sum(energy_wh) FROM ocpp.energy_daily") == [(delivered_wh,)]


def readings_in(dsn: str) -> int:
    if fetch(dsn, "SELECT to_regclass('ocpp.sampled_value') IS NULL") == [(True,)]:
        return 0
    ((count,),) = fetch(dsn, "SELECT count(*) FROM ocpp.sampled_value")
    return count


def test_a_restored_database_gets_again_what_came_after_its_backup(tmp_path, dsn):
    dsn_file, dump = tmp_path / "dsn", tmp_path / "ocpp.dump"
    dsn_file.write_text(dsn)
    in_backup = []

    def lose_and_restore(fleet: Fleet) -> None:
        fleet.wait_for_more()
        fleet.gateway.wait_until(lambda: readings_in(dsn) > 0, "some of it is stored")
        back_up(dsn, dump)
        fleet.wait_for_more()
        restore(dump, restored)
        in_backup.append(readings_in(restored))
        dsn_file.write_text(restored)
        fetch(dsn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ocpp-gateway'")
        fleet.wait_for_more()

    with database() as restored, running(tmp_path / "gateway", **sections(dsn_file)) as gateway:
        fleet = Fleet(gateway)
        fleet.charge_during(lose_and_restore)
        gateway.wait_until_stored()
        fleet.check(restored)
        assert 0 < in_backup[0] < readings_in(restored)
        assert gateway.metrics()["store_missing_batches_total"] == 0


def test_a_gateway_that_is_moved_with_its_data_loses_nothing_and_stores_nothing_twice(tmp_path, dsn):
    dsn_file = tmp_path / "dsn"
    dsn_file.write_text(dsn)
    gateway = GatewayProcess(tmp_path / "here", **sections(dsn_file))
    moved = GatewayProcess(tmp_path / "there", **sections(dsn_file))
    moved.port = gateway.port  # stations find it under the same name
    moved.configure(**sections(dsn_file))

    def move(fleet: Fleet) -> None:
        fleet.wait_for_more()
        gateway.interrupt()
        assert gateway.wait() == 0
        shutil.copytree(gateway.data, moved.data)
        moved.start()
        fleet.gateway = moved
        fleet.wait_for_more()

    try:
        gateway.start()
        fleet = Fleet(gateway)
        fleet.charge_during(move)
        moved.wait_until_stored()
        fleet.check(dsn)
        stored = readings_in(dsn)
        moved.end()

        gateway.start()  # by mistake: what is behind it in the database is not its own
        gateway.wait_until(lambda: failures_of(gateway), "the store refuses")
        assert {failure["kind"] for failure in failures_of(gateway)} == {"journal"}
        assert readings_in(dsn) == stored
    finally:
        gateway.end()
        moved.end()


def failures_of(gateway: GatewayProcess) -> list[dict]:
    return [event for event in gateway.log() if event["event"] == "store_failed"]


def test_an_empty_database_gets_what_the_journal_keeps(tmp_path, dsn):
    dsn_file = tmp_path / "dsn"
    dsn_file.write_text(dsn)

    def go_on_elsewhere(fleet: Fleet) -> None:
        fleet.wait_for_more()
        fleet.gateway.interrupt()
        assert fleet.gateway.wait() == 0
        dsn_file.write_text(empty)
        fleet.gateway.start()
        fleet.wait_for_more()

    with database() as empty, running(tmp_path / "gateway", **sections(dsn_file)) as gateway:
        fleet = Fleet(gateway)
        fleet.charge_during(go_on_elsewhere)
        gateway.wait_until_stored()
        fleet.check(empty)
        assert 0 < readings_in(dsn) < readings_in(empty)

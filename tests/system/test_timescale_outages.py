"""One trouble of the database at a time: stations notice nothing, the gateway says what it is, and it heals."""

import asyncio
import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.servers.debian import cache_folder
from tests.servers.proxy import proxied
from tests.servers.sql import fetch
from tests.servers.timescale import TimescaleServer, new_server
from tests.system.database import (
    WAITING,
    Fleet,
    check,
    execute_alone,
    on_database,
    set_aside_files,
    stored,
    until_stored_more,
    wait_until_stored,
)
from tests.system.process import GatewayProcess, running
from tests.system.test_full import JOURNAL, fill, until_all_are_answered, until_nobody_is_answered
from tests.system.test_full import Fleet as FloodingFleet

DISK_BYTES = 64 * 1024 * 1024
"""Of a tablespace: an empty database with the schema takes a third of it."""


@pytest.fixture(scope="module")
def server() -> Iterator[TimescaleServer]:
    """A server which the tests of this module may stop and start."""
    server = new_server()
    try:
        yield server.start()
    finally:
        server.remove()


@pytest.fixture
def dsn(server: TimescaleServer) -> Iterator[str]:
    """A fresh database."""
    name = running_again(server).create_database()
    yield server.dsn(name)
    running_again(server).drop_database(name)


def running_again(server: TimescaleServer) -> TimescaleServer:
    return server if server.is_running else server.start()


def errors(gateway: GatewayProcess, kind: str) -> float:
    return gateway.metrics()[f'store_errors_total{{kind="{kind}"}}']


async def until_error(gateway: GatewayProcess, kind: str) -> None:
    """Return once the gateway has counted an error of this kind more."""
    before = errors(gateway, kind)
    await gateway.until(lambda: errors(gateway, kind) > before, f"an error of kind {kind}")


async def until_trouble_is_over(gateway: GatewayProcess, fleet: Fleet) -> None:
    """Return once the store and the stations go on."""
    await until_stored_more(gateway)
    await fleet.until_answered()


def assert_all_is_stored_once(gateway: GatewayProcess, fleet: Fleet, dsn: str) -> None:
    wait_until_stored(gateway, dsn)
    check(fleet.ledger, dsn)
    assert fleet.ledger.connects == len(fleet.stations), "a station lost its connection"


def test_stations_are_served_while_there_is_no_database_and_all_is_stored_once_it_is_there(tmp_path, server, dsn):
    async def scenario() -> None:
        async with fleet.charging():
            await fleet.until_answered(100)
            assert gateway.is_ready()
            assert gateway.metrics()["store_connected"] == 0
            assert errors(gateway, "unavailable") > 0
            await asyncio.to_thread(server.start)
            await until_trouble_is_over(gateway, fleet)

    server.stop()
    with running(tmp_path, **on_database(dsn)) as gateway:
        fleet = Fleet(gateway)
        asyncio.run(scenario())
        assert_all_is_stored_once(gateway, fleet, dsn)


def test_a_silent_database_is_connected_to_anew(tmp_path, server, dsn):
    async def scenario() -> None:
        async with fleet.charging():
            await until_stored_more(gateway)
            proxy.stall()
            await until_error(gateway, "timeout")
            await fleet.until_answered()
            proxy.resume()
            await until_trouble_is_over(gateway, fleet)

    with proxied(server.port) as proxy:
        through_proxy = dsn.replace(str(server.port), str(proxy.port))
        with running(tmp_path, **on_database(through_proxy, timeout_s=1)) as gateway:
            fleet = Fleet(gateway)
            asyncio.run(scenario())
            assert_all_is_stored_once(gateway, fleet, dsn)


def test_a_locked_table_is_waited_for(tmp_path, dsn):
    async def scenario() -> None:
        async with fleet.charging():
            await until_stored_more(gateway)
            lock = "LOCK TABLE ocpp.sampled_value IN ACCESS EXCLUSIVE MODE"
            holder = await execute_alone(dsn, "BEGIN", lock)
            stored_before = gateway.metrics()["readings_stored_total"]
            await gateway.until(
                lambda: errors(gateway, "locked") + errors(gateway, "timeout") > 0, "the lock is too long"
            )
            await fleet.until_answered()
            assert gateway.metrics()["readings_stored_total"] == stored_before
            await holder.close()
            await until_trouble_is_over(gateway, fleet)

    with running(tmp_path, **on_database(dsn, timeout_s=1)) as gateway:
        fleet = Fleet(gateway)
        asyncio.run(scenario())
        assert_all_is_stored_once(gateway, fleet, dsn)


def test_a_database_without_free_connections_is_tried_again(tmp_path, server, dsn):
    database = dsn.rpartition("/")[2]
    fetch(dsn, "CREATE ROLE limited LOGIN SUPERUSER")
    fetch(dsn, "ALTER ROLE limited NOSUPERUSER")
    fetch(dsn, f"ALTER DATABASE {database} OWNER TO limited")
    limited = server.dsn(database, user="limited")

    async def scenario() -> None:
        async with fleet.charging():
            await until_stored_more(gateway)
            await asyncio.to_thread(fetch, dsn, "ALTER ROLE limited CONNECTION LIMIT 0")
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'limited'"
            await asyncio.to_thread(fetch, dsn, others)
            await until_error(gateway, "connections")
            await fleet.until_answered()
            await asyncio.to_thread(fetch, dsn, "ALTER ROLE limited CONNECTION LIMIT 5")
            await until_trouble_is_over(gateway, fleet)

    try:
        with running(tmp_path, **on_database(limited)) as gateway:
            fleet = Fleet(gateway)
            asyncio.run(scenario())
            assert_all_is_stored_once(gateway, fleet, dsn)
    finally:
        fetch(dsn, f"ALTER DATABASE {database} OWNER TO postgres")
        fetch(dsn, "REASSIGN OWNED BY limited TO postgres")
        fetch(dsn, "DROP OWNED BY limited")
        fetch(dsn, "DROP ROLE limited")


def test_a_new_password_is_read_from_the_file_at_the_next_connect(tmp_path):
    def write(password: str) -> None:
        dsn_file.write_text(f"postgresql://gateway:{password}@127.0.0.1:{server.port}/{database}\n")
        dsn_file.chmod(0o600)

    async def scenario() -> None:
        async with fleet.charging():
            await until_stored_more(gateway)
            await asyncio.to_thread(server.fetch, "postgres", "ALTER ROLE gateway PASSWORD 'second'")
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'gateway'"
            await asyncio.to_thread(server.fetch, "postgres", others)
            await until_error(gateway, "refused")
            await fleet.until_answered()
            write("second")
            await until_trouble_is_over(gateway, fleet)

    dsn_file = tmp_path / "dsn"
    server = new_server().start()
    try:
        database = server.create_database()
        server.fetch("postgres", "CREATE ROLE gateway LOGIN PASSWORD 'first'")
        server.fetch("postgres", f"ALTER DATABASE {database} OWNER TO gateway")
        server.require_passwords()
        write("first")
        sections = on_database("")
        del sections["store"]["dsn"]
        sections["store"]["dsn_file"] = str(dsn_file)
        with running(tmp_path, **sections) as gateway:
            fleet = Fleet(gateway)
            asyncio.run(scenario())
            assert_all_is_stored_once(gateway, fleet, dsn_file.read_text().strip())
        log = gateway.log_file.read_text()
        assert "first" not in log
        assert "second" not in log
    finally:
        server.remove()


def test_a_replica_that_lagged_is_filled_from_the_journal_when_it_takes_over(tmp_path):
    async def scenario() -> None:
        async with fleet.charging():
            await until_stored_more(gateway)
            await gateway.until(lambda: bool(readings(replica)), "the replica follows")
            await asyncio.to_thread(replica.stop)
            await until_stored_more(gateway)
            await until_stored_more(gateway)
            await asyncio.to_thread(primary.kill)
            on_primary = gateway.metrics()["readings_stored_total"]
            await asyncio.to_thread(replica.start)
            await asyncio.to_thread(replica.promote)
            assert len(readings(replica)) < on_primary, "the replica has not lagged"
            await fleet.until_answered(100)
            await gateway.until(
                lambda: gateway.metrics()["readings_stored_total"] > on_primary, "the replica has more than the primary"
            )

    def readings(server: TimescaleServer) -> list[tuple]:
        try:
            return stored(server.dsn(database)).readings
        except asyncpg.PostgresError:  # the schema has not come yet
            return []

    primary = new_server().start()
    try:
        database = primary.create_database()
        replica = new_server(replica_of=primary)
        try:
            replica.start()
            hosts = f"127.0.0.1:{primary.port},127.0.0.1:{replica.port}"
            with running(tmp_path, **on_database(f"postgresql://postgres@{hosts}/{database}")) as gateway:
                fleet = Fleet(gateway)
                asyncio.run(scenario())
                assert_all_is_stored_once(gateway, fleet, replica.dsn(database))
        finally:
            replica.remove()
    finally:
        primary.remove()


def test_a_schema_that_was_dropped_is_made_anew_and_filled_again(tmp_path, dsn):
    async def scenario() -> None:
        async with fleet.charging():
            await until_stored_more(gateway)
            await asyncio.to_thread(fetch, dsn, "DROP SCHEMA ocpp CASCADE")
            await fleet.until_answered()
            await gateway.until(
                lambda: fetch(dsn, "SELECT to_regclass('ocpp.journal') IS NOT NULL") == [(True,)], "the schema is back"
            )

    with running(tmp_path, **on_database(dsn)) as gateway:
        fleet = Fleet(gateway)
        asyncio.run(scenario())
        assert_all_is_stored_once(gateway, fleet, dsn)


def test_what_the_database_refuses_is_set_aside_and_everything_else_is_stored(tmp_path, dsn):
    refused = "CP4"

    async def scenario() -> None:
        async with fleet.charging():
            await until_stored_more(gateway)
            ((number,),) = await asyncio.to_thread(
                fetch, dsn, "SELECT id FROM ocpp.station WHERE identity = $1", refused
            )
            poison = f"CONSTRAINT poison CHECK (station_id <> {number}) NOT VALID"
            await asyncio.to_thread(fetch, dsn, f"ALTER TABLE ocpp.sampled_value ADD {poison}")
            await gateway.until(
                lambda: gateway.metrics()["store_set_aside_entries_total"] > 0, "something is set aside"
            )
            await until_stored_more(gateway)
            await fleet.until_answered()

    with running(tmp_path, **on_database(dsn)) as gateway:
        fleet = Fleet(gateway)
        asyncio.run(scenario())
        gateway.wait_until(lambda: gateway.metrics()[WAITING] == 0, "all is done")
        lines = [json.loads(line) for file in set_aside_files(gateway) for line in file.read_text().splitlines()]
        assert len(lines) == gateway.metrics()["store_set_aside_entries_total"]
        assert {line["entry"][0] for line in lines} == {refused}
        assert all("poison" in line["reason"] for line in lines)
        have = stored(dsn).readings
        assert len(have) == len(set(have))
        lost = {
            message.station
            for message in fleet.ledger.messages
            if message.acknowledged and (message.station, message.value) not in set(have)
        }
        assert lost == {refused}
        metrics = gateway.metrics()
        assert metrics["readings_accepted_total"] == metrics["readings_stored_total"] + sum(
            line["readings"] for line in lines
        )


@contextlib.contextmanager
def small_tablespace(server: TimescaleServer, name: str) -> Iterator[Path]:
    """A tablespace of DISK_BYTES, and the folder that it is in."""
    folder = Path(tempfile.mkdtemp(prefix="tablespace-", dir=cache_folder()))
    options = f"size={DISK_BYTES},uid={server.account.user},gid={server.account.group},mode=700"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True, check=False
    )
    try:
        if mounted.returncode:
            pytest.skip(f"no small disk can be made: {mounted.stderr.strip()}")
        server.fetch("postgres", f"CREATE TABLESPACE {name} LOCATION '{folder}'")
        yield folder
        server.fetch("postgres", f"DROP TABLESPACE {name}")
    finally:
        subprocess.run(["umount", "--lazy", folder], check=False, capture_output=True)
        folder.rmdir()


def test_a_database_without_room_stores_nothing_until_it_has_room(tmp_path, server):
    async def scenario() -> None:
        async with fleet.charging():
            await until_stored_more(gateway)
            filler = fill(disk)
            await until_error(gateway, "full")
            await fleet.until_answered()
            assert gateway.is_ready()
            filler.unlink()
            await until_trouble_is_over(gateway, fleet)

    with small_tablespace(server, "small") as disk:
        database = server.create_database(options="TABLESPACE small")
        with running(tmp_path, **on_database(server.dsn(database))) as gateway:
            fleet = Fleet(gateway, stations=18)
            asyncio.run(scenario())
            assert_all_is_stored_once(gateway, fleet, server.dsn(database))
        server.drop_database(database)


def test_a_journal_that_is_full_because_the_database_is_away_withholds_answers_and_heals(tmp_path, server, dsn):
    async def scenario() -> None:
        await fleet.boot()
        async with fleet.reporting(signed_bytes=16_384):
            await until_nobody_is_answered(gateway, fleet.ledger)
            await asyncio.to_thread(server.start)
            await until_all_are_answered(gateway, fleet)
        assert fleet.ledger.connects == len(fleet.stations), "a connection was lost"

    server.stop()
    with running(tmp_path, **on_database(dsn), journal={**JOURNAL, "retention_s": 0}) as gateway:
        fleet = FloodingFleet(gateway)
        asyncio.run(scenario())
        wait_until_stored(gateway, dsn)
        fleet.ledger.check_stored(stored(dsn))

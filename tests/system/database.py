"""A gateway on TimescaleDB as the tests see it, and what the database has in the end."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg

from tests.servers.sql import fetch
from tests.system.process import GatewayProcess
from tests.system.stations import CHARGE, READINGS, TRANSACTIONS, VERSIONS, Ledger, Station, Stored

ACCEPT_ALL = {"mode": "accept_all"}

STORED_S_MAX = 60.0
"""Longest time until a database that works again has everything."""

WAITING = 'journal_waiting_entries{reader="store"}'


def on_database(dsn: str, **store: object) -> dict[str, dict[str, object]]:
    """Return the configuration of a gateway that stores there, which is not waited for for long."""
    return {"authorisation": dict(ACCEPT_ALL), "store": {"dsn": dsn, "timeout_s": 2, **store}}


class Fleet:
    """Stations of all versions that charge one car after the other, and the ledger of what they were told."""

    def __init__(self, gateway: GatewayProcess, stations: int = 9, *, seed: int = 1, cut_share: float = 0.0) -> None:
        self.gateway = gateway
        self.ledger = Ledger()
        self.stations = [
            Station(
                f"CP{number}",
                VERSIONS[number % len(VERSIONS)],
                gateway.url(f"CP{number}"),
                self.ledger,
                random.Random(seed + number),
                cut_share=cut_share,
            )
            for number in range(stations)
        ]

    @contextlib.asynccontextmanager
    async def charging(self) -> AsyncIterator[None]:
        """Charge until the end of the block; leave it once the last car of each station is done."""

        async def charge(station: Station) -> None:
            await station.boot()
            await CHARGE[station.version](station, enough)
            await station.close()

        enough = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for station in self.stations:
                group.create_task(charge(station))
            yield
            enough.set()

    async def until_answered(self, messages: int | None = None) -> None:
        """Return once so many more messages were answered; by default one for each station."""
        enough = self.ledger.acknowledged + (messages or len(self.stations))
        await self.gateway.until(lambda: self.ledger.acknowledged >= enough, "stations are answered")


async def until_stored_more(gateway: GatewayProcess) -> None:
    """Return once the store has more than it has now."""
    before = gateway.metrics()["readings_stored_total"]
    await gateway.until(lambda: gateway.metrics()["readings_stored_total"] > before, "more is stored")


def wait_until_stored(gateway: GatewayProcess, dsn: str) -> None:
    """Return once the database has everything, merged too."""
    gateway.wait_until(lambda: gateway.metrics()[WAITING] == 0, "the store has everything", STORED_S_MAX)
    merged = "SELECT bool_and(batch = merged_batch) FROM ocpp.journal"
    gateway.wait_until(lambda: fetch(dsn, merged) == [(True,)], "all is merged", STORED_S_MAX)
    metrics = gateway.metrics()
    assert metrics["readings_accepted_total"] == metrics["readings_stored_total"]


def stored(dsn: str) -> Stored:
    """Return what a database has."""

    def rows(statement: str) -> list[tuple]:
        return fetch(f"{dsn}?search_path=ocpp", statement)

    ((events,),) = rows("SELECT sum(transaction_event)::bigint FROM journal")
    return Stored(readings=rows(READINGS), transaction_events=events, transactions=rows(TRANSACTIONS))


def check(ledger: Ledger, dsn: str) -> None:
    """Hold the ledger against a database, and the database's rollups against its readings and transactions."""
    ledger.check_stored(stored(dsn))
    truth = fetch(dsn, "SELECT sum(energy_wh) FROM ocpp.charging_transaction")
    assert fetch(dsn, "SELECT sum(energy_wh) FROM ocpp.energy_hourly") == truth
    assert fetch(dsn, "SELECT sum(energy_wh) FROM ocpp.energy_daily") == truth
    counted = fetch(dsn, "SELECT sum(reading)::bigint FROM ocpp.journal")
    assert fetch(dsn, "SELECT count(*) FROM ocpp.sampled_value") == counted


async def execute_alone(dsn: str, *statements: str) -> asyncpg.Connection:
    """Return a connection that has executed the statements, still in one transaction if they begin one."""
    connection = await asyncpg.connect(dsn)
    for statement in statements:
        await connection.execute(statement)
    return connection


def logged(gateway: GatewayProcess, event: str) -> list[dict]:
    return [line for line in gateway.log() if line["event"] == event]


def set_aside_files(gateway: GatewayProcess) -> list[Path]:
    return sorted((gateway.data / "set-aside").glob("*.jsonl"))

"""Retention, where the database does not see to it: a bounded step at a time, in short transactions.

On the community edition policies drop chunks of histories and rollups. On the Apache edition the gateway drops them,
and on plain PostgreSQL it deletes rows. Ended transactions and facts are the gateway's on all of them.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.core.stations import FACTS_MAX
from gateway.io.timescale.policies import HISTORIES, ROLLUPS
from gateway.io.timescale.schema import Connection, Installation
from gateway.io.timescale.settings import StoreSettings

ADVISORY_LOCK: Final = 0x6F637070_00000002
"""Held by the one gateway that deletes."""

DELETED_ROWS_MAX: Final = 5_000
"""Rows of a table deleted in one step: some ten milliseconds, in which others can write the same table."""

LOCK_TIMEOUT_MS: Final = 500
"""Dropping a chunk needs it alone, and whoever comes meanwhile waits too. If it is not free so soon, then next time."""

_OLDEST_CHUNKS: Final = """
SELECT range_end FROM timescaledb_information.chunks
WHERE hypertable_schema = 'ocpp' AND hypertable_name = $1 AND range_end <= $2
ORDER BY range_end LIMIT 2
"""

_DROP_CHUNKS: Final = "SELECT drop_chunks($1::text::regclass, older_than => $2::timestamptz)"

# A transaction without an end is kept: it is what an operator has to look at.
_DELETE_TRANSACTIONS: Final = f"""
DELETE FROM ocpp.charging_transaction_merge WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM ocpp.charging_transaction_merge
    WHERE ended_at < $1 ORDER BY ended_at LIMIT {DELETED_ROWS_MAX} FOR UPDATE SKIP LOCKED
))
"""  # noqa: S608 - a constant

# A fact holds however old it is, as long as live state remembers it: the newest of each kind.
_DELETE_FACTS: Final = f"""
WITH crowded AS (
    SELECT station, kind FROM ocpp.fact
    GROUP BY station, kind HAVING count(*) > {FACTS_MAX} AND min(time) < $1
    LIMIT {DELETED_ROWS_MAX // FACTS_MAX}
),
ranked AS (
    SELECT station, kind, key, time, rank() OVER (PARTITION BY station, kind ORDER BY time DESC) AS place
    FROM ocpp.fact JOIN crowded USING (station, kind)
),
old AS (
    SELECT station, kind, key, time FROM ranked WHERE place > {FACTS_MAX} AND time < $1 LIMIT {DELETED_ROWS_MAX}
)
DELETE FROM ocpp.fact AS fact USING old
WHERE (fact.station, fact.kind, fact.key, fact.time) = (old.station, old.kind, old.key, old.time)
"""  # noqa: S608 - constants


class Kept(Struct, frozen=True):
    """What one step of housekeeping has deleted."""

    chunks: int = 0
    rows: int = 0
    more: bool = False
    """There is more that is too old."""


async def keep(connection: Connection, installation: Installation, settings: StoreSettings, now: datetime) -> Kept:
    """Take one step: of each table at most a chunk or DELETED_ROWS_MAX rows. Raises what asyncpg raises.

    Nothing is done while another gateway does the same in this database.
    """
    chunks = rows = 0
    more = False
    for table, statement, before in _steps(installation, settings, now):
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
                await connection.execute(f"SET LOCAL search_path = {installation.function_schema}")
                if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", ADVISORY_LOCK):
                    break
                if statement == _DROP_CHUNKS:
                    ends = await connection.fetch(_OLDEST_CHUNKS, table, before)
                    if ends:
                        await connection.execute(statement, f"ocpp.{table}", ends[0]["range_end"])
                        chunks += 1
                    more |= len(ends) > 1
                else:
                    deleted = int((await connection.execute(statement, before)).removeprefix("DELETE "))
                    rows += deleted
                    more |= deleted == DELETED_ROWS_MAX
        except asyncpg.LockNotAvailableError:
            continue
    return Kept(chunks, rows, more)


def _steps(installation: Installation, settings: StoreSettings, now: datetime) -> Iterator[tuple[str, str, datetime]]:
    """Yield the tables that may hold what is too old, how that is deleted, and from when on it is not too old."""
    by_time = [(table, column, settings.retention_days) for table, column in HISTORIES.items()]
    by_time += [(table, "bucket", settings.rollup_retention_days) for table in ROLLUPS]
    if installation.edition != "community":
        for table, column, days in by_time:
            if days:
                statement = _DROP_CHUNKS if installation.edition == "apache" else _delete_rows(table, column)
                yield table, statement, now - timedelta(days=days)
    if settings.retention_days:
        before = now - timedelta(days=settings.retention_days)
        yield "charging_transaction_merge", _DELETE_TRANSACTIONS, before
        yield "fact", _DELETE_FACTS, before


def _delete_rows(table: str, column: str) -> str:
    return (
        f"DELETE FROM ocpp.{table} WHERE ctid = ANY (ARRAY("  # noqa: S608 - our own tables
        f"SELECT ctid FROM ocpp.{table} WHERE {column} < $1 LIMIT {DELETED_ROWS_MAX}))"
    )

"""`ocpp-gateway migrate`: brings the schema of the database to what this gateway needs, or says what that would be."""

import asyncio
from collections.abc import Iterator

from gateway.app.config import Config
from gateway.app.configured_store import configured_dsn, store_settings
from gateway.io.timescale.connecting import DATABASE_ERRORS, connect, one_line
from gateway.io.timescale.dsn import Dsn, DsnError
from gateway.io.timescale.schema import Installation, Migration, SchemaError, pending, prepare, render
from gateway.io.timescale.settings import StoreSettings


class MigrateError(Exception):
    """The schema cannot be brought up to date; one line."""


def migrate(config: Config, *, dry_run: bool) -> Iterator[str]:
    """Yield what was done, or with `dry_run` the SQL that would be executed. Raises MigrateError.

    Any number of gateways may run meanwhile; those of an older schema go on or say that they cannot.
    """
    dsn = configured_dsn(config)
    if dsn is None:
        raise MigrateError("store.dsn and store.dsn_file: none is set; an SQLite store needs no migrate")
    try:
        if dry_run:
            some = asyncio.run(_pending(dsn))
            yield render(some).rstrip("\n") if some else f"-- {dsn.shown}: nothing to do"
            return
        some, installation = asyncio.run(_apply(dsn, store_settings(config)))
    except DsnError as error:
        raise MigrateError(f"store: {error}") from None
    except SchemaError as error:
        raise MigrateError(f"{dsn.shown}: {error}") from None
    except DATABASE_ERRORS as error:
        raise MigrateError(f"{dsn.shown}: {one_line(error)}") from None
    for migration in some:
        yield f"applied {migration.version:04} {migration.name}"
    yield f"{dsn.shown}: schema {installation.version}, edition {installation.edition}"
    for warning in installation.warnings:
        yield f"warning: {warning}"


async def _pending(dsn: Dsn) -> list[Migration]:
    connection = await connect(dsn)
    try:
        return await pending(connection)
    finally:
        connection.terminate()


async def _apply(dsn: Dsn, settings: StoreSettings) -> tuple[list[Migration], Installation]:
    """Return what was missing, whoever applied it in the end, and the schema as it is now."""
    some = await _pending(dsn)  # on a connection of its own: TimescaleDB cannot be created twice on one
    connection = await connect(dsn)
    try:
        return some, await prepare(connection, settings)
    finally:
        connection.terminate()

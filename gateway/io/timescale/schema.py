"""The database's schema, `ocpp`: brought up to date by versioned SQL files, by whoever comes first.

The files are `migrations/NNNN_name.sql`, one transaction a number. What only some editions execute stands in
`NNNN_name.EDITION[-EDITION].sql` beside it, and comes after what more of them execute. Released files never change.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias, get_args

import asyncpg
from msgspec import Struct, structs

from gateway import __version__
from gateway.io.timescale.policies import Edition, policies
from gateway.io.timescale.settings import StoreSettings

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

ADVISORY_LOCK: Final = 0x6F637070_00000001
"""Held by who changes the schema."""

_EDITIONS: Final[dict[str, Edition]] = {"timescale": "community", "apache": "apache"}
"""By `timescaledb.license`."""

_FILE_NAME: Final = re.compile(r"(?P<version>\d{4})_(?P<name>[a-z_]+)(\.(?P<editions>[a-z-]+))?\.sql")

_FUNCTION_SCHEMA: Final = (
    "coalesce((SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'timescaledb'), 'pg_catalog')"
)
"""Where TimescaleDB's functions are; `pg_catalog` where there are none."""

_STATE: Final = f"""
SELECT
    (SELECT coalesce(max(version), 0) FROM ocpp.schema_version) AS version,
    edition,
    policies,
    current_setting('timescaledb.license', true) AS license,
    -- The loader's own setting: it is there if the server has TimescaleDB, whatever this database has.
    current_setting('timescaledb.disable_load', true) IS NOT NULL AS preloaded,
    {_FUNCTION_SCHEMA} AS function_schema,
    ARRAY(SELECT checksum FROM ocpp.schema_version ORDER BY version) AS checksums
FROM ocpp.installation
"""  # noqa: S608 - our own statement
"""All there is to know. Schemas of every version answer it: these columns stay."""

_SERVER: Final = f"""
SELECT
    EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') AS has_extension,
    {_FUNCTION_SCHEMA} AS function_schema,
    current_setting('timescaledb.license', true) AS license,
    -- Where the loader is not in shared_preload_libraries, CREATE EXTENSION would end the connection.
    current_setting('timescaledb.disable_load', true) IS NOT NULL
        AND EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb') AS can_have_extension
"""  # noqa: S608 - our own statement

_CREATE_EXTENSION: Final = "CREATE EXTENSION timescaledb;\n"


class SchemaError(Exception):
    """The schema cannot be what this gateway needs; says in one line why."""


class Migration(Struct, frozen=True):
    """What brings a schema from the version before to this one."""

    version: int
    name: str
    sql: str
    """What is executed in one transaction, up to and with the row in `schema_version`."""
    checksum: str


class Installation(Struct, frozen=True):
    """A schema that is as this gateway needs it."""

    edition: Edition
    """What the database could do when the schema was made. It stays."""
    version: int
    function_schema: str
    """Where TimescaleDB's functions are; `pg_catalog` where there are none."""
    warnings: tuple[str, ...] = ()
    """What does not work here that might, one sentence each."""

    @property
    def keeps_rollups(self) -> bool:
        """Return whether TimescaleDB does not keep the rollups, so that the gateway must."""
        return self.edition != "community"


class _State(Struct, frozen=True):
    """What the database says of itself."""

    version: int
    edition: Edition
    policies: str
    license: str | None
    """None: this database does not have the extension."""
    preloaded: bool
    function_schema: str
    checksums: list[str]


async def prepare(connection: Connection, settings: StoreSettings) -> Installation:
    """Bring the schema and its policies to what is needed, and return what was found.

    One query if nothing is to be done. Any number of gateways may do this at once. Raises SchemaError, and what asyncpg
    raises; a later call goes on where this one ended.
    """
    state = await _look(connection)
    if state is None or state.version < newest_version():
        try:
            await _migrate(connection)
        except asyncpg.InsufficientPrivilegeError as error:
            raise SchemaError(f"this role may not make the schema: {error}") from error
        state = await _look(connection)
        if state is None:
            raise SchemaError("the schema ocpp was dropped while it was being made")
    warnings = _warnings(state)
    wanted = policies(state.edition, settings)
    if state.policies != "\n".join(wanted):
        try:
            await _apply_policies(connection, state, wanted)
        except asyncpg.InsufficientPrivilegeError as error:
            warnings.append(
                "retention, compression and chunks are not as configured, because this role does not own the schema"
                f" ocpp ({error}): its owner can run `ocpp-gateway migrate`"
            )
    return Installation(state.edition, state.version, state.function_schema, tuple(warnings))


async def pending(connection: Connection) -> list[Migration]:
    """Return what `prepare` would execute to bring the schema up to date; changes nothing. Raises SchemaError.

    Where the extension would be created first, it is created and taken back, to know which edition that makes.
    """
    state = await _look(connection)
    if state is not None:
        return list(_migrations_from(state.version, state.edition, state.function_schema))
    trial = connection.transaction()
    await trial.start()
    try:
        edition, function_schema, created = await _choose_edition(connection)
    finally:
        await trial.rollback()
    first, *rest = _migrations_from(0, edition, function_schema)
    return [structs.replace(first, sql=_CREATE_EXTENSION + first.sql) if created else first, *rest]


def render(some: Sequence[Migration]) -> str:
    """Return what `prepare` executes for these migrations, for people and for `psql`."""
    return "\n".join(f"BEGIN;\n{migration.sql}COMMIT;\n" for migration in some)


def newest_version() -> int:
    """Return the version of the schema that this gateway needs."""
    return len(migrations("plain"))


@cache
def migrations(edition: Edition) -> tuple[Migration, ...]:
    """Return all migrations of an edition; that to version N is at index N - 1."""
    parts: dict[tuple[int, str], list[str]] = {}
    for file in sorted(files(__package__).joinpath("migrations").iterdir(), key=lambda file: _order(file.name)):
        match = _FILE_NAME.fullmatch(file.name)
        if match is None:
            continue
        texts = parts.setdefault((int(match["version"]), match["name"]), [])
        if match["editions"] is None or edition in match["editions"].split("-"):
            texts.append(file.read_text("utf-8"))
    assert [version for version, _ in parts] == list(range(1, len(parts) + 1)), "each version has one name"
    return tuple(_migration(version, name, "\n".join(texts)) for (version, name), texts in parts.items())


def _order(file_name: str) -> tuple[str, int, str]:
    """What more editions execute comes first."""
    base, _, editions = file_name.removesuffix(".sql").partition(".")
    few = -(editions.count("-") + 1) if editions else -len(get_args(Edition))
    return base, few, editions


def _migration(version: int, name: str, text: str) -> Migration:
    checksum = hashlib.sha256(text.encode()).hexdigest()
    done = (
        "INSERT INTO ocpp.schema_version (version, name, checksum, gateway, applied_at)\n"
        f"VALUES ({version}, '{name}', '{checksum}', '{__version__}', now());\n"
    )
    return Migration(version, name, f"{text}\n{done}", checksum)


def _migrations_from(version: int, edition: Edition, function_schema: str) -> Iterator[Migration]:
    """Yield the migrations above `version`, each with what must hold while it is executed."""
    settings = (
        "SET LOCAL client_min_messages = warning;\n"
        "SET LOCAL statement_timeout = 0;\n"
        "SET LOCAL lock_timeout = 0;\n"
        # Functions of the extension are found wherever it was put, and nobody else's are.
        f"SET LOCAL search_path = {function_schema}, pg_temp;\n"
    )
    for migration in migrations(edition)[version:]:
        yield structs.replace(migration, sql=settings + migration.sql)


async def _look(connection: Connection) -> _State | None:
    """Return what there is, or None where there is no schema. Raises SchemaError for one that is too new."""
    try:
        row = await connection.fetchrow(_STATE)
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return None
    except asyncpg.InsufficientPrivilegeError as error:
        raise SchemaError(f"this role may not read the schema ocpp: {error}") from error
    if row is None:
        raise SchemaError("the table ocpp.installation is empty: the schema ocpp is damaged")
    state = _State(**row)
    if state.version > (known := newest_version()):
        raise SchemaError(
            f"the database was written by a newer ocpp-gateway (schema {state.version}, this one knows {known})"
        )
    return state


async def _migrate(connection: Connection) -> None:
    """Execute what is missing, one transaction a version. Who does so at the same time waits for each."""
    while True:
        async with connection.transaction():
            # Kept to the end of the transaction, so that it goes with a connection that breaks.
            await connection.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
            await connection.execute("SELECT pg_advisory_xact_lock($1)", ADVISORY_LOCK)
            if await connection.fetchval("SELECT to_regclass('ocpp.schema_version') IS NULL"):
                edition, function_schema, _ = await _choose_edition(connection)
                version = 0
            else:
                state = await _look(connection)
                assert state is not None
                edition, function_schema, version = state.edition, state.function_schema, state.version
            migration = next(_migrations_from(version, edition, function_schema), None)
            if migration is None:
                return
            await connection.execute(migration.sql)


async def _choose_edition(connection: Connection) -> tuple[Edition, str, bool]:
    """Return the best edition that can be had, where its functions are, and whether the extension was created now."""
    server = await connection.fetchrow(_SERVER)
    assert server is not None
    created = False
    if not server["has_extension"] and server["can_have_extension"]:
        try:
            async with connection.transaction():
                await connection.execute(_CREATE_EXTENSION)
        except asyncpg.PostgresError:
            pass  # a role that may not, or a server that cannot; `_warnings` tells it
        else:
            created = True
            server = await connection.fetchrow(_SERVER)
            assert server is not None
    if not server["has_extension"]:
        return "plain", server["function_schema"], False
    return _EDITIONS[server["license"]], server["function_schema"], created


def _warnings(state: _State) -> list[str]:
    """Return what does not work in this database that might."""
    warnings = []
    if state.edition == "plain":
        warnings.append(_warning_of_plain(state))
    elif state.license is None:
        warnings.append("the schema ocpp was made with TimescaleDB, which this database does not have now")
    elif state.edition == "community" and _EDITIONS.get(state.license) != "community":
        warnings.append(
            "the schema ocpp was made with TimescaleDB's community edition, which this server no longer has: rollups"
            " are not refreshed, nothing is compressed, and nothing old is deleted"
        )
    elif state.edition == "apache" and _EDITIONS.get(state.license) == "community":
        warnings.append(
            "the schema ocpp was made with TimescaleDB's Apache edition: nothing is compressed, and the gateway goes on"
            " keeping the rollups; a new database would use the community edition"
        )
    known = [migration.checksum for migration in migrations(state.edition)]
    warnings += [
        f"version {version} of the schema ocpp was made by other statements than this gateway knows"
        for version, (made, ours) in enumerate(zip(state.checksums, known, strict=False), 1)
        if made != ours
    ]
    return warnings


def _warning_of_plain(state: _State) -> str:
    if state.license is not None:
        why = "the schema ocpp was made before this database had TimescaleDB"
    elif state.preloaded:
        why = "the server has TimescaleDB, but this database was not given it (CREATE EXTENSION timescaledb)"
    else:
        why = "this is PostgreSQL without TimescaleDB"
    return (
        f"{why}: readings are neither divided by time nor compressed, so questions about a time read more than that"
        " time, and what is too old is deleted row by row"
    )


async def _apply_policies(connection: Connection, state: _State, statements: list[str]) -> None:
    """Tell the database what to do by itself, and note that it was told."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", ADVISORY_LOCK)
        await connection.execute(f"SET LOCAL search_path = {state.function_schema}, pg_temp")
        await connection.execute("SET LOCAL client_min_messages = warning")
        for statement in statements:
            await connection.execute(statement)
        await connection.execute("UPDATE ocpp.installation SET policies = $1", "\n".join(statements))

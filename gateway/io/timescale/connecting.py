"""One connection to the database, on whichever of its hosts takes writes."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import asyncpg

from gateway.io.timescale.dsn import Dsn

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

APPLICATION_NAME: Final = "ocpp-gateway"
"""What the database shows of us (pg_stat_activity), unless the DSN says otherwise."""

CONNECT_TIMEOUT_S: Final = 10.0
"""For one host: a host that is silent must not use up the time of the next, which may be the new primary."""

DATABASE_ERRORS: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a database that cannot be had or that refuses raises. asyncpg's three families have no ancestor in common."""


async def connect(
    dsn: Dsn, *, timeout_s: float = CONNECT_TIMEOUT_S, settings: Mapping[str, str] | None = None
) -> Connection:
    """Connect to the first host that will do, each of which has `timeout_s`. `settings` are sent to the server.

    Raises DsnError, or the one of DATABASE_ERRORS that tells most: a server's own words rather than silence, "this is
    a replica" last.
    """
    parsed = dsn.parse()
    name = parsed.parameters.get("application_name", APPLICATION_NAME)
    arguments: dict[str, Any] = {**parsed.arguments, "server_settings": {"application_name": name, **(settings or {})}}
    failures: list[Exception] = []
    for address in parsed.addresses or (None,):
        host, port = (None, None) if address is None else (address.host, address.port)
        try:
            return await asyncpg.connect(**arguments, host=host, port=port, timeout=timeout_s)
        except DATABASE_ERRORS as error:
            failures.append(error)
    raise min(failures, key=_tells_little)


def _tells_little(error: Exception) -> int:
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return 2
    return 0 if isinstance(error, asyncpg.PostgresError) else 1


def one_line(error: Exception) -> str:
    """Return what the database or the way to it said, for people."""
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return "no host takes writes"
    if isinstance(error, TimeoutError) and not str(error):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return " ".join(str(error).split()) or type(error).__name__

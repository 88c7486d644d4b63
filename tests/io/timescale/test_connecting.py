"""Facts about connecting: which host is taken, and what is said when there is none."""

import asyncio
import socket

import asyncpg
import pytest

from gateway.io.timescale.connecting import connect, one_line
from gateway.io.timescale.dsn import Dsn, parse_dsn


async def ask(dsn: str, statement: str, timeout_s: float = 10.0) -> object:
    connection = await connect(Dsn(dsn), timeout_s=timeout_s, settings={"search_path": "ocpp"})
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def with_hosts(dsn: str, *before: str) -> str:
    """Return the DSN with other hosts before its own."""
    (address,) = parse_dsn(dsn).addresses
    place = f"{address.host}:{address.port}"
    return dsn.replace(place, ",".join((*before, place)))


def test_the_database_is_told_who_we_are(timescale) -> None:
    assert asyncio.run(ask(timescale.dsn, "SHOW application_name")) == "ocpp-gateway"
    assert asyncio.run(ask(timescale.dsn + "?application_name=other", "SHOW application_name")) == "other"
    assert asyncio.run(ask(timescale.dsn, "SHOW search_path")) == "ocpp"


def test_a_host_that_is_silent_does_not_use_up_the_time_of_the_next(timescale) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, as its kernel does, and never answers
        dsn = with_hosts(timescale.dsn, f"127.0.0.1:{silent.getsockname()[1]}")
        assert asyncio.run(ask(dsn, "SELECT 7", timeout_s=1.0)) == 7


def test_a_host_that_refuses_connections_is_passed_over(timescale) -> None:
    assert asyncio.run(ask(with_hosts(timescale.dsn, "127.0.0.1:1"), "SELECT 7")) == 7


def test_of_several_failures_the_servers_own_words_are_told(timescale) -> None:
    dsn = with_hosts(timescale.dsn, "127.0.0.1:1").rpartition("/")[0] + "/no_such_database"
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        asyncio.run(ask(dsn, "SELECT 7"))


def test_a_database_that_takes_no_writes_will_not_do(timescale) -> None:
    name = parse_dsn(timescale.dsn).database
    timescale.fetch(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    with pytest.raises(asyncpg.TargetServerAttributeNotMatched) as raised:
        asyncio.run(ask(timescale.dsn, "SELECT 7"))
    assert one_line(raised.value) == "no host takes writes"
    assert asyncio.run(ask(timescale.dsn + "?target_session_attrs=any", "SELECT 7")) == 7

"""Facts about `ocpp-gateway migrate` and `query`, with a real database."""

import asyncio
import os

import asyncpg
import pytest
from click.testing import CliRunner, Result

from gateway.app.cli import main
from gateway.io.timescale.dsn import parse_dsn
from tests.io.timescale.conftest import plain_postgres, timescale  # noqa: F401 - fixtures

CLOSED = "postgresql://nobody:hunter2@127.0.0.1:1/nothing"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    for name in os.environ:
        if name.startswith("OCPP_GATEWAY"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def run(dsn: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env={"OCPP_GATEWAY__STORE__DSN": dsn})


def failure(dsn: str, *arguments: str) -> str:
    """Return the one line that a command says when it fails."""
    result = run(dsn, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("ocpp-gateway: ")
    assert "hunter2" not in line
    return line


def version(database) -> int:
    ((version,),) = database.fetch("SELECT max(version) FROM ocpp.schema_version")
    return version


def test_a_dry_run_changes_nothing_and_prints_what_can_be_executed(timescale):  # noqa: F811
    async def execute(script: str) -> None:
        connection = await asyncpg.connect(timescale.dsn)
        await connection.execute(script)
        await connection.close()

    script = run(timescale.dsn, "migrate", "--dry-run")
    assert script.exit_code == 0
    assert timescale.fetch("SELECT to_regnamespace('ocpp')") == [(None,)]
    asyncio.run(execute(script.stdout))
    assert run(timescale.dsn, "migrate", "--dry-run").stdout.endswith("nothing to do\n")


def test_what_was_applied_is_told_once(timescale):  # noqa: F811
    first = run(timescale.dsn, "migrate")
    assert first.exit_code == 0
    assert first.stdout.count("applied ") == version(timescale)
    assert f"{parse_dsn(timescale.dsn).shown}: schema {version(timescale)}, edition " in first.stdout
    assert "applied" not in run(timescale.dsn, "migrate").stdout


def test_a_database_without_the_extension_is_given_it_if_that_can_be(plain_postgres):  # noqa: F811
    ((available,),) = plain_postgres.fetch("SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb'")
    told = run(plain_postgres.dsn, "migrate").stdout
    assert ("edition plain" in told) == (available == 0)


def test_a_newer_schema_is_refused_in_one_line(timescale):  # noqa: F811
    run(timescale.dsn, "migrate")
    timescale.fetch(
        "INSERT INTO ocpp.schema_version (version, name, checksum, gateway, applied_at)"
        " VALUES (99, 'later', 'x', '9', now()) RETURNING 1"
    )
    for arguments in (["migrate"], ["migrate", "--dry-run"]):
        assert "newer" in failure(timescale.dsn, *arguments)


def test_a_role_that_may_not_make_a_schema_is_told_so(timescale):  # noqa: F811
    name = f"reader_{parse_dsn(timescale.dsn).database}"
    timescale.fetch(f"CREATE ROLE {name} LOGIN PASSWORD 'hunter2'")
    try:
        _, _, place = timescale.dsn.partition("@")
        assert "may not make the schema" in failure(f"postgresql://{name}:hunter2@{place}", "migrate")
    finally:
        timescale.fetch(f"DROP ROLE {name}")


@pytest.mark.parametrize("arguments", [["migrate"], ["migrate", "--dry-run"], ["query"]])
def test_a_database_that_cannot_be_reached_is_told_without_its_password(arguments):
    assert failure(CLOSED, *arguments).endswith("postgresql://nobody@127.0.0.1:1/nothing: connection refused")


def test_an_sqlite_store_needs_no_migrate():
    result = CliRunner().invoke(main, ["migrate"])
    assert result.exit_code == 1
    assert "none is set" in result.stderr


def test_a_dsn_file_that_went_away_is_told(tmp_path):
    (tmp_path / "gateway.toml").write_text('[store]\ndsn_file = "dsn"\n')
    for arguments in (["migrate"], ["query"], ["check-config"]):
        result = CliRunner().invoke(main, [*arguments, "--config", "gateway.toml"])
        assert result.exit_code == 1
        assert "dsn: cannot be read: No such file or directory" in result.stderr


def test_a_query_shows_what_the_schema_holds(timescale):  # noqa: F811
    assert "`ocpp-gateway migrate` makes it" in failure(timescale.dsn, "query")
    run(timescale.dsn, "migrate")
    listed = [line.split() for line in run(timescale.dsn, "query").stdout.splitlines()][2:]
    assert ["reading", "view"] in listed
    assert ["station", "table"] in listed
    timescale.fetch(
        "INSERT INTO ocpp.station (identity, first_seen_at) VALUES (E'CP1\\x1b[2J', '2026-03-01T12:00:00Z') RETURNING 1"
    )
    lines = run(timescale.dsn, "query", "SELECT identity, first_seen_at, 1.5::float8, true, site FROM station").stdout
    assert lines.splitlines()[2].split() == ["CP1?[2J", "2026-03-01T12:00:00.000Z", "1.5", "true"]


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("DELETE FROM station", "read-only transaction"),
        ("SELEC", "syntax error"),
        ("SELECT 1; SELECT 2", "multiple commands"),
    ],
)
def test_a_query_can_change_nothing_and_says_in_one_line_what_is_wrong(timescale, sql, why):  # noqa: F811
    run(timescale.dsn, "migrate")
    assert why in failure(timescale.dsn, "query", sql)


def test_data_names_an_sqlite_store_whatever_is_configured(tmp_path):
    assert "there is no store" in failure(CLOSED, "query", "--data", str(tmp_path))

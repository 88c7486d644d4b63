"""A real PostgreSQL with TimescaleDB, which a test may stop, kill, start again and copy.

`GATEWAY_TEST_DSN` names a server of your own for the usual tests, each of which makes a database there and drops it.
What kills a server starts its own in any case.
"""

import atexit
import contextlib
import functools
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from tests.servers.debian import Account, UnavailableError, cache_folder, postgres_programs
from tests.servers.sql import fetch
from tests.system.process import free_ports

START_S = 60.0
"""Longest time for a start, with the recovery after a kill."""

STOP_S = 30.0

POLL_S = 0.02

CONFIGURATION = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "max_connections": "60",
    "max_worker_processes": "24",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "fsync": "off",  # tests kill processes, not the machine: what was written to the kernel is there
    "hot_standby": "on",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "wal_keep_size": "256MB",
    "autovacuum_naptime": "20s",
}

INITDB = ["-U", "postgres", "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]

_names = itertools.count(1)


class TimescaleServer:
    """One server on a loopback port, with a data directory of its own that goes with it.

    `settings` are put over CONFIGURATION. A server that is `replica_of` another one is a copy of it that follows.
    Superuser is `postgres`, and nobody needs a password unless `require_passwords` was called.
    """

    def __init__(
        self, *, settings: Mapping[str, str] | None = None, replica_of: "TimescaleServer | None" = None
    ) -> None:
        self.programs = postgres_programs()
        self.account = Account.chosen()
        (self.port,) = free_ports(1)
        self.folder = Path(tempfile.mkdtemp(prefix="server-", dir=cache_folder()))
        os.chown(self.folder, self.account.user, self.account.group)
        self.settings = {**CONFIGURATION, "port": str(self.port), **(settings or {})}
        self._postmaster: subprocess.Popen[bytes] | None = None
        if replica_of is None:
            self._run("initdb", *INITDB, "--auth=trust", "--no-sync", "-D", str(self.directory))
        else:
            copied = ["-d", replica_of.dsn(), "-D", str(self.directory)]
            self._run("pg_basebackup", "--write-recovery-conf", "--checkpoint=fast", "--no-sync", *copied)
        self.configure()

    @property
    def directory(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def log_file(self) -> Path:
        return self.folder / "server.log"

    @property
    def pid(self) -> int:
        """Process id of the postmaster."""
        assert self._postmaster is not None
        return self._postmaster.pid

    @property
    def is_running(self) -> bool:
        return self._postmaster is not None and self._postmaster.poll() is None

    def configure(self, **settings: str) -> None:
        """Write the configuration, with `settings` from now on; most count from the next start."""
        self.settings.update(settings)
        lines = [f"{name} = '{value}'\n" for name, value in self.settings.items()]
        (self.directory / "postgresql.conf").write_text("".join(lines))

    def dsn(self, database: str = "postgres", *, port: int | None = None, user: str = "postgres") -> str:
        """Return where a database is found; `port` is another one if a proxy stands between."""
        return f"postgresql://{user}@127.0.0.1:{port or self.port}/{database}"

    def create_database(self, *, extension: bool = True, options: str = "") -> str:
        """Return the name of a new database, with the extension unless told otherwise."""
        return create_database(self.dsn(), extension=extension, options=options)

    def drop_database(self, database: str) -> None:
        """Drop a database, whoever is connected to it."""
        drop_database(self.dsn(), database)

    def fetch(self, database: str, statement: str, *arguments: object) -> list[tuple]:
        """Return the rows of one statement."""
        return fetch(self.dsn(database), statement, *arguments)

    def start(self) -> Self:
        """Start and return once it can be asked."""
        self.spawn()
        self.wait_until(self.answers, "it answers")
        return self

    def spawn(self) -> None:
        """Start and return at once."""
        assert not self.is_running
        with self.log_file.open("ab") as log:
            self._postmaster = subprocess.Popen(
                [self.programs / "postgres", "-D", self.directory],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests
                **self.account.popen,
            )
        _running.add(self)

    def answers(self) -> bool:
        try:
            fetch(self.dsn(), "SELECT 1")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True

    def stop(self) -> None:
        """Shut down as `pg_ctl stop -m fast` does: connections are cut, what is committed is kept."""
        if self.is_running:
            assert self._postmaster is not None
            self._postmaster.send_signal(signal.SIGINT)
            try:
                self._postmaster.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()
        _running.discard(self)

    def kill(self) -> None:
        """End it as a power cut does: SIGKILL for the postmaster and all its children, at once."""
        assert self._postmaster is not None
        self._postmaster.send_signal(signal.SIGSTOP)  # so that it has no more children
        children = _children(self.pid)
        self._postmaster.kill()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self._postmaster.wait()
        until = time.monotonic() + STOP_S
        while any(_lives(child) for child in children):
            assert time.monotonic() < until, "killed processes live on"
            time.sleep(POLL_S)
        # Its process id may be somebody else's soon, and the next start would refuse to go on.
        (self.directory / "postmaster.pid").unlink(missing_ok=True)
        _running.discard(self)

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def promote(self) -> None:
        """Make a replica a primary; return once it takes writes."""
        self._run("pg_ctl", "promote", "-D", str(self.directory), "-w")
        self.wait_until(lambda: self.fetch("postgres", "SELECT pg_is_in_recovery()") == [(False,)], "it is promoted")

    def require_passwords(self) -> None:
        """From now on nobody comes in over TCP without a password, but for `postgres` with the database postgres."""
        rules = ["host postgres postgres 127.0.0.1/32 trust\n", "host all all 127.0.0.1/32 scram-sha-256\n"]
        (self.directory / "pg_hba.conf").write_text("".join(rules))
        self.fetch("postgres", "SELECT pg_reload_conf()")

    def remove(self) -> None:
        """Stop it and remove its files."""
        if self.is_running:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Return once `condition` holds; fail if the server ends before, or at the deadline."""
        until = time.monotonic() + START_S
        while not condition():
            assert self.is_running, f"the server ended:\n{self.log_file.read_text()[-4000:]}"
            assert time.monotonic() < until, f"not in {START_S:g} s: {what}\n{self.log_file.read_text()[-4000:]}"
            time.sleep(POLL_S)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self.programs / program, *arguments],
            cwd="/",
            capture_output=True,
            text=True,
            timeout=START_S,
            check=False,
            **self.account.popen,
        )
        assert done.returncode == 0, f"{program} failed: {done.stderr}"


_running: set[TimescaleServer] = set()


@atexit.register
def _remove_servers() -> None:
    for server in list(_running):
        server.remove()


def create_database(dsn: str, *, extension: bool = True, options: str = "") -> str:
    """Make a database on the server of `dsn` and return its name."""
    name = f"gateway_test_{os.getpid()}_{next(_names)}"
    fetch(dsn, f"CREATE DATABASE {name} {options}")
    if extension:
        fetch(on_database(dsn, name), "CREATE EXTENSION IF NOT EXISTS timescaledb")
    return name


def drop_database(dsn: str, name: str) -> None:
    """Drop a database of the server of `dsn`, whoever is connected to it."""
    fetch(dsn, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def on_database(dsn: str, database: str) -> str:
    """Return `dsn` with another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


@functools.cache
def shared_server_dsn() -> str:
    """Return the DSN of the server for the usual tests: one for all of them, started by the first."""
    given = os.environ.get("GATEWAY_TEST_DSN")
    return given or shared_server().dsn()


@functools.cache
def shared_server() -> TimescaleServer:
    """Return the one server of this run of the tests that nobody kills; it is stopped at the end."""
    return new_server(remedy="set GATEWAY_TEST_DSN to a TimescaleDB of your own").start()


def new_server(
    *,
    settings: Mapping[str, str] | None = None,
    replica_of: TimescaleServer | None = None,
    remedy: str = "this test stops and kills its server, so it needs apt and a Debian mirror",
) -> TimescaleServer:
    """Return a server of the test's own, not started yet. Skips the test where there can be none, and says the remedy.

    `GATEWAY_TEST_TIMESCALE=required` makes that a failure.
    """
    if reason := why_unavailable():
        if os.environ.get("GATEWAY_TEST_TIMESCALE") == "required":
            pytest.fail(reason)
        pytest.skip(f"{reason}; {remedy}")
    return TimescaleServer(settings=settings, replica_of=replica_of)


@functools.cache
def why_unavailable() -> str:
    """Return why no server can be started here; nothing if one can. It is tried once."""
    try:
        postgres_programs()
    except UnavailableError as error:
        return f"no TimescaleDB: {error}"
    return ""


@contextlib.contextmanager
def fresh_database(*, extension: bool = True) -> Iterator[str]:
    """Yield the DSN of a new database on the shared server, and drop it."""
    server = shared_server_dsn()
    name = create_database(server, extension=extension)
    try:
        yield on_database(server, name)
    finally:
        drop_database(server, name)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _lives(pid: int) -> bool:
    """Say whether a process runs; one that only waits to be reaped does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"

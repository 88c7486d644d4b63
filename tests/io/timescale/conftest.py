"""The database of a test: fresh, with the extension, on a real server."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.servers.sql import fetch
from tests.servers.timescale import fresh_database


@dataclass(frozen=True, slots=True)
class Database:
    """A database that only this test uses."""

    dsn: str

    def fetch(self, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
        """Return the rows of one statement."""
        return fetch(self.dsn, statement, *arguments)


@pytest.fixture
def timescale() -> Iterator[Database]:
    """A fresh database with TimescaleDB."""
    with fresh_database() as dsn:
        yield Database(dsn)


@pytest.fixture
def plain_postgres() -> Iterator[Database]:
    """A fresh database without the extension."""
    with fresh_database(extension=False) as dsn:
        yield Database(dsn)

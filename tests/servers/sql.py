"""Statements for a test's PostgreSQL, from code with or without an event loop."""

import asyncio
import threading
from typing import Any

import asyncpg

CONNECT_S = 5.0

STATEMENT_S = 60.0
"""Longest time for one statement: a test that meets a lock fails then, rather than waiting for ever."""


def fetch(dsn: str, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
    """Return the rows of one statement, over a connection of its own."""
    results: list[list[tuple[Any, ...]]] = []
    errors: list[BaseException] = []

    async def run() -> None:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_S, command_timeout=STATEMENT_S)
        try:
            results.append([tuple(row) for row in await connection.fetch(statement, *arguments)])
        finally:
            await connection.close(timeout=CONNECT_S)

    def run_in_thread() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:  # it is raised in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run_in_thread)  # the caller's thread may be running a loop
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]

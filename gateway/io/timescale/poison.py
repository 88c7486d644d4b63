"""Finds the entries of a batch that the database refuses for what they hold."""

from collections.abc import Awaitable, Callable

from gateway.io.timescale.failures import DATA, kind_of


async def sift(entries: int, attempt: Callable[[int, int], Awaitable[None]]) -> dict[int, Exception]:
    """Return the positions that cannot be stored, and why.

    `attempt(first, stop)` raises if these entries together cannot be stored; what is refused is halved until it is one.
    Any other error goes through: it says nothing of the entries.
    """
    refused: dict[int, Exception] = {}
    spans = [(0, entries)]
    while spans:
        first, stop = spans.pop()
        try:
            await attempt(first, stop)
        except Exception as error:
            if kind_of(error) != DATA:
                raise
            if stop - first == 1:
                refused[first] = error
            else:
                middle = (first + stop) // 2
                spans += [(middle, stop), (first, middle)]
    return refused

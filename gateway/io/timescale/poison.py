"""Finds the entries of a batch that the database refuses for what they hold."""

from collections.abc import Awaitable, Callable, Sequence

from gateway.io.timescale.failures import DATA, kind_of


async def sift(entries: int, attempt: Callable[[int, Sequence[int]], Awaitable[None]]) -> dict[int, Exception]:
    """Return the positions that cannot be stored, and why; all others can, together.

    `attempt(stop, left_out)` raises if the entries before `stop`, but for those left out, cannot be stored: so each is
    tried with those before it. What is refused is halved until it is one. Any other error goes through: it says nothing
    of the entries.
    """
    refused: dict[int, Exception] = {}
    spans = [(0, entries)]
    while spans:
        first, stop = spans.pop()
        try:
            await attempt(stop, sorted(refused))
        except Exception as error:
            if kind_of(error) != DATA:
                raise
            if stop - first == 1:
                refused[first] = error
            else:
                middle = (first + stop) // 2
                spans += [(middle, stop), (first, middle)]
    return refused

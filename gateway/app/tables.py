"""Rows of a query as a table for a terminal."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from gateway.io.charging_transactions import iso

CELL_CHARACTERS_MAX: Final = 60
"""Longest shown text of one value."""

ROWS_MAX: Final = 1000
"""Most rows shown; a longer answer says so. Who needs more opens the store itself."""


def table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of a table, ROWS_MAX at most; if there is one row more, the last line says that it is cut."""
    cells = [[_shown(value) for value in row] for row in rows[:ROWS_MAX]]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    yield "  ".join(name.ljust(width) for name, width in zip(names, widths, strict=True)).rstrip()
    yield "  ".join("-" * width for width in widths)
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    if len(rows) > ROWS_MAX:
        yield f"... only the first {ROWS_MAX} rows are shown"


def _shown(value: object) -> str:
    """Return a value as text without anything that could steer the terminal."""
    match value:
        case None:
            text = ""
        case bool():
            text = "true" if value else "false"
        case float():
            text = f"{value:.12g}"
        case bytes():
            text = value.decode(errors="replace")
        case datetime(tzinfo=zone) if zone is not None:
            text = iso(value)
        case _:
            text = str(value)
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= CELL_CHARACTERS_MAX else text[: CELL_CHARACTERS_MAX - 3] + "..."

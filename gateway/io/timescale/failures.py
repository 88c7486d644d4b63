"""What an error of the database means for the store: whether to try again, and under which name it is counted."""

from typing import Final

import asyncpg

from gateway.io.journal_batch import JournalError
from gateway.io.timescale.dsn import DsnError
from gateway.io.timescale.schema import SchemaError

DATA: Final = "data"
"""The kind of errors that lie in what was to be stored: trying again is in vain."""

TOO_MUCH: Final = ("timeout", "memory")
"""Kinds of errors that less at once may be spared: rows of many days take many locks, for which memory is set aside."""

_BY_STATE: Final = {
    "0A000": "schema",
    "25006": "read_only",
    "40001": "conflict",
    "40P01": "conflict",
    "53100": "full",
    "53200": "memory",
    "53300": "connections",
    "53400": "full",
    "55P03": "locked",
    "57014": "timeout",
    "58030": "full",
    "P0001": DATA,
    "21000": DATA,
}
_BY_CLASS: Final = {
    "08": "unavailable",
    "22": DATA,
    "23": DATA,
    "25": "unavailable",
    "28": "refused",
    "3D": "refused",
    "3F": "schema",
    "42": "schema",
    "53": "full",
    "54": DATA,
    "55": "locked",
    "57": "unavailable",
    "58": "unavailable",
}
"""By SQLSTATE, of which the first two characters are the class (PostgreSQL manual, appendix A)."""

_INSUFFICIENT_PRIVILEGE: Final = "42501"

ERROR_KINDS: Final = (
    *sorted({*_BY_STATE.values(), *_BY_CLASS.values()}),
    *("journal", "ledger", "set_aside", "unexpected"),
)
"""Everything that the store counts."""


class StoreError(Exception):
    """The store cannot go on. One line; `kind` is one of ERROR_KINDS."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class UnstorableError(Exception):
    """Something in these batches cannot be turned into rows."""


def kind_of(error: BaseException) -> str:
    """Return which of ERROR_KINDS `error` is."""
    if isinstance(error, StoreError):
        return error.kind
    if isinstance(error, JournalError):
        return "journal"
    if isinstance(error, SchemaError):
        return "schema"
    if isinstance(error, UnstorableError):
        return DATA
    if isinstance(error, DsnError):
        return "refused"
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        if state == _INSUFFICIENT_PRIVILEGE:
            return "refused"
        return _BY_STATE.get(state) or _BY_CLASS.get(state[:2], "unexpected")
    # asyncpg raises InternalClientError, which is neither of the others, when a wire is cut in the middle of a COPY.
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError):
        return "unavailable"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, OSError | EOFError):
        return "unavailable"
    return "unexpected"


def shown(error: BaseException) -> str:
    """Return the error in one line, without what a station may have put into it."""
    if isinstance(error, asyncpg.PostgresError):
        where = f" ({error.sqlstate})" if error.sqlstate else ""
        # DETAIL and CONTEXT hold rows; the message names columns and constraints, and at most a value.
        return f"{' '.join(str(error.args[0]).split())[:300]}{where}"
    text = " ".join(str(error).split())[:300]
    return text or type(error).__name__

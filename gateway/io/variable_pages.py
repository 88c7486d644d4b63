"""Pages of what stations said of their variables: what all stores have in common of looking them up."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta

from gateway.core.device_model import StoredVariable, VariablePage, VariableQuery
from gateway.core.records import DeviceVariable

ADDRESS: Final = ("component", "component_instance", "evse", "connector", "variable", "instance", "attribute")
"""Columns by which variables of a station are told apart and put in order, texts by their UTF-8 bytes."""

COLUMNS: Final = (
    *ADDRESS,
    *("value", "mutability", "data_type", "unit", "min_limit", "max_limit", "values_list", "persistent", "constant"),
)
"""What a row holds, before its time."""

_Number: TypeAlias = Annotated[int, Meta(ge=-1, le=2**31 - 1)]
Place: TypeAlias = tuple[str, str, _Number, _Number, str, str, str]

_FIRST: Final[Place] = ("", "", -1, -1, "", "", "")
"""Stands before every address."""


class LookUpError(Exception):
    """The store cannot be read now."""


class CursorError(ValueError):
    """The cursor is none that a page ended with."""


def place_behind(query: VariableQuery) -> Place:
    """Return the address behind which the page begins. Raises CursorError."""
    if query.cursor is None:
        return _FIRST
    try:
        text = base64.b64decode(query.cursor + "=" * (-len(query.cursor) % 4), altchars=b"-_", validate=True)
        place: Place = msgspec.json.decode(text, type=Place)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise CursorError("the cursor is none of a page of these variables") from None
    return place


def page_of(query: VariableQuery, rows: Sequence[tuple[Sequence[Any], str]]) -> VariablePage:
    """Return the page of `query.limit` rows, each COLUMNS and a time; one row more means that there is a next page."""
    found = [
        StoredVariable(DeviceVariable(**dict(zip(COLUMNS, fields, strict=True))), time)
        for fields, time in rows[: query.limit]
    ]
    return VariablePage(found, _cursor(rows[query.limit - 1][0]) if len(rows) > query.limit else None)


def _cursor(fields: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(tuple(fields[: len(ADDRESS)]))).decode().rstrip("=")

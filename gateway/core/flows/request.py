"""The body, path and query of an HTTP request become the request of a flow, or the error names the place."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from gateway.core.commands import CommandError, Fault, require_json

REASON_CHARACTERS_MAX: Final = 200
"""Longest text of an error: it may hold the name of a field that the caller chose."""

FIELD_CHARACTERS_MAX: Final = 40
"""Of a field's name that the caller chose, in the path of an error."""

_PLACE: Final = re.compile(r"(.*?)(?: - at `(.*)`)?", re.DOTALL)


def flow_request(request_type: type[Struct], body: bytes, fields: Mapping[str, str]) -> Struct:
    """Return the request in `body`, which may be empty, joined by the fields that path or query have as text.

    Raises CommandError: NOT_JSON, or INVALID with the path of what is wrong.
    """
    content: Any = {}
    if body.strip():
        require_json(body)
        content = msgspec.json.decode(body)
    if not isinstance(content, dict):
        raise CommandError(Fault.INVALID, "the body must be an object", "$")
    types = {field.encode_name: field.type for field in msgspec.structs.fields(request_type)}
    for name, text in fields.items():
        if name not in types:
            raise CommandError(Fault.INVALID, "unknown field", f"$.{name[:FIELD_CHARACTERS_MAX]}")
        value = _converted(text, types[name], at=f"$.{name}", strict=False)
        if content.setdefault(name, value) != value:
            raise CommandError(Fault.INVALID, "differs from what the path says", f"$.{name}")
    request = _converted(content, request_type, at="$", strict=True)
    assert isinstance(request, Struct)
    for name in types:
        value = getattr(request, name)
        if isinstance(value, datetime) and not 2 <= value.year <= 9998:
            raise CommandError(Fault.INVALID, "at the ends of the calendar UTC cannot say every time", f"$.{name}")
    return request


def _converted(value: Any, wanted: Any, *, at: str, strict: bool) -> Any:
    try:
        return msgspec.convert(value, wanted, strict=strict)
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        found = _PLACE.fullmatch(str(error))
        assert found is not None, "the pattern matches everything"
        place = at if found[2] is None else at + found[2].removeprefix("$")
        raise CommandError(Fault.INVALID, found[1][:REASON_CHARACTERS_MAX], place) from None

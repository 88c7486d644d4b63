"""What a key may hold, in words: for errors ("must be ...") and for the reference page."""

import json
import re
from typing import Any, Final

from msgspec import Struct, inspect

from gateway.app.config import SECRET

_SHOWN_CHARACTERS_MAX: Final = 60

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")


def expected(kind: inspect.Type) -> str:
    """Return what a value of `kind` must be, such as "an integer from 0 to 65535"."""
    match kind:
        case inspect.Metadata(extra_json_schema={"examples": [example, *_]}):
            return f'a string such as "{example}"'
        case inspect.Metadata(type=inner):
            return expected(inner)
        case inspect.UnionType(types=types):
            return " or ".join(expected(member) for member in types if not isinstance(member, inspect.NoneType))
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return f"an integer{_range(kind)}"
        case inspect.FloatType():
            return f"a number{_range(kind)}"
        case inspect.StrType():
            return f"a string{_length(kind)}"
        case inspect.LiteralType(values=values):
            return _one_of([f'"{value}"' for value in values])
        case inspect.DateTimeType():
            return "a time with its offset, such as 2015-01-01T00:00:00Z"
        case inspect.TimeType():
            return "a time without an offset, such as 17:30:00"
        case inspect.CustomType():
            return "a path (without ~, which only a shell expands)"
        case inspect.VarTupleType(item_type=inspect.StructType()):
            return "an array of tables"
        case inspect.VarTupleType(item_type=item):
            return f"an array{_count(kind)} of which each is {expected(item)}"
    raise TypeError(f"no words for the type {kind}")


def array_member(declared: Any) -> type[Struct] | None:
    """Return the Struct of one table if `declared` is an array of tables, None for any other type."""
    kind = inspect.type_info(declared)
    kind = kind.type if isinstance(kind, inspect.Metadata) else kind
    if isinstance(kind, inspect.VarTupleType) and isinstance(kind.item_type, inspect.StructType):
        member: type[Struct] = kind.item_type.cls
        return member
    return None


def description(declared: Any) -> str:
    """Return what a key of the declared type means, as its Meta says."""
    kind = inspect.type_info(declared)
    schema = kind.extra_json_schema if isinstance(kind, inspect.Metadata) else None
    return str((schema or {})["description"])


def is_secret(declared: Any) -> bool:
    """Whether a value of the declared type may hold a password."""
    kind = inspect.type_info(declared)
    return isinstance(kind, inspect.Metadata) and bool((kind.extra or {}).get(SECRET))


def shown(value: object) -> str:
    """Return `value` as TOML would have it, on one line, and short."""
    match value:
        case dict():
            return "a table"
        case list() if any(isinstance(member, dict | list) for member in value):
            return "an array"
        case list():
            text = f"[{', '.join(map(shown, value[:_SHOWN_CHARACTERS_MAX]))}]"
        case bool():
            text = str(value).lower()
        case str():
            text = quoted(value[:_SHOWN_CHARACTERS_MAX])
        case int() if value.bit_length() > 256:
            text = hex(value)  # Python writes no decimal of more than 4,300 digits
        case _:
            text = str(value)
    return text if len(text) <= _SHOWN_CHARACTERS_MAX else f"{text[: _SHOWN_CHARACTERS_MAX - 3]}..."


def quoted(text: str) -> str:
    """Return a TOML string of what can be printed: nothing in it ends a line or steers a terminal."""
    escaped = json.dumps(text, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in escaped)


def shown_key(name: str) -> str:
    """Return a key as TOML would have it, on one line, and short."""
    return name if _BARE_KEY.fullmatch(name) else quoted(name[:_SHOWN_CHARACTERS_MAX])


def _range(kind: inspect.IntType | inspect.FloatType) -> str:
    if kind.gt is not None:
        return f" above {kind.gt:g}, at most {kind.le}"
    return f" from {kind.ge} to {kind.le}"


def _length(kind: inspect.StrType) -> str:
    if kind.max_length is None:
        return ""
    least = kind.min_length or 0
    return f" of {least} to {kind.max_length} characters"


def _count(kind: inspect.VarTupleType) -> str:
    if kind.max_length is None:
        return ""
    return (
        f" of {kind.max_length}"
        if kind.min_length == kind.max_length
        else f" of {kind.min_length} to {kind.max_length}"
    )


def _one_of(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"

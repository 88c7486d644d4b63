"""The types of the API in words: what a field may hold, for the tables of `API.md`."""

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

import msgspec
from msgspec import NODEFAULT, Struct, inspect

from gateway.core.flows.words import INT32_MAX


def documentation(documented: type[Struct]) -> str:
    """Return what a Struct says of itself, as a reader of JSON says it."""
    return cleandoc(documented.__doc__ or "").replace("None", "null")


def field_rows(documented: type[Struct], in_path: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the table of a Struct's fields as Markdown; those `in_path` are named as such. Nothing if it has none."""
    fields = inspect.type_info(documented).fields  # type: ignore[attr-defined]
    if not fields:
        return
    yield "| field | type | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for field in fields:
        name = f"`{field.encode_name}`" + (" (in the path)" if field.name in in_path else "")
        yield f"| {name} | {in_words(field.type)} | {_default(field)} | {description(field.type)} |"


def field_list(documented: type[Struct]) -> str:
    """Return the fields of a Struct, each with its type, in one line."""
    fields = inspect.type_info(documented).fields  # type: ignore[attr-defined]
    return ", ".join(f"`{field.encode_name}` ({in_words(field.type)}{_or_null(field.type)})" for field in fields)


def structs_in(documented: type[Struct]) -> Iterator[type[Struct]]:
    """Yield the Structs that are within a Struct's fields, each once before those within it."""
    seen: dict[type[Struct], None] = {}
    for field in inspect.type_info(documented).fields:  # type: ignore[attr-defined]
        for found in _structs_of(field.type):
            seen[found] = None
            seen |= dict.fromkeys(structs_in(found))
    yield from seen


def in_words(kind: inspect.Type) -> str:
    """Return what a value of `kind` must be, such as "integer from 0 to 9"."""
    match kind:
        case inspect.Metadata(type=inner):
            return in_words(inner)
        case inspect.UnionType(types=types):
            return " or ".join(in_words(member) for member in types if not isinstance(member, inspect.NoneType))
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return f"integer{_range(kind)}"
        case inspect.FloatType():
            return "number"
        case inspect.StrType():
            return f"text{_length(kind, 'characters')}"
        case inspect.LiteralType(values=values):
            *others, last = (f"`{value}`" for value in values)
            return f"{', '.join(others)} or {last}" if others else last
        case inspect.DateTimeType():
            return "time with its offset"
        case inspect.AnyType():
            return "anything"
        case inspect.DictType():
            return "object"
        case inspect.StructType(cls=cls):
            return f"[{cls.__name__}](#{cls.__name__.lower()})"
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            return f"list{_length(kind, 'items')}: {in_words(item)}"
    raise TypeError(f"no words for the type {kind}")


def description(kind: inspect.Type) -> str:
    """Return what a field of this type means, as its Meta says, or that of what it may hold."""
    match kind:
        case inspect.Metadata(type=inner, extra_json_schema=schema):
            return str(schema["description"]) if schema and "description" in schema else description(inner)
        case inspect.UnionType(types=types):
            return next(filter(None, map(description, types)), "")
    return ""


def _structs_of(kind: inspect.Type) -> Iterator[type[Struct]]:
    match kind:
        case inspect.Metadata(type=inner) | inspect.ListType(item_type=inner) | inspect.VarTupleType(item_type=inner):
            yield from _structs_of(inner)
        case inspect.UnionType(types=types):
            for member in types:
                yield from _structs_of(member)
        case inspect.StructType(cls=cls):
            yield cls


def _or_null(kind: inspect.Type) -> str:
    return " or null" if isinstance(kind, inspect.UnionType) and kind.includes_none else ""


def _default(field: inspect.Field) -> str:
    if field.required:
        return "required"
    if field.default_factory is not NODEFAULT or field.default in (None, ()):
        return ""
    default: Any = field.default
    return f"`{msgspec.json.encode(default).decode()}`"


def _range(kind: inspect.IntType) -> str:
    if kind.ge is None:
        return ""
    return f" from {kind.ge}" if kind.le in (None, INT32_MAX) else f" from {kind.ge} to {kind.le}"


def _length(kind: inspect.Type, of_what: str) -> str:
    least, most = getattr(kind, "min_length", None) or 0, getattr(kind, "max_length", None)
    if most is None:
        return ""
    if least == most:
        return f" of {most} {of_what}"
    return f" of at most {most} {of_what}" if not least else f" of {least} to {most} {of_what}"

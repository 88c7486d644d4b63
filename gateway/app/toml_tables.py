"""Reads TOML tables into Structs: all that is wrong is told at once, each with its path and what would be right."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from datetime import time
from functools import cache
from typing import Any, Final, TypeGuard, TypeVar

import msgspec
from msgspec import Struct, inspect

from gateway.app.config_types import array_member, expected, is_secret, shown, shown_key

S = TypeVar("S", bound=Struct)


class TableReader:
    """Takes tables. What it cannot take is in `problems`, as path and reason: `node[2].limit_a`, `is -1, must be ...`.

    A key that is wrong then has its default, or a stand-in if it is required, so that all else can still be judged. The
    paths of such keys, and those of which a misspelt key is likely to be, are in `wrong`.
    `dec_hook` is that of `msgspec.convert`.
    """

    def __init__(self, dec_hook: Callable[[type, Any], Any] | None = None) -> None:
        self._dec_hook = dec_hook
        self.problems: Final[list[tuple[str, str]]] = []
        self.wrong: Final[set[str]] = set()

    def read(self, struct: type[S], table: Mapping[str, Any], path: str = "") -> S:
        """Return a table. `path` goes before its keys: `node[2].`."""
        values: dict[str, object] = {}
        fields = _fields(struct)
        for name, value in table.items():
            if name in fields:
                self._take(values, name, fields[name].type, value, f"{path}{name}")
            else:
                self._refuse_key(name, list(fields), path)
        for name, field in fields.items():
            if field.required and name not in values:
                if name not in table:
                    self.refuse(f"{path}{name}", "is missing")
                values[name] = _stand_in(field.type, f"{path}{name}")
        return struct(**values)

    def rows(self, struct: type[S], tables: Sequence[Mapping[str, Any]], path: str) -> tuple[S, ...]:
        """Return an array of tables, whose path is `path`."""
        return tuple(self.read(struct, table, f"{path}[{index}].") for index, table in enumerate(tables))

    def refuse(self, path: str, reason: str) -> None:
        """Say what is wrong with a key."""
        self.problems.append((path, reason))
        self.wrong.add(path)

    def _take(self, values: dict[str, object], name: str, declared: Any, value: object, path: str) -> None:
        if isinstance(declared, type) and issubclass(declared, Struct):
            if isinstance(value, dict):
                values[name] = self.read(declared, value, f"{path}.")
            else:
                self.refuse(path, f"is {shown(value)}, must be a table [{path}]")
        elif (member := array_member(declared)) is not None:
            if are_tables(value):
                values[name] = self.rows(member, value, path)
            else:
                self.refuse(path, f"is {shown(value)}, must be tables [[{path}]]")
        else:
            try:
                values[name] = msgspec.convert(value, declared, dec_hook=self._dec_hook)
            except msgspec.ValidationError:
                said = "" if is_secret(declared) else f"is {shown(value)}, "
                self.refuse(path, f"{said}must be {expected(inspect.type_info(declared))}")

    def _refuse_key(self, name: str, known: list[str], path: str) -> None:
        nearest = difflib.get_close_matches(name[:60].lower(), known, n=1)
        said = f'did you mean "{nearest[0]}"?' if nearest else f"known here: {', '.join(known)}"
        self.refuse(f"{path}{shown_key(name)}", f"unknown key; {said}")
        self.wrong.update(f"{path}{likely}" for likely in nearest)


def are_tables(value: object) -> TypeGuard[list[dict[str, Any]]]:
    """Whether a value is an array of tables."""
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


@cache
def _fields(struct: type[Struct]) -> Mapping[str, msgspec.structs.FieldInfo]:
    return {field.name: field for field in msgspec.structs.fields(struct)}


def _stand_in(declared: Any, path: str) -> object:
    """Return a value for a required key that is wrong. A string is its path, so that no two are the same."""
    kind = inspect.type_info(declared)
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    match kind:
        case inspect.StrType():
            return path
        case inspect.TimeType():
            return time()
        case inspect.CustomType(cls=cls):
            return cls(path)
        case inspect.VarTupleType():
            return ()
    raise TypeError(f"no stand-in for the type {kind}")

"""Facts with a type: each kind has one Struct for its values, and one module that owns both."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from gateway.core.records import Fact
from gateway.core.stations import Station

Value = TypeVar("Value", bound=Struct)


class FactKind(Generic[Value]):
    """One kind of fact: what it is called on disk, and the type of its values.

    A type only ever gets new fields, with defaults, and omits those: 64 values of each kind may be kept per station.
    """

    def __init__(self, kind: str, value_type: type[Value]) -> None:
        self.kind = kind
        self._decode = msgspec.json.Decoder(value_type).decode

    def holds(self, key: str, value: Value, now: datetime) -> Fact:
        """Return the record by which `value` holds for `key` from `now` on."""
        return Fact(now, self.kind, key, msgspec.json.encode(value).decode())

    def ends(self, key: str, now: datetime) -> Fact:
        """Return the record by which nothing holds for `key` any more."""
        return Fact(now, self.kind, key, None)

    def of(self, station: Station) -> Mapping[str, Value]:
        """Return what holds for a station, the one said longest ago first."""
        return {key: self._decode(value) for key, value in station.facts(self.kind).items()}

    def get(self, station: Station, key: str) -> Value | None:
        """Return what holds for `key`, None if nothing does."""
        value = station.facts(self.kind).get(key)
        return None if value is None else self._decode(value)


def in_full(value: Struct) -> dict[str, Any]:
    """Return a value as JSON is made of it, with the fields that it omits on disk."""
    fields: dict[str, Any] = msgspec.to_builtins(msgspec.structs.asdict(value))
    return fields

"""The few payload types that a Struct field cannot spell: written by hand, used by the generated modules."""

from datetime import datetime
from typing import Annotated, Any, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType, convert


class Payload(Struct, frozen=True, gc=False, forbid_unknown_fields=True, rename="camel"):
    """An object of the schemas: it has its properties and no others. All payload types share these options.

    An absent property is UNSET; null is a value, and no schema allows it. Payloads hold no cycles, so the garbage
    collector need not look at them.
    """


def or_none(value: Any) -> Any:
    """Return an optional property's value, None where the property is absent."""
    return None if value is UNSET else value


Timestamp: TypeAlias = Annotated[datetime, Meta(tz=True)]
"""A JSON Schema date-time, as this gateway reads it: RFC 3339 section 5.6 with a zone.

`T`, `t` or a space between date and time, `Z`, `z`, `+hh:mm` or `+hhmm` after it, any number of fraction digits
(rounded to microseconds), years 0001 to 9999, seconds 00 to 59: no leap second. The offset is kept, so an instant near
either end of the calendar may not be expressible in UTC.
"""

Tenths: TypeAlias = Annotated[float, Meta(extra={"multipleOf": 0.1})]
"""A number with `multipleOf: 0.1`. A Struct that holds one calls `require_tenths` on itself."""

TENTHS_TOLERANCE = 1e-9
"""How far from a multiple of 0.1 a number may be, relative to itself (to 0.1 if it is smaller).

0.1 has no exact binary form, so an exact test refuses 0.3; stations also send the results of their own arithmetic.
"""


def is_tenths(value: float) -> bool:
    """Whether `value` is a multiple of 0.1, within `TENTHS_TOLERANCE`."""
    tenths = value * 10
    return abs(tenths - round(tenths)) <= TENTHS_TOLERANCE * max(1.0, abs(tenths))


def require_tenths(**numbers: float | UnsetType) -> None:
    """Raise ValueError, naming the field, unless every number that is set is a multiple of 0.1."""
    for name, number in numbers.items():
        if number is not UNSET and not is_tenths(number):
            raise ValueError(f"{name} is not a multiple of 0.1")


class CustomDataProperties(Struct, kw_only=True, frozen=True, gc=False, rename="camel"):
    """What the schemas say about `customData` (OCPP 2.x CustomDataType); every other property is free."""

    vendor_id: Annotated[str, Meta(max_length=255)]


class CustomData(dict[str, Any]):
    """A `customData` object with all that was in it, as a dict under the wire's own names.

    A subclass and not an alias, so that the decoder calls `decode_custom_data` for it; it is written as any dict.
    """

    __slots__ = ()


def decode_custom_data(expected: type, value: object) -> CustomData:
    """The `dec_hook` of every payload decoder. Raises msgspec.ValidationError as the decoder itself does."""
    if expected is not CustomData:
        raise NotImplementedError(f"no decoder for {expected!r}")
    convert(value, CustomDataProperties)
    return CustomData(value)  # type: ignore[call-overload, no-any-return]  # convert has proved that it is a dict

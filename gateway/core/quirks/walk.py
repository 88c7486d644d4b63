"""Walks a JSON value and its payload type side by side, and lets quirks mend what departs from the type.

One pass: each place is judged, mended by the first quirk that fits and can, and judged again, at most `MENDS_MAX`
times. So the time is bounded by the size of the message, and what comes out is valid by the same rules that refused it.
It ends at the first place that nothing can mend, unless a quirk leaves out what holds that place.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from msgspec import inspect

from gateway.core.csms import INTEGER_MAX
from gateway.core.metering import number_of
from gateway.core.quirks.quirk import OCPP16, Departure, Direction, Quirk, Spot
from gateway.wire.schema_types import Payload
from gateway.wire.violations import Violation, find_in

MENDS_MAX: Final = 4
"""Mends of one place, one after the other. Real places need two: "meterstart": "12" is a name and then a number."""

DEPARTURES: Final = {
    Violation.TYPE: Departure.TYPE,
    Violation.CONSTRAINT: Departure.CONSTRAINT,
    Violation.SYNTAX: Departure.CONSTRAINT,
}
"""Of values that are neither objects nor arrays."""


@lru_cache(maxsize=512)  # more than the requests and responses of all versions
def _type_info(expected: type[Payload]) -> inspect.Type:
    return inspect.type_info(expected)


class Walk:
    """One walk over one payload. `applied` names the quirks that mended something, in the order of their first mend."""

    def __init__(self, quirks: Sequence[Quirk], version: str, action: str, direction: Direction) -> None:
        """Offer to `quirks` also what keeps to its schema but cannot be recorded; if none mends that, it stays."""
        self.applied: dict[str, Quirk] = {}
        self._quirks = [quirk for quirk in quirks if quirk.mend is not None]
        self._about: tuple[str, str, Direction] = (version, action, direction)

    def mend(self, payload: object, expected: type[Payload]) -> tuple[bool, Any]:
        """Return whether `payload` is valid now, and what became of it. Its objects and arrays are changed in place."""
        holder = [payload]
        info = _type_info(expected)
        right = self._settle(Spot(holder, 0, (), info, about=self._about, required=True), info)
        return right, holder[0]

    def _settle(self, spot: Spot, expected: inspect.Type) -> bool:
        """Make the value at `spot` right, if quirks can; return whether it is. A spot that was emptied is right."""
        for _ in range(MENDS_MAX):
            departure = self._departure(spot, expected)
            if departure is None:
                return True
            items = len(spot.holder)
            if not self._apply(spot, departure):
                return departure is Departure.UNRECORDABLE
            if len(spot.holder) < items:
                return True
        return self._departure(spot, expected) is None

    def _apply(self, spot: Spot, departure: Departure) -> bool:
        """Let the first quirk mend the spot that fits and can; return whether one did."""
        for quirk in self._quirks:
            if quirk.fits(spot, departure) and quirk.mend is not None and quirk.mend(spot):
                self.applied.setdefault(quirk.name, quirk)
                return True
        return False

    def _departure(self, spot: Spot, expected: inspect.Type) -> Departure | None:
        """Return how the value at `spot` departs from its type once all inside it that can be is mended."""
        value = spot.value
        if isinstance(expected, inspect.StructType):
            return self._in_object(value, expected, spot.path) if isinstance(value, dict) else Departure.TYPE
        if isinstance(expected, inspect.ListType):
            return self._in_array(value, expected, spot.path) if isinstance(value, list) else Departure.TYPE
        finding = find_in(expected, value)
        if finding is not None:
            return DEPARTURES.get(finding.violation, Departure.INSIDE)  # customData has properties
        return Departure.UNRECORDABLE if self._is_unrecordable(spot) else None

    def _in_object(
        self, value: dict[str, Any], expected: inspect.StructType, path: tuple[str, ...]
    ) -> Departure | None:
        known = frozenset(field.encode_name for field in expected.fields)
        if expected.forbid_unknown_fields:
            for name in [name for name in value if name not in known]:
                spot = Spot(value, name, (*path, name), None, about=self._about, required=False, known=known)
                if not self._apply(spot, Departure.UNKNOWN_PROPERTY):
                    return Departure.INSIDE
        for field in expected.fields:
            name = field.encode_name
            spot = Spot(value, name, (*path, name), field.type, about=self._about, required=field.required, known=known)
            is_there = name in value or (field.required and self._apply(spot, Departure.MISSING))
            if is_there and not self._settle(spot, field.type):
                return Departure.INSIDE
            if not is_there and field.required:
                return Departure.INSIDE
        return None

    def _in_array(self, value: list[Any], expected: inspect.ListType, path: tuple[str, ...]) -> Departure | None:
        index = 0
        while index < len(value):
            items = len(value)
            spot = Spot(value, index, path, expected.item_type, about=self._about, required=False)
            if not self._settle(spot, expected.item_type):
                return Departure.INSIDE
            index += len(value) == items
        if expected.min_length is not None and len(value) < expected.min_length:
            return Departure.FEW_ITEMS
        if expected.max_length is not None and len(value) > expected.max_length:
            return Departure.INSIDE
        return None

    def _is_unrecordable(self, spot: Spot) -> bool:
        value = spot.value
        if isinstance(value, int):
            return not -INTEGER_MAX <= value <= INTEGER_MAX
        return (
            self._about[0] == OCPP16
            and isinstance(value, str)
            and spot.name == "value"
            and spot.sampled
            and spot.holder.get("format") != "SignedData"
            and number_of(value) is None
        )

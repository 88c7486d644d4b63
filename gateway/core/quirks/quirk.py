"""What a quirk is: one deviation of the field's firmwares, and what a message with it becomes.

A quirk sees a message only after the strict decoder has refused it, and only the one place in it that is wrong: what is
right is never touched. It may give that place another value, take it away, or leave it; after that the place is judged
as strictly as before.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct, inspect

Direction: TypeAlias = Literal["request", "result"]
Mode: TypeAlias = Literal["on", "shadow", "off"]
"""Applied; only counted, while the message is treated as if there were no quirks; neither."""

MODES: Final = ("on", "shadow")
"""In which a quirk is counted."""

OCPP16: Final = "ocpp1.6"
OCPP201: Final = "ocpp2.0.1"
OCPP21: Final = "ocpp2.1"
V16: Final = frozenset({OCPP16})
V2: Final = frozenset({OCPP201, OCPP21})
ALL_VERSIONS: Final = V16 | V2

TRANSACTIONS: Final = frozenset({"StartTransaction", "StopTransaction", "MeterValues", "TransactionEvent"})
"""The requests by which somebody is billed. Their original is always kept beside what a quirk made of it."""


class Departure(Enum):
    """How a place departs from its schema, as a quirk sees it."""

    UNKNOWN_PROPERTY = "unknown property"
    MISSING = "missing property"
    FEW_ITEMS = "too few items"
    TYPE = "another JSON type"
    CONSTRAINT = "a value that is not allowed"
    INSIDE = "something inside it that nothing could mend"
    UNRECORDABLE = "keeps to its schema, but cannot be recorded"


class Spot:
    """One place of a JSON value that is wrong: `holder[key]`, or the lack of it.

    `path` holds the names of the properties from the top down to here, without the indexes of arrays. `expected` is
    what the schema has here (None for an unknown property), `known` the properties of the object `holder`.
    """

    __slots__ = ("action", "direction", "expected", "holder", "key", "known", "path", "required", "version")

    def __init__(
        self,
        holder: Any,
        key: str | int,
        path: tuple[str, ...],
        expected: inspect.Type | None,
        *,
        about: tuple[str, str, Direction],
        required: bool,
        known: frozenset[str] = frozenset(),
    ) -> None:
        self.holder = holder
        self.key = key
        self.path = path
        self.expected = expected
        self.version, self.action, self.direction = about
        self.required = required
        self.known = known

    @property
    def value(self) -> Any:
        """What stands here, or None where nothing does."""
        if isinstance(self.holder, dict):
            return self.holder.get(self.key)
        return self.holder[self.key]

    @property
    def name(self) -> str:
        """The property that this is, or that holds this item; "" for the payload itself."""
        return self.path[-1] if self.path else ""

    @property
    def sampled(self) -> bool:
        """Whether this is in a sampled value, where each property says what the number means."""
        return "sampledValue" in self.path[:-1]

    def put(self, value: Any) -> bool:
        """Let `value` stand here. Return True, as a mend that mended."""
        self.holder[self.key] = value
        return True

    def drop(self) -> bool:
        """Let nothing stand here, if the schema allows that. Return whether it does."""
        if self.required:
            return False
        del self.holder[self.key]
        return True


Mend: TypeAlias = Callable[[Spot], bool]
"""Mends one spot, or leaves it as it was. Returns whether it mended it."""

MendFrame: TypeAlias = Callable[[list[bytes]], list[bytes] | None]
"""Returns the elements of an OCPP-J message as they should be, each as JSON, or None if this is another deviation."""

MendText: TypeAlias = Callable[[bytes], bytes | None]
"""Returns the text of a message as it should be, or None if this is another deviation."""


class Example(Struct, frozen=True):
    """A payload with the deviation, and what becomes of it, both as JSON; for a frame or a text the whole message."""

    version: str
    action: str
    before: str
    after: str
    direction: Direction = "request"


class Quirk(Struct, frozen=True):
    """One row of the table. Exactly one of `mend`, `mend_frame` and `mend_text` is set.

    `becomes` says what is made of it, `seen` where it was met (project#thread, or the source of the rule), `safe` why
    nobody is billed wrongly by it. `by_default` is False for what an operator must ask for, because a time or an amount
    may change. A quirk with `loses` takes something away: the original is kept beside the records, whatever the action.
    """

    name: str
    what: str
    becomes: str
    seen: tuple[str, ...]
    safe: str
    examples: tuple[Example, ...]
    mend: Mend | None = None
    mend_frame: MendFrame | None = None
    mend_text: MendText | None = None
    departures: frozenset[Departure] = frozenset()
    versions: frozenset[str] = ALL_VERSIONS
    actions: frozenset[str] = frozenset()
    but: frozenset[str] = frozenset()
    directions: frozenset[Direction] = frozenset({"request", "result"})
    by_default: bool = True
    loses: bool = False

    def fits(self, spot: Spot, departure: Departure) -> bool:
        """Whether this quirk may look at a spot. No `actions` means all, `but` those that are left out."""
        return (
            departure in self.departures
            and spot.version in self.versions
            and spot.direction in self.directions
            and (not self.actions or spot.action in self.actions)
            and spot.action not in self.but
        )

"""How much a station takes in one message: what it says of itself, kept as a fact until its firmware changes.

OCPP 2.x has ItemsPerMessage and BytesPerMessage per message (Part 2 appendix, DeviceDataCtrlr, LocalAuthListCtrlr,
MonitoringCtrlr); 1.6 has GetConfigurationMaxKeys and SendLocalListMaxLength (section 9).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from gateway.core.facts.kind import FactKind
from gateway.core.stations import Station

UNTOLD_BYTES_MAX: Final = 16 * 1024
"""Largest message to a station that names no limit. Some have a receive buffer of this size."""

_UNTOLD_ITEMS: Final = {"SendLocalList": 10, "GetConfiguration": 10}
"""Items where a station does not say; else one at a time, for ItemsPerMessage is required where a message has items."""

ENVELOPE_BYTES: Final = 128
"""What stands around the items of a message: type, id, action, and the other fields of the request."""


class MessageLimit(Struct, frozen=True, omit_defaults=True):
    """The largest message of one action: items, and bytes of the whole message. None: the station does not say."""

    items: int | None = None
    size_bytes: int | None = None


class ItemLimits(Struct, frozen=True, omit_defaults=True):
    """What a station said, and the firmware that said it. `by_action` holds the actions that have limits.

    `list_entries` is how many tokens the local list holds; `list_enabled` is False where the list is switched off.
    """

    firmware: str | None
    by_action: Mapping[str, MessageLimit]
    list_entries: int | None = None
    list_enabled: bool | None = None

    def items(self, action: str) -> int:
        """Return how many items one message may hold: at least 1."""
        told = self.by_action.get(action, MessageLimit()).items
        return max(1, told) if told is not None else _UNTOLD_ITEMS.get(action, 1)

    def size_bytes(self, action: str) -> int:
        """Return how many bytes one message may have."""
        told = self.by_action.get(action, MessageLimit()).size_bytes
        return told if told else UNTOLD_BYTES_MAX


LIMITS: Final = FactKind("item_limits", ItemLimits)
KEY: Final = "station"
"""A station has one set of limits."""


def known_limits(station: Station) -> ItemLimits | None:
    """Return what is known; None if nothing is, or another firmware said it."""
    limits = LIMITS.get(station, KEY)
    return limits if limits is not None and limits.firmware == firmware_of(station) else None


def firmware_of(station: Station) -> str | None:
    """Return the firmware that the station booted with last."""
    return None if station.state.boot is None else station.state.boot.firmware


Item: TypeAlias = Mapping[str, Any] | msgspec.Raw


def in_messages(items: Sequence[Item], action: str, limits: ItemLimits) -> list[Sequence[Item]]:
    """Return `items` as the lists that go into one message each, in order. An item too large for any goes alone."""
    items_max = limits.items(action)
    bytes_max = limits.size_bytes(action) - ENVELOPE_BYTES
    messages: list[Sequence[Item]] = []
    start = size = 0
    for index, item in enumerate(items):
        item_size = 1 + (len(item) if isinstance(item, msgspec.Raw) else len(msgspec.json.encode(item)))
        if index > start and (index - start >= items_max or size + item_size > bytes_max):
            messages.append(items[start:index])
            start, size = index, 0
        size += item_size
    if start < len(items):
        messages.append(items[start:])
    return messages

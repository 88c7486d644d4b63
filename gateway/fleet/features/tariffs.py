"""Tariffs: OCPP 2.1 use cases I07 to I12. Kept and reported; no cost is computed."""

from collections.abc import Sequence
from typing import Any


class Tariffs:
    """The default tariff of each EVSE, and the tariffs of running transactions."""

    __slots__ = ("_default", "_running")

    def __init__(self) -> None:
        self._default: dict[int, dict[str, Any]] = {}
        self._running: dict[str, dict[str, Any]] = {}

    def set_default(self, evses: Sequence[int], tariff: dict[str, Any]) -> None:
        """Make `tariff` the default of `evses`."""
        self._default |= dict.fromkeys(evses, tariff)

    def begin(self, transaction: str, evse: int) -> None:
        """A transaction begins: it keeps the default tariff of its EVSE (I07.FR.11)."""
        if evse in self._default:
            self._running[transaction] = self._default[evse]

    def end(self, transaction: str) -> None:
        """A transaction has ended."""
        self._running.pop(transaction, None)

    def change(self, transaction: str, tariff: dict[str, Any]) -> str:
        """Give a running transaction another tariff: Accepted or NoCurrencyChange."""
        held = self._running.get(transaction)
        if held is not None and held["currency"] != tariff["currency"]:
            return "NoCurrencyChange"
        self._running[transaction] = tariff
        return "Accepted"

    def of(self, transaction: str) -> str | None:
        """The id of the tariff of a running transaction."""
        held = self._running.get(transaction)
        return None if held is None else str(held["tariffId"])

    def defaults(self, evses: Sequence[int]) -> list[tuple[dict[str, Any], list[int]]]:
        """Each default tariff of any of `evses`, with those of them that have it."""
        found: dict[str, tuple[dict[str, Any], list[int]]] = {}
        for evse in evses:
            if evse in self._default:
                tariff = self._default[evse]
                found.setdefault(tariff["tariffId"], (tariff, []))[1].append(evse)
        return list(found.values())

    def clear(self, tariff_id: str | None, evses: Sequence[int]) -> bool:
        """Remove this default tariff, or with None any, from `evses`; False where there was none."""
        found = [evse for evse in evses if evse in self._default]
        found = [evse for evse in found if tariff_id in (None, self._default[evse]["tariffId"])]
        for evse in found:
            del self._default[evse]
        return bool(found)

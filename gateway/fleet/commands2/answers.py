"""Small pieces that answers and reports are made of."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.fleet.device_model import fits
from gateway.fleet.dialect import Payload, Refusal
from gateway.fleet.payloads2 import GetVariable, Place, SetMonitor, SetVariable
from gateway.fleet.station import SimulatedStation

PARTS_MAX = 40
"""Messages of one report: fewer than the outbox has room for, so that none is lost."""


def status(word: str, reason: str = "") -> Payload:
    """An answer that is a status, with a reasonCode where there is one."""
    return {"status": word} | ({"statusInfo": {"reasonCode": reason}} if reason else {})


def bound(items: Sequence[object], at_most: int, name: str) -> None:
    """Raise Refusal where a message holds more items than the station has told that it takes (ItemsPerMessage)."""
    if len(items) > at_most:
        raise Refusal("OccurrenceConstraintViolation", f"{name}: {len(items)} items, at most {at_most}")


def report(
    station: SimulatedStation, action: str, common: Payload, field: str, items: Sequence[Any], size: int
) -> None:
    """Send `items` in as many messages as it takes, `size` in each; all but the last say that more comes (tbc)."""
    parts = [items[start : start + size] for start in range(0, len(items), size)][:PARTS_MAX] or [()]
    for number, part in enumerate(parts):
        payload = dict(common)
        if "seqNo" in payload:
            payload["seqNo"] = number
        if part:
            payload[field] = list(part)
        if number < len(parts) - 1:
            payload["tbc"] = True
        station.report(action, payload)


def place_of(wanted: GetVariable | SetVariable | SetMonitor) -> Payload:
    """The component and the variable that are meant, as messages hold them."""
    return {"component": msgspec.to_builtins(wanted.component), "variable": msgspec.to_builtins(wanted.variable)}


def meant(held: Payload, place: Place) -> bool:
    """Whether `held`, a component and a variable, is among what `place` means."""
    variable = None if place.variable is None else msgspec.to_builtins(place.variable)
    return fits(held, msgspec.to_builtins(place.component), variable)

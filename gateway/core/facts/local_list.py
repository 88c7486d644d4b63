"""What a station's local authorisation list holds, as far as the gateway knows (OCPP 1.6 section 3.5, 2.x part D)."""

from datetime import datetime
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from gateway.core.facts.kind import FactKind
from gateway.core.records import Record
from gateway.core.stations import Station

Problem: TypeAlias = Literal["unsupported", "disabled", "too_small", "failed"]


class ListState(Struct, frozen=True, omit_defaults=True):
    """What is known of a station's list. `version` is None where it must be asked for.

    `foreign`: somebody else may have written it, so its version says nothing. `problem` is why it is not kept in step,
    with the `firmware` that had it. `entries` are those that were sent with `version`.
    """

    version: int | None = None
    entries: int = 0
    foreign: bool = False
    problem: Problem | None = None
    reason: str | None = None
    firmware: str | None = None


LIST: Final = FactKind("local_list", ListState)
KEY: Final = "list"
"""A station has one list."""


def list_state(station: Station) -> ListState:
    """Return what is known of the station's list."""
    return LIST.get(station, KEY) or ListState()


def records_of_raw_call(action: str, now: datetime) -> list[Record]:
    """Return what must be on disk before a call that is not ours to understand is sent: SendLocalList writes the list.

    After that nobody knows what the list holds, whatever version it has.
    """
    return [LIST.holds(KEY, ListState(foreign=True), now)] if action == "SendLocalList" else []

"""What can be wrong in a site's file that its description cannot say: words that repeat, EVSEs without a number."""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence, Set
from typing import Final
from zoneinfo import ZoneInfo

from gateway.app.config_types import shown
from gateway.app.site_tables import DefaultTable, EvseTable, Rotation, SiteTable
from gateway.core.charging.description import Phases

Fault = tuple[str, str]
"""A path and a reason."""

_PHASES: Final = {"L1": 1, "L2": 2, "L3": 3}


def table_faults(table: SiteTable, wrong: Set[str]) -> Iterator[Fault]:
    """Yield the faults, but for what keys of `wrong`, which were not read, may have said."""
    for path, reason in _faults(table):
        judged = {f"{path}.evse", f"{path}.evses"} if path.startswith("evse[") else set()
        if path.endswith(".node"):
            judged |= {"default", "default.node"}
        if path not in wrong and judged.isdisjoint(wrong):
            yield path, reason


def phases_of(rotation: Rotation) -> Phases:
    """Return the phases of a rotation, empty for a string that is none."""
    if isinstance(rotation, tuple):
        return rotation
    words = rotation.split(" ")
    return tuple(_PHASES[word] for word in words) if all(word in _PHASES for word in words) else ()


def _faults(table: SiteTable) -> Iterator[Fault]:
    yield from _rotation_faults("default.phases", table.default.phases)
    for number, evse in enumerate(table.evse):
        yield from _evse_faults(f"evse[{number}]", evse, table.default)
    names: set[str] = set()
    for number, group in enumerate(table.token_group):
        if group.name in names:
            yield f"token_group[{number}].name", f"{shown(group.name)} is there twice"
        names.add(group.name)
        yield from _repeats(f"token_group[{number}].tokens", group.tokens)
    for number, entry in enumerate(table.schedule):
        yield from _repeats(f"schedule[{number}].days", entry.days)
    try:
        ZoneInfo(table.time_zone)
    except (KeyError, ValueError, OSError):
        yield "time_zone", f"is {shown(table.time_zone)}, must be a time zone, such as Europe/Berlin"


def _evse_faults(path: str, evse: EvseTable, default: DefaultTable) -> Iterator[Fault]:
    if evse.evse is None and not evse.evses:
        yield path, "must have evse, or evses"
    if evse.evse is not None and evse.evses:
        yield path, "has evse and evses, must have one of them"
    yield from _repeats(f"{path}.evses", evse.evses)
    if evse.node is None and default.node is None:
        yield f"{path}.node", "is missing, here and in [default]"
    if evse.phases is not None:
        yield from _rotation_faults(f"{path}.phases", evse.phases)


def _rotation_faults(path: str, rotation: Rotation) -> Iterator[Fault]:
    phases = phases_of(rotation)
    if not 1 <= len(phases) == len(set(phases)) <= 3:
        said = shown(list(rotation) if isinstance(rotation, tuple) else rotation)
        yield path, f'is {said}, must be one to three phases, each once, such as "L2 L3 L1" or [2, 3, 1]'


def _repeats(path: str, members: Sequence[Hashable]) -> Iterator[Fault]:
    for member, count in Counter(members).items():
        if count > 1:
            yield path, f"{shown(member)} is there twice"

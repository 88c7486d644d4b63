"""A site's file: TOML that an electrician can read, in amperes and kilowatts.

    name = "Depot North"

    [[node]]
    name = "grid"
    limit_a = 400                        # or one for each phase: [400, 400, 380]
    limit_kw = 250
    base_load_a = 40

    [[node]]
    name = "panel"
    parent = "grid"
    limit_a = 125

    [[evse]]
    station = "DE*ABC*1"
    evses = [1, 2]
    node = "panel"
    phases = [1, 2, 3]                   # of the site, to which L1, L2, L3 go

`default` holds keys of `[[evse]]` for all of them. Limits are rounded down to milliamperes, base loads and minima up.
"""

import math
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from gateway.app.config_sources import ConfigError
from gateway.app.side_files import read_text
from gateway.core.charging.dark_site import dark_faults
from gateway.core.charging.description import (
    EvseDescription,
    NodeDescription,
    ScheduledLimit,
    SiteDescription,
    TokenGroupDescription,
)
from gateway.core.charging.network import Network
from gateway.core.charging.site_faults import faults_of

Amperes: TypeAlias = float | tuple[float, float, float]
Phase: TypeAlias = Annotated[int, Meta(ge=1, le=3)]
Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

AMPERES_MAX: Final = 1e6
"""Beyond any wire; what is larger is a mistake, and so is what is not a number."""


class NodeTable(Struct, frozen=True, forbid_unknown_fields=True):
    """`[[node]]`: see `NodeDescription`."""

    name: str
    parent: str | None = None
    limit_a: Amperes | None = None
    limit_kw: float | None = None
    base_load_a: Amperes = 0.0
    unheard_limit_a: Amperes | None = None
    unheard_limit_kw: float | None = None


class EvseTable(Struct, frozen=True, forbid_unknown_fields=True):
    """`[[evse]]`: one EVSE of a station, or several alike."""

    station: str
    node: str | None = None
    evse: int | None = None
    evses: tuple[int, ...] = ()
    phases: tuple[Phase, ...] | None = None
    minimum_a: float | None = None
    maximum_a: float | None = None
    fallback_a: float | None = None
    weight: int | None = None
    priority: int | None = None
    current: Literal["AC", "DC"] | None = None
    efficiency: float | None = None


class DefaultTable(Struct, frozen=True, forbid_unknown_fields=True):
    """`[default]`: what holds for every EVSE that does not say otherwise."""

    node: str | None = None
    phases: tuple[Phase, ...] | None = None
    minimum_a: float | None = None
    maximum_a: float | None = None
    fallback_a: float | None = None
    weight: int | None = None
    priority: int | None = None
    current: Literal["AC", "DC"] | None = None
    efficiency: float | None = None


class TokenGroupTable(Struct, frozen=True, forbid_unknown_fields=True):
    """`[[token_group]]`: sessions of these id tokens have another weight or priority."""

    name: str
    tokens: tuple[str, ...]
    weight: int | None = None
    priority: int | None = None


class ScheduleTable(Struct, frozen=True, forbid_unknown_fields=True):
    """`[[schedule]]`: what a node carries each day from `begins` until `ends`, in local time."""

    node: str
    begins: time
    ends: time
    days: tuple[Day, ...] = DAYS
    limit_a: Amperes | None = None
    limit_kw: float | None = None


class SiteTable(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    name: Annotated[str, Meta(min_length=1, max_length=255)]
    node: tuple[NodeTable, ...]
    evse: tuple[EvseTable, ...]
    default: DefaultTable = DefaultTable()
    token_group: tuple[TokenGroupTable, ...] = ()
    schedule: tuple[ScheduleTable, ...] = ()
    voltage_v: float = 230.0
    slot_s: float = 900.0
    time_zone: str = "UTC"


def read_sites(files: Sequence[Path]) -> tuple[SiteDescription, ...]:
    """Return the sites in `files`. Raises ConfigError with all that is wrong, each with its file and path.

    A station is at one site, names of sites differ, and every site must carry its fallbacks when nothing is heard.
    """
    problems: list[str] = []
    sites: list[SiteDescription] = []
    where: dict[str, Path] = {}
    for file in files:
        try:
            site = read_site_file(file)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        if any(site.name == other.name for other in sites):
            problems.append(f"{file}: name: another file has a site {site.name!r} too")
        for station in dict.fromkeys(evse.station for evse in site.evses):
            if station in where:
                problems.append(f"{file}: evse: station {station!r} is at the site of {where[station]} already")
            where.setdefault(station, file)
        sites.append(site)
    if problems:
        raise ConfigError(problems)
    return tuple(sites)


def read_site_file(file: Path) -> SiteDescription:
    """Return the site in `file`. Raises ConfigError with all that is wrong in it, each with its path."""
    try:
        table = msgspec.convert(tomllib.loads(read_text(file)), SiteTable)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError([f"{file}: is not TOML: {error}"]) from None
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        raise ConfigError([f"{file}: {path.strip('`.') or 'site'}: {reason}"]) from None
    problems = [f"{file}: {problem}" for problem in _problems(table)]
    if problems:
        raise ConfigError(problems)
    site = _description(table)
    paths = _paths(table)
    faults = faults_of(site) or dark_faults(Network(site))
    if faults:
        raise ConfigError([f"{file}: {_path_in_file(fault.path, paths)}: {fault.reason}" for fault in faults])
    return site


def _problems(table: SiteTable) -> Iterator[str]:
    """Yield what is wrong with the numbers themselves, and what the description cannot say."""
    for name, rows in (("node", table.node), ("evse", table.evse), ("schedule", table.schedule)):
        for number, row in enumerate(rows):
            for key, value in msgspec.structs.asdict(row).items():
                if key.endswith(("_a", "_kw")) and value is not None:
                    for amount in value if isinstance(value, tuple) else (value,):
                        if not -AMPERES_MAX <= amount <= AMPERES_MAX:
                            yield f"{name}[{number}].{key}: {amount} is no current or power"
    for key, value in msgspec.structs.asdict(table.default).items():
        if key.endswith("_a") and value is not None and not 0 <= value <= AMPERES_MAX:
            yield f"default.{key}: {value} is no current"
    for number, evse in enumerate(table.evse):
        if (evse.evse is None) == (not evse.evses):
            yield f"evse[{number}]: must have evse, or evses"
        if evse.node is None and table.default.node is None:
            yield f"evse[{number}].node: is missing, here and in [default]"
    try:
        ZoneInfo(table.time_zone)
    except (KeyError, ValueError, OSError):
        yield f"time_zone: {table.time_zone!r} is no time zone, such as Europe/Berlin"


def _description(table: SiteTable) -> SiteDescription:
    return SiteDescription(
        name=table.name,
        nodes=tuple(
            NodeDescription(
                name=node.name,
                parent=node.parent,
                limit_ma=_phases_ma(node.limit_a, math.floor),
                limit_w=_watts(node.limit_kw),
                base_load_ma=_phases_ma(node.base_load_a, math.ceil) or (0, 0, 0),
                unheard_limit_ma=_phases_ma(node.unheard_limit_a, math.floor),
                unheard_limit_w=_watts(node.unheard_limit_kw),
            )
            for node in table.node
        ),
        evses=tuple(_evse(evse, number, table.default) for evse in table.evse for number in _numbers(evse)),
        token_groups=tuple(
            TokenGroupDescription(
                name=group.name, tokens=frozenset(group.tokens), weight=group.weight, priority=group.priority
            )
            for group in table.token_group
        ),
        schedule=tuple(
            ScheduledLimit(
                node=entry.node,
                begins=entry.begins,
                ends=entry.ends,
                weekdays=frozenset(DAYS.index(day) for day in entry.days),
                limit_ma=_phases_ma(entry.limit_a, math.floor),
                limit_w=_watts(entry.limit_kw),
            )
            for entry in table.schedule
        ),
        voltage_v=table.voltage_v,
        slot_s=table.slot_s,
        time_zone=table.time_zone,
    )


def _evse(table: EvseTable, number: int, default: DefaultTable) -> EvseDescription:
    fields: dict[str, Any] = {}
    for key in ("node", "phases", "weight", "priority", "current", "efficiency"):
        value = getattr(table, key) if getattr(table, key) is not None else getattr(default, key)
        if value is not None:
            fields[key] = value
    for key, rounded in (("minimum", math.ceil), ("maximum", math.floor), ("fallback", math.ceil)):
        own = getattr(table, f"{key}_a")
        value = own if own is not None else getattr(default, f"{key}_a")
        if value is not None:
            fields[f"{key}_ma"] = _milliamperes(value, rounded)
    return EvseDescription(station=table.station, evse=number, **fields)


def _numbers(table: EvseTable) -> tuple[int, ...]:
    return table.evses if table.evse is None else (table.evse,)


def _milliamperes(amperes: float, rounded: Callable[[float], int]) -> int:
    """Return an amount rounded to mA; what is beyond a millionth of one is noise of binary fractions."""
    return rounded(round(amperes * 1000, 6))


def _phases_ma(amperes: Amperes | None, rounded: Callable[[float], int]) -> tuple[int, int, int] | None:
    if amperes is None:
        return None
    one, two, three = amperes if isinstance(amperes, tuple) else (amperes,) * 3
    return _milliamperes(one, rounded), _milliamperes(two, rounded), _milliamperes(three, rounded)


def _watts(kilowatts: float | None) -> int | None:
    return None if kilowatts is None else math.floor(round(kilowatts * 1000, 6))


def _paths(table: SiteTable) -> Mapping[int, str]:
    """Return the path in the file of each EVSE, by its place in the description."""
    places = (f"evse[{number}]" for number, evse in enumerate(table.evse) for _ in _numbers(evse))
    return dict(enumerate(places))


def _path_in_file(path: str, paths: Mapping[int, str]) -> str:
    if not path.startswith("evse["):
        return path
    number, _, rest = path.removeprefix("evse[").partition("]")
    return paths[int(number)] + rest

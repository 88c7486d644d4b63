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
    phases = "L1 L2 L3"                  # of the site, to which L1, L2, L3 go; or [1, 2, 3]

`default` holds keys of `[[evse]]` for all of them; `site_tables` has every key. Limits are rounded down to
milliamperes, base loads and minima up.
"""

import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import UNSET

from gateway.app.config_sources import ConfigError
from gateway.app.config_types import shown
from gateway.app.side_files import read_text
from gateway.app.site_paths import evse_rows, numbers_of, path_of, value_at
from gateway.app.site_rules import phases_of, table_faults
from gateway.app.site_tables import DAYS, DefaultTable, EvseTable, PhaseLoads, SiteTable
from gateway.app.toml_tables import TableReader
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


def read_sites(files: Sequence[Path]) -> tuple[SiteDescription, ...]:
    """Return the sites in `files`. Raises ConfigError with all that is wrong, each with its file and path.

    A station is at one site, names of sites differ, and every site must carry its fallbacks when nothing is heard.
    """
    problems: list[str] = []
    sites: list[SiteDescription] = []
    where: dict[str, Path] = {}
    for file in files:
        try:
            table, site = _read(file)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        if any(site.name == other.name for other in sites):
            problems.append(f"{file}: name: is {shown(site.name)}, as another site is called already")
        for number, evse in enumerate(table.evse):
            if where.setdefault(evse.station, file) is not file:
                at = where[evse.station]
                problems.append(f"{file}: evse[{number}].station: {shown(evse.station)} is at the site of {at} already")
        sites.append(site)
    if problems:
        raise ConfigError(problems)
    return tuple(sites)


def read_site_file(file: Path) -> SiteDescription:
    """Return the site in `file`. Raises ConfigError with all that is wrong in it, each with its path.

    Whether it carries its fallbacks when nothing is heard is looked at when all else is right.
    """
    return _read(file)[1]


def _read(file: Path) -> tuple[SiteTable, SiteDescription]:
    text = read_text(file)
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError also for an integer of thousands of digits
        raise ConfigError([f"{file}: is not TOML: {error}"]) from None
    return _checked(file, tables)


def site_of(file: Path, tables: Mapping[str, Any]) -> SiteDescription:
    """Return the site that the tables of `file` describe. Raises ConfigError as `read_site_file` does."""
    return _checked(file, tables)[1]


def _checked(file: Path, tables: Mapping[str, Any]) -> tuple[SiteTable, SiteDescription]:
    reader = TableReader()
    table = reader.read(SiteTable, tables)
    for path, reason in table_faults(table, frozenset(reader.wrong)):
        reader.refuse(path, reason)
    site = _description(table)
    faults = faults_of(site)
    if not faults and not reader.problems:
        faults = dark_faults(Network(site))
    rows, wrong = evse_rows(table), frozenset(reader.wrong)
    for fault in faults:
        place = path_of(fault, table, rows, wrong)
        if place is not None:
            value = value_at(place, tables, table) if fault.reason.startswith("must ") else UNSET
            reader.refuse(place, fault.reason if value is UNSET else f"is {shown(value)}, {fault.reason}")
    if reader.problems:
        raise ConfigError([f"{file}: {path}: {reason}" for path, reason in dict.fromkeys(reader.problems)])
    return table, site


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
        evses=tuple(_evse(evse, number, table.default) for evse in table.evse for number in numbers_of(evse)),
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
    def said(key: str) -> Any:
        own = getattr(table, key)
        return getattr(default, key) if own is None else own

    return EvseDescription(
        station=table.station,
        evse=number,
        node=said("node") or "",
        phases=phases_of(said("phases")),
        minimum_ma=_milliamperes(said("minimum_a"), math.ceil),
        maximum_ma=_milliamperes(said("maximum_a"), math.floor),
        fallback_ma=_milliamperes(said("fallback_a"), math.ceil),
        weight=said("weight"),
        priority=said("priority"),
        current=said("current"),
        efficiency=said("efficiency"),
    )


def _milliamperes(amperes: float, rounded: Callable[[float], int]) -> int:
    """Return an amount rounded to mA; what is beyond a millionth of one is noise of binary fractions."""
    return rounded(round(amperes * 1000, 6))


def _phases_ma(amperes: PhaseLoads | None, rounded: Callable[[float], int]) -> tuple[int, int, int] | None:
    if amperes is None:
        return None
    one, two, three = amperes if isinstance(amperes, tuple) else (amperes,) * 3
    return _milliamperes(one, rounded), _milliamperes(two, rounded), _milliamperes(three, rounded)


def _watts(kilowatts: float | None) -> int | None:
    return None if kilowatts is None else math.floor(round(kilowatts * 1000, 6))

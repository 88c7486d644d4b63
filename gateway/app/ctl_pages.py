"""Answers of the admin API as tables for a terminal; `--json` has everything that is left out here."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from gateway.app.tables import table

Json: TypeAlias = Mapping[str, Any]

STATION_COLUMNS: Final = (
    "identity",
    "connected",
    "version",
    "registration",
    "running_transactions",
    "last_received_at",
)
SITE_COLUMNS: Final = (
    "site",
    "nodes",
    "evses",
    "charging",
    "waiting",
    "offline",
    "disobedient",
    "links_with_deficit",
    "fault",
)
LOADS: Final = ("capacity", "base_load", "allocated", "reserved", "measured", "deficit")
EVSE_COLUMNS: Final = ("station", "evse", "node", "state", "limit_a", "target_a", "measured_a", "why")


def stations_page(content: Json) -> Iterator[str]:
    """Yield the lines of a list of stations."""
    yield from _table(STATION_COLUMNS, content["stations"])


def sites_page(content: Json) -> Iterator[str]:
    """Yield the lines of a list of sites."""
    yield from _table(SITE_COLUMNS, content["sites"])


def station_page(content: Json) -> Iterator[str]:
    """Yield the lines of one station: what is said once, then a table for each list."""
    lists = {"connectors", "transactions", "last_commands", "last_messages", "raw_messages"}
    once = [(name, value) for name, value in content.items() if name not in lists]
    for part in ("boot", "calls"):
        place = next((index for index, (name, _) in enumerate(once) if name == part), None)
        if place is not None:
            once[place : place + 1] = [(f"{part} {name}", value) for name, value in (once[place][1] or {}).items()]
    yield from table(("", "value"), once)
    listed = {name: content[name] for name in ("connectors", "transactions", "last_commands", "last_messages")}
    listed["raw_messages"] = content["raw_messages"]["last"]
    for name, rows in listed.items():
        if rows:
            yield ""
            yield name
            yield from _table([key for key in rows[0] if key != "detail"], rows)


def site_page(content: Json) -> Iterator[str]:
    """Yield the lines of one site: its tree with what each node carries, and its EVSEs."""
    yield from _table(SITE_COLUMNS, [content])
    nodes = list(_nodes(content["tree"], 0))
    yield ""
    yield from _load_table([("  " * depth + node["node"], node) for depth, node in nodes])
    evses = [{"node": node["node"], **evse} for _, node in nodes for evse in node["evses"]]
    if evses:
        yield ""
        yield from _table(EVSE_COLUMNS, evses)


def node_page(content: Json) -> Iterator[str]:
    """Yield the lines of what one node carries now."""
    yield f"site {content['site']}"
    yield from _load_table([(content["node"], content)])


def _nodes(node: Json, depth: int) -> Iterator[tuple[int, Json]]:
    yield depth, node
    for below in node["nodes"]:
        yield from _nodes(below, depth + 1)


def _load_table(nodes: Sequence[tuple[str, Json]]) -> Iterator[str]:
    """Yield a table with a line for each phase of each node, in A, and for a limit of all phases, in kW."""
    rows = []
    for name, node in nodes:
        rows += [(name, f"phase {load['phase']}", "A", *_loads(load, "a")) for load in node["phases"]]
        if node["power"] is not None:
            rows.append((name, "all", "kW", *_loads(node["power"], "kw")))
    yield from table(("node", "of", "unit", *LOADS), rows)


def _loads(load: Json, unit: str) -> list[object]:
    return [load[f"{name}_{unit}"] for name in LOADS]


def _table(columns: Sequence[str], rows: Sequence[Json]) -> Iterator[str]:
    yield from table(columns, [[row.get(column) for column in columns] for row in rows])

"""Sites as the API shows them: in amperes and kilowatts, the tree as a tree, and for each EVSE what it gets and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from gateway.core.charging.description import NodeDescription, SiteDescription
from gateway.core.charging.views import EvseView, LinkView, SiteView
from gateway.wire.messages import timestamp

ALL_PHASES: Final = 0
"""The phase of a link that is a limit in kilowatts."""


def site_summary(description: SiteDescription, view: SiteView) -> dict[str, Any]:
    """Return a few words of a site: how much there is of it, and what its EVSEs do."""
    states = Counter(evse.state for evse in view.evses)
    return {
        "site": description.name,
        "nodes": len(description.nodes),
        "evses": len(view.evses),
        **{state: states[state] for state in ("charging", "waiting", "offline", "disobedient")},
        "links_with_deficit": sum(link.deficit > 0 for link in view.links),
        "fault": view.fault,
    }


def site_in_full(description: SiteDescription, view: SiteView) -> dict[str, Any]:
    """Return everything about a site: its summary, and the tree with all nodes and EVSEs."""
    links: dict[str, dict[int, LinkView]] = {}
    for link in view.links:
        links.setdefault(link.node, {})[link.phase] = link
    evses: dict[str, list[EvseView]] = {}
    for evse in view.evses:
        evses.setdefault(evse.node, []).append(evse)
    shown = {node.name: _node(node, links.get(node.name, {}), evses.get(node.name, [])) for node in description.nodes}
    root = None
    for node in description.nodes:
        if node.parent is None:
            root = shown[node.name]
        else:
            shown[node.parent]["nodes"].append(shown[node.name])
    return {**site_summary(description, view), "at": _time(view.at), "tree": root}


def node_now(view: SiteView, name: str) -> dict[str, Any]:
    """Return what one node carries now, without what is below it."""
    links = {link.phase: link for link in view.links if link.node == name}
    return {"site": view.name, "node": name, "at": _time(view.at), **_loads(links)}


def _node(node: NodeDescription, links: Mapping[int, LinkView], evses: Sequence[EvseView]) -> dict[str, Any]:
    return {
        "node": node.name,
        **_loads(links),
        "evses": [_evse(evse) for evse in evses],
        "nodes": [],
    }


def _loads(links: Mapping[int, LinkView]) -> dict[str, Any]:
    power = links.get(ALL_PHASES)
    return {
        "phases": [{"phase": phase, **_load(links[phase], "a", 1000)} for phase in sorted(links) if phase],
        "power": None if power is None or power.capacity is None else _load(power, "kw", 1_000_000),
    }


def _load(link: LinkView, unit: str, parts: int) -> dict[str, Any]:
    return {
        f"capacity_{unit}": None if link.capacity is None else link.capacity / parts,
        f"base_load_{unit}": link.base / parts,
        f"allocated_{unit}": link.allocated / parts,
        f"reserved_{unit}": link.reserved / parts,
        f"measured_{unit}": link.measured / parts,
        f"deficit_{unit}": link.deficit / parts,
    }


def _evse(evse: EvseView) -> dict[str, Any]:
    return {
        "station": evse.station,
        "evse": evse.evse,
        "state": evse.state,
        "transaction": evse.transaction,
        "phases": evse.phases,
        "limit_a": evse.limit_ma / 1000,
        "target_a": evse.target_ma / 1000,
        "reserved_a": [reach / 1000 for reach in evse.reach_ma],
        "measured_a": None if evse.drawn_ma is None else evse.drawn_ma / 1000,
        "binding": None if evse.binding is None else {"node": evse.binding[0], "phase": evse.binding[1]},
        "turn_at": None if evse.turn_at is None else _time(evse.turn_at),
        "why": evse.why,
    }


def _time(seconds: float) -> str:
    return timestamp(datetime.fromtimestamp(seconds, UTC))

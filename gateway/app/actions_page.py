"""Prints the table of actions: what becomes of each in each version, and through which route each is offered.

The tables are made of the rules that answer stations and of the flows that the API has, so that they cannot say
anything else than the code does. `ACTIONS.md` is this page.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from gateway.core.flows import FLOWS
from gateway.core.flows.flow import Flow
from gateway.core.protocols import PROTOCOLS, Protocol

API: Final = "/api/v1/stations/{identity}"

_INTRODUCTION: Final = """\
# Actions

What becomes of every action of OCPP, by version. Printed by `ocpp-gateway print actions` from the rules themselves.

## What a station may send

- **handled**: what it says takes effect (readings, transactions, connector states, state shown by the API).
- **stored**: it is kept as an event in the store, acknowledged, and nothing here acts on it.
- **refused**: it is answered, as the specification has it, that nothing here can serve it.
- **–**: the version has no such action; it is answered NotImplemented.

Whatever is handled or stored is on disk before it is answered. What does not fit its schema is refused with the error
code of its version, but for transaction messages (marked `*`): those are kept as they came and acknowledged.

A 2.x station may send each of them signed, as `<Action>-Signed` (Part 4 section 7): it is treated as the action and
answered unsigned, and the signed original is kept as an event beside what it became, unless it names a secret. **No
signature is verified.**

"""

_TO_STATION: Final = f"""
## What may be sent to a station

Every action is offered as it is, with its payload as the body, checked against the station's version before it is sent:
`POST {API}/calls/<Action>`.

Flows below `{API}/` offer some of them in words that are the same for all versions.

"""


def actions_page() -> str:
    """Return the page as Markdown."""
    return _INTRODUCTION + _table(_from_station()) + _TO_STATION + _table(_to_station())


def _from_station() -> Iterator[Sequence[str]]:
    protocols = _by_age()
    yield ["action", *(protocol.version.name for protocol in protocols), "what becomes of it"]
    for action in sorted({action for protocol in protocols for action in protocol.rules}):
        notes: dict[str, list[str]] = {}
        for protocol in protocols:
            if action in protocol.rules:
                notes.setdefault(protocol.rules[action].note, []).append(protocol.version.name)
        said = [note if len(notes) == 1 else f"{', '.join(names)}: {note}" for note, names in notes.items()]
        yield [f"`{action}`", *(_treatment(protocol, action) for protocol in protocols), "; ".join(said)]


def _treatment(protocol: Protocol, action: str) -> str:
    rule = protocol.rules.get(action)
    if rule is None:
        return "–"
    return rule.treatment.value + (" \\*" if rule.answer_raw is not None else "")


def _to_station() -> Iterator[Sequence[str]]:
    versions = [protocol.version for protocol in _by_age()]
    yield ["action", *(version.name for version in versions), "flows"]
    flows = flows_by_action()
    for action in sorted({action for version in versions for action in version.to_station}):
        offered = ["offered" if action in version.to_station else "–" for version in versions]
        yield [f"`{action}`", *offered, ", ".join(f"`{flow.method} {flow.path}`" for flow in flows.get(action, ()))]


def flows_by_action() -> dict[str, list[Flow]]:
    """Return the flows that make each call."""
    found: dict[str, list[Flow]] = {}
    for flow in FLOWS:
        for action in flow.actions:
            found.setdefault(action, []).append(flow)
    return found


def _by_age() -> list[Protocol]:
    return sorted(PROTOCOLS.values(), key=lambda protocol: protocol.version.name)


def _table(rows: Iterator[Sequence[str]]) -> str:
    head = next(rows)
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)

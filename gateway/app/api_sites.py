"""The part of the API's reference that tells of sites; `api_page` prints it."""

from collections.abc import Iterator
from typing import Final

from gateway.app.api_types import documentation, field_rows
from gateway.io.http_sites import SITES, BaseLoadRequest, NeedsRequest, NodeLimitRequest
from gateway.io.problems import JSON

_INTRODUCTION: Final = f"""\
Sites whose power the gateway shares, as their files describe them (see SITES.md), are below `{SITES}`.

`GET {SITES}` lists them by name: `{{"sites": [...]}}`. Each has `site`, how many `nodes` and `evses` it has,
how many of these are `charging`, `waiting` for a turn, `offline` or `disobedient` (seen to ignore limits),
`links_with_deficit` (phases of nodes, or nodes with a limit in kW, of which more may be drawn than they carry, until
what is in force ends), and a `fault` that is null unless an allocation did not prove right.

`GET {SITES}/SITE` is one site: the same, `at`, and its `tree`. Each `node` has `phases` and, where it has a limit
in kilowatts, `power` (else null), each with

- `capacity_a`, `capacity_kw`: what is left for EVSEs, the least that is known of for as long as a limit given now may
  last; null without a limit, below 0 where the base load alone is too much;
- `base_load_a`: what else is counted on it;
- `allocated_a`: what its EVSEs are to have together;
- `reserved_a`: what they might draw at most, by all that may be in force at them: never more than the capacity, or
  `deficit_a` says by how much;
- `measured_a`: what they drew by their newest readings;

its `evses`, and the `nodes` below it. An EVSE has its `station`, its number `evse`, its `state` (`idle`, `waiting`,
`charging`, `offline`, `disobedient`), the `transaction` that runs there, the `phases` of the site that it uses, and

- `limit_a`: what its station accepted last, per phase, while it is in force;
- `target_a`: what it is to have;
- `reserved_a`: what may be in force at most on each phase of the site;
- `measured_a`: what it drew by its newest reading, null if there is none;
- `binding`: the `node` and `phase` (0: its limit in kilowatts) that keeps it from having more, null if none does;
- `turn_at`: when a session that waits for its turn is considered again;
- `why`: all this in words.

What is said of nodes and EVSEs below replaces what was said before, holds at once, and is kept over a restart. A site,
node or EVSE that there is not is answered 404, a value that cannot be 422. The answer to what is said of a node has the
node as above, as it is then. If it holds but could not be put on disk, that is answered 503.

`POST {SITES}/reload` reads the files of all sites again, as SIGHUP does. If anything is wrong with them nothing
is changed: the answer is 422, and has all that is wrong in `problems`, as the log has.
"""

_REQUESTS: Final = (
    (
        "PUT sites/SITE/nodes/NODE/limit",
        f"{SITES}/depot/nodes/grid/limit",
        '{"limit_a": 80, "valid_s": 900}',
        NodeLimitRequest,
    ),
    (
        "PUT sites/SITE/nodes/NODE/base-load",
        f"{SITES}/depot/nodes/grid/base-load",
        '{"base_load_a": [22.5, 18, 31.5], "valid_s": 120}',
        BaseLoadRequest,
    ),
    (
        "PUT sites/SITE/evses/STATION/EVSE/needs",
        f"{SITES}/depot/evses/CP-1/1/needs",
        '{"energy_kwh": 12.5, "departure_at": "2026-11-02T17:00:00+01:00"}',
        NeedsRequest,
    ),
)

_DELETES: Final = """\
`DELETE` on a node's `limit` or `base-load` takes back what was said: then what the site's file says holds.

`POST sites/SITE/evses/STATION/EVSE/check` asks the station what the EVSE may draw in the next quarter of an hour (its
composite schedule), and compares that with what follows from the fallback and the limit that it has of ours. `verdict`
is `same`, `less` (another profile, which is safe), `more` (it does not keep its limit, or counts phases or volts
otherwise) or `untold`; `expected` and `told` have `start_s` from now and `current_a` per phase; `answer` is how the
question ended.

`DELETE sites/SITE/stations/STATION/disobedience` vouches for a station that was seen to draw more than it was allowed,
and so gets no limits any more, over restarts too: it is given its fallback anew, and then limits. The answer has the
`evses` of which it was seen. With another firmware it is tried again by itself.
"""


def sites_section() -> Iterator[str]:
    """Yield the lines of the section."""
    yield from ("## Sites", "", _INTRODUCTION)
    for title, target, body, request_type in _REQUESTS:
        yield from (f"#### {title}", "", documentation(request_type), "", *field_rows(request_type), "")
        yield from ("```http", f"PUT {target}", f"Content-Type: {JSON}", "", body, "```", "")
    yield _DELETES

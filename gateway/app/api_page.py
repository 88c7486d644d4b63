"""Prints the reference of the API: how to reach it, how a command ends, every flow with its fields, all that is shown.

The tables are made of the flows, the types of their requests and the table of problems, so that they cannot say
anything else than the code does. `API.md` is this page.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from gateway.app.api_examples import EXAMPLES, Example
from gateway.app.api_sites import sites_section
from gateway.app.api_types import documentation, field_list, field_rows, structs_in
from gateway.app.command_api import UNDER_WAY_MAX
from gateway.app.config import AdminSection, CommandsSection
from gateway.core import flows, idempotency
from gateway.core.calls import WAITING_MAX, Outcome
from gateway.core.flows.flow import Flow, Shown
from gateway.core.stations import FACTS_MAX
from gateway.io.http import BODY_BYTES_MAX, CONNECTIONS_MAX, FIRST_REQUEST_S, LIMIT_DEFAULT, LIMIT_MAX
from gateway.io.http_commands import BODY_S, KEY_HEADER, REPEATED_HEADER
from gateway.io.http_sites import SITES
from gateway.io.problems import JSON, PROBLEM_JSON, PROBLEMS, TYPE_PREFIX, Cause, Trouble
from gateway.wire.versions import VERSIONS

STATIONS: Final = "/api/v1/stations"

LINE_BYTES_MAX: Final = 100
"""Largest body of an example that is written in one line."""

KEPT_H: Final = idempotency.KEPT.total_seconds() / 3600


class Theme(Struct, frozen=True):
    """One section: what belongs together."""

    title: str
    flows: Sequence[Flow] = ()
    shown: Sequence[Shown] = ()


THEMES: Final = (
    Theme("Transactions", flows.transactions.FLOWS),
    Theme("Availability, restarts and messages on request", flows.availability.FLOWS),
    Theme("Reservations", flows.reservations.FLOWS, flows.reservations.SHOWN),
    Theme("Firmware and logs", flows.files.FLOWS, flows.files.SHOWN),
    Theme("Variables and configuration keys", flows.device_model.FLOWS),
    Theme("Local authorisation list", flows.local_list.FLOWS),
    Theme("Variable monitors", flows.monitoring.FLOWS, flows.monitoring.SHOWN),
    Theme("Display messages", flows.display.FLOWS, flows.display.SHOWN),
    Theme("Customers", flows.customers.FLOWS),
    Theme("What stations told of themselves", shown=flows.notices.SHOWN),
)

HEARD: Final[Mapping[Cause, str]] = {
    Outcome.REJECTED: "yes, and it does not do it",
    Outcome.CALL_ERROR: "yes; whether it does it is not known if its answer could not be read",
    Outcome.TIMEOUT: "maybe; a single call says by `sent` false that it was still waiting to be sent",
    Outcome.UNKNOWN: "maybe: the connection was lost, or the gateway ended, before the answer",
    Trouble.OUR_ERROR: "maybe",
}
"""Where a station may have heard of a command that was not accepted; else it has not."""

_INTRODUCTION: Final = f"""\
# HTTP API

For upstream systems and operators. Printed by `ocpp-gateway print api` from the code itself.

Commands are below `{STATIONS}`, what [sites](#sites) share is below `{SITES}`: JSON in and out, names in
`snake_case`, in the words of OCPP 2.x whatever version a station speaks. Times are as RFC 3339 has them, units are the
last word of a name (`retry_interval_s`).

## Reaching it

The admin port listens on `admin.host` and `admin.port`, by default `{AdminSection().host}` and `{AdminSection().port}`.

- **Token.** Where `admin.token_file` is configured, and always off loopback, every request needs
  `Authorization: Bearer TOKEN`; else it is answered 401. `/metrics`, `/livez` and `/readyz` need none.
- **Host.** A port on loopback takes only requests whose `Host` is a loopback address or `localhost`; others get 403. So
  do requests other than GET with the `Origin` of another site.
- **Body.** One JSON object with `Content-Type: {JSON}`, at most {BODY_BYTES_MAX // 1024} KiB, not compressed, within
  {BODY_S:g} s; unknown fields and repeated keys are errors. A DELETE needs none.
- **Time.** `?timeout_s=SECONDS` on a command says how long the station has to answer each call that it takes, the wait
  for calls before it included: `commands.timeout_s` (default {CommandsSection().timeout_s:g} s) without it,
  `commands.timeout_max_s` ({CommandsSection().timeout_max_s:g} s) at most. A flow of several calls may take longer, and
  so may one that waits for a report. The answer comes when the command has ended; a client that leaves ends nothing.
- **Room.** A station has one call at a time; {WAITING_MAX} wait behind it, one more is answered 429. Of all stations
  together {UNDER_WAY_MAX} commands may be under way, and the port holds {CONNECTIONS_MAX:,} connections; one more of
  either is answered 503. A connection that says nothing for {FIRST_REQUEST_S:g} s is closed.

Identities are percent-encoded in the path: `CP/1` is `{STATIONS}/CP%2F1`.

## Asking again: {KEY_HEADER}

A command that is sent again after a lost connection must not take effect twice. Give it an `{KEY_HEADER}`
header, such as a UUID (1 to {idempotency.KEY_CHARACTERS_MAX} printable ASCII characters, quoted or not):

- The same request with the same key, to the same station, is carried out once. While it is under way, who asks again
  waits for its answer; afterwards the same answer is given again with `{REPEATED_HEADER}: true`.
- This holds over a crash and restart of the gateway: the key is on disk before the station hears of the command, the
  answer before it is given, unless the journal is full meanwhile. What a crash cut off is answered `unknown`, and never
  sent again.
- Another request with a key that was used is answered 422. Method, path, parameters and body make the request.
- A key is good for {KEPT_H:g} hours, and the last {FACTS_MAX} of each station are kept.
- What was refused before anything was done (no such station, not valid, no room) uses up no key. Neither does GET.
- Of an answer beyond {idempotency.BODY_BYTES_MAX // 1024} KiB, or that names a secret, only the outcome is kept, and so
  where a station has more than {idempotency.STATION_BYTES_MAX // 1024} KiB of them: the repeat has
  `"response_omitted": true`.

## Stations

`GET {STATIONS}` lists stations by identity: `{{"stations": [...], "next_cursor": ...}}`. Parameters: `limit`
(1 to {LIMIT_MAX}, default {LIMIT_DEFAULT}), `cursor` (`next_cursor` of the page before; null on the last), `connected`
(`true` or `false`). Each has `identity`, `connected`, `version`, `registration`, `last_received_at`,
`running_transactions` (how many), `raw_messages_total` (messages kept as they came, as they could not be read) and
`mended_total` (messages of which quirks made something readable, and the original is kept beside it).

`GET {STATIONS}/IDENTITY` is one station: the same, and

- `boot`: what it said of itself when it booted last;
- `connectors`: the status of each, and since when;
- `transactions`: those that run, with `start_wh` and `register_wh` (meter at the start and last, in Wh) and the numbers
  of messages that are missing so far;
- `calls`: the action that it has to answer (`open`), and how many wait behind it (`waiting`);
- `last_commands`: the newest with a key, its `command` and the HTTP status of its answer (null: under way, or cut off);
- `last_messages` and `raw_messages`: the newest that it sent, and the newest that could not be read;
- `strict`: whether it is held to its schemas without quirks.

Id tokens are not shown here. A station that was never seen is answered 404.

## Single calls

`POST {STATIONS}/IDENTITY/calls/ACTION` sends one OCPP call as it is. The body is its payload, checked against the
schema of the station's own version before anything is sent. `ACTIONS.md` has all actions.

```sh
curl -X POST 'http://127.0.0.1:8080{STATIONS}/CP-1/calls/GetConfiguration?timeout_s=60' \\
  -H 'Content-Type: {JSON}' -H '{KEY_HEADER}: 7f0c51ca-58ad-4b0f-8f3c-6d5c1f2a9e10' \\
  -d '{{"key": ["HeartbeatInterval"]}}'
```

```json
{{
  "outcome": "accepted",
  "response": {{"configurationKey": [{{"key": "HeartbeatInterval", "readonly": false, "value": "300"}}]}}
}}
```

`response` is what the station answered, in its own words. `accepted` means that its status says so (Accepted,
Scheduled, RebootRequired, Unlocked, ...; of many, at least one), or that it has none.

## How a command ends

Accepted is 200 with `"outcome": "accepted"`. All else is `{PROBLEM_JSON}` (RFC 9457): `type` is
`{TYPE_PREFIX}` and the name below, `detail` says more for a person, `path` where a request is wrong.
Those marked `*` are ends of calls: they have their name as `outcome` too (with `_`), and what there is to say. That is
for a flow what its answer has; for a single call the `response`, or `error_code` and `error_description`, of the
station, and whether the call was `sent`.

"""

_AFTER_ENDINGS: Final = f"""\

Where a number of seconds stands, `Retry-After` has it. A flow of several calls ends with the first that fails; what
came before it stands.

What is wrong with HTTP itself has the type `about:blank`: 400 (parameters, header of a key, body cut off), 401, 403,
404 and 405 (no such path or method), 408 (body too slow), 413, 415, 500.

## Commands and what can be looked at

All paths are below `{STATIONS}/IDENTITY/`. A command becomes the calls that its section names, in the station's
version; in a version that has none of them it is answered 422.

"""

_ANSWERS: Final = """\

Beside what its section says, the answer to a flow may have `status` and `status_info` (`code`, `text`), the station's
own words; `error_code`, where it answered with an error; and `not_remembered`, if it was done but the journal is so
full that the gateway will not know of it.
"""


def api_page() -> str:
    """Return the page as Markdown."""
    lines = [*_endings(), _AFTER_ENDINGS + "\n".join(_overview()) + "\n" + _ANSWERS]
    shown: set[type[Struct]] = set()
    for theme in THEMES:
        lines += [f"## {theme.title}", ""]
        for flow in theme.flows:
            lines += [*_flow_section(flow, shown), ""]
        for one in theme.shown:
            lines += [*_shown_section(one, shown), ""]
    return _INTRODUCTION + "\n".join([*lines, *sites_section()])


def _endings() -> Iterator[str]:
    yield "| name | status | meaning | has the station heard of it? | again after |"
    yield "| --- | --- | --- | --- | --- |"
    for cause, problem in PROBLEMS.items():
        name = str(cause.value).replace("_", "-")
        mark = " \\*" if isinstance(cause, Outcome) else ""
        after = "" if problem.retry_after_s is None else f"{problem.retry_after_s} s"
        yield f"| `{name}`{mark} | {problem.status} | {problem.title} | {HEARD.get(cause, 'no')} | {after} |"


def _overview() -> Iterator[str]:
    yield "| below a station | what for |"
    yield "| --- | --- |"
    for theme in THEMES:
        for flow in theme.flows:
            yield f"| [`{flow.method} {flow.path}`](#{_anchor(flow.method, flow.path)}) | {flow.summary} |"
        for one in theme.shown:
            yield f"| [`GET {one.path}`](#{_anchor('GET', one.path)}) | {one.summary} |"


def _anchor(method: str, path: str) -> str:
    """Return the anchor of a heading, as GitHub and most others make it: no punctuation, hyphens for spaces."""
    return f"{method} {path}".lower().translate(str.maketrans(" ", "-", "/{}"))


def _flow_section(flow: Flow, shown: set[type[Struct]]) -> Iterator[str]:
    yield f"### {flow.method} {flow.path}"
    yield ""
    yield documentation(flow.request_type)
    if flow.actions:
        yield ""
        yield f"Becomes {', '.join(_in_versions(action) for action in flow.actions)}."
    in_path = frozenset(name for name in flow.request_type.__struct_fields__ if f"{{{name}}}" in flow.path)
    rows = list(field_rows(flow.request_type, in_path))
    if rows:
        yield from ("", *rows)
    yield from ("", "```http", *_example(flow, EXAMPLES[f"{flow.method} {flow.path}"]), "```")
    if flow.answer:
        yield from ("", "The answer has", "")
        yield from (f"- `{name}`: {meaning}" for name, meaning in flow.answer.items())
    for found in _new_structs(flow.request_type, shown):
        yield from ("", f"#### {found.__name__}", "", documentation(found), "", *field_rows(found))


def _new_structs(documented: type[Struct], shown: set[type[Struct]]) -> Iterator[type[Struct]]:
    """Yield the Structs within a Struct's fields that are not `shown` on the page so far."""
    for found in structs_in(documented):
        if found not in shown:
            shown.add(found)
            yield found


def _shown_section(one: Shown, shown: set[type[Struct]]) -> Iterator[str]:
    yield f"### GET {one.path}"
    yield ""
    yield f"{one.summary}; 404 if there is none." if "{" in one.path else f"{one.summary}: a list."
    yield ""
    if one.row_type in shown:
        yield "The fields are those above."
        return
    shown.add(one.row_type)
    yield from (documentation(one.row_type), "", f"Fields: {field_list(one.row_type)}.")
    if one.more:
        yield ""
        yield from (f"- `{name}`: {meaning}" for name, meaning in one.more.items())
    for found in _new_structs(one.row_type, shown):
        yield from ("", f"#### {found.__name__}", "", documentation(found), "", f"Fields: {field_list(found)}.")


def _in_versions(action: str) -> str:
    names = [version.name for version in VERSIONS.values() if action in version.to_station]
    return f"`{action}` ({', '.join(sorted(names))})"


def _example(flow: Flow, example: Example) -> Iterator[str]:
    path = flow.path.format_map(example.path)
    if flow.method == "GET":
        query = urlencode(example.body)
        yield f"GET {STATIONS}/CP-1/{path}" + (f"?{query}" if query else "")
        return
    yield f"{flow.method} {STATIONS}/CP-1/{path}"
    if flow.method != "DELETE":
        yield from (f"Content-Type: {JSON}", "")
        body = msgspec.json.encode(example.body)
        yield msgspec.json.format(body, indent=0 if len(body) <= LINE_BYTES_MAX else 2).decode()

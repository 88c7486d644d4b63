"""Prints the table of quirks. `QUIRKS.md` is this page."""

from collections.abc import Iterator
from typing import Final

from gateway.core.quirks import QUIRKS, Quirk
from gateway.core.quirks.quirk import ALL_VERSIONS, Departure, Example
from gateway.wire.versions import VERSIONS

EXAMPLE_CHARACTERS_MAX: Final = 400
"""Longest example that is shown; the longer ones are of texts that are too long, which one need not see."""

_INTRODUCTION: Final = """\
# Quirks

What firmwares send against the specification, and what the gateway makes of it. Printed by `ocpp-gateway print quirks`
from the table itself.

A message that keeps to its schema is never touched. One that breaks it is looked at again: each place that is wrong is
offered to the quirks of its station, and what comes out is decoded as strictly as before. If that fails, the message is
treated as if there were no quirks: refused, or kept raw if it is of a transaction. What is mended is answered normally,
counted in `ocpp_gateway_quirks_total{quirk,mode}` and logged once for each firmware. The original of every transaction
message, and of every other from which something was left out and that names no secret, is kept in the table
`raw_message` with the rule `quirk`. A repeat is recognised by the original.

Those marked *asked for* may move a time or an amount, so an operator must enable them, for a group of stations:

```toml
[quirks]
mode = "on"            # or "shadow", which only counts, or "off"

[[quirks.group]]
name = "growatt"
vendor = "Growatt*"    # and, or instead: identity, model, firmware
enable = ["transaction_time_zone_missing"]
disable = ["extra_property"]
```

A station that is `strict` has only the quirks that its group enables.

"""


def quirks_page() -> str:
    """Return the page as Markdown."""
    lines = ["| quirk | what a station sends | what becomes of it | default |", "| --- | --- | --- | --- |"]
    lines += [
        f"| [`{quirk.name}`](#{quirk.name}) | {quirk.what} | {quirk.becomes} | {_default(quirk)} |" for quirk in QUIRKS
    ]
    for quirk in QUIRKS:
        lines += ["", f"## {quirk.name}", "", *_details(quirk)]
    return _INTRODUCTION + "\n".join(lines) + "\n"


def _default(quirk: Quirk) -> str:
    return "on" if quirk.by_default else "asked for"


def _details(quirk: Quirk) -> Iterator[str]:
    yield f"{quirk.what}. It becomes {quirk.becomes}."
    yield ""
    yield f"- Where: {_scope(quirk)}."
    yield f"- Seen: {', '.join(quirk.seen)}."
    yield f"- Why it is safe: {quirk.safe}"
    for example in quirk.examples:
        if len(example.before) <= EXAMPLE_CHARACTERS_MAX:
            yield from _example(quirk, example)


def _scope(quirk: Quirk) -> str:
    versions = [version.name for name, version in VERSIONS.items() if name in quirk.versions]
    said = "all versions" if quirk.versions == ALL_VERSIONS else " and ".join(versions)
    actions = ", ".join(sorted(quirk.actions)) or "all messages"
    if quirk.but:
        actions = f"all messages but {', '.join(sorted(quirk.but))}"
    if quirk.directions == {"result"}:
        actions = f"answers to {actions}"
    if Departure.UNRECORDABLE in quirk.departures:
        actions = f"{actions}, also where the schema is kept but the value cannot be recorded"
    return f"{said}; {actions}"


def _example(quirk: Quirk, example: Example) -> Iterator[str]:
    name = f"{example.action} of {VERSIONS[example.version].name}"
    of = "the answer to " if example.direction == "result" else ""
    yield from ("", f"For example {of}{name}:", "", "```text")
    yield "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in example.before)
    yield example.after
    yield "```"

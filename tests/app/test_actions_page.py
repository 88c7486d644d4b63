"""The table of actions: it is what the code does, and `ACTIONS.md` is what it prints."""

from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from gateway.app.actions_page import actions_page, flows_by_action
from gateway.app.cli import main
from gateway.core.csms import Treatment
from gateway.core.flows import FLOWS
from gateway.core.protocols import PROTOCOLS
from gateway.core.records import Event
from gateway.wire.versions import VERSIONS
from tests.core.station_bench import MESSAGES, Bench
from tests.wire import schema_oracle

ANSWERED = [
    (version, action) for version, protocol in PROTOCOLS.items() for action in sorted(protocol.version.from_station)
]
OF_WHAT_BEGAN = {
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "PublishFirmwareStatusNotification",
    "ReservationStatusUpdate",
    "SignedFirmwareStatusNotification",
}
"""Handled, but they change nothing where no job or reservation began before."""

REFUSING = {"Rejected", "Failed"}


def statuses_in(answer):
    """Every status in an answer or in the items of its lists."""
    items = [item for value in answer.values() if isinstance(value, list) for item in value]
    return {part["status"] for part in (answer, *items) if "status" in part}


def test_the_committed_page_is_what_the_command_prints():
    page = Path(__file__).parents[2] / "ACTIONS.md"
    printed = CliRunner().invoke(main, ["print", "actions"])
    assert printed.exit_code == 0
    assert page.read_text(encoding="utf-8") == printed.output, "run: ocpp-gateway print actions > ACTIONS.md"


def test_every_action_of_every_version_has_a_row():
    rows = [line.split("|")[1].strip(" `") for line in actions_page().splitlines() if line.startswith("| `")]
    named = {action for version in VERSIONS.values() for action in (*version.from_station, *version.sends)}
    offered = {action for version in VERSIONS.values() for action in version.to_station}
    assert sorted(rows) == sorted([*named, *offered])


@pytest.mark.parametrize(("version", "action"), ANSWERED)
def test_what_the_table_says_of_an_action_is_what_happens(version, action):
    """Refused: the answer says so. Stored: it becomes an event and nothing else. Handled: neither of the two."""
    bench = Bench()
    line = bench.connect(version)
    made = schema_oracle.Maker(MESSAGES[version, action, "request"].schema, Random(f"{version} {action}"))
    becomes, statuses = set(), set()
    for share in (0.0, 1.0, 0.7):
        statuses |= statuses_in(line.ask(action, made.payload(share)))
        becomes |= {type(record) for record in bench.records}
    treatment = PROTOCOLS[version].rules[action].treatment
    if treatment is Treatment.REFUSED:
        assert statuses
        assert statuses <= REFUSING
        assert becomes <= {Event}
    elif treatment is Treatment.STORED:
        assert becomes == {Event}
        assert not statuses & REFUSING
    elif action not in ("Authorize", "Heartbeat"):
        assert bool(becomes - {Event}) == (action not in OF_WHAT_BEGAN)


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: f"{flow.method} {flow.path}")
def test_a_flow_names_calls_that_exist(flow):
    known = {action for version in VERSIONS.values() for action in version.to_station}
    assert set(flow.actions) <= known
    if flow.method != "GET":
        assert flow.actions, "a flow that asks a station nothing would be shown as none"
    assert all(flow in flows_by_action()[action] for action in flow.actions)

"""Facts about the table of flows."""

import json
import re
from collections import Counter

import msgspec
import pytest

from gateway.core.commands import CommandError, Fault
from gateway.core.flows import FLOWS, SHOWN
from gateway.core.flows.request import flow_request
from gateway.wire.versions import VERSIONS

NAME_IN_PATH = re.compile(r"{(\w+)}")


def test_no_two_flows_share_method_and_path():
    routes = Counter((flow.method, flow.path) for flow in FLOWS)
    routes.update(("GET", shown.path) for shown in SHOWN)
    assert [route for route, count in routes.items() if count > 1] == []


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: f"{flow.method} {flow.path}")
def test_every_name_in_a_path_is_a_field_of_the_body(flow):
    fields = {field.encode_name for field in msgspec.structs.fields(flow.request_type)}
    assert set(NAME_IN_PATH.findall(flow.path)) <= fields


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: f"{flow.method} {flow.path}")
def test_a_field_that_a_flow_does_not_know_is_refused(flow):
    assert flow.request_type.__struct_config__.forbid_unknown_fields
    assert flow.request_type.__doc__, "it is what the documents say of the body"


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: f"{flow.method} {flow.path}")
def test_every_action_of_a_flow_is_one_that_a_station_may_be_asked_for(flow):
    to_station = {action for version in VERSIONS.values() for action in version.to_station}
    assert set(flow.actions) <= to_station


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize(
    ("path", "field", "body"),
    [
        ("reservations", "expires_at", {"id_token": "T"}),
        ("firmware", "install_at", {"location": "http://x/"}),
        ("logs", "oldest_at", {"remote_location": "http://x/"}),
    ],
)
def test_a_time_that_utc_cannot_say_is_refused_with_its_place(path, field, body, time):
    (flow,) = [flow for flow in FLOWS if (flow.method, flow.path) == ("POST", path)]
    with pytest.raises(CommandError) as raised:
        flow_request(flow.request_type, json.dumps({**body, field: time}).encode(), {})
    assert (raised.value.fault, raised.value.path) == (Fault.INVALID, f"$.{field}")

"""What a full journal means for flows: what must be remembered is not begun, and what was done is told all the same."""

import pytest

from gateway.core.calls import Outcome
from tests.core.flows.flow_bench import ALL, BOTH_2, FlowBench
from tests.core.said import at
from tests.core.station_bench import BEGIN, OCPP16

RESERVATION = {"id_token": "TAG1", "expires_at": "2027-01-01T00:00:00Z", "id": 7}
FIRMWARE = {"location": "https://files.example/v2.bin"}
LOG = {"remote_location": "https://files.example/logs"}


def filling(flows, answer):
    """An answer after which the journal has no room."""

    def fill(request):
        flows.bench.journal.has_room = False
        return answer

    return fill


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize(
    ("route", "body"), [("POST reservations", RESERVATION), ("POST firmware", FIRMWARE), ("POST logs", LOG)]
)
def test_what_must_be_remembered_is_not_begun(version, route, body):
    flows = FlowBench(version)
    flows.bench.journal.has_room = False
    assert flows.refusal(route, body) == ("journal_full", None)


@pytest.mark.parametrize("version", ALL)
def test_a_station_is_commanded_all_the_same_where_nothing_is_to_be_remembered(version):
    flows = FlowBench(version)
    flows.bench.journal.has_room = False
    assert flows.ask("POST availability", {"operative": False}).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("version", ALL)
def test_an_update_that_the_station_accepted_is_accepted_and_stays_a_job(version):
    flows = FlowBench(version)
    flows.answers["UpdateFirmware"] = filling(flows, {} if version == OCPP16 else {"status": "Accepted"})
    result = flows.ask("POST firmware", FIRMWARE)
    assert (result.outcome, "not_remembered" in result.body) == (Outcome.ACCEPTED, True)
    assert [job["state"] for job in flows.show("jobs")] == ["Requested"]


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize(("status", "outcome"), [("Accepted", Outcome.ACCEPTED), ("Occupied", Outcome.REJECTED)])
def test_a_reservation_ends_as_the_station_said_and_is_shown_as_unanswered(version, status, outcome):
    flows = FlowBench(version)
    flows.answers["ReserveNow"] = filling(flows, {"status": status})
    result = flows.ask("POST reservations", RESERVATION)
    assert (result.outcome, "not_remembered" in result.body) == (outcome, True)
    assert [row["state"] for row in flows.show("reservations")] == ["unanswered"]


@pytest.mark.parametrize("version", ALL)
def test_a_cancellation_that_the_station_accepted_is_accepted(version):
    flows = FlowBench(version)
    flows.ask("POST reservations", RESERVATION)
    flows.answers["CancelReservation"] = filling(flows, {"status": "Accepted"})
    result = flows.ask("DELETE reservations/{reservation_id}", reservation_id="7")
    assert (result.outcome, "not_remembered" in result.body) == (Outcome.ACCEPTED, True)


@pytest.mark.parametrize("version", BOTH_2)
def test_a_message_that_is_shown_is_shown(version):
    flows = FlowBench(version)
    flows.answers["SetDisplayMessage"] = filling(flows, {"status": "Accepted"})
    result = flows.ask("POST display-messages", {"content": "Hi", "start_at": at(BEGIN)})
    assert (result.outcome, "not_remembered" in result.body) == (Outcome.ACCEPTED, True)
    assert flows.show("display-messages") == []

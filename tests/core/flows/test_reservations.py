from datetime import timedelta

import pytest

from gateway.core.calls import Outcome
from gateway.core.facts.reservations import ENDED_MAX
from tests.core.flows.flow_bench import ALL, BOTH_2, GONE, SILENCE, UNREADABLE, FlowBench, StationError
from tests.core.said import at, event_201, start_16
from tests.core.station_bench import BEGIN, OCPP16, OCPP21, OCPP201

LATER = BEGIN + timedelta(hours=1)
BODY = {"id_token": "TAG1", "expires_at": "2026-03-01T14:00:00+01:00", "evse": 2}


def reserved(version, **answers):
    flows = FlowBench(version, **answers)
    result = flows.ask("POST reservations", BODY)
    return flows, result.body["reservation_id"]


def states(flows):
    return {row["reservation_id"]: row["state"] for row in flows.show("reservations")}


def test_a_reservation_of_16_is_of_a_connector():
    flows = FlowBench(OCPP16)
    result = flows.ask("POST reservations", {**BODY, "group_id_token": "GROUP"})
    ((action, sent),) = flows.sent
    assert (action, sent) == (
        "ReserveNow",
        {
            "reservationId": result.body["reservation_id"],
            "connectorId": 2,
            "expiryDate": "2026-03-01T13:00:00.000Z",
            "idTag": "TAG1",
            "parentIdTag": "GROUP",
        },
    )
    assert result.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("version", BOTH_2)
def test_a_reservation_of_2_is_of_an_evse(version):
    flows, reservation_id = reserved(version)
    assert flows.sent == [
        (
            "ReserveNow",
            {
                "id": reservation_id,
                "evseId": 2,
                "expiryDateTime": "2026-03-01T13:00:00.000Z",
                "idToken": {"idToken": "TAG1", "type": "ISO14443"},
            },
        )
    ]


@pytest.mark.parametrize("version", ALL)
def test_a_reservation_of_no_evse_is_of_any(version):
    flows = FlowBench(version)
    flows.ask("POST reservations", {"id_token": "TAG1", "expires_at": at(LATER)})
    ((_, sent),) = flows.sent
    assert sent.get("connectorId") == (0 if version == OCPP16 else None)
    assert "evseId" not in sent


@pytest.mark.parametrize("version", ALL)
def test_a_reservation_is_shown_until_it_is_cancelled_and_a_while_after(version):
    flows, reservation_id = reserved(version)
    (row,) = flows.show("reservations")
    assert row == {
        "reservation_id": reservation_id,
        "id_token": "TAG1",
        "evse": 2,
        "state": "active",
        "made_at": at(),
        "expires_at": "2026-03-01T14:00:00+01:00",
        "connector_type": None,
        "group_id_token": None,
        "transaction": None,
        "ended_at": None,
    }
    result = flows.ask("DELETE reservations/{reservation_id}", reservation_id=str(reservation_id))
    assert flows.sent[-1] == ("CancelReservation", {"reservationId": reservation_id})
    assert (result.outcome, states(flows)) == (Outcome.ACCEPTED, {reservation_id: "cancelled"})


@pytest.mark.parametrize("version", ALL)
def test_a_station_that_rejects_a_cancellation_has_no_such_reservation(version):
    flows, reservation_id = reserved(version, CancelReservation={"status": "Rejected"})
    result = flows.ask("DELETE reservations/{reservation_id}", reservation_id=str(reservation_id))
    assert (result.outcome, states(flows)) == (Outcome.REJECTED, {reservation_id: "removed"})


@pytest.mark.parametrize("version", ALL)
def test_a_cancellation_without_an_answer_changes_nothing_that_is_known(version):
    flows, reservation_id = reserved(version, CancelReservation=SILENCE)
    result = flows.ask("DELETE reservations/{reservation_id}", reservation_id=str(reservation_id))
    assert (result.outcome, states(flows)) == (Outcome.TIMEOUT, {reservation_id: "active"})


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("status", ["Occupied", "Faulted", "Unavailable", "Rejected"])
def test_a_reservation_that_a_station_does_not_take_is_none(version, status):
    flows = FlowBench(version, ReserveNow={"status": status})
    result = flows.ask("POST reservations", BODY)
    assert (result.outcome, result.body["status"]) == (Outcome.REJECTED, status)
    assert flows.show("reservations") == []


@pytest.mark.parametrize("version", ALL)
def test_an_error_is_no_reservation_but_silence_may_be_one(version):
    for answer, known in (
        (StationError("NotSupported"), []),
        (SILENCE, ["unanswered"]),
        (GONE, ["unanswered"]),
        ({"status": "Perhaps"}, ["unanswered"]),
        (UNREADABLE, ["unanswered"]),
    ):
        flows = FlowBench(version, ReserveNow=answer)
        flows.ask("POST reservations", BODY)
        assert list(states(flows).values()) == known


@pytest.mark.parametrize("version", ALL)
def test_nothing_is_recorded_for_a_station_that_is_away(version):
    flows = FlowBench(version)
    flows.station.session = None
    assert flows.ask("POST reservations", BODY).outcome is Outcome.OFFLINE
    assert flows.bench.journal.entries == []


@pytest.mark.parametrize("version", ALL)
def test_a_reservation_is_over_when_its_time_is(version):
    flows, reservation_id = reserved(version)
    flows.bench.now = LATER - timedelta(seconds=1)
    assert states(flows) == {reservation_id: "active"}
    flows.bench.now = LATER
    (row,) = flows.show("reservations")
    assert (row["state"], row["ended_at"]) == ("expired", row["expires_at"])


@pytest.mark.parametrize("version", ALL)
def test_a_transaction_that_uses_a_reservation_ends_it(version):
    flows, reservation_id = reserved(version)
    if version == OCPP16:
        answer = flows.say("StartTransaction", start_16(connectorId=2, reservationId=reservation_id))
        transaction = str(answer["transactionId"])
    else:
        transaction = "T1"
        flows.say("TransactionEvent", event_201("Started", evse={"id": 2}, reservationId=reservation_id))
    (row,) = flows.show("reservations")
    assert (row["state"], row["transaction"]) == ("used", transaction)
    flows.bench.now = LATER
    assert states(flows) == {reservation_id: "used"}


@pytest.mark.parametrize("version", BOTH_2)
def test_a_later_event_of_the_transaction_uses_it_no_second_time(version):
    flows, reservation_id = reserved(version)
    for seq_no, transaction in ((0, "T1"), (1, "T1"), (0, "T2")):
        flows.say("TransactionEvent", event_201("Updated", seq_no, transaction, reservationId=reservation_id))
    (row,) = flows.show("reservations")
    assert row["transaction"] == "T1"


@pytest.mark.parametrize(
    ("version", "said", "state"),
    [
        (OCPP201, "Expired", "expired"),
        (OCPP201, "Removed", "removed"),
        (OCPP21, "NoTransaction", "no_transaction"),
    ],
)
def test_what_a_station_of_2_says_of_a_reservation_ends_it(version, said, state):
    flows, reservation_id = reserved(version)
    update = {"reservationId": reservation_id, "reservationUpdateStatus": said}
    flows.say("ReservationStatusUpdate", {**update, "reservationId": reservation_id + 1})
    assert states(flows) == {reservation_id: "active"}
    flows.say("ReservationStatusUpdate", update)
    assert states(flows) == {reservation_id: state}


@pytest.mark.parametrize("version", ALL)
def test_an_id_replaces_the_reservation_that_has_it_unless_the_station_refuses(version):
    flows = FlowBench(version)
    flows.ask("POST reservations", {**BODY, "id": 7})
    flows.ask("POST reservations", {**BODY, "id": 7, "evse": 1})
    assert [row["evse"] for row in flows.show("reservations")] == [1]
    flows.answers["ReserveNow"] = {"status": "Occupied"}
    flows.ask("POST reservations", {**BODY, "id": 7, "evse": 3})
    assert [(row["evse"], row["state"]) for row in flows.show("reservations")] == [(1, "active")]


@pytest.mark.parametrize("version", BOTH_2)
def test_a_reservation_used_before_its_answer_came_stays_used(version):
    def use(request):
        flows.line.call("TransactionEvent", event_201("Started", reservationId=request["id"]))
        return {"status": "Accepted"}

    flows = FlowBench(version, ReserveNow=use)
    result = flows.ask("POST reservations", BODY)
    assert (result.outcome, states(flows)) == (Outcome.ACCEPTED, {result.body["reservation_id"]: "used"})


@pytest.mark.parametrize("version", ALL)
def test_reservations_survive_a_restart_of_the_gateway(version):
    flows, reservation_id = reserved(version)
    flows.restart()
    assert states(flows) == {reservation_id: "active"}


@pytest.mark.parametrize("version", ALL)
def test_of_ended_reservations_only_the_last_are_remembered(version):
    flows = FlowBench(version)
    for number in range(ENDED_MAX + 5):
        flows.ask("POST reservations", {**BODY, "id": number})
        flows.ask("DELETE reservations/{reservation_id}", reservation_id=str(number))
    assert sorted(states(flows)) == list(range(5, ENDED_MAX + 5))


@pytest.mark.parametrize(
    ("version", "more", "path"),
    [
        (OCPP16, {"connector_type": "cCCS2"}, "$.connector_type"),
        (OCPP16, {"id_token": "X" * 21}, "$.id_token"),
        (OCPP16, {"group_id_token": "X" * 21}, "$.group_id_token"),
        (OCPP201, {"connector_type": "CCS"}, "$.connectorType"),
        (OCPP201, {"expires_at": at(BEGIN)}, "$.expires_at"),
        (OCPP201, {"expires_at": "2026-03-01T14:00:00"}, "$.expires_at"),
        (OCPP21, {"id": -1}, "$.id"),
    ],
)
def test_a_reservation_that_cannot_be_is_refused_with_its_place(version, more, path):
    assert FlowBench(version).refusal("POST reservations", {**BODY, **more}) == ("invalid", path)
